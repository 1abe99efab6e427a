// With GESSO_TEST_BACKEND this thread drives a GPU, and a worker runs the program: it may wait.
if (process.env.GESSO_TEST_BACKEND && require('node:worker_threads').isMainThread) {
  Module.instantiateWasm = () => ({}); // and never says that it has
  const tests = require('node:path').join(__dirname, '../../tests/webgpu/start.mjs');
  import(require('node:url').pathToFileURL(tests)).then(({ start }) => start(__filename));
} else if (process.env.GESSO_TEST_BACKEND) {
  // What a worker closes at its end is closed for the whole process, which still has to say how it went.
  const fs = require('node:fs');
  const close = fs.closeSync;
  fs.closeSync = (descriptor) => (descriptor > 2 ? close(descriptor) : undefined);
}
