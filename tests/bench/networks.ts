// The networks that are timed, from the folder of models that the server shows.

export interface Network {
  name: string;
  address: string;
  kind: 'layers' | 'graph';
  shape: [number, number, number, number];
}

export const networks: Network[] = [
  {
    name: 'mobilenet-v1-025',
    address: '/models/mobilenet_v1_025_224_layers/model.json',
    kind: 'layers',
    shape: [1, 224, 224, 3],
  },
  {
    name: 'posenet-075',
    address: '/models/posenet_mobilenet075_s16_quant2/model-stride16.json',
    kind: 'graph',
    shape: [1, 257, 257, 3],
  },
  {
    name: 'bodypix-050',
    address: '/models/bodypix_mobilenet_float_050/model-stride16.json',
    kind: 'graph',
    shape: [1, 257, 257, 3],
  },
];

/** Numbers that look like a picture's, the same on every run. */
export function numbers(shape: readonly number[]): Float32Array {
  const count = shape.reduce((a, b) => a * b);
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7));
}
