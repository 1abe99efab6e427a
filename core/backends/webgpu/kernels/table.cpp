// Which operators have a kernel.
#include "core/backends/webgpu/kernels/kernels.h"

#include "core/backends/webgpu/kernel.h"
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
    {&batch_normalization_gradient_op, batch_normalization_gradient},
    {&batch_normalization_training_op, batch_normalization_training, 0, nullptr, 1},
    {&gru_cell_op, gru_cell},
    {&gru_gradient_op, gru_gradient},
    {&gru_op, gru},
    {&instance_normalization_op, instance_normalization, 0, nullptr, 3},
    {&layer_normalization_op, layer_normalization, 1, nullptr, 3},
    {&lstm_cell_op, lstm_cell},
    {&lstm_gradient_op, lstm_gradient},
    {&lstm_op, lstm},
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
    {&sgd_op, sgd, 1 << 1},
    {&softmax_cross_entropy_op, softmax_cross_entropy, 0b11},
    {&softmax_op, softmax, 1},
};

}  // namespace

std::span<const Kernel> kernels() {
  return rows;
}

}  // namespace gesso::webgpu
