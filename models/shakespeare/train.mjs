// Trains the voice of this folder and writes its files and report.json.
//
//     npm run build && node models/shakespeare/train.mjs
//
// Node 20 runs the faster build of the library with --experimental-wasm-relaxed-simd only.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { charRNN, memorisation } from 'gesso';

const recipe = {
  seed: 7,
  cell: 'lstm',
  layers: 2,
  units: 128,
  embedding: 128,
  dropout: 0,
  sequenceLength: 50,
  batchSize: 50,
  epochs: 10,
  learningRate: { type: 'cosine', from: 0.006, to: 0.0001 },
  clip: 5,
  validationSplit: 0.1, // the end of the text
};

const here = dirname(fileURLToPath(import.meta.url));
const shared = process.env.GESSO_SHARED ?? `${here}/../../../shared`;
const text = readFileSync(`${shared}/data/text/shakespeare.txt`, 'utf8');

/** Writes a file of the voice and prints what models/registry.json must say of it. */
function write(name, content) {
  writeFileSync(`${here}/${name}`, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  console.log(`${name}: ${Buffer.byteLength(content)} bytes, SHA-256 ${sha256}`);
}

/** JSON with one line for each short list, as the formatter of this repository writes it. */
function showJson(content) {
  const text = JSON.stringify(content, null, 2);
  const short = text.replace(/\[([^[\]{}]*)\]/g, (list, items) => {
    const line = `[${items.trim().replace(/\s*\n\s*/g, ' ')}]`;
    return line.length < 80 ? line : list;
  });
  return `${short}\n`;
}

const voice = await charRNN();
const start = performance.now();
const { epochs } = await voice.train(text, {
  ...recipe,
  clean: { whitespace: 'keep' },
  sampleSeed: 'ROMEO:',
  temperatures: [0.7],
  sampleLength: 200,
  onEpoch({ epoch, loss, valLoss, samples: [sample] }) {
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(
      `epoch ${epoch + 1}  loss ${loss.toFixed(4)}  validation ${valLoss.toFixed(4)}  ${seconds} s`,
    );
    console.log(sample.text);
  },
});
const last = epochs.at(-1);
const { build } = await voice.about();
await voice.describe({
  title: 'Shakespeare',
  author: 'gesso, models/shakespeare/train.mjs',
  source:
    'Plays of William Shakespeare, about 1590 to 1613: one million characters, with the names of who speaks',
  consent: 'In the public domain: the author died in 1616.',
});
for (const [name, bytes] of await voice.files()) {
  const isText = name.endsWith('.json');
  write(name, isText ? showJson(JSON.parse(new TextDecoder().decode(bytes))) : bytes);
}

const { sample } = await voice.generate({
  seed: 'ROMEO:\n',
  length: 5000,
  temperature: 0.7,
  random: 1,
});
const { longest, longestLength, copiedShare } = await memorisation(sample, text);
const report = {
  recipe,
  build,
  characters: text.length,
  losses: epochs.map(({ loss, valLoss }) => [loss, valLoss].map((x) => Number(x.toFixed(4)))),
  validation: Number(last.valLoss.toFixed(4)),
  memorisation: { longest, longestLength, copiedShare },
};
writeFileSync(`${here}/report.json`, showJson(report));
console.log(sample.slice(0, 600));
