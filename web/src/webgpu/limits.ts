// What a device allows, which a plan must keep to.
import { fail } from '../errors.js';

/** WebGPU's limits that decide how a graph is planned. */
const planned = [
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
] as const;

/** Asked for as well: the sizes of a workgroup, which follow from its invocations. */
const asked = [
  ...planned,
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;

const smallestSubgroup = 4; // by WebGPU's specification

const features = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

/** What core/backends/webgpu wants to know of a device. */
export type Limits = Record<(typeof planned)[number], number> & {
  /** The fewest invocations of a subgroup; 0 where shaders have none. */
  subgroups: number;
  half: boolean;
};

/** The limits and features of a device that is there. */
export function limitsOf(device: GPUDevice): Limits {
  const limits = planned.map((name) => [name, device.limits[name]]);
  return {
    ...(Object.fromEntries(limits) as Record<(typeof planned)[number], number>),
    subgroups: device.features.has('subgroups')
      ? (device.adapterInfo?.subgroupMinSize ?? smallestSubgroup)
      : 0,
    half: device.features.has('shader-f16'),
  };
}

/**
 * Asks for a device.
 *
 * @param ask `'most'`: all that the adapter has; `'least'`: what every device has, and no features
 * @throws MLError when there is no adapter
 */
export async function requestDevice(
  gpu: GPU,
  ask: 'most' | 'least',
  powerPreference?: GPUPowerPreference,
): Promise<GPUDevice> {
  const adapter = await gpu.requestAdapter(
    powerPreference === undefined ? {} : { powerPreference },
  );
  if (!adapter) {
    fail('webgpu: there is no graphics processor that can be used', {}, "backend: 'wasm'");
  }
  if (ask === 'least') return adapter.requestDevice();
  return adapter.requestDevice({
    requiredLimits: Object.fromEntries(asked.map((name) => [name, adapter.limits[name]])),
    requiredFeatures: features.filter((name) => adapter.features.has(name)),
  });
}
