// Stands in for kernels of operators that XNNPACK never runs for us: their code would be two
// hundredths of what a page downloads.
#include <stddef.h>

#include "xnnpack/reference-config.h"

// XNNPACK's own reference kernels stand in where a type has no vector kernel: what it cannot run
// without them it declines, and our kernels do it.
const struct xnn_unary_elementwise_config* xnn_init_unary_reference_config(
    enum xnn_unary_operator op, enum xnn_datatype input, enum xnn_datatype output) {
  (void)op, (void)input, (void)output;
  return NULL;
}
const struct xnn_binary_elementwise_config* xnn_init_binary_reference_config(
    enum xnn_binary_operator op, enum xnn_datatype type) {
  (void)op, (void)type;
  return NULL;
}

// Kernels that its tables name, and which only operators call that core/backends/cpu/xnnpack.cpp
// does not list: exp, gelu, log, rsqrt, sqrt, copysign, max, min, and transposition of elements
// smaller than a float.
#define LEFT_OUT(kernel, ...)      \
  void xnn_##kernel(__VA_ARGS__) { \
    __builtin_trap();              \
  }
#define UNARY(kernel) LEFT_OUT(kernel, size_t n, const void* x, void* y, const void* params)
#define BINARY(kernel) \
  LEFT_OUT(kernel, size_t n, const void* a, const void* b, void* y, const void* params)
#define TRANSPOSE(kernel)                                                             \
  LEFT_OUT(kernel, const void* x, void* y, size_t input_stride, size_t output_stride, \
           size_t width, size_t height)

UNARY(f32_vexp_ukernel__scalar_exp_u4)
UNARY(f32_vgelu_ukernel__wasmsimd_rational_12_10_div_u12)
UNARY(f32_vlog_ukernel__wasmsimd_rational_3_3_div_u8)
UNARY(f32_vrsqrt_ukernel__scalar_rsqrt_u4)
UNARY(f32_vsqrt_ukernel__wasmsimd_sqrt_u8)
BINARY(f32_vcopysign_ukernel__wasmsimd_u16)
BINARY(f32_vcopysignc_ukernel__wasmsimd_u16)
BINARY(f32_vrcopysignc_ukernel__wasmsimd_u16)
BINARY(f32_vmax_ukernel__wasmsimd_arm_u16)
BINARY(f32_vmax_ukernel__wasmsimd_x86_u16)
BINARY(f32_vmaxc_ukernel__wasmsimd_arm_u16)
BINARY(f32_vmaxc_ukernel__wasmsimd_x86_u16)
BINARY(f32_vmin_ukernel__wasmsimd_arm_u16)
BINARY(f32_vmin_ukernel__wasmsimd_x86_u16)
BINARY(f32_vminc_ukernel__wasmsimd_arm_u16)
BINARY(f32_vminc_ukernel__wasmsimd_x86_u16)
TRANSPOSE(x8_transposec_ukernel__16x16_reuse_mov_wasmsimd)
TRANSPOSE(x16_transposec_ukernel__8x8_reuse_mov_wasmsimd)
TRANSPOSE(x24_transposec_ukernel__1x2_scalar)
