// The page with a script tag: the library is the global `gesso`.
import { sketch } from './sketch.js';

sketch(window.gesso);
