// Emscripten's getenv reads a table of its own; test programs want the process's.
Module.preRun = () => Object.assign(ENV, process.env);
