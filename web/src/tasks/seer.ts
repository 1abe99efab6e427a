// What tasks that look at pictures share, on the side of who uses them.
import { fail } from '../errors.js';
import type { ImageSource } from '../image.js';
import { type About, type Open, Session } from '../model.js';
import { type WatchOptions, watchPlainly } from '../watch.js';

/** What looks, once it has loaded. */
export interface Seer<Result> {
  open: Open;
  /** @param follows whether the picture is a frame of many */
  detect(image: ImageSource, follows?: boolean): Promise<Result>;
  /** Frees what is not freed with the model. */
  dispose?(): void;
}

/** What it gives. */
type Answer<S extends Seer<unknown>> = Awaited<ReturnType<S['detect']>>;

/** What one may do with it. */
interface Methods<Result> {
  detect(image: ImageSource): Promise<Result>;
  watch(
    source: ImageSource,
    onResult: (result: Result) => void,
    options?: WatchOptions,
  ): () => void;
  about(): Promise<About>;
  dispose(): void;
}

/** Methods that wait for the loading by themselves, and refuse after the end. */
export interface Sight<S extends Seer<unknown>> {
  session: Session;
  methods: Methods<Answer<S>>;
  /** The object, for what can be read at once. Fails before it has loaded. */
  loaded(property: string): S;
}

/** @param example a call of `watch` that is right, for messages */
export function sightOf<S extends Seer<unknown>>(
  who: string,
  ready: Promise<S>,
  example: string,
): Sight<S> {
  const session = new Session(
    who,
    ready.then(({ open }) => open),
  );
  let loaded: S | undefined;
  ready.then(
    (seer) => {
      loaded = seer;
    },
    () => {}, // reported by the promise that the user holds, and by every method
  );
  const watches = new Set<() => void>();
  const look = async (image: ImageSource, follows: boolean): Promise<Answer<S>> => {
    session.refuseDisposed();
    // Not awaited when it has loaded: the picture is the one of this very moment.
    const seer = loaded ?? (await ready);
    session.refuseDisposed();
    return (await seer.detect(image, follows)) as Answer<S>;
  };
  return {
    session,
    methods: {
      detect: (image) => look(image, false),
      watch(source, onResult, options = {}) {
        session.refuseDisposed();
        const frame = (source: ImageSource) => look(source, true);
        const end = watchPlainly(source, frame, onResult, options, example);
        const stop = () => {
          watches.delete(stop);
          end();
        };
        watches.add(stop);
        return stop;
      },
      about: () => session.about(),
      dispose() {
        for (const stop of watches) stop();
        ready.then(
          (seer) => seer.dispose?.(),
          () => {}, // there is nothing to free
        );
        session.dispose();
      },
    },
    loaded(property) {
      if (loaded) return loaded;
      fail(
        `${who}: ${property} cannot be read before the model has loaded`,
        { known: 'its methods wait by themselves, its properties cannot' },
        `const loaded = await ${who}(…)`,
      );
    },
  };
}
