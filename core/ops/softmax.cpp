// softmax(input): exp(x) / sum(exp(x)) along one axis.
#include <cmath>
#include <limits>

#include "core/ops/accept.h"
#include "core/ops/loops.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_float(c);
  axis_option(c);
  return {c.in[0]};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  int axis = positive_axis(k.node.integer("axis"), k.shape().rank());
  size_t size = size_t(k.shape()[axis]), step = strides_of(k.shape())[size_t(axis)];
  loops_over(~(1u << axis), k.shape()).each([&](auto at) {
    const Real* x = k.input().data() + at[0];
    Real* y = k.output().data() + at[0];
    Real largest = -std::numeric_limits<Real>::infinity();  // so that exp cannot overflow
    for (size_t i = 0; i < size; ++i) largest = std::max(largest, x[i * step]);
    double sum = 0;
    for (size_t i = 0; i < size; ++i) sum += y[i * step] = std::exp(x[i * step] - largest);
    for (size_t i = 0; i < size; ++i) y[i * step] = Real(y[i * step] / sum);
  });
}

// dx = y * (dy - sum(dy * y))
Values gradient(const Grad& g) {
  Value y = g.y[0], dy = g.dy();
  return {y * (dy - sum(dy * y, {g.node.integer("axis")}, true))};
}

}  // namespace

constexpr Op softmax_op{
    .name = "softmax",
    .summary = "Turns scores along an axis into probabilities: exp(x) / sum(exp(x)).",
    .inputs = {"input"},
    .attrs = {{"axis", -1.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
