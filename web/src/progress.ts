// What a progress callback is told.

/**
 * How far a model has loaded. Called at least once when the size is known and once at the end,
 * where `loaded === total`.
 */
export interface Progress {
  /** Bytes that have arrived, of all files of the model together. */
  loaded: number;
  /** Bytes that will arrive; grows while the size of a file is still unknown. */
  total: number;
  /** The file that these bytes belong to. */
  file: string;
}
