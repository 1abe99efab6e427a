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
    {&gru_cell_op, gru_cell},
    {&gru_gradient_op, gru_gradient},
    {&gru_op, gru},
    {&lstm_cell_op, lstm_cell},
    {&lstm_gradient_op, lstm_gradient},
    {&lstm_op, lstm},
    {&momentum_op, momentum, 1 << 2},
    {&random_normal_op, random_normal},
    {&random_uniform_op, random_uniform},
    {&rms_prop_op, rms_prop, 1 << 4},
    {&sgd_op, sgd, 1 << 1},
};

}  // namespace

std::span<const Kernel> kernels() {
  return rows;
}

}  // namespace gesso::webgpu
