// What tasks that look at pictures share, on the side of who uses them.
import type { ImageSource } from '../image.js';
import { type Open, Session } from '../model.js';

/** What looks, once it has loaded. */
export interface Seer<Result> {
  open: Open;
  /** @param follows whether the picture is a frame of many */
  detect(image: ImageSource, follows?: boolean): Promise<Result>;
  /** Frees what is not freed with the model. */
  dispose?(): void;
}

/** Methods that wait for the loading by themselves, and refuse after the end. */
export interface Sight<S extends Seer<unknown>> {
  session: Session;
  /** The object once it has loaded; at once, when it has. */
  use<T>(call: (seer: S) => Promise<T>): Promise<T>;
  /** Begins a `watch` that ends with the object, at the latest. */
  watch(begin: () => () => void): () => void;
  dispose(): void;
}

export function sightOf<S extends Seer<unknown>>(who: string, ready: Promise<S>): Sight<S> {
  const session = new Session(
    who,
    ready.then(({ open }) => open),
  );
  let loaded: S | undefined;
  const watches = new Set<() => void>();
  ready.then(
    (seer) => {
      loaded = seer;
    },
    () => {}, // reported by the promise that the user holds, and by every method
  );
  return {
    session,
    async use(call) {
      session.refuseDisposed();
      // Not awaited when it has loaded: the picture is the one of this very moment.
      const seer = loaded ?? (await ready);
      session.refuseDisposed();
      return call(seer);
    },
    watch(begin) {
      session.refuseDisposed();
      const end = begin();
      const stop = () => {
        watches.delete(stop);
        end();
      };
      watches.add(stop);
      return stop;
    },
    dispose() {
      for (const stop of watches) stop();
      ready.then(
        (seer) => seer.dispose?.(),
        () => {}, // there is nothing to free
      );
      session.dispose();
    },
  };
}
