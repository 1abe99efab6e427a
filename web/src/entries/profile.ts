/** Where the time of an answer goes: `gesso/profile`. */
export {
  type KindTime,
  type OperatorTime,
  type Profilable,
  type Profile,
  type ProfileOptions,
  profile,
  profileTable,
  type StageTimes,
} from '../profile.js';
