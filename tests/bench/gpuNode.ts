// Times gesso in Node, on Dawn: bundled and started by tools/benchGpu.mjs.
import { setWasmPath, status } from 'gesso';
import { setBackend } from '../../web/src/settings.js';
import { dawn } from '../webgpu/dawn.js';
import { Meter } from './gpuMeter.js';
import { gpuWorks } from './gpuNetworks.js';
import { type GpuOptions, type GpuRow, timeOnGpu } from './gpuTimes.js';

/**
 * @param models the folder of the shared models
 * @param files the folder of the library's WebAssembly
 */
export async function gpuInNode(
  models: string,
  files: string,
  options: GpuOptions & { only?: string[] },
) {
  setWasmPath(files);
  const gpu = dawn();
  globalThis.navigator ??= {} as Navigator; // Node 20 has none
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  const meter = new Meter().install();
  setBackend('webgpu');
  const rows: GpuRow[] = [];
  for (const work of gpuWorks({}, (address) => address.replace('/models', models))) {
    if (options.only?.includes(work.name) ?? true) rows.push(await timeOnGpu(work, meter, options));
  }
  const { build, threads } = await status();
  const { vendor, architecture, description } = (await gpu.requestAdapter())?.info ?? {};
  return { adapter: { vendor, architecture, description }, gesso: { build, threads }, rows };
}
