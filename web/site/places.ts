// Where things lie.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of this tree. */
export const tree = fileURLToPath(new URL('../..', import.meta.url));
/** The root of the site: its demos, and what all pages share. */
export const demos = join(tree, 'web/demos');
/** The library as it ships. */
export const library = join(tree, 'dist');
