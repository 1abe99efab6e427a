// Stands in for parts of the C and C++ runtimes that would be a tenth of the compressed module, and
// of which it needs next to nothing; and for kernels of XNNPACK that others can do the work of.
#include <emscripten.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

extern "C" {

// The demangler would only make the type names of uncaught exceptions readable, and printing them
// needs all of printf; the border reads the messages of exceptions instead.
char* __cxa_demangle(const char*, char*, size_t*, int* status) {
  constexpr int invalid_name = -2;
  if (status) *status = invalid_name;
  return nullptr;
}

[[noreturn]] void abort_message(const char*, ...) {
  std::abort();
}

// JavaScript reads decimal numbers as exactly, and without arithmetic in 128 bits. Only the parser
// of JSON reads numbers, and only texts that are one from end to end.
EM_JS(double, gesso_number, (const char* text), { return Number(UTF8ToString(text)); })
EM_JS_DEPS(gesso_number, "$UTF8ToString")

double strtod(const char* text, char** end) {
  if (end) *end = const_cast<char*>(text) + std::strlen(text);
  return gesso_number(text);
}
float strtof(const char* text, char** end) {
  return float(strtod(text, end));
}
long double strtold(const char* text, char** end) {
  return strtod(text, end);
}

// Only that parser prints, into messages which ours replace.
int snprintf(char* text, size_t size, const char*, ...) {
  if (size > 0) *text = 0;
  return 0;
}

#ifdef __wasm_relaxed_simd__
// Products of rows and columns that lie together, and of those that pointers name: a kernel for the
// same tile of the result, given the same bounds, does the work of others.
#define GEMM_INSTEAD_OF(kernel, other)                                                             \
  void xnn_f32_gemm_##kernel(size_t, size_t, size_t, const void*, size_t, const void*, void*,      \
                             size_t, size_t, const void*);                                         \
  void xnn_f32_gemm_##other(size_t rows, size_t columns, size_t depth, const void* a,              \
                            size_t a_step, const void* b, void* out, size_t row_step,              \
                            size_t column_step, const void* bounds) {                              \
    xnn_f32_gemm_##kernel(rows, columns, depth, a, a_step, b, out, row_step, column_step, bounds); \
  }
#define IGEMM_INSTEAD_OF(kernel, other)                                                        \
  void xnn_f32_igemm_##kernel(size_t, size_t, size_t, size_t, const void*, const void*, void*, \
                              size_t, size_t, size_t, const void*, const void*);               \
  void xnn_f32_igemm_##other(size_t rows, size_t columns, size_t depth, size_t pointers,       \
                             const void* a, const void* b, void* out, size_t row_step,         \
                             size_t column_step, size_t offset, const void* zeros,             \
                             const void* bounds) {                                             \
    xnn_f32_igemm_##kernel(rows, columns, depth, pointers, a, b, out, row_step, column_step,   \
                           offset, zeros, bounds);                                             \
  }
#define INSTEAD_OF(kernel, other) GEMM_INSTEAD_OF(kernel, other) IGEMM_INSTEAD_OF(kernel, other)

// What is followed by relu has kernels of its own, which save one instruction of some hundreds.
// Those that clamp at both ends are given the bounds 0 and infinity then, whichever is called.
#define CLAMP_INSTEAD_OF_RELU(tile) INSTEAD_OF(minmax_ukernel_##tile, relu_ukernel_##tile)
CLAMP_INSTEAD_OF_RELU(1x8__wasmrelaxedsimd_fma_splat)
CLAMP_INSTEAD_OF_RELU(4x8__wasmrelaxedsimd_fma_loadsplat)
CLAMP_INSTEAD_OF_RELU(6x8__wasmrelaxedsimd_fma_splat)

// One row: how numbers are spread over a vector makes no difference beside reading the weights.
INSTEAD_OF(minmax_ukernel_1x8__wasmrelaxedsimd_fma_splat,
           minmax_ukernel_1x8__wasmrelaxedsimd_fma_loadsplat)
INSTEAD_OF(minmax_ukernel_1x8__wasmrelaxedsimd_fma_splat,
           relu_ukernel_1x8__wasmrelaxedsimd_fma_loadsplat)
INSTEAD_OF(ukernel_1x8__wasmrelaxedsimd_fma_splat, ukernel_1x8__wasmrelaxedsimd_fma_loadsplat)
#endif

}  // extern "C"
