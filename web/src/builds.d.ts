// The builds of wasm/bindings.cpp without threads, as package.json's "imports" names them.
declare module '#core/relaxed' {
  const create: import('./engine.js').CreateCore;
  export default create;
}
declare module '#core/simd' {
  const create: import('./engine.js').CreateCore;
  export default create;
}

declare namespace WebAssembly {
  class Exception {} // not yet in TypeScript's own library
}
