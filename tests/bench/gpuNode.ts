// Times gesso, TF.js and ONNX Runtime in Node, on Dawn: bundled and started by tools/benchGpu.mjs, which
// gives the options as JSON and gets the report so.
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { io } from '@tensorflow/tfjs';
import { create, globals } from 'webgpu';
import { swiftShader } from '../webgpu/driver.mjs';
import { Meter } from './gpuMeter.js';
import type { Models, Peers } from './gpuNetworks.js';
import { openPeers } from './gpuPeers.js';
import { adapterOf, measure, type ReportOptions } from './gpuReport.js';

interface Asked extends ReportOptions {
  peers: string[];
  /** The folder of the shared models. */
  folder: string;
  /** The address of the files of ONNX Runtime. */
  ortFolder: string;
}

/** Where Vulkan looks for drivers on Linux. */
const driverFolders = ['/etc', '/usr/share', '/usr/local/share'];

/** What a page has as navigator.gpu; on SwiftShader where this machine has no driver. */
function openGpu(): GPU {
  const told = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  const drivers = driverFolders
    .map((folder) => join(folder, 'vulkan/icd.d'))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const software = process.platform === 'linux' && told === undefined && drivers.length === 0;
  if (software) process.env.VK_ICD_FILENAMES = swiftShader; // read when Vulkan is loaded
  Object.assign(globalThis, globals);
  const gpu = create(['disable-dawn-features=timestamp_quantization']);
  globalThis.navigator ??= {} as Navigator; // Node 20 has none
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}

/** Dawn takes nothing from shared memory here, which is where ONNX Runtime keeps its numbers. */
function takeShared(): void {
  const { writeBuffer } = GPUQueue.prototype;
  GPUQueue.prototype.writeBuffer = function (buffer, at, data, ...part) {
    const shared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
    const own = shared ? (data as Uint8Array).slice() : data;
    return writeBuffer.call(this, buffer, at, own, ...part);
  };
}

/** TF.js reads no files by itself. */
async function readModel({ reader }: Peers, file: string): Promise<io.ModelArtifacts> {
  if (reader === undefined) throw new Error('there is no TF.js');
  const read = async (weights: io.WeightsManifestConfig) => {
    const parts = weights.flatMap(({ paths }) => paths);
    const bytes = await Promise.all(parts.map((path) => readFile(join(dirname(file), path))));
    const whole = new Uint8Array(Buffer.concat(bytes)).buffer;
    const specs = weights.flatMap((group) => group.weights);
    return [specs, whole] as [io.WeightsManifestEntry[], ArrayBuffer];
  };
  return reader.io.getModelArtifactsForJSON(JSON.parse(await readFile(file, 'utf8')), read);
}

async function main({ folder, ortFolder, peers: wanted, ...options }: Asked): Promise<void> {
  const gpu = openGpu();
  takeShared();
  const adapter = await adapterOf(gpu);
  const meter = new Meter().install();
  const opened = await openPeers(wanted, ortFolder);
  const place = (address: string) => address.replace('/models', folder);
  const models: Models = {
    gesso: place,
    tfjs: (address) => ({ load: () => readModel(opened.peers, place(address)) }),
  };
  const tell = (what: string) => console.error(what);
  const processors = () => {
    const { user, system } = process.cpuUsage(); // microseconds
    return (user + system) / 1000;
  };
  const runner = `Node ${process.version}, Dawn`;
  const report = await measure(adapter, runner, opened, meter, {
    ...options,
    models,
    tell,
    processors,
  });
  process.stdout.write(JSON.stringify(report), () => process.exit()); // Dawn's threads go on
}

await main(JSON.parse(process.argv[2] ?? '{}'));
