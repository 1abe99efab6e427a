// The runtime in the thread of whoever calls. Its code is loaded by the first call: most pages have a
// worker, and never need it.
import type { Calls } from './client.js';
import { revived } from './errors.js';
import { runtimeCode } from './later.js';

export function nearRuntime(): Calls {
  let runtime: Calls | undefined;
  let starting: Promise<Calls> | undefined;
  const start = async () => {
    try {
      const { Runtime } = await runtimeCode();
      runtime = new Runtime();
      return runtime;
    } catch (error) {
      starting = undefined; // the next call tries again
      throw error;
    }
  };
  const call = async (runtime: Calls, method: keyof Calls, given: unknown[]) => {
    try {
      return await (runtime[method] as (...given: unknown[]) => unknown).apply(runtime, given);
    } catch (error) {
      throw revived(error); // a file of its own has classes of its own
    }
  };
  return new Proxy({} as Calls, {
    get: (_, name) => {
      const method = name as keyof Calls;
      return (...given: unknown[]) => {
        // Called at once where it can be: what is given may change afterwards.
        if (runtime) return call(runtime, method, given);
        starting ??= start();
        return starting.then((runtime) => call(runtime, method, given));
      };
    },
  });
}
