/** A panel that tells how a sketch fares: `gesso/overlay`. */
export { type Overlay, type OverlayOptions, overlay } from '../overlay.js';
