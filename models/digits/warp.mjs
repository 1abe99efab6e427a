// Redraws a digit as another hand might have: turned, slanted, shifted, wobbly, thicker or thinner.
import { pixels, side } from './mnist.mjs';

/** Random numbers in [0, 1) from a seed: the same on every machine (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Writes a warped copy of an image, scaled to 0..1.
 * @param {Uint8Array} image 784 bytes
 * @param {Float32Array} into 784 numbers
 * @param {() => number} random uniform in [0, 1)
 */
export function warp(image, into, random) {
  const within = (limit) => (2 * random() - 1) * limit;
  const turn = within(0.24);
  const slant = within(0.22);
  const wide = Math.exp(within(0.2));
  const tall = Math.exp(within(0.2));
  const shiftX = within(2.2);
  const shiftY = within(2.2);
  // An unsteady hand: a slow wave along each axis, at most 1.3 pixels high.
  const [waveX, waveY] = [within(1.3), within(1.3)];
  const [phaseX, phaseY] = [within(Math.PI), within(Math.PI)];
  const [speedX, speedY] = [0.12 + 0.2 * random(), 0.12 + 0.2 * random()];

  const stroke = thicken(image, within(1));
  const centre = (side - 1) / 2;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  for (let y = 0; y < side; ++y) {
    for (let x = 0; x < side; ++x) {
      const u = (x - centre - shiftX) * wide + waveX * Math.sin(speedX * y + phaseX);
      const v = (y - centre - shiftY) * tall + waveY * Math.sin(speedY * x + phaseY);
      const fromX = cos * u - sin * v + slant * v + centre;
      const fromY = sin * u + cos * v + centre;
      into[y * side + x] = sample(stroke, fromX, fromY) / 255;
    }
  }
}

// amount > 0 spreads ink to the neighbours, amount < 0 wears the edges away; a third is left alone.
function thicken(image, amount) {
  if (Math.abs(amount) < 0.33) return image;
  const result = new Float32Array(pixels);
  const strength = Math.abs(amount);
  for (let y = 0; y < side; ++y) {
    for (let x = 0; x < side; ++x) {
      const i = y * side + x;
      const around = [
        x > 0 ? image[i - 1] : 0,
        x < side - 1 ? image[i + 1] : 0,
        y > 0 ? image[i - side] : 0,
        y < side - 1 ? image[i + side] : 0,
      ];
      const extreme = amount > 0 ? Math.max(image[i], ...around) : Math.min(image[i], ...around);
      result[i] = image[i] + strength * (extreme - image[i]) * (amount > 0 ? 1 : 0.7);
    }
  }
  return result;
}

// Between pixels, the mean of the four around weighted by nearness; outside the picture, black.
function sample(image, x, y) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  if (left < 0 || top < 0 || left >= side - 1 || top >= side - 1) return 0;
  const [right, down] = [x - left, y - top];
  const i = top * side + left;
  const above = image[i] + right * (image[i + 1] - image[i]);
  const below = image[i + side] + right * (image[i + side + 1] - image[i + side]);
  return above + down * (below - above);
}
