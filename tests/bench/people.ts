// Times whole answers about people, from the picture to the points, in turns with the packages of
// TensorFlow.js on its WebAssembly backend; and looks at many frames without a growth of memory.

import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as blazeface from '@tensorflow-models/blazeface';
import * as bodyPix from '@tensorflow-models/body-pix';
import * as facemesh from '@tensorflow-models/facemesh';
import * as posenet from '@tensorflow-models/posenet';
import {
  bodyPose,
  bodySegmentation,
  faceDetector,
  faceMesh,
  loadModel,
  memory,
  setModelPath,
  tensor,
} from 'gesso';
import { median } from './median.js';

/** How long one kind of answer takes, in milliseconds. */
export interface PeopleRow {
  name: string;
  build: string;
  threads: 1;
  gesso_ms: number;
  peer: string;
  peer_ms: number;
  ratio: number;
  /** What the ratio is to be at least. */
  bar: number | '';
  /** Which part of gesso's time the browser takes to read the pixels of the picture, */
  reading: number | '';
  /** and which part goes into preparing them, decoding and telling. */
  beside: number | '';
}

export interface PeopleFigures {
  rows: PeopleRow[];
  /** Bytes of WebAssembly memory after so many frames, over those before. */
  growth: Record<string, number>;
  frames: number;
}

declare global {
  interface Window {
    people?: PeopleFigures;
    failure?: string;
  }
}

const [warmUps, rounds, runsInARow] = [3, 15, 3];
const near = { worker: false };

/** Where the packages look for models that are no longer there. */
const moved: [from: string, to: string][] = [
  ['https://tfhub.dev/mediapipe/tfjs-model/facemesh/1/default/1/', '/models/facemesh_tfhub/'],
  ['https://tfhub.dev/tensorflow/tfjs-model/blazeface/1/default/1/', '/models/blazeface_tfhub/'],
];

function readMovedModels(): void {
  const before = window.fetch.bind(window);
  window.fetch = (address, options) => {
    const [from, to] = moved.find(([from]) => `${address}`.startsWith(from)) ?? ['', ''];
    return before(from ? `${address}`.replace(from, to).replace(/\?.*$/, '') : address, options);
  };
}

/** A photo, as large as what a camera of a computer gives. */
async function picture(name: string): Promise<HTMLCanvasElement> {
  const image = new Image();
  image.src = `/photos/${name}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  const scale = 640 / Math.max(image.naturalWidth, image.naturalHeight);
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runsInARow; ++i) await run();
  return (performance.now() - start) / runsInARow;
}

interface Work {
  name: string;
  bar: number | '';
  gesso: () => Promise<unknown>;
  peer: () => Promise<unknown>;
  /** What gesso does, with pixels that have been read, and what of it is the network. */
  parts?: { pixels: () => Promise<unknown>; network: () => Promise<unknown> };
}

async function measure({ name, bar, gesso, peer, parts }: Work, build: string) {
  const works = [gesso, peer, ...(parts ? [parts.pixels, parts.network] : [])];
  for (let i = 0; i < warmUps; ++i) for (const work of works) await work();
  const times: number[][] = works.map(() => []);
  for (let i = 0; i < rounds; ++i) {
    for (const [j, work] of works.entries()) times[j]?.push(await time(work));
    await new Promise((resolve) => setTimeout(resolve));
  }
  const [gesso_ms = 0, peer_ms = 0, pixels_ms = 0, network_ms = 0] = times.map(median);
  const row: PeopleRow = {
    name,
    build,
    threads: 1,
    gesso_ms,
    peer: `tfjs ${tf.version_core} wasm`,
    peer_ms,
    ratio: peer_ms / gesso_ms,
    bar,
    reading: parts ? 1 - pixels_ms / gesso_ms : '',
    beside: parts ? (pixels_ms - network_ms) / gesso_ms : '',
  };
  return row;
}

function pixelsOf(canvas: HTMLCanvasElement): ImageData {
  const { width, height } = canvas;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('there is no canvas');
  return context.getImageData(0, 0, width, height);
}

/** Runs a network by itself, on a picture of this size. */
async function alone(address: string, height: number, width: number) {
  const model = await loadModel(address, near);
  const input = tensor(new Float32Array(height * width * 3), [1, height, width, 3]);
  let results = await model.run(input);
  return async () => {
    results = await model.run(input, { into: results });
  };
}

async function poses(): Promise<Work> {
  const address = '/models/posenet_mobilenet075_s16_quant2/model-stride16.json';
  const image = await picture('tfjs_pose.jpg');
  const pixels = pixelsOf(image);
  const bodies = await bodyPose(address, near);
  const peer = await posenet.load({
    architecture: 'MobileNetV1',
    outputStride: 16,
    multiplier: 0.75,
    inputResolution: 257,
    modelUrl: address,
  });
  const options = { flipHorizontal: false, maxDetections: 5, scoreThreshold: 0.5, nmsRadius: 20 };
  return {
    name: 'PoseNet 0.75 at 257, several people',
    bar: 1.6,
    gesso: () => bodies.detect(image),
    peer: () => peer.estimateMultiplePoses(image, options),
    parts: {
      pixels: () => bodies.detect(pixels),
      network: await alone(address, 257, 257),
    },
  };
}

async function masks(): Promise<Work> {
  const address = '/models/bodypix_mobilenet_float_050/model-stride16.json';
  const image = await picture('three_people.jpg');
  const pixels = pixelsOf(image);
  const bodies = await bodySegmentation(address, { ...near, soft: false });
  const peer = await bodyPix.load({
    architecture: 'MobileNetV1',
    outputStride: 16,
    multiplier: 0.5,
    modelUrl: address,
  });
  return {
    name: 'BodyPix 0.50 at half of 640 pixels, person mask',
    bar: 1.6,
    gesso: () => bodies.segment(image),
    peer: () => peer.segmentPerson(image),
    parts: {
      pixels: () => bodies.segment(pixels),
      network: await alone(address, 257, 321),
    },
  };
}

async function faces(): Promise<Work> {
  const [finder, mesh] = [
    '/models/blazeface_tfhub/model.json',
    '/models/facemesh_tfhub/model.json',
  ];
  const image = await picture('tfjs_portrait.jpg');
  const faces = await faceMesh(mesh, { ...near, detector: finder });
  const detector = await blazeface.load({ modelUrl: finder });
  const peer = await facemesh.load({ maxFaces: 1 }); // from the second picture on, without a detector
  return {
    name: 'BlazeFace and FaceMesh, a face in a picture',
    bar: 2,
    gesso: () => faces.detect(image),
    peer: async () => {
      await detector.estimateFaces(image);
      await peer.estimateFaces(image);
    },
  };
}

/** A video that shows the same picture again and again. */
async function film(image: HTMLCanvasElement): Promise<HTMLVideoElement> {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = image.captureStream();
  const again = setInterval(() => image.getContext('2d')?.drawImage(image, 0, 0), 30);
  await video.play();
  await new Promise((shown) => video.requestVideoFrameCallback(shown));
  clearInterval(again);
  return video;
}

async function followed(): Promise<Work> {
  const [finder, mesh] = [
    '/models/blazeface_tfhub/model.json',
    '/models/facemesh_tfhub/model.json',
  ];
  const video = await film(await picture('tfjs_portrait.jpg'));
  const faces = await faceMesh(mesh, { ...near, detector: finder });
  const peer = await facemesh.load({ maxFaces: 1 });
  return {
    name: 'FaceMesh, a face that is followed in a video',
    bar: 2,
    gesso: () => faces.detect(video),
    peer: () => peer.estimateFaces(video),
  };
}

/** How much WebAssembly memory grows over many pictures. */
async function growth(frames: number): Promise<Record<string, number>> {
  const image = await picture('tfjs_portrait.jpg');
  const [bodies, segments, finder, mesh] = await Promise.all([
    bodyPose('posenet', near),
    bodySegmentation('bodypix', { ...near, detail: 0.1 }),
    faceDetector('blazeface', near),
    faceMesh('facemesh', near),
  ]);
  const looks: Record<string, () => Promise<unknown>> = {
    bodyPose: () => bodies.detect(image),
    bodySegmentation: () => segments.segment(image),
    faceDetector: () => finder.detect(image),
    faceMesh: () => mesh.detect(image),
  };
  const grown: Record<string, number> = {};
  for (const [name, look] of Object.entries(looks)) {
    for (let i = 0; i < 20; ++i) await look();
    const before = (await memory()).wasm;
    for (let i = 0; i < frames; ++i) await look();
    grown[name] = (await memory()).wasm / before;
  }
  return grown;
}

async function main(): Promise<void> {
  readMovedModels();
  setModelPath('/models');
  setWasmPaths('/tfjs-wasm/');
  await tf.setBackend('wasm');
  await tf.ready();
  const probe = await loadModel('/models/xor_layers/model.json', near);
  const { build } = await probe.about();
  const rows: PeopleRow[] = [];
  for (const prepare of [poses, masks, faces, followed])
    rows.push(await measure(await prepare(), build));
  const frames = Number(new URLSearchParams(location.search).get('frames') ?? 10_000);
  window.people = { rows, growth: await growth(frames), frames };
}

main().catch((error: Error) => {
  window.failure = error.message;
});
