// Projects that were taught at teachablemachine.withgoogle.com: pictures and poses.
import { fail } from '../errors.js';
import type { ImageSource } from '../image.js';
import { teachCode } from '../later.js';
import { Session } from '../model.js';
import { absent, readOptions } from '../options.js';
import type { ModelSource } from '../source.js';
import type { OpenProject } from '../teach/teachable/project.js';
import type { TeachableMachine, TeachableMachineOptions } from '../teach/teachable/types.js';
import { type Loading, usableAtOnce } from '../usable.js';
import { watchOptions, watchWith } from '../watch.js';
import { taken } from './taken.js';

const who = 'teachableMachine';

/**
 * Opens an image or pose project of Teachable Machine, with exactly its preparation of pictures.
 *
 *     const project = await teachableMachine('./my-project/');   // model.json, weights.bin, metadata.json
 *     const [best] = await project.classify(video);
 *
 * @param source the address or path of the folder or zip, or the files as they were dropped
 * @throws MLError (the promise rejects) when a file is missing, damaged, or of another kind of project
 */
export function teachableMachine(
  source: ModelSource,
  options: TeachableMachineOptions = {},
): Loading<TeachableMachine> {
  const given = { ...options };
  const ready = teachCode().then((code) => code.openTeachableMachine(source, given));
  const session = new Session(
    who,
    ready.then(({ open }) => open),
  );
  let loaded: OpenProject | undefined;
  ready.then(
    (project) => {
      loaded = project;
    },
    () => {}, // reported by the promise that the user holds, and by every method
  );
  const classify = async (image: ImageSource, topK?: number) => {
    session.refuseDisposed();
    const [picture, project] = await Promise.all([taken('classify', image), ready]);
    session.refuseDisposed();
    return project.classify(picture, topK);
  };
  const project: TeachableMachine = {
    get kind() {
      if (loaded) return loaded.kind;
      return fail(
        `${who}: kind cannot be read before the project has loaded`,
        { known: 'its methods wait by themselves, its properties cannot' },
        `const project = await ${who}(…)`,
      );
    },
    classify,
    watch(source, onResult, given = {}) {
      const { topK, onError } = readOptions('watch', given, {
        topK: absent<number>('a number', 'topK: 1', (value) => typeof value === 'number'),
        ...watchOptions,
      });
      const example = 'watch(video, ([best]) => show(best.label))';
      return watchWith(source, (source) => classify(source, topK), onResult, onError, example);
    },
    labels: async () => {
      await session.opened();
      return [...(await ready).labels];
    },
    about: () => session.about(),
    dispose() {
      ready.then(
        (project) => project.close(),
        () => {}, // there is nothing to free
      );
      session.dispose();
    },
  };
  return usableAtOnce(ready, project, {
    session,
    preprocess: async () => (await ready).preprocess,
    classes: async () => ({ labels: (await ready).labels, activation: 'none' }),
  });
}
