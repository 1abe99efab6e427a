// Tables as text: what separates, what quotes hold, and where it is wrong.
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../web/src/csv.js';
import { messageFrom } from './fixtures.js';

const cells = (text: string) => parseCsv('a.csv', text).map((row) => row.cells);

describe('parseCsv', () => {
  it.each([
    [
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\r\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      '\uFEFFa;b\r1;2\r',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a\tb\n1\t2,5',
      [
        ['a', 'b'],
        ['1', '2,5'],
      ],
    ],
    [
      '"x, y";b\n1;2',
      [
        ['x, y', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\n"1,5","say ""hi"""\n',
      [
        ['a', 'b'],
        ['1,5', 'say "hi"'],
      ],
    ],
    [
      'a,b\n"two\nlines",3',
      [
        ['a', 'b'],
        ['two\nlines', '3'],
      ],
    ],
    [
      'a,b\n\n1,\n',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    [
      ' a , b \n 1 , 2 ',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['', []],
  ])('reads %j', (text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  it('tells the line in which a row begins', () => {
    const rows = parseCsv('a.csv', 'a\n"1\n2"\n\n3');
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  it('refuses quotes that do not match', async () => {
    expect(await messageFrom(() => cells('a,b\n1,"2'))).toBe(
      'a.csv: a quote is not closed.\n  line  2\n  Try: a second " at its end',
    );
    expect(await messageFrom(() => cells('a,b\n"1"x,2'))).toMatch(
      'a.csv: a cell goes on after its quotes.\n  line  2',
    );
  });
});
