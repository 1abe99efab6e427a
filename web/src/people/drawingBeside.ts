// What draws people, for gesso.js: there is something to draw once people.js has been loaded.
import { fail } from '../errors.js';
import { loadedPeople } from '../laterBeside.js';

type People = NonNullable<ReturnType<typeof loadedPeople>>;

function later<N extends 'blurBackground' | 'cutOut' | 'place' | 'replaceBackground'>(
  name: N,
): People[N] {
  const draw = (...given: never[]) => {
    const people = loadedPeople();
    if (people) return (people[name] as (...given: never[]) => unknown)(...given);
    fail(
      `${name}: nobody has been looked for yet`,
      { known: 'a page with a script tag loads this code with the first body or face' },
      'await gesso.bodyPose() first',
    );
  };
  return draw as unknown as People[N];
}

export const blurBackground = later('blurBackground');
export const cutOut = later('cutOut');
export const place = later('place');
export const replaceBackground = later('replaceBackground');
