// How set-up talks: one line a step, a log file for everything else, errors that say what to do.
import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { logFile } from './places.mjs';

/** A mistake or a lack that the reader can mend: what is wrong, the facts, what to try. */
export class SetupError extends Error {
  constructor(what, facts = {}, attempt = '') {
    const width = Math.max(0, ...Object.keys(facts).map((name) => name.length));
    const lines = Object.entries(facts).flatMap(([name, value]) =>
      String(value)
        .split('\n')
        .map((line, i) => `  ${(i ? '' : name).padEnd(width)}  ${line}`),
    );
    super([what, ...lines, ...(attempt ? [`  Try: ${attempt}`] : [])].join('\n'));
    this.name = 'SetupError';
  }
}

let line = 0;

/** Says what is being done, does it, says how long it took. A step may have steps inside. */
export function step(title, work) {
  const start = performance.now();
  const end = (result) => {
    if (line !== mine) process.stdout.write(`${title} … `);
    process.stdout.write(`${result}\n`);
    line = 0;
  };
  process.stdout.write(`${line ? '\n' : ''}${title} … `);
  const mine = start;
  line = mine;
  try {
    const result = work();
    end(`${((performance.now() - start) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    end('failed');
    throw error;
  }
}

/** Runs a command; what it prints goes to the log, and its last lines into the error if it fails. */
export function run(command, args, { cwd, env } = {}) {
  mkdirSync(dirname(logFile), { recursive: true });
  appendFileSync(logFile, `\n$ ${[command, ...args].join(' ')}\n`);
  const log = openSync(logFile, 'a');
  const { status, signal, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  if (status === 0) return;
  throw new SetupError(`"${command} ${args[0] ?? ''}" did not succeed.`, {
    reason: error?.message ?? (signal ? `killed by ${signal}` : `exit status ${status}`),
    log: logFile,
    'last lines': readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n'),
  });
}

/** What a command prints, or undefined where it fails or does not exist. */
export function output(command, args, env = {}) {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } };
  const { status, stdout } = spawnSync(command, args, options);
  return status === 0 ? stdout.trim() : undefined;
}
