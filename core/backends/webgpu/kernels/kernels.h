// The kernels of operators, and of several that differ by a formula: see table.cpp.
#pragma once

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

void adadelta(Lowering& l);
void adagrad(Lowering& l);
void adam(Lowering& l);
void adamax(Lowering& l);
void arg_min_max(Lowering& l);
void average_pool2d_gradient(Lowering& l);
void batch_normalization_gradient(Lowering& l);
void batch_normalization_training(Lowering& l);
void concat_many(Lowering& l);
void conv2d(Lowering& l);
void conv2d_filter_gradient(Lowering& l);
void conv2d_input_gradient(Lowering& l);
void conv_transpose2d(Lowering& l);
void cumulative_sum(Lowering& l);
void gather_gradient(Lowering& l);
void gemm(Lowering& l);
void gru(Lowering& l);
void gru_cell(Lowering& l);
void gru_gradient(Lowering& l);
void instance_normalization(Lowering& l);
void layer_normalization(Lowering& l);
void lstm(Lowering& l);
void lstm_cell(Lowering& l);
void lstm_gradient(Lowering& l);
void matmul(Lowering& l);
void max_pool2d_gradient(Lowering& l);
void max_pool2d_select(Lowering& l);
void momentum(Lowering& l);
void pool2d(Lowering& l);
void random_normal(Lowering& l);
void random_uniform(Lowering& l);
void reduce_axes(Lowering& l);
void resample2d_gradient(Lowering& l);
void rms_prop(Lowering& l);
void scatter_elements(Lowering& l);
void scatter_nd(Lowering& l);
void sgd(Lowering& l);
void softmax(Lowering& l);
void softmax_cross_entropy(Lowering& l);
void top_k(Lowering& l);

}  // namespace gesso::webgpu
