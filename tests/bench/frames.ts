// Whether the page goes on smoothly while one model trains and another one follows a video.
import { loadModel, sequential, tensor } from 'gesso';
import { pictureLayers } from './pictureLayers.js';

export interface FrameFigures {
  build: string;
  /** Gaps between two frames of the page, in milliseconds: median, 95th percentile, longest. */
  gaps: { median: number; most: number; longest: number };
  /** A second. */
  trainingSteps: number;
  answers: number;
}

declare global {
  interface Window {
    smoothness?: FrameFigures;
    failure?: string;
  }
}

const batchSize = 64;
const samples = 100 * batchSize;
const side = 257; // what PoseNet sees
const [warmUp, measured] = [2000, 10_000]; // milliseconds

function find<T extends Element>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (found === null) throw new Error(`no ${selector}`);
  return found;
}

/** Something that moves: the sketch, and at the same time what the camera would show. */
function drawing(canvas: HTMLCanvasElement): (time: number) => void {
  const pen = canvas.getContext('2d');
  return (time) => {
    if (pen === null) return;
    const { width, height } = canvas;
    pen.fillStyle = '#f8f7f3';
    pen.fillRect(0, 0, width, height);
    for (let i = 0; i < 60; i++) {
      const angle = time / 1500 + i / 9;
      pen.fillStyle = `hsl(${i * 6} 60% 50%)`;
      pen.beginPath();
      pen.arc(
        width * (0.5 + 0.4 * Math.cos(angle)),
        height * (0.5 + 0.4 * Math.sin(angle * 1.3)),
        24,
        0,
        7,
      );
      pen.fill();
    }
  };
}

/** Trains until the page is closed. @returns how many steps it has taken */
function train(): () => number {
  const model = sequential(pictureLayers(), { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = tensor(
    new Float32Array(samples * 28 * 28).map((_, i) => Math.sin(i)),
    [samples, 28, 28, 1],
  );
  const y = Int32Array.from({ length: samples }, (_, i) => (i * i) % 10);
  let steps = 0;
  const onProgress = ({ epoch, step }: { epoch: number; step: number }) => {
    steps = (epoch * samples) / batchSize + step;
  };
  model.fit(x, y, { batchSize, epochs: 1e6, onProgress }).catch(report);
  return () => steps;
}

/** Gives every frame of a video to PoseNet, leaving out those that come meanwhile. */
async function follow(video: HTMLVideoElement): Promise<() => number> {
  const model = await loadModel('/models/posenet_mobilenet075_s16_quant2/model-stride16.json');
  const eye = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  if (eye === null) throw new Error('no canvas to look with');
  const numbers = new Float32Array(side * side * 3);
  let answers = 0;
  const look = async () => {
    eye.drawImage(video, 0, 0, side, side);
    const { data } = eye.getImageData(0, 0, side, side);
    for (let from = 0, to = 0; from < data.length; from += 4) {
      numbers[to++] = (data[from] ?? 0) / 127.5 - 1;
      numbers[to++] = (data[from + 1] ?? 0) / 127.5 - 1;
      numbers[to++] = (data[from + 2] ?? 0) / 127.5 - 1;
    }
    await model.run(tensor(numbers, [1, side, side, 3]));
    answers++;
    next();
  };
  const next = () => video.requestVideoFrameCallback(() => void look().catch(report));
  next();
  return () => answers;
}

function report(error: unknown): void {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function main(): Promise<void> {
  const canvas = find<HTMLCanvasElement>('canvas');
  const video = find<HTMLVideoElement>('video');
  const draw = drawing(canvas);
  const gaps: number[] = [];
  let before = 0;
  let measuring = false;
  const frame = (time: number) => {
    if (measuring && before > 0) gaps.push(time - before);
    before = time;
    draw(time);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  video.srcObject = canvas.captureStream(30);
  await video.play();

  const probe = await loadModel('/models/xor_layers/model.json');
  const { build } = await probe.about();
  probe.dispose();
  const steps = train();
  const answers = await follow(video);
  await new Promise((resolve) => setTimeout(resolve, warmUp));
  const start = { time: performance.now(), steps: steps(), answers: answers() };
  measuring = true;
  await new Promise((resolve) => setTimeout(resolve, measured));
  measuring = false;
  const seconds = (performance.now() - start.time) / 1000;
  gaps.sort((a, b) => a - b);
  const at = (part: number) => gaps[Math.floor(part * (gaps.length - 1))] ?? Number.NaN;
  window.smoothness = {
    build,
    gaps: { median: at(0.5), most: at(0.95), longest: at(1) },
    trainingSteps: (steps() - start.steps) / seconds,
    answers: (answers() - start.answers) / seconds,
  };
}

main().catch(report);
