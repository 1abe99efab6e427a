// Serves and bundles the site with the built library under its own name; and runs the tests.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { site } from './web/site/plugin.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What makes a page isolated from other sites, so that gesso may use threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const demos = readdirSync(here('web/demos'), { recursive: true, encoding: 'utf8' });
const pages = demos.filter((file) => file.endsWith('index.html'));

export default defineConfig({
  root: here('web/demos'),
  base: './',
  plugins: [site()],
  resolve: {
    alias: [
      { find: /^gesso$/, replacement: here('dist/index.js') },
      { find: /^gesso\/(\w+)$/, replacement: here('dist/$1.js') },
      { find: /^#core\/relaxed$/, replacement: here('build/wasm/wasm/gesso.mjs') },
      { find: /^#core\/simd$/, replacement: here('build/wasm-simd/wasm/gesso.mjs') },
      { find: '#core/relaxed-webgpu', replacement: here('build/wasm/wasm/gesso_webgpu.mjs') },
      { find: '#core/simd-webgpu', replacement: here('build/wasm-simd/wasm/gesso_webgpu.mjs') },
    ],
  },
  server: { fs: { allow: [here('.')] }, headers: isolation },
  preview: { headers: isolation },
  build: {
    outDir: here('build/site'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1200, // KB: TensorFlow.js, which one page loads when it is asked to
    rolldownOptions: { input: pages.map((page) => here(`web/demos/${page}`)) },
  },
  test: {
    root: here('.'),
    include: ['tests/web/**/*.test.ts'],
    environment: 'node',
    setupFiles: [here('tests/web/setup.ts')],
  },
});
