// Ready-made digits: drawings that a button writes on the pad.
import samples from '../../../models/digits/samples.json';
import { curve, type Stroke } from '../digits/asDigit.js';
import type { Pad } from './pad.js';

/** Lets each button of a digit write it. */
export function hangSamples(pad: Pad): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-samples] button')) {
    button.addEventListener('click', () => writeSample(pad, button.textContent));
    button.disabled = false;
  }
}

/** Writes the first drawing of a digit on the pad. */
export function writeSample(pad: Pad, digit: string): void {
  const sample = samples.digits.find(({ label }) => label === digit);
  pad.write(curved(sample?.strokes ?? []));
}

/** A sample lies in 0 to 100 along both axes, as few points. */
function curved(strokes: readonly number[][][]): Stroke[] {
  return strokes.map((stroke) => curve(stroke.map(([x = 0, y = 0]) => [x / 100, y / 100])));
}
