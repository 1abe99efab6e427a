// What was written against what was read: a table of ten by ten, coloured by how often.
import { make } from './page.js';

const classes = 10;

export class Confusion {
  private readonly cells: HTMLTableCellElement[] = [];

  constructor(table: HTMLElement) {
    const heads = Array.from({ length: classes }, (_, i) => head('col', i));
    const top = make('tr');
    top.append(make('td'), ...heads);
    const body = make('tbody');
    for (let written = 0; written < classes; ++written) {
      const row = make('tr');
      const cells = Array.from({ length: classes }, () => make('td'));
      row.append(head('row', written), ...cells);
      body.append(row);
      this.cells.push(...cells);
    }
    const thead = make('thead');
    thead.append(top);
    table.append(thead, body);
    this.clear();
  }

  /**
   * Counts and shows.
   * @returns the part that was read right, 0 to 1
   */
  show(written: ArrayLike<number>, read: ArrayLike<number>): number {
    const counts = new Array<number>(classes * classes).fill(0);
    for (let i = 0; i < written.length; ++i) {
      const at = (written[i] ?? 0) * classes + (read[i] ?? 0);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    let right = 0;
    for (let row = 0; row < classes; ++row) {
      const line = counts.slice(row * classes, (row + 1) * classes);
      const all = Math.max(
        line.reduce((sum, count) => sum + count, 0),
        1,
      );
      for (const [column, count] of line.entries()) {
        this.shade(row * classes + column, count, count / all, row !== column);
      }
      right += line[row] ?? 0;
    }
    return right / Math.max(written.length, 1);
  }

  clear(): void {
    for (let i = 0; i < classes * classes; ++i) this.shade(i, 0, 0, false);
  }

  private shade(at: number, count: number, share: number, wrong: boolean): void {
    const cell = this.cells[at];
    if (!cell) return;
    cell.textContent = count > 0 ? String(count) : '';
    cell.classList.toggle('wrong', wrong);
    // The square root lets a single mistake be seen.
    const strength = wrong ? Math.min(2 * Math.sqrt(share), 1) : share;
    cell.classList.toggle('dark', strength > 0.6);
    cell.style.setProperty('--share', strength.toFixed(3));
  }
}

function head(scope: 'col' | 'row', digit: number): HTMLTableCellElement {
  const cell = make('th', '', String(digit));
  cell.scope = scope;
  return cell;
}
