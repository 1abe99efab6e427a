// Which operators have a kernel.
#include "core/backends/webgpu/kernels/kernels.h"

#include "core/backends/webgpu/kernel.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

constexpr Kernel rows[] = {
    {&arg_max_op, arg_min_max, 1},
    {&arg_min_op, arg_min_max, 1},
    {&batch_normalization_gradient_op, batch_normalization_gradient},
    {&batch_normalization_training_op, batch_normalization_training, 0, nullptr, 1},
    {&instance_normalization_op, instance_normalization, 0, nullptr, 3},
    {&layer_normalization_op, layer_normalization, 1, nullptr, 3},
    {&reduce_l1_op, reduce_axes, 1},
    {&reduce_l2_op, reduce_axes, 1},
    {&reduce_log_sum_op, reduce_axes, 1},
    {&reduce_log_sum_exp_op, reduce_axes, 1},
    {&reduce_max_op, reduce_axes, 1},
    {&reduce_mean_op, reduce_axes, 1},
    {&reduce_min_op, reduce_axes, 1},
    {&reduce_product_op, reduce_axes, 1},
    {&reduce_sum_op, reduce_axes, 1},
    {&reduce_sum_square_op, reduce_axes, 1},
    {&resample2d_gradient_op, resample2d_gradient},
    {&softmax_cross_entropy_op, softmax_cross_entropy, 0b11},
    {&softmax_op, softmax, 1},
};

}  // namespace

std::span<const Kernel> kernels() {
  return rows;
}

}  // namespace gesso::webgpu
