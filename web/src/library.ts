// What code that is loaded later takes of the rest of the library: all that is not its own passes
// through here.
export { connect } from './client.js';
export { fail, inThreeParts, MLError, messageOf } from './errors.js';
export { baseName, Folder } from './folder.js';
export {
  drawableOf,
  isVideo,
  pixelsOf,
  refuseReading,
  sizeMeant,
  sizeOfSource,
  takePicture,
  unwrap,
  workersCanDraw,
} from './image.js';
export { insideOf } from './insides.js';
export { choice, fraction, natural, positive, whole } from './layers/kinds.js';
export { dense, dropout, embedding, gru, lstm } from './layers/layers.js';
export { loadLayersModel, sequential } from './layers/models.js';
export { downloadBlob, store, stored } from './layers/storage.js';
export { readSchedule } from './layers/trainingOptions.js';
export { loadOptions, openModel, whereOf } from './model.js';
export { readModel, staysInside } from './modelFiles.js';
export {
  absent,
  callback,
  instance,
  isPlainObject,
  isRecord,
  nearest,
  parseRecord,
  readOptions,
} from './options.js';
export { libraryFile, realAddress } from './ownFiles.js';
export { namesZip, platform } from './platform.js';
export { Random } from './random.js';
export { readPreprocess, readSomePreprocess, recipeFiles } from './recipe.js';
export { knownBy, nameFrom, namesFor, readRegistry } from './registry.js';
export { sha256Of } from './sha256.js';
export { fetchZip, filesOf, locate, requestOf } from './source.js';
export { best, confidences, originsOf } from './tasks/imageClassifier.js';
export { readCard } from './tasks/projectCard.js';
export { countOf, isTensor, show, showShape, tensor } from './tensor.js';
