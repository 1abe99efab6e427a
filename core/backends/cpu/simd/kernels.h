// Kernels of ours, for what XNNPACK has not, does slowly, or does otherwise with NaN. They are
// plain loops over contiguous memory in the shape that the compiler turns into vectors.
#pragma once

#include "core/backends/cpu/step.h"

namespace gesso::cpu {

// A step that is one function of its memory.
template <class F>
class LoopStep final : public Step {
 public:
  LoopStep(F loop, size_t workspace_bytes) : loop_(loop), workspace_(workspace_bytes) {}
  size_t workspace_bytes() const override { return workspace_; }
  void bind(const Memory& memory) override { memory_ = memory; }
  void run() noexcept override { loop_(memory_); }

 private:
  F loop_;
  size_t workspace_;
  Memory memory_;
};

template <class F>
std::unique_ptr<Step> loop_step(F loop, size_t workspace_bytes = 0) {
  return std::make_unique<LoopStep<F>>(loop, workspace_bytes);
}

// Each gives a step, or null when it declines the node.
std::unique_ptr<Step> adadelta(const Lowering& lowering);
std::unique_ptr<Step> adagrad(const Lowering& lowering);
std::unique_ptr<Step> adam(const Lowering& lowering);
std::unique_ptr<Step> adamax(const Lowering& lowering);
std::unique_ptr<Step> average_pool2d(const Lowering& lowering);
std::unique_ptr<Step> average_pool2d_gradient(const Lowering& lowering);
std::unique_ptr<Step> batch_normalization(const Lowering& lowering);
std::unique_ptr<Step> batch_normalization_gradient(const Lowering& lowering);
std::unique_ptr<Step> batch_normalization_training(const Lowering& lowering);
std::unique_ptr<Step> clamp(const Lowering& lowering);
std::unique_ptr<Step> clamp_gradient(const Lowering& lowering);
std::unique_ptr<Step> conv2d(const Lowering& lowering);
std::unique_ptr<Step> conv2d_filter_gradient(const Lowering& lowering);
std::unique_ptr<Step> conv2d_input_gradient(const Lowering& lowering);
std::unique_ptr<Step> conv_transpose2d(const Lowering& lowering);
std::unique_ptr<Step> equal(const Lowering& lowering);
std::unique_ptr<Step> exp(const Lowering& lowering);
std::unique_ptr<Step> expand(const Lowering& lowering);
std::unique_ptr<Step> gather_gradient(const Lowering& lowering);
std::unique_ptr<Step> gelu(const Lowering& lowering);
std::unique_ptr<Step> gemm(const Lowering& lowering);
std::unique_ptr<Step> greater(const Lowering& lowering);
std::unique_ptr<Step> greater_or_equal(const Lowering& lowering);
std::unique_ptr<Step> gru(const Lowering& lowering);
std::unique_ptr<Step> gru_cell(const Lowering& lowering);
std::unique_ptr<Step> gru_gradient(const Lowering& lowering);
std::unique_ptr<Step> lesser(const Lowering& lowering);
std::unique_ptr<Step> linear(const Lowering& lowering);
std::unique_ptr<Step> log(const Lowering& lowering);
std::unique_ptr<Step> lstm(const Lowering& lowering);
std::unique_ptr<Step> lstm_cell(const Lowering& lowering);
std::unique_ptr<Step> lstm_gradient(const Lowering& lowering);
std::unique_ptr<Step> matmul(const Lowering& lowering);
std::unique_ptr<Step> max(const Lowering& lowering);
std::unique_ptr<Step> max_pool2d(const Lowering& lowering);
std::unique_ptr<Step> max_pool2d_gradient(const Lowering& lowering);
std::unique_ptr<Step> min(const Lowering& lowering);
std::unique_ptr<Step> momentum(const Lowering& lowering);
std::unique_ptr<Step> random_normal(const Lowering& lowering);
std::unique_ptr<Step> random_uniform(const Lowering& lowering);
std::unique_ptr<Step> reciprocal(const Lowering& lowering);
std::unique_ptr<Step> relu(const Lowering& lowering);
std::unique_ptr<Step> rms_prop(const Lowering& lowering);
std::unique_ptr<Step> rsqrt(const Lowering& lowering);
std::unique_ptr<Step> sgd(const Lowering& lowering);
std::unique_ptr<Step> sigmoid_cross_entropy(const Lowering& lowering);
std::unique_ptr<Step> softmax_cross_entropy(const Lowering& lowering);
std::unique_ptr<Step> softplus(const Lowering& lowering);
std::unique_ptr<Step> sqrt(const Lowering& lowering);
std::unique_ptr<Step> step(const Lowering& lowering);
std::unique_ptr<Step> where(const Lowering& lowering);

}  // namespace gesso::cpu
