// The same for voice.js, which a page with a script tag loads when it makes its first voice: what that
// script holds already is not loaded again.
import type * as library from './library.js';

declare global {
  /** Set by a script before it loads voice.js. */
  var gessoLibrary: typeof library | undefined;
}

if (globalThis.gessoLibrary === undefined) {
  throw new Error('voice.js is a part of gesso.js, which loads it by itself.');
}

export const {
  Folder,
  MLError,
  absent,
  baseName,
  callback,
  choice,
  countOf,
  dense,
  dropout,
  embedding,
  fail,
  filesOf,
  fraction,
  gru,
  inThreeParts,
  insideOf,
  instance,
  isRecord,
  knownBy,
  libraryFile,
  loadLayersModel,
  locate,
  lstm,
  messageOf,
  nameFrom,
  natural,
  parseRecord,
  platform,
  positive,
  readModel,
  readOptions,
  readSchedule,
  realAddress,
  requestOf,
  sequential,
  sha256Of,
  show,
  showShape,
  staysInside,
  store,
  stored,
  tensor,
  whole,
} = globalThis.gessoLibrary;
