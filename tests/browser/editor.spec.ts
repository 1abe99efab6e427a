// As in p5's web editor: a sandboxed frame of another site, scripts as blobs, the library from a third.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { root } from '../blocks.js';
import { Pages, versions } from './p5Pages.js';

const [editorPort, previewPort, networkPort] = [5393, 5394, 5395];

let editor: Pages;
let preview: Pages;
let network: Pages;

test.beforeAll(async () => {
  editor = await Pages.serve(editorPort);
  preview = await Pages.serve(previewPort);
  network = await Pages.serve(networkPort, { 'access-control-allow-origin': '*' });
});

test.afterAll(() => {
  for (const pages of [editor, preview, network]) pages.close();
});

const sketch = readFileSync(resolve(root, 'web/sketches/digits.js'), 'utf8');

const sandboxes = {
  "the editor's sandbox":
    'allow-forms allow-modals allow-pointer-lock allow-popups allow-same-origin allow-scripts',
  'a sandbox without an origin': 'allow-scripts',
};

for (const version of versions) {
  for (const [name, sandbox] of Object.entries(sandboxes)) {
    test(`a sketch of ml5 in ${name}, p5 ${version}`, async ({ page }) => {
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      // The editor makes every file of a sketch a blob, and leaves the tags of others as they are.
      const framed = preview.page(`
        <script src="${network.origin}/p5/${version}/p5.min.js"></script>
        <script src="${network.origin}/gesso/gesso-ml5.js"></script>
        <script type="module">
          const code = ${JSON.stringify(sketch).replaceAll('<', '\\u003c')};
          const script = document.createElement('script');
          script.src = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
          script.async = false;
          document.head.append(script);
        </script>`);
      await page.goto(editor.page(`<iframe sandbox="${sandbox}" src="${framed}"></iframe>`));
      const frame = page.frameLocator('iframe');
      await expect
        .poll(() => frame.locator('canvas').first().textContent(), { timeout: 30_000 })
        .toMatch(/The pen wrote \d, the network reads \d\./);
      const isolated = await page.frames()[1]?.evaluate(() => crossOriginIsolated);
      expect(isolated).toBe(false);
      expect(complaints).toEqual([]);
    });
  }
}
