// Where things lie.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of this tree. */
export const tree = fileURLToPath(new URL('../..', import.meta.url));
/** The root of the site: its demos, and what all pages share. */
export const demos = join(tree, 'web/demos');
/** The library as it ships. */
export const library = join(tree, 'dist');
/** Sketches for p5 and ml5. */
export const sketches = join(tree, 'web/sketches');
/** The versions of p5 that sketches run on; the site gives them along as the files that they are. */
export const p5Versions: Record<string, string> = {
  1: join(tree, 'node_modules/p5-1/lib'),
  2: join(tree, 'node_modules/p5/lib'),
};
