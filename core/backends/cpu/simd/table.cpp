// Which of our operators have a kernel of ours.
#include <utility>

#include "core/backends/cpu/simd/kernels.h"
#include "core/ops/list.h"

namespace gesso::cpu {
namespace {

using Lower = std::unique_ptr<Step> (*)(const Lowering&);
using Row = std::pair<const Op*, Lower>;

// Kernels for floats.
constexpr Row rows[] = {
    {&adadelta_op, adadelta},
    {&adagrad_op, adagrad},
    {&average_pool2d_gradient_op, average_pool2d_gradient},
    {&average_pool2d_op, average_pool2d},
    {&batch_normalization_gradient_op, batch_normalization_gradient},
    {&batch_normalization_op, batch_normalization},
    {&batch_normalization_training_op, batch_normalization_training},
    {&clamp_gradient_op, clamp_gradient},
    {&clamp_op, clamp},
    {&conv2d_filter_gradient_op, conv2d_filter_gradient},
    {&conv2d_input_gradient_op, conv2d_input_gradient},
    {&conv2d_op, conv2d},
    {&conv_transpose2d_op, conv_transpose2d},
    {&exp_op, exp},
    {&expand_op, expand},
    {&gelu_op, gelu},
    {&gemm_op, gemm},
    {&linear_op, linear},
    {&log_op, log},
    {&matmul_op, matmul},
    {&max_op, max},
    {&max_pool2d_gradient_op, max_pool2d_gradient},
    {&max_pool2d_op, max_pool2d},
    {&min_op, min},
    {&momentum_op, momentum},
    {&reciprocal_op, reciprocal},
    {&relu_op, relu},
    {&rms_prop_op, rms_prop},
    {&rsqrt_op, rsqrt},
    {&sgd_op, sgd},
    {&sigmoid_cross_entropy_op, sigmoid_cross_entropy},
    {&softmax_cross_entropy_op, softmax_cross_entropy},
    {&softplus_op, softplus},
    {&sqrt_op, sqrt},
    {&step_op, step},
};

// Kernels that take the other types too which their operator accepts.
constexpr Row mixed_rows[] = {
    {&adam_op, adam},
    {&adamax_op, adamax},
    {&equal_op, equal},
    {&gather_gradient_op, gather_gradient},
    {&greater_op, greater},
    {&greater_or_equal_op, greater_or_equal},
    {&gru_op, gru},
    {&gru_cell_op, gru_cell},
    {&gru_gradient_op, gru_gradient},
    {&lesser_op, lesser},
    {&lstm_op, lstm},
    {&lstm_cell_op, lstm_cell},
    {&lstm_gradient_op, lstm_gradient},
    {&random_normal_op, random_normal},
    {&random_uniform_op, random_uniform},
    {&where_op, where},
};

}  // namespace

std::unique_ptr<Step> lower_to_simd(const Lowering& lowering) {
  const Op* op = lowering.node.op;
  for (auto [known, lower] : mixed_rows)
    if (known == op) return lower(lowering);
  for (auto [known, lower] : rows)
    if (known == op && all_f32(lowering)) return lower(lowering);
  return nullptr;
}

}  // namespace gesso::cpu
