// Which of our operators have a kernel of ours.
#include <unordered_map>

#include "core/backends/cpu/simd/kernels.h"
#include "core/ops/list.h"

namespace gesso::cpu {
namespace {

using Lower = std::unique_ptr<Step> (*)(const Lowering&);

const std::unordered_map<const Op*, Lower> rows{
    {&average_pool2d_gradient_op, average_pool2d_gradient},
    {&average_pool2d_op, average_pool2d},
    {&batch_normalization_op, batch_normalization},
    {&clamp_gradient_op, clamp_gradient},
    {&clamp_op, clamp},
    {&conv2d_filter_gradient_op, conv2d_filter_gradient},
    {&conv2d_input_gradient_op, conv2d_input_gradient},
    {&conv2d_op, conv2d},
    {&conv_transpose2d_op, conv_transpose2d},
    {&gelu_op, gelu},
    {&gemm_op, gemm},
    {&matmul_op, matmul},
    {&max_op, max},
    {&max_pool2d_gradient_op, max_pool2d_gradient},
    {&max_pool2d_op, max_pool2d},
    {&min_op, min},
    {&relu_op, relu},
    {&rsqrt_op, rsqrt},
    {&sqrt_op, sqrt},
};

}  // namespace

std::unique_ptr<Step> lower_to_simd(const Lowering& lowering) {
  auto row = rows.find(lowering.node.op);
  return row == rows.end() || !all_f32(lowering) ? nullptr : row->second(lowering);
}

}  // namespace gesso::cpu
