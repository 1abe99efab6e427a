// softmaxCrossEntropy(logits, labels): -sum(labels * log(softmax(logits))) along the last axis, in
// one piece, so that no probability is rounded to 0 before its logarithm is taken.
#include <cmath>
#include <limits>

#include "core/ops/accept.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_float(c);
  check_rank_at_least(c, 0, 1);
  check_shape(c, 1, c.shape(0), "the shape of the logits, a probability for each class");
  Shape rows = c.shape();
  rows.erase(rows.rank() - 1);
  return {{DType::f32, rows}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  size_t classes = size_t(k.shape().back());
  const Real *x = k.input(0).data(), *labels = k.input(1).data();
  for (Real& loss : k.output()) {
    Real largest = -std::numeric_limits<Real>::infinity();
    for (size_t i = 0; i < classes; ++i) largest = std::max(largest, x[i]);
    double sum = 0, result = 0;
    for (size_t i = 0; i < classes; ++i) sum += std::exp(double(x[i] - largest));
    double log_sum = std::log(sum);
    for (size_t i = 0; i < classes; ++i)
      if (labels[i] != 0) result -= double(labels[i]) * (double(x[i] - largest) - log_sum);
    loss = Real(result);
    x += classes;
    labels += classes;
  }
}

Values gradient(const Grad& g) {
  Value x = g.x[0], labels = g.x[1];
  Shape rows = x.shape();
  rows.back() = 1;
  Value dy = reshape(g.dy(), rows);
  Values parts(2);
  if (g.wants(0)) parts[0] = dy * (apply(softmax_op, {x}) * sum(labels, {-1}, true) - labels);
  if (g.wants(1)) parts[1] = dy * (reduce(reduce_log_sum_exp_op, x, {-1}, true) - x);
  return parts;
}

}  // namespace

constexpr Op softmax_cross_entropy_op{
    .name = "softmaxCrossEntropy",
    .summary =
        "How badly softmax(logits) foretells the labels: -sum(labels * log(softmax)), a row.",
    .inputs = {"logits", "labels"},
    .infer = infer,
    .cpu = CpuKernel::oracle(cpu<float>, cpu<double>),
    .gradient = gradient,
};

}  // namespace gesso
