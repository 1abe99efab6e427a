/** Writes like a text, and learns from one: `gesso/charrnn`. */

export type { Where } from '../model.js';
export type { Backend } from '../settings.js';
export {
  charRNN,
  deleteCheckpoint,
  listCheckpoints,
  memorisation,
  previewText,
} from '../tasks/charRNN.js';
export type {
  CharacterCount,
  CharRNN,
  CharRNNOptions,
  ChoiceOptions,
  CleanOptions,
  ContinueOptions,
  FeedOptions,
  Generated,
  GenerateOptions,
  Memorisation,
  NextCharacter,
  OnToken,
  Prediction,
  SaveVoiceOptions,
  TextCheckpoint,
  TextEpoch,
  TextHistory,
  TextPreview,
  TextSample,
  TextSettings,
  TextSource,
  TextState,
  TextWarning,
  TrainTextOptions,
  TrainTextProgress,
  UnknownCharacters,
  VoiceAbout,
  VoiceCard,
  VoiceCardText,
  VoiceSource,
} from '../text/types.js';
