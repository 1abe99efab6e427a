// Weights and an input for the topology of MoveNet, from a hash of the place of each number.

export const topologyPath = 'models/movenet_lightning_topology/movenet-lightning.json';

/** The end of MurmurHash3 by Austin Appleby: 32 bits that depend on every bit of the number. */
function mix(number) {
  let bits = number | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** From 0 to 1, for an element of a tensor. */
const share = (tensor, element) => mix(element + Math.imul(tensor + 1, 0x9e3779b9)) / 2 ** 32;

const range = (count, of) => Array.from({ length: count }, (_, i) => of(i));

/** Constants that the graph computes with, by the end of their name: sizes, axes and places. */
const known = {
  'ExpandDims_2/dim': [0],
  'Reshape_11/shape': [17, 17, 2],
  'StatefulPartitionedCall/stack_4': range(34, (i) => Math.floor(i / 2)),
  'ExpandDims_3/dim': [0],
  'ExpandDims_4/dim': [1],
  'StatefulPartitionedCall/Reshape_8': range(17, () => 0),
  'Reshape_9/shape': [-1],
  'StatefulPartitionedCall/Reshape_3': [0],
  'Reshape_4/shape': [-1],
  'up_sampling2d/mul': [12, 12],
  'up_sampling2d_1/mul': [24, 24],
  'up_sampling2d_2/mul': [48, 48],
  'resize/ExpandDims/dim': [0],
  'Reshape_2/shape': [-1, 2304, 1],
  'ArgMax/dimension': [1],
  'floordiv/y': [48],
  'StatefulPartitionedCall/mul/y': [48],
  'Reshape_5/shape': [-1],
  'Reshape_6/shape': [17, 2],
  'Reshape_7/shape': [-1, 2304, 17],
  'ArgMax_1/dimension': [1],
  'floordiv_1/y': [48],
  'StatefulPartitionedCall/mul_1/y': [48],
  'Reshape_10/shape': [-1],
  'StatefulPartitionedCall/ExpandDims_5': range(17, (i) => i),
  'concat/axis': [1],
  'ExpandDims_6/dim': [0],
  'ExpandDims_7/dim': [0],
  'ExpandDims_8/dim': [3],
  'concat_1/axis': [3],
  stack_const_axis: [0],
  'StatefulPartitionedCall/Reshape': [0, 0, 0],
  'StatefulPartitionedCall/truediv': range(3, () => 1 / 127.5),
  'StatefulPartitionedCall/sub_1/y': [1],
  strided_slice_3: range(48 * 48, (i) => Math.floor(i / 48)),
  strided_slice_4: range(48 * 48, (i) => i % 48),
  'add_5/y': [1.8],
  Reshape_13: [1 / 48, 1 / 48],
};

/** A value for each element of the tensor. */
function valuesOf({ name, shape, dtype }, tensor) {
  const count = shape.reduce((product, size) => product * size, 1);
  const key = Object.keys(known).find((end) => name.endsWith(end) && known[end].length === count);
  if (key !== undefined) return known[key];
  if (dtype === 'int32') throw new Error(`${name} ${shape} must be known`);
  if (shape.length === 4) {
    // As wide as keeps the size of what flows through (He et al. 2015).
    const [height, width, channels, out] = shape;
    const isDepthwise = out === 1 && height > 1;
    const most = Math.sqrt(6 / (height * width * (isDepthwise ? 1 : channels)));
    return range(count, (i) => (2 * share(tensor, i) - 1) * most);
  }
  return range(count, (i) => share(tensor, i) - 0.5);
}

/** Specifications of the weights as float32 and int32, and their bytes one after the other. */
export function madeUp(model) {
  const specs = model.weightsManifest[0].weights.map(({ name, shape, dtype }) => {
    return { name, shape, dtype };
  });
  const parts = specs.map((spec, tensor) => {
    const values = valuesOf(spec, tensor);
    const array = spec.dtype === 'int32' ? new Int32Array(values) : new Float32Array(values);
    return new Uint8Array(array.buffer);
  });
  const data = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { specs, data };
}

/** A picture of noise, each pixel from 0 to 255. */
export function pixels() {
  return Int32Array.from({ length: 192 * 192 * 3 }, (_, i) => mix(i) & 255);
}
