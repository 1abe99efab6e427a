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
  Comlink.expose(runtime, port2);
  port1.start();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  let deaths = 0;
  const calls = workerCalls(port1, () => deaths++);
  return { calls, port: port1, deaths: () => deaths };
}

const xor = model('xor_layers');
const files = ['model.json', 'group1-shard1of1', 'group2-shard1of1'];
const request = (address: string) => ({ places: [{ address }], expected: undefined });

describe('the worker protocol', () => {
  itNeeds([wasm, xor], 'opens, runs and closes a model, with progress', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings }, {});
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

  itNeeds([wasm], 'trains, tells of every slice before the end, and stops', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings }, {});
    const layer = {
      class_name: 'Dense',
      config: { name: 'd', units: 1, batch_input_shape: [null, 1], dtype: 'float32' },
    };
    const topology = { class_name: 'Sequential', config: { name: 'line', layers: [layer] } };
    const { model } = await calls.create(JSON.stringify(topology), 1);
    const optimizer = { className: 'SGD', config: { learningRate: 0.1 } };
    const options = { optimizer, loss: 'meanSquaredError' as const, metrics: [], seed: 0 };
    const described = await calls.train(model, 'compile', [options]);
    expect(described.metrics).toEqual(['loss']);
    const x = tensor(
      Float32Array.from({ length: 64 }, (_, i) => i / 64),
      [64, 1],
    );
    await calls.train(model, 'give', [0, { samples: 64, x: [x], y: [x], w: [null] }]);

    const epoch = { set: 0, train: true, batchSize: 1, shuffle: true, first: 0, count: 64 };
    const told: number[] = [];
    const done = await calls.train(model, 'epoch', [{ ...epoch, epoch: 0 }, true], ({ step }) => {
      told.push(step);
    });
    expect(done).toMatchObject({ done: true, step: 64, samples: 64, bad: null });
    expect(told).toEqual(Array.from({ length: 64 }, (_, i) => i + 1));
    const { 'd/kernel': kernel } = await calls.train(model, 'getWeights', []);
    expect(kernel?.data[0]).toBeCloseTo(1, 0);

    const stopped = calls.train(model, 'epoch', [{ ...epoch, epoch: 1 }, true], ({ step }) => {
      if (step === 3) return calls.train(model, 'stop', []);
      return undefined;
    });
    expect((await stopped).step).toBeLessThan(64);
    await calls.close(model);
  });

  itNeeds([wasm], 'brings errors back as errors of this library', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings }, {});
    const server = await serve({});
    const error = await calls
      .open(1, request(`${server}model.json`))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MLError);
    expect(String(error)).toMatch('MLError: model.json: the file is not there.');
  });

  itNeeds([wasm], 'stops a download', async () => {
    const { calls } = across(new WorkerRuntime());
    await calls.configure({ ...settings }, {});
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
    const waiting = calls.configure({ ...settings }, {});
    port.dispatchEvent(Object.assign(new Event('error'), { message: 'worker.js: 404' }));
    expect(await messageFrom(() => waiting)).toMatch(
      'gesso: its worker did not start.\n  reason  worker.js: 404\n  Try: copy worker.js',
    );
    expect(deaths()).toBe(1);
    expect(await messageFrom(() => calls.configure({ ...settings }, {}))).toMatch('did not start');
  });
});
