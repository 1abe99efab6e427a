// The Vite plugin of the site: the common frame, the gallery, the made pages, the library beside them,
// and a service worker that keeps all of it for when there is no network.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { HtmlTagDescriptor, Plugin } from 'vite';
import { operatorPages, readGuides } from './documents.js';
import { readDemo, renderGallery } from './gallery.js';
import { escapeHtml } from './html.js';
import { frame, type MadePages, renderPage } from './pages.js';
import { demos, library, p5, tree } from './places.js';
import { referencePages } from './reference.js';
import { ownShelves, serveScripts, shelve } from './shelves.js';
import { renderSketchList, sketchPages } from './sketches.js';

const entry = join(library, 'index.js');
const onlyWhenAsked = /tfjs|races|threads/; // what few visitors load: kept when they do

/**
 * Frames the pages and makes those that no file holds. The built site carries the library as it ships,
 * file by file, under `gesso/`: an import map gives it its name.
 */
export function site(): Plugin {
  let building = false;
  let pages: MadePages = new Map();
  const fileOf = (folder: string) => join(demos, folder, 'index.html');
  const pageAt = (path: string) => pages.get(path.replace(/^\/|\/(index\.html)?$/g, ''));
  return {
    name: 'gesso-site',
    enforce: 'pre',
    async config(_, { command, isPreview }) {
      building = command === 'build' && !isPreview;
      pages = new Map([
        ...(await readGuides()),
        ...operatorPages(),
        ...referencePages(),
        ...(await sketchPages()),
      ]);
      const input = building ? [...pages.keys()].map(fileOf) : [];
      return { build: { rolldownOptions: { input } } };
    },
    resolveId(id) {
      if (!building) return undefined;
      if (id === entry) return { id: 'gesso', external: true };
      return pageAt(relative(demos, id).split(sep).join('/')) && id.startsWith(demos)
        ? id
        : undefined;
    },
    load(id) {
      const page =
        building && id.startsWith(demos) && pageAt(relative(demos, id).split(sep).join('/'));
      return page ? renderPage(page) : undefined;
    },
    transformIndexHtml: {
      order: 'pre',
      async handler(html, { path }) {
        const folder = path.replace(/^\/|\/?index\.html$|\/$/g, '');
        const gallery = folder === '' ? await renderGallery() : '';
        const sketches = folder === '' ? await renderSketchList() : '';
        const demo = await readDemo(folder);
        const framed = (await frame(html, folder))
          .replace('<!-- gallery -->', () => gallery)
          .replace('<!-- sketches -->', () => sketches)
          .replace(/(<p [^>]*data-caption>)/, (tag) => tag + escapeHtml(demo?.caption ?? ''))
          .replace(/(<code data-code[^>]*>)/, (tag) => tag + escapeHtml(demo?.sketch ?? ''));
        return { html: framed, tags: tagsFor(folder, building) };
      },
    },
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const { pathname } = new URL(request.url ?? '', 'http://localhost');
        const page = pathname.endsWith('/') ? pageAt(pathname) : undefined;
        if (!page) return next();
        try {
          const html = await server.transformIndexHtml(pathname, await renderPage(page));
          response.setHeader('content-type', 'text/html').end(html);
        } catch (error) {
          next(error);
        }
      });
      serveScripts(server.middlewares);
      shelve(server.middlewares);
    },
    configurePreviewServer: ({ middlewares }) => shelve(middlewares),
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const files = new Map<string, string | Uint8Array>();
        for (const [name, source] of Object.entries(await ownShelves())) files.set(name, source);
        for (const name of await libraryFiles()) {
          files.set(`gesso/${name}`, await readFile(join(library, name)));
        }
        files.set('p5/p5.min.js', await readFile(join(p5, 'p5.min.js')));
        for (const [fileName, source] of files) this.emitFile({ type: 'asset', fileName, source });
        for (const file of Object.values(bundle)) {
          files.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
        }
        files.set('theme.js', await readFile(join(demos, 'public/theme.js')));
        const source = await serviceWorker(files);
        this.emitFile({ type: 'asset', fileName: 'worker.js', source });
      },
    },
  };
}

/** What pages may load of the library: its build has listed it. */
async function libraryFiles(): Promise<string[]> {
  const list = 'files.json';
  const names: string[] = JSON.parse(await readFile(join(library, list), 'utf8'));
  return [...names, list];
}

function tagsFor(folder: string, building: boolean): HtmlTagDescriptor[] {
  const head = { injectTo: 'head-prepend' } as const;
  const top = folder === '' ? './' : '../'.repeat(folder.split('/').length);
  const map = JSON.stringify({ imports: { gesso: `${top}gesso/index.js` } });
  return [
    ...(building ? [{ tag: 'script', attrs: { type: 'importmap' }, children: map, ...head }] : []),
    { tag: 'script', attrs: { src: '/theme.js' }, ...head },
    { tag: 'script', attrs: { type: 'module', src: '/studio/shell.ts' }, injectTo: 'head' },
  ];
}

/** The service worker with the list of what it keeps; another list or content is another version. */
async function serviceWorker(files: ReadonlyMap<string, string | Uint8Array>): Promise<string> {
  const kept = [...files.keys()].filter((name) => !onlyWhenAsked.test(name)).sort();
  const hash = createHash('sha256');
  for (const name of kept) hash.update(name).update(files.get(name) ?? '');
  const addresses = kept.map((name) => name.replace(/(^|\/)index\.html$/, '$1') || './');
  const code = await readFile(join(tree, 'web/site/worker.js'), 'utf8');
  return `const version = '${hash.digest('hex').slice(0, 16)}';\nconst files = ${JSON.stringify(addresses)};\n${code}`;
}
