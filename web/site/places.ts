// Where things lie.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of this tree. */
export const tree = fileURLToPath(new URL('../..', import.meta.url));
/** The root of the site: its demos, and what all pages share. */
export const demos = join(tree, 'web/demos');
/** The library as it ships. */
export const library = join(tree, 'dist');
/** p5, which sketches are written for; the site gives it along as the file that it is. */
export const p5 = join(tree, 'node_modules/p5/lib');
