// sigmoidCrossEntropy(logits, labels): for each element the cross-entropy of yes and no,
// -z * log(sigmoid(x)) - (1 - z) * log(1 - sigmoid(x)), in a form that cannot overflow.
#include <cmath>

#include "core/ops/accept.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_float(c);
  check_shape(c, 1, c.shape(0), "the shape of the logits, a probability for each");
  return {c.in[0]};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  auto x = k.input(0), z = k.input(1);
  auto y = k.output();
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = (x[i] < 0 ? 0 : x[i]) - x[i] * z[i] + std::log1p(std::exp(-std::abs(x[i])));
}

Values gradient(const Grad& g) {
  Value x = g.x[0], labels = g.x[1];
  Values parts(2);
  if (g.wants(0)) parts[0] = g.dy() * (sigmoid(x) - labels);
  if (g.wants(1)) parts[1] = -(g.dy() * x);
  return parts;
}

}  // namespace

constexpr Op sigmoid_cross_entropy_op{
    .name = "sigmoidCrossEntropy",
    .summary = "How badly sigmoid(logits) foretells the labels, for each element.",
    .inputs = {"logits", "labels"},
    .infer = infer,
    .cpu = CpuKernel::oracle(cpu<float>, cpu<double>),
    .gradient = gradient,
};

}  // namespace gesso
