// Types of movenetWeights.mjs.
export const topologyPath: string;
export function madeUp(model: {
  weightsManifest: { weights: { name: string; shape: number[]; dtype: string }[] }[];
}): {
  specs: { name: string; shape: number[]; dtype: 'float32' | 'int32' }[];
  data: Uint8Array<ArrayBuffer>;
};
export function pixels(): Int32Array<ArrayBuffer>;
