// Kernels for the GPU, one function for each operator that has one.
#pragma once

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

void conv2d(Lowering& l);
void conv2d_filter_gradient(Lowering& l);
void conv2d_input_gradient(Lowering& l);
void conv_transpose2d(Lowering& l);
void gemm(Lowering& l);
void matmul(Lowering& l);

}  // namespace gesso::webgpu
