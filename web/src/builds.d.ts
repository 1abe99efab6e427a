// The builds of wasm/bindings.cpp without threads, as package.json's "imports" names them.
declare module '#core/relaxed' {
  const create: import('./engine.js').CreateCore;
  export default create;
}
declare module '#core/simd' {
  const create: import('./engine.js').CreateCore;
  export default create;
}
declare module '#core/relaxed-webgpu' {
  const create: import('./engine.js').CreateCore;
  export default create;
}
declare module '#core/simd-webgpu' {
  const create: import('./engine.js').CreateCore;
  export default create;
}

/** The stamp of each build's .wasm file, as tools/stamp.mjs makes it; only what has been bundled knows it. */
declare const gessoStamps: Record<import('./engine.js').ModuleName, string> | undefined;

declare namespace WebAssembly {
  class Exception {} // not yet in TypeScript's own library
}
