// Everything that guards main, in order. The last line counts the tests of all runners.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, hasChromium, hasDriver, swiftShader } from '../tests/webgpu/driver.mjs';
import { has, setUp, succeeds } from './run.mjs';
import { tree } from './setup/places.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };

/** Reads a JSON report; a program that crashed has written none. */
function report(file) {
  try {
    return JSON.parse(readFileSync(join(tree, file), 'utf8'));
  } catch {
    return undefined;
  }
}

function googleTest(folder) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const files = has(folder, '.json') ? readdirSync(join(tree, folder)) : [];
  const suites = files.flatMap((file) => report(join(folder, file))?.testsuites ?? []);
  for (const test of suites.flatMap((suite) => suite.testsuite)) {
    if (test.failures?.length) count.failed++;
    else if (test.result === 'COMPLETED') count.passed++;
    else count.skipped++;
  }
  return count;
}

function vitest(file) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = report(file) ?? {};
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
}

function playwright(file) {
  const { expected = 0, flaky = 0, unexpected = 0, skipped = 0 } = report(file)?.stats ?? {};
  return { passed: expected + flaky, failed: unexpected, skipped };
}

/** Runs one stage; a stage that fails without a failing test is a failure of its own. */
function stage(name, work, count) {
  const start = performance.now();
  console.log(`\n── ${name}`);
  const ok = work();
  const counted = count?.() ?? { passed: 0, failed: 0, skipped: 0 };
  if (!ok && counted.failed === 0) counted.failed = 1;
  for (const key of Object.keys(total)) total[key] += counted[key];
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`── ${name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s`);
  return ok;
}

/** Says that a stage needs what is not on this machine. */
function skip(name, lacking) {
  console.log(`\n── ${name}: SKIPPED, there is no ${lacking}`);
  total.skipped++;
}

/** Tests of what wasm-simd has built, with all graphs on WebGPU. */
function webgpu(preset, isPossible, lacking) {
  if (!isPossible) {
    skip(preset, lacking);
    return;
  }
  const folder = `build/wasm-simd/${preset}_reports`;
  rmSync(join(tree, folder), { recursive: true, force: true });
  stage(
    preset,
    () => succeeds('ctest', '--preset', preset),
    () => googleTest(folder),
  );
}

const reports = 'build/reports';
rmSync(join(tree, reports), { recursive: true, force: true });

setUp();
stage('format', () => succeeds(process.execPath, 'tools/format.mjs', '--check'));
for (const preset of ['dev', 'wasm', 'wasm-simd']) {
  const folder = `build/${preset}/reports`;
  rmSync(join(tree, folder), { recursive: true, force: true });
  stage(
    preset,
    () => succeeds('cmake', '--workflow', '--preset', preset),
    () => googleTest(folder),
  );
}
webgpu('webgpu', hasDriver(), swiftShader);
webgpu('webgpu-least-part', hasDriver(), swiftShader);
webgpu('webgpu-chromium-part', hasChromium(), chromium);
const built = stage('build', () => succeeds(process.execPath, 'tools/build.mjs'));
stage('types', () => succeeds('tsc')); // some tests import what has been built
if (built) {
  stage(
    'vitest',
    () =>
      succeeds(
        ...['vitest', 'run', '--passWithNoTests', '--reporter=default', '--reporter=json'],
        `--outputFile.json=${reports}/vitest.json`,
      ),
    () => vitest(`${reports}/vitest.json`),
  );
  stage(
    'playwright',
    () => succeeds('playwright', 'test', '--pass-with-no-tests'),
    () => playwright(`${reports}/playwright.json`),
  );
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
