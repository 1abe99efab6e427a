// Writes the steps of a program into commands, up to the next step that the CPU must do.
import { type Failure, watched } from './failures.js';
import type { Call } from './plan.js';
import type { Prepared, ReadyDispatch, ReadyStep } from './prepare.js';

/** Says where the device notes the time before and after a step. */
export type Timing = (step: number) => GPUComputePassTimestampWrites;

/**
 * Encodes steps from number `from` on.
 *
 * @returns the call that comes next and its number, or nothing at the end of the plan
 */
export function encode(
  encoder: GPUCommandEncoder,
  prepared: Prepared,
  from: number,
  timing?: Timing,
): { call: Call; at: number } | undefined {
  let pass: GPUComputePassEncoder | undefined;
  let pipeline: GPUComputePipeline | undefined;
  const endPass = () => {
    pass?.end();
    pass = pipeline = undefined;
  };
  for (let at = from; at < prepared.steps.length; at++) {
    const step = prepared.steps[at] as ReadyStep;
    if ('shader' in step) {
      if (timing) endPass(); // only a pass has times
      pass ??= encoder.beginComputePass(timing ? { timestampWrites: timing(at) } : {});
      if (step.pipeline !== pipeline) pass.setPipeline(step.pipeline);
      pipeline = step.pipeline;
      pass.setBindGroup(0, step.bindGroup);
      pass.dispatchWorkgroups(...step.groups);
      continue;
    }
    endPass();
    if ('call' in step) return { call: step, at };
    const [source, target, bytes] = step.copy;
    encoder.copyBufferToBuffer(prepared.buffer(source), 0, prepared.buffer(target), 0, bytes);
  }
  endPass();
  return undefined;
}

/** The step that a device refuses when it is encoded alone, and what the device says then. */
export async function refusedStep(
  device: GPUDevice,
  prepared: Prepared,
): Promise<{ step: ReadyDispatch; failure: Failure } | undefined> {
  for (const step of prepared.steps) {
    if (!('shader' in step)) continue;
    const { failure } = watched(device, () => {
      const encoder = device.createCommandEncoder({ label: step.op });
      const pass = encoder.beginComputePass();
      pass.setPipeline(step.pipeline);
      pass.setBindGroup(0, step.bindGroup);
      pass.dispatchWorkgroups(...step.groups);
      pass.end();
      encoder.finish();
    });
    const found = await failure;
    if (found) return { step, failure: found };
  }
  return undefined;
}
