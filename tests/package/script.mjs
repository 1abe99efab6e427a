// The program: names a photo, whose path it is given, with the whole library and with one part of it.
import { imageClassifier } from 'gesso';
import * as part from 'gesso/image';

const [photo, model] = process.argv.slice(2);
const [best] = await (await imageClassifier(model)).classify(photo);
const [same] = await (await part.imageClassifier(model)).classify(photo);
console.log(JSON.stringify([best.label, same.label]));
