// The entry of the bundled pages: the whole library by its name.
import * as gesso from 'gesso';
import { sketch } from './sketch.js';

sketch(gesso);
