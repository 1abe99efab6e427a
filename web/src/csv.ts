// Tables as text: RFC 4180, with commas, semicolons or tabs.
import { fail } from './errors.js';

/** A row of a table with the line of the file that it begins in, from 1. */
export interface Line {
  line: number;
  cells: string[];
}

/**
 * Splits a table into its cells. Cells in double quotes may hold separators, line ends and doubled
 * quotes. Empty lines are left out. What separates is what the first line has most of.
 *
 * @param name what messages call the file
 * @throws MLError naming the line where quotes do not match
 */
export function parseCsv(name: string, text: string): Line[] {
  const source = text.replace(/^\uFEFF/, '');
  const separator = separatorOf(source);
  const lines: Line[] = [];
  let [at, line] = [0, 1];
  while (at < source.length) {
    const start = line;
    const cells: string[] = [];
    for (let more = true; more; ) {
      const cell = readCell(name, source, at, separator, start);
      cells.push(cell.text);
      line += cell.lines;
      more = source[cell.end] === separator;
      at = cell.end + 1;
    }
    if (source[at - 1] === '\r' && source[at] === '\n') at++;
    line++;
    if (cells.length > 1 || cells[0] !== '') lines.push({ line: start, cells });
  }
  return lines;
}

function separatorOf(text: string): string {
  const [first = ''] = text.split(/[\r\n]/, 1);
  const bare = first.replace(/"[^"]*"/g, '');
  const count = (mark: string) => bare.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

/** One cell: its text, where it ends, and how many line ends are in it. */
function readCell(
  name: string,
  source: string,
  at: number,
  separator: string,
  line: number,
): { text: string; end: number; lines: number } {
  if (source[at] !== '"') {
    let end = at;
    while (end < source.length && source[end] !== separator && !/[\r\n]/.test(source[end] ?? '')) {
      end++;
    }
    return { text: source.slice(at, end).trim(), end, lines: 0 };
  }
  let end = at + 1;
  for (;;) {
    end = source.indexOf('"', end);
    if (end < 0) fail(`${name}: a quote is not closed`, { line }, 'a second " at its end');
    if (source[end + 1] !== '"') break;
    end += 2;
  }
  const next = source[end + 1];
  if (next !== undefined && next !== separator && next !== '\r' && next !== '\n') {
    fail(
      `${name}: a cell goes on after its quotes`,
      { line, cell: source.slice(at, end + 8) },
      'double the quotes that belong to the text: ""',
    );
  }
  const raw = source.slice(at + 1, end);
  const text = raw.replaceAll('""', '"');
  return { text, end: end + 1, lines: raw.split('\n').length - 1 };
}
