// Objects that can be used at once and awaited.
import { type Inside, remember } from './insides.js';
import { holdSetup } from './p5.js';

/**
 * What a factory returns: the object itself, whose methods wait for loading by themselves, and at
 * the same time a promise of it.
 *
 *     const classifier = imageClassifier('mobilenet');        // use it at once …
 *     const results = await classifier.classify(image);
 *     const loaded = await imageClassifier('mobilenet');      // … or wait first
 */
export type Loading<T> = T & Promise<T>;

/**
 * Lets an object be used before what it needs has loaded. In `preload` of a p5 1.x sketch, `setup`
 * waits for it.
 *
 * @param ready settles when loading ends; every method of `usable` waits for it by itself
 * @param usable the object, complete; it is also what awaiting gives
 * @param inside what functions beside the object may know of it
 */
export function usableAtOnce<T extends object>(
  ready: Promise<unknown>,
  usable: T,
  inside?: Inside,
): Loading<T> {
  const loading = ready.then(() => usable);
  // Who uses only the methods learns of a failed load from them; the promise must not complain too.
  loading.catch(() => {});
  holdSetup(loading);
  Object.defineProperties(loading, Object.getOwnPropertyDescriptors(usable));
  if (inside) remember(inside, usable, loading);
  return loading as Loading<T>;
}
