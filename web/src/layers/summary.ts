// A model as a table: its layers, and how many numbers each has learned.
import { isRecord } from '../options.js';
import { countOf, showShape } from '../tensor.js';
import type { WeightDescription } from '../training.js';

/** One line for each layer, and the number of weights below. */
export function summaryOf(topology: unknown, weights: readonly WeightDescription[]): string {
  const lines = layersIn(topology).map(({ name, kind }) => {
    const own = weights.filter((weight) => weight.name.startsWith(`${name}/`));
    const shapes = own.map(({ shape }) => showShape(shape)).join(' ');
    return [name, kind, shapes, `${numbersOf(own)}`];
  });
  const table = [['layer', 'class', 'weights', 'numbers'], ...lines];
  const widths = [0, 1, 2].map((i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  const rows = table.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const trainable = numbersOf(weights.filter((weight) => weight.trainable));
  const all = numbersOf(weights);
  return [...rows, `${all} numbers, ${trainable} of them are trained`].join('\n');
}

function numbersOf(weights: readonly WeightDescription[]): number {
  return weights.reduce((sum, { shape }) => sum + countOf(shape), 0);
}

function layersIn(topology: unknown): { name: string; kind: string }[] {
  const inner = isRecord(topology) ? (topology.model_config ?? topology) : {};
  const config = isRecord(inner) ? inner.config : undefined;
  const layers = isRecord(config) ? config.layers : config;
  if (!Array.isArray(layers)) return [];
  return layers.map((layer: unknown) => {
    const { name, class_name, config } = isRecord(layer) ? layer : {};
    const own = isRecord(config) ? config.name : undefined;
    return { name: String(name ?? own), kind: String(class_name) };
  });
}
