/** Learns from examples: `gesso/network`. */

export type { Where } from '../model.js';
export type { Backend } from '../settings.js';
export type {
  DataOptions,
  EpochLogs,
  Estimate,
  NeuralNetwork,
  NeuralNetworkOptions,
  Row,
  TrainOptions,
  Value,
} from '../tasks/neuralNetwork.js';
export { neuralNetwork } from '../tasks/neuralNetwork.js';
