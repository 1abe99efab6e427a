// Which operators have a kernel.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

constexpr Kernel rows[] = {
    {&conv2d_filter_gradient_op, conv2d_filter_gradient},
    {&conv2d_input_gradient_op, conv2d_input_gradient},
    {&conv2d_op, conv2d},
    {&conv_transpose2d_op, conv_transpose2d},
    {&gemm_op, gemm},
    {&matmul_op, matmul},
};

}  // namespace

std::span<const Kernel> kernels() {
  return rows;
}

}  // namespace gesso::webgpu
