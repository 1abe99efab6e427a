// The tasks that `gesso/ml5` has: each is a file, and a line here.
export * from './bodyPose.js';
export * from './bodySegmentation.js';
export * from './charRNN.js';
export * from './faceMesh.js';
export * from './featureExtractor.js';
export * from './imageClassifier.js';
export * from './KNNClassifier.js';
export * from './kmeans.js';
export * from './neuralNetwork.js';
export * from './poseNet.js';
