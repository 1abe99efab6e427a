/** Models that stay on this machine, and a folder that needs no network: `gesso/cache`. */
export {
  type CachedModel,
  cachedModels,
  clearModelCache,
  type PinOptions,
  pinModel,
  uncacheModel,
  unpinModel,
} from '../models.js';
export { type OfflineFiles, type OfflineOptions, type OfflineTarget, offline } from '../offline.js';
export type { Progress } from '../progress.js';
