// The times of all operators in a table, which can be sorted by any of its columns.
import type { KindTime, OperatorTime, Profile } from 'gesso';
import { showShare, showTime } from './flame.js';
import { find, make } from './page.js';
import { texts } from './texts.js';

interface Column<Row> {
  title: string;
  /** Whether it holds numbers, which stand to the right and are sorted from the largest on. */
  number?: boolean;
  /** What rows are sorted by. */
  key(row: Row): string | number;
  text(row: Row): string;
}

/** What of a column does not depend on its rows. */
type Heading = Pick<Column<never>, 'title' | 'number'>;

/** Columns that both tables have. */
const lasting: Column<OperatorTime | KindTime>[] = [
  { title: texts.time, number: true, key: ({ mean }) => mean, text: ({ mean }) => showTime(mean) },
  {
    title: texts.share,
    number: true,
    key: ({ share }) => share,
    text: ({ share }) => showShare(share),
  },
];

const operators: Column<OperatorTime>[] = [
  { title: texts.node, key: ({ name }) => name, text: ({ name }) => name },
  { title: texts.operator, key: ({ operator }) => operator, text: ({ operator }) => operator },
  { title: texts.kernel, key: ({ kernel }) => kernel, text: ({ kernel }) => kernel },
  {
    title: texts.output,
    number: true,
    key: ({ shape }) => shape.reduce((product, size) => product * size, 1),
    text: ({ shape }) => shape.join(' × '),
  },
  ...lasting,
];

const kinds: Column<KindTime>[] = [
  { title: texts.operator, key: ({ operator }) => operator, text: ({ operator }) => operator },
  { title: texts.kernel, key: ({ kernel }) => kernel, text: ({ kernel }) => kernel },
  {
    title: texts.calls,
    number: true,
    key: ({ calls }) => calls,
    text: ({ calls }) => String(calls),
  },
  ...lasting,
];

export class Ledger {
  private readonly table = find<HTMLTableElement>('[data-table]');
  private readonly each = find<HTMLButtonElement>('[data-each]');
  private readonly byKind = find<HTMLButtonElement>('[data-kinds]');
  private profile: Profile | undefined;
  private sorted: string = texts.time;
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
    head.append(...columns.map((each) => this.header(each, each === column)));
    const body = inOrder.map((row) => {
      const line = make('tr', row.kernel);
      line.translate = false; // names of nodes, operators and kernels
      line.append(...columns.map((each) => make('td', kindOf(each), each.text(row))));
      line.style.setProperty('--share', String(row.share / largest));
      return line;
    });
    const [top, rest] = [make('thead'), make('tbody')];
    top.append(head);
    rest.append(...body);
    this.table.replaceChildren(top, rest);
  }

  private header(heading: Heading, isSorted: boolean): HTMLElement {
    const { title, number = false } = heading;
    const cell = make('th', kindOf(heading));
    cell.scope = 'col';
    const button = make('button', '', title);
    button.type = 'button';
    if (isSorted) cell.setAttribute('aria-sort', this.falling ? 'descending' : 'ascending');
    button.addEventListener('click', () => {
      this.falling = isSorted ? !this.falling : number;
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

function kindOf({ title, number }: Heading): string {
  if (title === texts.share) return 'number share';
  return number ? 'number' : '';
}
