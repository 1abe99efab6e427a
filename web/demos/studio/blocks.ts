// Puts operators that follow each other and belong together into blocks, by what their nodes are called.
import type { Part } from './flame.js';

/** One level of blocks, of parts in the order in which they run. */
export function inBlocks(parts: readonly Part[]): Part[] {
  const common = commonFolders(parts.map(({ name }) => name));
  const blocks: Part[] = [];
  for (const part of parts) {
    const { block, label } = placeOf(part.name, common);
    const last = blocks.at(-1);
    if (last?.name === block) {
      last.parts.push({ ...part, label });
      last.time += part.time;
    } else {
      const { time, paint } = part;
      blocks.push({ name: block, time, paint, parts: [{ ...part, label }] });
    }
  }
  for (const block of blocks) {
    block.paint = slowest(block.parts).paint;
    const names = new Set(block.parts.map(({ name }) => name));
    // What all are called tells nothing: what each computes does.
    if (names.size === 1 && block.parts.length > 1) {
      for (const part of block.parts) part.label = part.facts?.split(' ')[0] ?? part.name;
    }
  }
  return blocks;
}

function slowest(parts: readonly Part[]): Part {
  return parts.reduce((most, part) => (part.time > most.time ? part : most));
}

/** How many folders all names begin with. */
function commonFolders(names: readonly string[]): number {
  const [first = [], ...others] = names.map((name) => name.split('/'));
  let common = 0;
  while (common < first.length - 1 && others.every((other) => other[common] === first[common])) {
    common += 1;
  }
  return common;
}

/**
 * The block of a node, and its name there: the first folder with a number is the layer.
 *
 * MobilenetV1/Conv2d_13_pointwise/Relu6 → Conv2d_13, Conv2d_13_pointwise; conv_dw_3_relu → conv_3,
 * conv_dw_3_relu
 */
function placeOf(name: string, common: number): { block: string; label: string } {
  const folders = name.split('/').slice(common);
  const layer = folders.find((folder) => /_\d+(_|$)/.test(folder)) ?? folders[0] ?? name;
  const joined = layer.replace(/_(dw|pw|depthwise|pointwise)(?=_|$)/, '');
  return { block: /^.*?_\d+(?=_|$)/.exec(joined)?.[0] ?? joined, label: layer };
}
