// Times how fast voices write: gesso, and ml5 0.12 with each of its backends, in turns in one page.
import { type CharRNN, charRNN, dense, embedding, lstm, sequential } from 'gesso';

/** Characters a second; of the peer where there is one. */
export interface Writing {
  name: string;
  gesso: number;
  peer?: string;
  peerRate?: number;
  ratio?: number;
  bar: string;
}

/** What is used of ml5 0.12, which has no types. */
interface OldMl5 {
  charRNN(folder: string, ready: () => void): OldVoice;
  tf: { setBackend(name: string): Promise<boolean> | boolean };
}

interface OldVoice {
  generate(options: { seed: string; length: number; temperature: number }): Promise<unknown>;
}

declare global {
  interface Window {
    ml5: OldMl5;
    voices?: { build: string; rows: Writing[] };
    failure?: string;
  }
}

const rounds = 5;
const folder = '/models/charrnn_darwin/';
const characters = { gesso: 4000, cpu: 300, webgl: 40 };

/** How many characters a second some work writes. */
async function rate(length: number, write: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await write();
  return (1000 * length) / (performance.now() - start);
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const ours = (voice: CharRNN) =>
  rate(characters.gesso, () =>
    voice.generate({ seed: 'The ', length: characters.gesso, temperature: 0.5, random: 1 }),
  );

function oldVoice(): Promise<OldVoice> {
  return new Promise((resolve) => {
    const voice = window.ml5.charRNN(folder, () => resolve(voice));
  });
}

/** A voice that has learned nothing: how fast it writes does not depend on that. */
async function largeVoice(): Promise<CharRNN> {
  const vocabulary = Array.from({ length: 100 }, (_, i) => String.fromCharCode(32 + i));
  const recurrent = { units: 256, returnSequences: true };
  const model = await sequential(
    [
      embedding({ inputDim: vocabulary.length, outputDim: 256 }),
      lstm(recurrent),
      lstm(recurrent),
      dense({ units: vocabulary.length, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  return charRNN({ model: await model.files(), vocabulary });
}

async function main(): Promise<void> {
  const voice = await charRNN(folder);
  const rows: Writing[] = [];
  await ours(voice);
  for (const backend of ['cpu', 'webgl'] as const) {
    if (!(await window.ml5.tf.setBackend(backend))) continue; // no WebGL here
    const length = characters[backend];
    const old = await oldVoice();
    const write = () => old.generate({ seed: 'The ', length, temperature: 0.5 });
    await write();
    const found: number[] = [];
    const peers: number[] = [];
    for (let i = 0; i < rounds; ++i) {
      found.push(await ours(voice));
      peers.push(await rate(length, write));
    }
    const [gesso, peerRate] = [median(found), median(peers)];
    const peer = `ml5 0.12.2 ${backend}`;
    rows.push({
      ...{ name: 'write-2x128', gesso, peer, peerRate, ratio: gesso / peerRate },
      bar: '≥ 15 times the faster backend',
    });
  }
  const large = await largeVoice();
  await ours(large);
  const found: number[] = [];
  for (let i = 0; i < rounds; ++i) found.push(await ours(large));
  rows.push({ name: 'write-2x256', gesso: median(found), bar: '≥ 5000 a second' });
  const { build } = await voice.about();
  window.voices = { build, rows };
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
