// Which operators have a kernel.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

constexpr Kernel rows[] = {
    {&adadelta_op, adadelta, 1 << 3},
    {&adagrad_op, adagrad, 1 << 2},
    {&adam_op, adam, 1 << 3},
    {&adamax_op, adamax, 1 << 3},
    {&arg_max_op, arg_min_max, 1},
    {&arg_min_op, arg_min_max, 1},
    {&average_pool2d_gradient_op, average_pool2d_gradient},
    {&average_pool2d_op, pool2d},
    {&batch_normalization_gradient_op, batch_normalization_gradient},
    {&batch_normalization_training_op, batch_normalization_training, 0, nullptr, 1},
    {&concat_op, concat_many},
    {&conv2d_filter_gradient_op, conv2d_filter_gradient},
    {&conv2d_input_gradient_op, conv2d_input_gradient},
    {&conv2d_op, conv2d},
    {&conv_transpose2d_op, conv_transpose2d},
    {&cumulative_sum_op, cumulative_sum, 1},
    {&gather_gradient_op, gather_gradient, 0, nullptr, 1},
    {&gemm_op, gemm},
    {&gru_cell_op, gru_cell},
    {&gru_gradient_op, gru_gradient},
    {&gru_op, gru},
    {&instance_normalization_op, instance_normalization, 0, nullptr, 3},
    {&l2_pool2d_op, pool2d},
    {&layer_normalization_op, layer_normalization, 1, nullptr, 3},
    {&lstm_cell_op, lstm_cell},
    {&lstm_gradient_op, lstm_gradient},
    {&lstm_op, lstm},
    {&matmul_op, matmul},
    {&max_pool2d_gradient_op, max_pool2d_gradient, 0b10},
    {&max_pool2d_op, pool2d},
    {&max_pool2d_select_op, max_pool2d_select, 0b10},
    {&momentum_op, momentum, 1 << 2},
    {&random_normal_op, random_normal},
    {&random_uniform_op, random_uniform},
    {&reduce_l1_op, reduce_axes, 1},
    {&reduce_l2_op, reduce_axes, 1},
    {&reduce_log_sum_exp_op, reduce_axes, 1},
    {&reduce_log_sum_op, reduce_axes, 1},
    {&reduce_max_op, reduce_axes, 1},
    {&reduce_mean_op, reduce_axes, 1},
    {&reduce_min_op, reduce_axes, 1},
    {&reduce_product_op, reduce_axes, 1},
    {&reduce_sum_op, reduce_axes, 1},
    {&reduce_sum_square_op, reduce_axes, 1},
    {&resample2d_gradient_op, resample2d_gradient},
    {&rms_prop_op, rms_prop, 1 << 4},
    {&scatter_elements_op, scatter_elements, 0b001, nullptr, 2},
    {&scatter_nd_op, scatter_nd, 0b001, nullptr, 2},
    {&sgd_op, sgd, 1 << 1},
    {&softmax_cross_entropy_op, softmax_cross_entropy, 0b11},
    {&softmax_op, softmax, 1},
    {&top_k_op, top_k},
};

}  // namespace

std::span<const Kernel> kernels() {
  return rows;
}

}  // namespace gesso::webgpu
