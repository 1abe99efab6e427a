// Two of XNNPACK's WebAssembly kernels include arm_neon.h; what they need is this.
#pragma once
#include <wasm_simd128.h>
