#!/usr/bin/env node
// The command `gesso`: classify a photo, compare a model with known outputs, read its card.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { engine } from './engine.js';
import { fail, MLError, messageOf } from './errors.js';
import { compareOutput, type Golden, goldenInput, sameOrPlace } from './golden.js';
import {
  cachedModels,
  clearModelCache,
  imageClassifier,
  type Label,
  loadModel,
  offline,
  type Progress,
  pinModel,
  uncacheModel,
  unpinModel,
} from './node.js';
import { nearest } from './options.js';
import { megabytes } from './store.js';
import { showShape } from './tensor.js';

interface Flag {
  type: 'string' | 'boolean';
  short?: string;
  /** What the value is called in the help. */
  value?: string;
  help: string;
}

interface Command {
  usage: string;
  help: string;
  flags: Record<string, Flag>;
  run(words: string[], flags: Flags): Promise<number>;
}

type Flags = Record<string, string | boolean | undefined>;

const helpFlag: Flag = { type: 'boolean', short: 'h', help: 'show this' };
const modelHelp = 'a known name, a path or an address; mobilenet if left out';
const labelsHelp = 'names of the classes: a JSON list, or one on each line';

const commands: Record<string, Command> = {
  classify: {
    usage: 'gesso classify PHOTO [--model MODEL] [--top 5] [--labels FILE] [--json]',
    help: 'names what is in a JPEG, PNG or BMP',
    flags: {
      model: { type: 'string', short: 'm', value: 'MODEL', help: modelHelp },
      top: { type: 'string', short: 't', value: 'N', help: 'how many guesses; 5 if left out' },
      labels: { type: 'string', short: 'l', value: 'FILE', help: labelsHelp },
      json: { type: 'boolean', help: 'print [{label, index, confidence}, …]' },
      help: helpFlag,
    },
    run: classify,
  },
  run: {
    usage: 'gesso run MODEL --golden FILE',
    help: 'runs a model on a known pattern and compares its outputs with known ones',
    flags: {
      golden: { type: 'string', short: 'g', value: 'FILE', help: 'JSON of inputs and outputs' },
      help: helpFlag,
    },
    run: runGolden,
  },
  about: {
    usage: 'gesso about MODEL',
    help: 'prints what goes in and out of a model, where it is from and what it gets wrong',
    flags: { help: helpFlag },
    run: about,
  },
  models: {
    usage: 'gesso models [--pin MODEL] [--unpin MODEL] [--delete MODEL] [--clear]',
    help: 'lists the models that have been downloaded and kept',
    flags: {
      pin: { type: 'string', value: 'MODEL', help: 'download it, if need be, and keep it' },
      unpin: { type: 'string', value: 'MODEL', help: 'let it go when room is needed' },
      delete: { type: 'string', value: 'MODEL', help: 'delete it' },
      clear: { type: 'boolean', help: 'delete all' },
      help: helpFlag,
    },
    run: models,
  },
  offline: {
    usage: 'gesso offline MODEL … FOLDER [--double-click]',
    help: 'writes a folder with gesso and models for pages without a network',
    flags: {
      'double-click': { type: 'boolean', help: 'one that needs no server either' },
      help: helpFlag,
    },
    run: writeOffline,
  },
};

/** The largest error of an output, relative to its largest value, that still counts as equal. */
const tolerance = 1e-4;

async function main(args: string[]): Promise<number> {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    console.log(overview());
    return args.length === 0 ? 1 : 0;
  }
  if (name === '--version' || name === '-v') {
    const core = await engine();
    console.log(`gesso ${core.version()} (${core.build()} build, Node ${process.version})`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const names = [...Object.keys(commands), '--help', '--version'];
    fail(`gesso: there is no command "${name}"`, { known: names.join(', ') }, nearest(name, names));
  }
  const { words, flags } = readArguments(name, command, rest);
  if (flags.help === true) {
    console.log(helpOf(command));
    return 0;
  }
  return command.run(words, flags);
}

/** Splits arguments into words and flags; unknown flags get a suggestion. */
function readArguments(
  name: string,
  command: Command,
  args: string[],
): { words: string[]; flags: Flags } {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([flag, { type, short }]) => {
      return [flag, { type, ...(short !== undefined && { short }) }];
    }),
  );
  const { tokens, values, positionals } = parseArgs({
    args,
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags: Flags = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const known = Object.hasOwn(command.flags, token.name) ? command.flags[token.name] : undefined;
    if (known === undefined) {
      const names = Object.keys(command.flags).map((flag) => `--${flag}`);
      fail(
        `gesso ${name}: there is no flag "${token.rawName}"`,
        { known: names.join(', ') },
        nearest(token.rawName, names),
      );
    }
    const hasValue = typeof token.value === 'string' && token.value !== '';
    if (hasValue !== (known.type === 'string')) {
      fail(
        `gesso ${name}: ${token.rawName} takes ${known.type === 'string' ? 'a' : 'no'} value`,
        { given: token.value ?? 'none' },
        `--${token.name}${known.value ? ` ${known.value}` : ''}`,
      );
    }
    const value = values[token.name];
    if (typeof value === 'string' || typeof value === 'boolean') flags[token.name] = value;
  }
  return { words: positionals, flags };
}

function overview(): string {
  const lines = Object.values(commands).map(({ usage, help }) => `  ${usage}\n      ${help}`);
  return [
    'gesso: machine learning models, run on this machine',
    '',
    ...lines,
    '',
    '  gesso COMMAND --help, gesso --version',
    '',
    'A MODEL is a known name, the path of a folder, a model.json or a .tflite file, or an address.',
    'GESSO_MODELS names a folder in which known names are looked up first;',
    'what is downloaded is kept in ~/.cache/gesso/models, or in models in GESSO_CACHE.',
  ].join('\n');
}

function helpOf({ usage, help, flags }: Command): string {
  const rows = Object.entries(flags).map(([name, { short, value, help: text }]) => {
    const forms = `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
    return `  ${forms.padEnd(22)} ${text}`;
  });
  return [usage, `    ${help}`, '', ...rows].join('\n');
}

function only(words: string[], what: string, usage: string): string {
  const [word] = words;
  if (word !== undefined && words.length === 1) return word;
  fail(
    `gesso: one ${what} is needed`,
    { given: words.length === 0 ? 'none' : words.join(' ') },
    usage,
  );
}

async function classify(words: string[], flags: Flags): Promise<number> {
  const photo = only(words, 'photo', 'gesso classify photo.jpg --model mobilenet');
  const { model = 'mobilenet', top = '5', labels, json } = flags;
  const topK = Number(top);
  if (!Number.isInteger(topK) || topK < 1) {
    fail('gesso classify: --top takes a whole number from 1', { given: top }, '--top 5');
  }
  const classifier = await imageClassifier(String(model), {
    onProgress: showProgress(),
    topK,
    ...(labels !== undefined && { labels: String(labels) }),
  });
  const results = await classifier.classify(photo);
  if (json === true) {
    console.log(JSON.stringify(results));
    return 0;
  }
  console.log(table(results));
  if (results.every(({ label, index }) => label === `class ${index}`)) {
    console.error('The model does not name its classes. Try: --labels FILE');
  }
  return 0;
}

/** One line of stderr that counts the bytes of a download, where somebody looks at it. */
function showProgress(): (progress: Progress) => void {
  if (!process.stderr.isTTY) return () => {};
  return ({ loaded, total }) => {
    const [done, all] = [loaded, total].map((bytes) => (bytes / 1e6).toFixed(1));
    process.stderr.write(loaded < total ? `\rloading ${done} of ${all} MB ` : '\r\x1b[K');
  };
}

/** Labels, percentages and bars in columns. */
function table(results: readonly Label[]): string {
  const width = Math.max(...results.map(({ label }) => label.length));
  return results
    .map(({ label, confidence }) => {
      const percent = `${(confidence * 100).toFixed(1)} %`.padStart(7);
      return `${label.padEnd(width)}  ${percent}  ${bar(confidence)}`.trimEnd();
    })
    .join('\n');
}

/** 0 to 1 as up to 20 blocks, in steps of an eighth. */
function bar(confidence: number): string {
  const eighths = Math.round(confidence * 20 * 8);
  return '█'.repeat(eighths >> 3) + ['', ...'▏▎▍▌▋▊▉'][eighths & 7];
}

async function runGolden(words: string[], flags: Flags): Promise<number> {
  const path = only(words, 'model', 'gesso run model/model.json --golden golden.json');
  const { golden: file } = flags;
  if (typeof file !== 'string') {
    fail('gesso run: --golden is needed', { given: 'none' }, `gesso run ${path} --golden FILE`);
  }
  const golden = await readGolden(file);
  const model = await loadModel(path, { onProgress: showProgress() });
  const inputs = golden.inputs.map((input, i) => {
    const { name, dtype } = sameOrPlace(model.inputs, input.name, i) ?? input;
    return [name, goldenInput(input, dtype)] as const;
  });
  const outputs = await model.run(Object.fromEntries(inputs));
  let worst = 0;
  for (const [i, wanted] of golden.outputs.entries()) {
    const { name } = sameOrPlace(model.outputs, wanted.name, i) ?? wanted;
    const { value, l2, note } = compareOutput(wanted, outputs[name]);
    const error = Math.max(value, l2);
    const verdict = error <= tolerance ? 'ok  ' : 'FAIL';
    const facts = note ?? `worst ${value.toExponential(1)}, l2 ${l2.toExponential(1)}`;
    console.log(`${verdict} ${name} ${showShape(wanted.shape)}: ${facts}`);
    worst = Math.max(worst, error);
  }
  console.log(`worst error relative to the largest value: ${worst.toExponential(1)}`);
  return worst <= tolerance ? 0 : 1;
}

async function readGolden(file: string): Promise<Golden> {
  try {
    const golden = JSON.parse(await readFile(file, 'utf8')) as Partial<Golden>;
    const { inputs, outputs } = golden;
    if (Array.isArray(inputs) && Array.isArray(outputs)) return { inputs, outputs };
    throw new Error('it has no inputs and outputs');
  } catch (error) {
    fail(
      'gesso run: the golden file cannot be read',
      { file, reason: messageOf(error) },
      '{"inputs": [{name, shape, dtype, lo, hi, integer}], "outputs": [{name, shape, step, values, l2, max}]}',
    );
  }
}

async function about(words: string[]): Promise<number> {
  const path = only(words, 'model', 'gesso about mobilenet');
  const model = await loadModel(path, { onProgress: showProgress() });
  const { card, timing, ...facts } = await model.about();
  const ports = (list: typeof model.inputs) =>
    list.map(({ name, dtype, shape }) => `${name}: ${dtype} ${showShape(shape)}`).join('; ');
  const rows = {
    ...facts,
    loading: `${Math.round(timing.reading)} ms to read, ${Math.round(timing.building)} ms to parse`,
    inputs: ports(model.inputs),
    outputs: ports(model.outputs),
    ...(card ?? { card: 'this model is not a known one' }),
  };
  for (const [name, value] of Object.entries(rows)) console.log(`${name.padEnd(11)} ${value}`);
  return 0;
}

async function models(words: string[], flags: Flags): Promise<number> {
  if (words.length > 0) {
    fail('gesso models: it takes only flags', { given: words.join(' ') }, 'gesso models --help');
  }
  const { pin, unpin, delete: gone, clear } = flags;
  if (typeof pin === 'string') await pinModel(pin, { onProgress: showProgress() });
  if (typeof unpin === 'string') await unpinModel(unpin);
  if (typeof gone === 'string') await uncacheModel(gone);
  if (clear === true) await clearModelCache();
  const kept = await cachedModels();
  if (kept.length === 0) console.log('no models are kept');
  const width = Math.max(...kept.map(({ name }) => name.length));
  for (const { name, bytes, complete, pinned, lastUsed } of kept) {
    const notes = [...(pinned ? ['pinned'] : []), ...(complete ? [] : ['not complete'])];
    const day = lastUsed.toISOString().slice(0, 10);
    const columns = [name.padEnd(width), megabytes(bytes).padStart(9), day, notes.join(', ')];
    console.log(columns.join('  ').trimEnd());
  }
  return 0;
}

async function writeOffline(words: string[], flags: Flags): Promise<number> {
  const names = words.slice(0, -1);
  const folder = words.at(-1);
  if (folder === undefined || names.length === 0) {
    fail(
      'gesso offline: models and a folder are needed',
      { given: words.join(' ') || 'none' },
      'gesso offline mobilenet ./my-sketch',
    );
  }
  const doubleClick = flags['double-click'] === true;
  await offline(names, folder, { onProgress: showProgress(), doubleClick });
  console.log(`${folder}: ${names.join(', ')}, gesso, and index.html, which tells how to use them`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // A mistake of the user's is a message; anything else is a fault of ours and shows where.
  console.error(error instanceof MLError ? error.message : error);
  process.exitCode = 1;
}
