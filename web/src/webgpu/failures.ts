// How what goes wrong on a device becomes an error with words.
import { fail, messageOf } from '../errors.js';

const hint = "backend: 'wasm'";

/** What a device says went wrong. */
export interface Failure {
  outOfMemory: boolean;
  text: string;
}

/** Throws an MLError about a device. */
export function refuse(what: string, failure: Failure, facts: Record<string, unknown> = {}): never {
  if (failure.outOfMemory) {
    fail(`webgpu: ${what}: the graphics processor has no memory left`, facts, hint);
  }
  fail(`webgpu: ${what}`, { ...facts, device: failure.text }, hint);
}

/**
 * Does some work on a device and gives what it says went wrong, or nothing. The work must not wait
 * for anything: what others did meanwhile would be taken for its own.
 */
export function watched<T>(
  device: GPUDevice,
  work: () => T,
): { result: T; failure: Promise<Failure | undefined> } {
  const kinds = ['internal', 'validation', 'out-of-memory'] as const;
  for (const kind of kinds) device.pushErrorScope(kind);
  let popped: Promise<GPUError | null>[] = [];
  try {
    const result = work();
    popped = kinds.map(() => device.popErrorScope());
    return { result, failure: first(popped) };
  } finally {
    if (popped.length === 0) for (const _ of kinds) void device.popErrorScope().catch(() => null);
  }
}

async function first(popped: Promise<GPUError | null>[]): Promise<Failure | undefined> {
  const [memory, ...others] = await Promise.all(popped.map((error) => error.catch(() => null)));
  const error = memory ?? others.find((other) => other !== null);
  return error ? { outOfMemory: error === memory, text: error.message } : undefined;
}

/** The compiler's errors in the text of a shader, each with its line. */
export async function compilerErrors(module: GPUShaderModule, code: string): Promise<string[]> {
  const { messages } = await module.getCompilationInfo();
  const lines = code.split('\n');
  return messages
    .filter(({ type }) => type === 'error')
    .map(({ message, lineNum }) => `${message} in line ${lineNum}: ${lines[lineNum - 1]?.trim()}`);
}

/** An error of a pipeline as a failure. */
export function asFailure(error: unknown): Failure {
  return { outOfMemory: false, text: messageOf(error) };
}
