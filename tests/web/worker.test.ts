// The runtime behind a message channel, as in a worker.
import * as Comlink from 'comlink';
import { describe, expect, it, onTestFinished } from 'vitest';
import { workerCalls } from '../../web/src/client.js';
import { MLError } from '../../web/src/errors.js';
import type { Progress } from '../../web/src/progress.js';
import { Runtime } from '../../web/src/runtime.js';
import { settings } from '../../web/src/settings.js';
import { tensor } from '../../web/src/tensor.js';
import { WorkerRuntime } from '../../web/src/workerRuntime.js';
import { filesIn, itNeeds, messageFrom, model, serve, wasm } from './fixtures.js';

/** A runtime at the other end of a message channel, as in a worker. */
function across(runtime: Runtime) {
  const { port1, port2 } = new MessageChannel();
  Comlink.expose(runtime, port2 as unknown as Comlink.Endpoint);
  port1.start();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  let deaths = 0;
  const calls = workerCalls(port1 as unknown as Worker, () => deaths++);
  return { calls, port: port1, deaths: () => deaths };
}

const xor = model('xor_layers');
const files = ['model.json', 'group1-shard1of1', 'group2-shard1of1'];
const request = (address: string) => ({ places: [{ address }], expected: undefined });

describe('the worker protocol', () => {
  itNeeds([wasm, xor], 'opens, runs and closes a model, with progress', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings });
    const server = await serve(Object.fromEntries(filesIn(xor, files)));
    const told: Progress[] = [];
    const opened = await calls.open(1, request(`${server}model.json`), (progress) =>
      told.push(progress),
    );
    expect(opened.description.inputs[0]?.name).toBe('dense_1_input');
    expect(told.at(-1)?.loaded).toBe(told.at(-1)?.total);

    const input = tensor([[0, 1]]);
    const outputs = await calls.run(opened.model, { dense_1_input: input });
    expect(outputs.activation_2).toMatchObject({ shape: [1, 1], dtype: 'float32' });
    expect(outputs.activation_2?.data).toBeInstanceOf(Float32Array);
    expect(input.data).toHaveLength(2); // still the user's own

    await calls.close(opened.model);
    expect(await messageFrom(() => calls.run(opened.model, { dense_1_input: input }))).toMatch(
      'gesso: this model has been disposed of',
    );
  });

  itNeeds([wasm], 'brings errors back as errors of this library', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings });
    const server = await serve({});
    const error = await calls
      .open(1, request(`${server}model.json`))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MLError);
    expect(String(error)).toMatch('MLError: model.json: the file is not there.');
  });

  itNeeds([wasm], 'stops a download', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings });
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = await serve({ 'model.json': () => asked() }); // and no answer
    const opening = calls.open(7, request(`${server}model.json`));
    await arrived;
    await calls.abort(7);
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('tells calls that are under way when the worker does not start', async () => {
    class Silent extends Runtime {
      override configure(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const { calls, port, deaths } = across(new Silent());
    const waiting = calls.configure({ ...settings });
    port.dispatchEvent(Object.assign(new Event('error'), { message: 'worker.js: 404' }));
    expect(await messageFrom(() => waiting)).toMatch(
      'gesso: its worker did not start.\n  reason  worker.js: 404\n  Try: copy worker.js',
    );
    expect(deaths()).toBe(1);
    expect(await messageFrom(() => calls.configure({ ...settings }))).toMatch('did not start');
  });
});
