// randomUniform(state), randomNormal(state): numbers that depend only on a seed, a step, a stream
// and their place in the tensor, so that a run can be repeated anywhere.
#include "core/random.h"

#include <cmath>

#include "core/ops/accept.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

// The seed and the step that `state` holds, as Philox takes them.
struct Sequence {
  uint32_t seed, step, stream;

  template <class Real>
  explicit Sequence(const Kernel<Real>& k)
      : seed(uint32_t(k.template input<int32_t>()[0])),
        step(uint32_t(k.template input<int32_t>()[1])),
        stream(uint32_t(k.node.number("stream"))) {}

  RandomBlock block(size_t i) const { return philox({uint32_t(i), 0, step, 0}, {seed, stream}); }
};

Types infer(const Call& c) {
  require_indices(c, 0);
  check_shape(c, 0, {2}, "two elements, a seed and a step");
  if (whole_option(c, "stream") < 0)
    fail(c, "stream must be 0 or more", "another whole number for each use of randomness");
  return {{DType::f32, Shape(ints_option(c, "newShape"))}};
}

void require_finite(const Call& c, Text name) {
  if (!(std::abs(c.node.number(name)) <= std::numeric_limits<float>::max()))
    fail(c, phrase({name, " must be a finite number"}), "a number like 0 or 1");
}

Types infer_uniform(const Call& c) {
  require_finite(c, "minValue");
  require_finite(c, "maxValue");
  require_clamp(c);
  return infer(c);
}

Types infer_normal(const Call& c) {
  require_finite(c, "mean");
  require_finite(c, "deviation");
  if (c.node.number("deviation") < 0)
    fail(c, "deviation must not be negative", "0 or more: how far numbers lie from the mean");
  return infer(c);
}

template <class Real>
void uniform(Kernel<Real>& k) {
#pragma clang fp contract(off)
  Sequence sequence(k);
  float low = float(k.node.number("minValue")), range = float(k.node.number("maxValue")) - low;
  auto y = k.output();
  for (size_t i = 0; i < y.size(); ++i) {
    float u = uniform_from(sequence.block(i / 4)[i % 4]);
    y[i] = Real(low + range * u);
  }
}

template <class Real>
void normal(Kernel<Real>& k) {
#pragma clang fp contract(off)
  Sequence sequence(k);
  float mean = float(k.node.number("mean")), deviation = float(k.node.number("deviation"));
  auto y = k.output();
  for (size_t i = 0; i < y.size(); ++i) {
    RandomBlock block = sequence.block(i / 2);
    size_t word = 2 * (i % 2);
    y[i] = Real(mean + deviation * normal_from(block[word], block[word + 1]));
  }
}

}  // namespace

constexpr Op random_normal_op{
    .name = "randomNormal",
    .summary =
        "Normally distributed numbers, the same on every machine: `state` is a seed and a step.",
    .inputs = {"state"},
    .attrs = {{"newShape", no_ints}, {"stream", 0.0}, {"mean", 0.0}, {"deviation", 1.0}},
    .infer = infer_normal,
    .cpu = {normal<float>, normal<double>},
};

constexpr Op random_uniform_op{
    .name = "randomUniform",
    .summary =
        "Numbers from minValue up to maxValue, each equally likely, the same on every machine: "
        "`state` is a seed and a step.",
    .inputs = {"state"},
    .attrs = {{"newShape", no_ints}, {"stream", 0.0}, {"minValue", 0.0}, {"maxValue", 1.0}},
    .infer = infer_uniform,
    .cpu = {uniform<float>, uniform<double>},
};

}  // namespace gesso
