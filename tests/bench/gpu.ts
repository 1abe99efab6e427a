// Times gesso, TF.js and ONNX Runtime on the GPU of this machine, shows a table and leaves the report for a
// driver. A visitor starts it with a button; `?start` starts it at once.
import { Meter } from './gpuMeter.js';
import { openPeers } from './gpuPeers.js';
import { type Adapter, adapterOf, type GpuReport, measure } from './gpuReport.js';
import type { GpuRow, GpuTimes } from './gpuTimes.js';

declare global {
  interface Window {
    /** What a driver finds on this page. */
    gpuReport?: GpuReport;
    failure?: string;
  }
}

const query = new URLSearchParams(location.search);
const find = <T extends HTMLElement>(selector: string) => document.querySelector(selector) as T;
const [line, facts, table] = [find('[role=status]'), find('dl'), find('table')];
const [button, link] = [find<HTMLButtonElement>('button'), find<HTMLAnchorElement>('a[download]')];
const progress = find<HTMLProgressElement>('progress');

function element(tag: string, text: string, more: Record<string, unknown> = {}): HTMLElement {
  return Object.assign(document.createElement(tag), { textContent: text, ...more });
}

function showFacts(named: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(named)) {
    if (value) facts.append(element('dt', name), element('dd', value));
  }
}

function showAdapter({ vendor, architecture, device, description, software }: Adapter): void {
  const name = [vendor, architecture, device, description].filter((part) => part !== '');
  const warning =
    ' – software: a processor pretends to be a GPU, so the times say little about a real one';
  showFacts({
    GPU: `${name.join(', ') || 'it does not say which'}${software ? warning : ''}`,
    Browser: navigator.userAgent,
  });
}

/** A body of the table for a piece of work, with a row for each library. */
function show({ name, libraries, ratios }: GpuRow): void {
  const body = document.createElement('tbody');
  const title = document.createElement('tr');
  title.append(element('th', name, { colSpan: 9, scope: 'rowgroup' }));
  body.append(title);
  for (const [library, times] of Object.entries(libraries)) {
    const row = document.createElement('tr');
    row.append(element('th', library, { scope: 'row' }));
    if ('failure' in times) row.append(element('td', times.failure, { colSpan: 8 }));
    else row.append(...cellsOf(times, ratios[library]));
    body.append(row);
  }
  table.append(body);
  table.hidden = false;
}

function cellsOf(times: GpuTimes, ratio?: number): HTMLElement[] {
  const { median_ms, best_ms, gpu_ms, first_ms, dispatches, nodes, difference, agrees } = times;
  const cells = [median_ms, best_ms, gpu_ms, first_ms, dispatches, nodes].map((number) =>
    element('td', shown(number)),
  );
  const className = ratio !== undefined && ratio < 1 ? 'worse' : '';
  cells.push(element('td', ratio === undefined ? '' : `${shown(ratio)} ×`, { className }));
  const text = difference === null ? 'no number' : difference.toExponential(0);
  cells.push(element('td', text, { className: agrees ? '' : 'worse' }));
  return cells;
}

/** Three digits, or none at all. */
function shown(number: number | null | undefined): string {
  if (number === null || number === undefined) return '–';
  return number.toLocaleString('en', { maximumSignificantDigits: number < 1000 ? 3 : 4 });
}

async function main(adapter: Adapter): Promise<void> {
  const meter = new Meter().install();
  line.textContent = 'Loading the libraries…';
  const wanted = (query.get('peers') ?? 'tfjs,ort').split(',');
  const opened = await openPeers(wanted, `${location.origin}/ort/`);
  const only = query.get('only')?.split(',');
  const report = await measure(adapter, navigator.userAgent, opened, meter, {
    seconds: Number(query.get('seconds') ?? 3),
    details: query.has('details'),
    ...(only && { only }),
    tell: (what) => {
      line.textContent = `${what}…`;
    },
    show: (row, count) => {
      show(row);
      progress.value += 1 / count;
    },
  });
  showFacts({
    gesso: `${report.gesso.build} build`,
    'TensorFlow.js': report.peers.tfjs,
    'ONNX Runtime': report.peers.ort,
  });
  line.textContent = 'Done.';
  const text = `${JSON.stringify(report, null, 2)}\n`;
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.hidden = false;
  window.gpuReport = report;
}

function failed(error: unknown): void {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  line.textContent = window.failure;
}

async function open(): Promise<void> {
  const adapter = await adapterOf(navigator.gpu);
  showAdapter(adapter);
  const start = () => {
    button.disabled = true;
    progress.hidden = false;
    main(adapter).catch(failed);
  };
  button.addEventListener('click', start);
  if (query.has('start')) start();
}

open().catch((error: unknown) => {
  button.disabled = true;
  failed(error);
});
