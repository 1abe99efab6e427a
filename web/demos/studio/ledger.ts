// The times of all operators in a table, which can be sorted by any of its columns.
import type { KindTime, OperatorTime, Profile } from 'gesso';
import { showShare, showTime } from './flame.js';
import { find, make } from './page.js';

interface Column<Row> {
  title: string;
  /** What rows are sorted by. */
  key(row: Row): string | number;
  text(row: Row): string;
}

/** Columns that both tables have. */
const lasting: Column<OperatorTime | KindTime>[] = [
  { title: 'Time', key: ({ mean }) => mean, text: ({ mean }) => showTime(mean) },
  { title: 'Share', key: ({ share }) => share, text: ({ share }) => showShare(share) },
];

const operators: Column<OperatorTime>[] = [
  { title: 'Node', key: ({ name }) => name, text: ({ name }) => name },
  { title: 'Operator', key: ({ operator }) => operator, text: ({ operator }) => operator },
  { title: 'Kernel', key: ({ kernel }) => kernel, text: ({ kernel }) => kernel },
  {
    title: 'Output',
    key: ({ shape }) => shape.reduce((product, size) => product * size, 1),
    text: ({ shape }) => shape.join(' × '),
  },
  ...lasting,
];

const kinds: Column<KindTime>[] = [
  { title: 'Operator', key: ({ operator }) => operator, text: ({ operator }) => operator },
  { title: 'Kernel', key: ({ kernel }) => kernel, text: ({ kernel }) => kernel },
  { title: 'Calls', key: ({ calls }) => calls, text: ({ calls }) => String(calls) },
  ...lasting,
];

export class Ledger {
  private readonly table = find<HTMLTableElement>('[data-table]');
  private readonly each = find<HTMLButtonElement>('[data-each]');
  private readonly byKind = find<HTMLButtonElement>('[data-kinds]');
  private profile: Profile | undefined;
  private sorted = 'Time';
  private falling = true;

  constructor() {
    for (const button of [this.each, this.byKind]) {
      button.addEventListener('click', () => this.turn(button));
    }
    this.draw();
  }

  show(profile: Profile): void {
    this.profile = profile;
    this.draw();
  }

  clear(): void {
    this.profile = undefined;
    this.draw();
  }

  private turn(to: HTMLButtonElement): void {
    for (const button of [this.each, this.byKind]) {
      button.setAttribute('aria-pressed', String(button === to));
    }
    this.draw();
  }

  private draw(): void {
    const isEach = this.each.getAttribute('aria-pressed') === 'true';
    if (isEach) this.fill(operators, this.profile?.operators ?? []);
    else this.fill(kinds, this.profile?.kinds ?? []);
  }

  private fill<Row extends { share: number; kernel: string }>(
    columns: readonly Column<Row>[],
    rows: readonly Row[],
  ): void {
    const column = columns.find(({ title }) => title === this.sorted) ?? columns.at(-1);
    const sign = this.falling ? -1 : 1;
    const inOrder = rows.toSorted((a, b) => {
      const [x, y] = [column?.key(a) ?? 0, column?.key(b) ?? 0];
      return sign * (typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y));
    });
    const largest = rows.reduce((most, { share }) => Math.max(most, share), 1e-9);
    const head = make('tr');
    head.append(...columns.map((each) => this.header(each.title, each === column)));
    const body = inOrder.map((row) => {
      const line = make('tr', row.kernel);
      line.append(...columns.map((each) => make('td', kindOf(each.title), each.text(row))));
      line.style.setProperty('--share', String(row.share / largest));
      return line;
    });
    const [top, rest] = [make('thead'), make('tbody')];
    top.append(head);
    rest.append(...body);
    this.table.replaceChildren(top, rest);
  }

  private header(title: string, isSorted: boolean): HTMLElement {
    const cell = make('th', kindOf(title));
    cell.scope = 'col';
    const button = make('button', '', title);
    button.type = 'button';
    if (isSorted) cell.setAttribute('aria-sort', this.falling ? 'descending' : 'ascending');
    button.addEventListener('click', () => {
      this.falling = isSorted
        ? !this.falling
        : ['Time', 'Share', 'Calls', 'Output'].includes(title);
      this.sorted = title;
      this.draw();
      for (const other of this.table.querySelectorAll('button')) {
        if (other.textContent === title) other.focus();
      }
    });
    cell.append(button);
    return cell;
  }
}

/** Numbers stand to the right. */
function kindOf(title: string): string {
  if (title === 'Share') return 'number share';
  return ['Time', 'Calls', 'Output'].includes(title) ? 'number' : '';
}
