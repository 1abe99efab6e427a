// The course of a training, drawn while it runs: how large the loss is, and how much is right.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { find, make, onThemeChange, pigment } from './page.js';
import { tell, texts } from './texts.js';

/** One moment of a training. What is not known at that moment is left out. */
export interface Moment {
  /** Mean loss, from 0. */
  loss?: number;
  /** Part of the examples that is answered right, 0 to 1. */
  right?: number;
  /** The same for examples that are kept from training. */
  heldOut?: number;
  /** Mean loss on what is kept from training, from 0. */
  checked?: number;
}

const curves = [
  { name: 'loss', title: texts.loss, paint: '--red', scale: 'loss' },
  { name: 'right', title: texts.right, paint: '--blue', scale: 'part' },
  { name: 'heldOut', title: texts.heldOut, paint: '--olive', scale: 'part' },
  { name: 'checked', title: texts.heldOut, paint: '--blue', scale: 'loss' },
] as const;

type Curve = (typeof curves)[number];

const height = 230;

export class Chart {
  private readonly box = find('[data-chart]');
  private readonly words = new Map<string, HTMLElement>();
  private readonly plot: uPlot;
  private readonly shown: readonly Curve[];
  private times: number[] = [];
  private values: (number | null)[][];
  private waiting = false;

  /**
   * @param unit what is counted from left to right, as `Epoch`
   * @param wanted which curves there are
   */
  constructor(unit: string, wanted: readonly (keyof Moment)[]) {
    const shown = curves.filter(({ name }) => wanted.includes(name));
    const legend = make('figcaption', 'legend');
    for (const { name, title, paint } of shown) {
      const entry = make('span');
      const key = make('i');
      key.style.background = `var(${paint})`;
      const value = make('b', '', '–');
      value.dataset[name] = '';
      entry.append(key, `${title} `, value);
      legend.append(entry);
      this.words.set(name, value);
    }
    const place = make('div');
    this.box.append(place, legend);
    this.shown = shown;
    this.values = shown.map(() => []);
    this.plot = new uPlot(this.options(unit, shown), this.data(), place);
    const drawn = this.plot.ctx.canvas;
    drawn.setAttribute('role', 'img');
    const parts = shown.some(({ scale }) => scale === 'part');
    drawn.setAttribute('aria-label', tell(parts ? texts.curves : texts.lossCurves, { unit }));
    new ResizeObserver(() => this.fit(place)).observe(place);
    onThemeChange(() => this.plot.redraw());
  }

  /** Adds a moment at the right; it is drawn with the next frame. */
  add(time: number, moment: Moment): void {
    this.times.push(time);
    for (const [i, { name, scale }] of this.shown.entries()) {
      const value = moment[name];
      this.values[i]?.push(value ?? null);
      const word = this.words.get(name);
      if (value === undefined || !word) continue;
      word.textContent = scale === 'loss' ? value.toPrecision(3) : showPart(value);
    }
    this.draw();
  }

  clear(): void {
    this.times = [];
    this.values = this.shown.map(() => []);
    for (const word of this.words.values()) word.textContent = '–';
    this.draw();
  }

  private draw(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.plot.setData(this.data());
    });
  }

  private data(): uPlot.AlignedData {
    return [this.times, ...this.values];
  }

  private fit(place: HTMLElement): void {
    const width = place.clientWidth;
    if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height });
  }

  private options(unit: string, shown: readonly Curve[]): uPlot.Options {
    const axis = {
      stroke: () => pigment('--soft'),
      grid: { stroke: () => pigment('--line'), width: 1 },
      ticks: { stroke: () => pigment('--line'), width: 1, size: 5 },
      font: '13px system-ui, sans-serif',
      size: 46,
    };
    const parts = shown.some(({ scale }) => scale === 'part');
    return {
      width: 320,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: {
          time: false,
          range: (_, from, to) => [from ?? 0, Math.max(to ?? 0, (from ?? 0) + 10)],
        },
        loss: { range: (_, __, most) => [0, Math.max(most ?? 0, 0.1) * 1.05] },
        part: { range: [0, 1.02] },
      },
      axes: [
        { ...axis, label: unit, labelSize: 22, labelFont: axis.font, size: 30, incrs: whole },
        { ...axis, scale: 'loss' },
        {
          ...axis,
          show: parts,
          scale: 'part',
          side: 1,
          grid: { show: false },
          splits: () => [0, 0.25, 0.5, 0.75, 1],
          values: (_, parts) => parts.map((part) => `${part * 100} %`),
          size: 56,
        },
      ],
      series: [
        {},
        ...shown.map(({ name, title, paint, scale }) => ({
          label: title,
          scale,
          width: 2,
          spanGaps: true,
          stroke: () => pigment(paint),
          points: {
            show: name === 'heldOut' || name === 'checked',
            size: 8,
            fill: () => pigment(paint),
          },
        })),
      ],
    };
  }
}

const whole = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1e3, 1e4].map((ten) => step * ten))
  .sort((a, b) => a - b);

/** 0.97312 → "97.3 %"; only what is all right is called 100 %. */
export function showPart(part: number): string {
  return `${(Math.floor(part * 1000) / 10).toFixed(part === 1 ? 0 : 1)} %`;
}
