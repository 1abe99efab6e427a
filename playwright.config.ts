// Browser tests: Debian's Chromium against the demos as Vite serves them.
import { defineConfig } from '@playwright/test';

const port = 5183;

export default defineConfig({
  testDir: 'tests/browser',
  outputDir: 'build/playwright',
  workers: 2,
  timeout: 60_000,
  reporter: [['list'], ['json', { outputFile: 'build/reports/playwright.json' }]],
  webServer: {
    command: `vite --port ${port} --strictPort`,
    url: `http://localhost:${port}`,
    reuseExistingServer: false,
  },
  use: {
    baseURL: `http://localhost:${port}`,
    launchOptions: {
      executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
