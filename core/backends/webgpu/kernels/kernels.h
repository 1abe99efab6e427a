// Kernels, one function each. They write the dispatches of a node.
#pragma once

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

void adadelta(Lowering& l);
void adagrad(Lowering& l);
void adam(Lowering& l);
void adamax(Lowering& l);
void gru(Lowering& l);
void gru_cell(Lowering& l);
void gru_gradient(Lowering& l);
void lstm(Lowering& l);
void lstm_cell(Lowering& l);
void lstm_gradient(Lowering& l);
void momentum(Lowering& l);
void random_normal(Lowering& l);
void random_uniform(Lowering& l);
void rms_prop(Lowering& l);
void sgd(Lowering& l);

}  // namespace gesso::webgpu
