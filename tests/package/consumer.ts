// Uses the types of every name of the package, as a project elsewhere does. Only checked, never run.
import { type ImageClassifier, imageClassifier, type Loading, MLError, setWasmPath } from 'gesso';
import { type CharRNN, charRNN, type Generated } from 'gesso/charrnn';
import { type ImageSource, type Label, imageClassifier as part } from 'gesso/image';
import { dense, type LayersModel, sequential } from 'gesso/layers';
import { type LoadedModel, loadModel, type Tensor, tensor } from 'gesso/model';
import { type NeuralNetwork, neuralNetwork } from 'gesso/network';
import { type Overlay, overlay } from 'gesso/overlay';
import { type Profile, profile, profileTable } from 'gesso/profile';

setWasmPath('/gesso/');
setWasmPath({ 'worker.js': new URL('https://example.org/worker.js') });

export async function all(picture: ImageSource): Promise<Label[]> {
  const classifier: Loading<ImageClassifier> = imageClassifier('digits', { topK: 1 });
  const same: ImageClassifier = await part('digits');
  const model: LoadedModel = await loadModel('./model/');
  const results: Record<string, Tensor> = await model.run(tensor([[1, 2]]));
  const network: NeuralNetwork = neuralNetwork({ task: 'classification' });
  const layers: LayersModel = sequential([dense({ units: 1, inputShape: [2] })]);
  const voice: CharRNN = charRNN('./voice/');
  const written: Generated = await voice.generate({ seed: picture.toString(), topK: 5 });
  // @ts-expect-error: no way to treat unknown characters
  voice.feed(written.sample, { unknown: 'drop' });
  // @ts-expect-error: a word where a number belongs
  dense({ units: 'many' });
  // @ts-expect-error: no option of that name
  imageClassifier('digits', { topk: 1 });
  if (results.y === undefined) throw new MLError(`${typeof network} ${typeof layers}`);
  const panel: Overlay = overlay({ corner: 'left' });
  panel.remove();
  const times: Profile = await profile(layers, { training: [[[1, 2]], [1]], runs: 3 });
  console.table(profileTable(times));
  // @ts-expect-error: not a model
  profile('digits');
  await same.about();
  return classifier.classify(picture, 3);
}
