/** Learns from examples: `gesso/network`. */
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
