// The worker's side of a hosted test program: what hosted_program.cpp asks of the thread that
// drives the GPU. Every function here waits for the answer.
addToLibrary({
  $hosted: {
    programs: {}, // plans by their numbers
    disposed: [],
    error: '',
    answers: [],

    // Sends a request, sleeps, and gives the answer.
    request(message) {
      const { receiveMessageOnPort, workerData } = require('node:worker_threads');
      const { port, bell } = workerData;
      const rung = Atomics.load(bell, 0);
      const { plan, kind, ...bytes } = message; // which are moved: some are large
      port.postMessage(message, hosted.buffersIn(Object.values(bytes)));
      // A waker that was held up may still be about the answer before.
      while (Atomics.load(bell, 0) === rung) Atomics.wait(bell, 0, rung);
      return receiveMessageOnPort(port).message;
    },

    buffersIn: (lists) =>
      lists.flat(3).flatMap((part) => (part instanceof Uint8Array ? [part.buffer] : [])),

    sizeOf: (dtype) => (dtype === 'float32' || dtype === 'int32' ? 4 : 1),
    bytesOf: ({ shape, dtype }) => shape.reduce((a, b) => a * b, 1) * hosted.sizeOf(dtype),

    // The contents of buffers of these kinds, each with its address.
    contents(plan, ...kinds) {
      return plan.buffers
        .filter(({ kind }) => kinds.includes(kind))
        .map(({ at, count, dtype }) => [at, HEAPU8.slice(at, at + count * hosted.sizeOf(dtype))]);
    },

    address: (list, i) => HEAPU32[(list >>> 2) + i],

    // What a run has come to: the number of a call, -1 at its end or -2 after an error.
    outcome(answer, outputs) {
      if (answer.error !== undefined) {
        hosted.error = answer.error;
        return -2;
      }
      if (answer.call !== undefined) {
        hosted.inputs = answer.inputs;
        hosted.answers = [];
        return answer.call;
      }
      for (const [i, bytes] of answer.outputs.entries()) {
        HEAPU8.set(bytes, hosted.address(outputs, i));
      }
      for (const [at, bytes] of answer.variables) HEAPU8.set(bytes, at);
      return -1;
    },
  },

  hosted_limit__deps: ['$hosted', '$UTF8ToString'],
  hosted_limit: (name) => {
    hosted.limits ??= hosted.request({ kind: 'open' });
    return Number(hosted.limits[UTF8ToString(name)]);
  },

  hosted_load__deps: ['$hosted', '$UTF8ToString'],
  hosted_load: (text) => {
    const plan = JSON.parse(UTF8ToString(text));
    const memory = hosted.contents(plan, 'constant', 'variable');
    const disposed = hosted.disposed.splice(0);
    const answer = hosted.request({ kind: 'load', plan, memory, disposed });
    if (answer.error !== undefined) {
      hosted.error = answer.error;
      return -2;
    }
    hosted.programs[answer.program] = plan;
    return answer.program;
  },

  hosted_dispose__deps: ['$hosted'],
  hosted_dispose: (program) => {
    delete hosted.programs[program];
    hosted.disposed.push(program);
  },

  hosted_run__deps: ['$hosted'],
  hosted_run: (program, inputs, outputs) => {
    const plan = hosted.programs[program];
    const given = plan.inputs.map((port, i) => {
      const at = hosted.address(inputs, i);
      return HEAPU8.slice(at, at + hosted.bytesOf(port));
    });
    const variables = hosted.contents(plan, 'variable');
    const answer = hosted.request({ kind: 'run', program, inputs: given, variables });
    return hosted.outcome(answer, outputs);
  },

  hosted_read__deps: ['$hosted'],
  hosted_read: (input, words, bytes) => {
    HEAPU8.set(hosted.inputs[input].subarray(0, bytes), words >>> 0);
  },

  hosted_answer__deps: ['$hosted'],
  hosted_answer: (words, bytes) => {
    hosted.answers.push(HEAPU8.slice(words >>> 0, (words >>> 0) + bytes));
  },

  hosted_resume__deps: ['$hosted'],
  hosted_resume: (outputs) =>
    hosted.outcome(hosted.request({ kind: 'resume', outputs: hosted.answers }), outputs),

  hosted_error__deps: ['$hosted', '$stringToNewUTF8'],
  hosted_error: () => stringToNewUTF8(hosted.error),
});
