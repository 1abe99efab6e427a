// A runtime whose results move to the other thread without a copy.
import * as Comlink from 'comlink';
import type { Picture } from './image.js';
import { type Opened, Runtime, type Tensors } from './runtime.js';
import type { LookAnswer, LookMethod, LookRequest } from './seeing.js';

export class WorkerRuntime extends Runtime {
  override async open(...[job, request, onProgress]: Parameters<Runtime['open']>): Promise<Opened> {
    let told: unknown;
    const opened = await super.open(job, request, (progress) => {
      told = onProgress?.(progress);
    });
    await told; // answered when the page has been told: no progress comes after the end
    return opened;
  }

  override async run(...given: Parameters<Runtime['run']>): Promise<Tensors> {
    return handOver(await super.run(...given));
  }

  override async gradient(...given: Parameters<Runtime['gradient']>): Promise<Tensors> {
    return handOver(await super.gradient(...given));
  }

  override async see(...given: Parameters<Runtime['see']>): Promise<Tensors> {
    return handOver(await super.see(...given));
  }

  override async look<M extends LookMethod>(
    method: M,
    picture: Picture,
    request: LookRequest<M>,
  ): Promise<LookAnswer<M>> {
    const answer = await super.look(method, picture, request);
    const arrays = ArrayBuffer.isView(answer) ? [answer] : Object.values(answer);
    return Comlink.transfer(
      answer,
      arrays.filter(ArrayBuffer.isView).map(({ buffer }) => buffer),
    );
  }
}

function handOver(tensors: Tensors): Tensors {
  return Comlink.transfer(
    tensors,
    Object.values(tensors).map(({ data }) => data.buffer),
  );
}
