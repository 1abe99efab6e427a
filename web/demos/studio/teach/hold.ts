// A button that works as long as it is held: with a pointer, a finger, or the space or enter key.

/**
 * Tells when a button begins and ends to be held. A screen reader, which can only click, begins with one click
 * and ends with the next.
 *
 * @returns ends it now, for whoever has to
 */
export function onHold(button: HTMLButtonElement, begin: () => void, end: () => void): () => void {
  let held = false;
  const start = () => {
    if (held || button.ariaDisabled === 'true') return;
    held = true;
    begin();
  };
  const stop = () => {
    if (!held) return;
    held = false;
    end();
  };
  const isKey = ({ key }: KeyboardEvent) => key === ' ' || key === 'Enter';

  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId); // so that a finger may slip off
    start();
  });
  for (const ended of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur'] as const) {
    button.addEventListener(ended, stop);
  }
  button.addEventListener('keydown', (event) => {
    if (!isKey(event)) return;
    event.preventDefault(); // else it would click, too
    if (!event.repeat) start();
  });
  button.addEventListener('keyup', (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    stop();
  });
  button.addEventListener('click', ({ detail }) => {
    if (detail > 0) return; // of a pointer, which was held
    if (held) stop();
    else start();
  });
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // a finger that stays
  window.addEventListener('blur', stop);
  window.addEventListener('pagehide', stop);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stop();
  });
  return stop;
}
