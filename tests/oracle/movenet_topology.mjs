// MoveNet as a graph of TensorFlow.js, with made-up weights: prints what TensorFlow.js answers.
//
//     node tests/oracle/movenet_topology.mjs > tests/goldens/movenet_topology.json
//
// The topology lies in $GESSO_SHARED, or else in ../shared; its weights were never there. Weights
// and pixels come from `mix` and a few rules, which movenetTopology.test.ts shares.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { madeUp, pixels, topologyPath } from './movenetWeights.mjs';

const shared = process.env.GESSO_SHARED ?? '../shared';
const model = JSON.parse(readFileSync(join(shared, topologyPath), 'utf8'));
const { specs, data } = madeUp(model);
const graph = await loadGraphModel({
  load: async () => ({
    modelTopology: model.modelTopology,
    signature: model.signature,
    format: model.format,
    weightSpecs: specs,
    weightData: data.buffer,
  }),
});
const input = tf.tensor(pixels(), [1, 192, 192, 3], 'int32');
const y = graph.execute(input);
const values = Array.from(await y.data(), (value) => Number(value.toPrecision(8)));
process.stdout.write(
  `${JSON.stringify({ tfjs: tf.version_core, shape: y.shape, values }, null, 2)}\n`,
);
