// The same for the files beside gesso.js, which it loads when they are first needed: what that script holds
// already is not loaded again.
import type * as library from './library.js';

declare global {
  /** Set by a script before it loads one of its parts. */
  var gessoLibrary: typeof library | undefined;
}

if (globalThis.gessoLibrary === undefined) {
  throw new Error('This file is a part of gesso.js, which loads it by itself.');
}

export const {
  Folder,
  MLError,
  absent,
  baseName,
  callback,
  choice,
  connect,
  countOf,
  dense,
  drawableOf,
  dropout,
  embedding,
  fail,
  filesOf,
  fraction,
  gru,
  inThreeParts,
  insideOf,
  instance,
  isPlainObject,
  isRecord,
  isTensor,
  isVideo,
  knownBy,
  libraryFile,
  loadLayersModel,
  loadOptions,
  locate,
  lstm,
  messageOf,
  nameFrom,
  namesFor,
  natural,
  openModel,
  parseRecord,
  platform,
  positive,
  readModel,
  readOptions,
  readSchedule,
  readSomePreprocess,
  realAddress,
  recipeFiles,
  refuseReading,
  requestOf,
  sequential,
  sha256Of,
  show,
  showShape,
  sizeMeant,
  sizeOfSource,
  staysInside,
  store,
  stored,
  takePicture,
  tensor,
  unwrap,
  whole,
  workersCanDraw,
} = globalThis.gessoLibrary;
