// batchNormalization(input, mean, variance, scale?, bias?): each channel shifted and scaled.
#include <cmath>

#include "core/ops/accept.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_float(c);
  check_epsilon(c);
  int channels = c.shape()[axis_option(c)];
  for (int i = 1; i <= 4; ++i) check_shape(c, i, {channels}, "one number for each channel");
  return {c.in[0]};
}

// y = scale * (x - mean) / sqrt(variance + epsilon) + bias, for x: [outer, channels, inner].
template <class Real>
void cpu(Kernel<Real>& k) {
  int axis = positive_axis(k.node.integer("axis"), k.shape().rank());
  size_t outer = k.shape().count(0, axis), channels = size_t(k.shape()[axis]);
  size_t inner = k.shape().count(axis + 1, k.shape().rank());
  double epsilon = k.node.number("epsilon");
  constexpr size_t block = 64;  // channels at a time, for what is computed once a channel
  for (size_t first = 0; first < channels; first += block) {
    size_t count = std::min(block, channels - first);
    Real factor[block], mean[block], bias[block];
    for (size_t c = 0; c < count; ++c) {
      double scale = k.has(3) ? k.input(3)[first + c] : 1;
      factor[c] = Real(scale / std::sqrt(k.input(2)[first + c] + epsilon));
      mean[c] = k.input(1)[first + c];
      bias[c] = k.has(4) ? k.input(4)[first + c] : 0;
    }
    for (size_t o = 0; o < outer; ++o) {
      size_t start = (o * channels + first) * inner;
      const Real* x = k.input().data() + start;
      Real* y = k.output().data() + start;
      for (size_t c = 0; c < count; ++c)
        for (size_t i = 0; i < inner; ++i, ++x, ++y) *y = (*x - mean[c]) * factor[c] + bias[c];
    }
  }
}

// With s = 1 / sqrt(variance + epsilon), a = Σ dy and b = Σ dy * (x - mean) over each channel:
//   dx = dy * scale * s,  dmean = -scale * s * a,  dvariance = -scale * s³ / 2 * b,
//   dscale = s * b,  dbias = a.
Values gradient(const Grad& g) {
  const Shape& shape = g.x[0].shape();
  int axis = positive_axis(g.node.integer("axis"), shape.rank());
  Ints others = all_axes(shape.rank());
  others.erase(others.begin() + axis);
  Shape along = Shape::filled(shape.rank(), 1);
  along[axis] = shape[axis];
  auto over_channels = [&](Value v) { return others.empty() ? v : sum(v, others); };

  Value s = rsqrt(g.x[2] + g.number("epsilon"));
  Value factor = g.has(3) ? g.x[3] * s : s;
  Values d(5);
  if (g.wants(0)) d[0] = g.dy() * reshape(factor, along);
  bool wants_bias = g.has(4) && g.wants(4), wants_scale = g.has(3) && g.wants(3);
  if (g.wants(1) || wants_bias) d[4] = over_channels(g.dy());
  if (g.wants(1)) d[1] = -(factor * d[4]);
  if (g.wants(2) || wants_scale) {
    Value b = over_channels(g.dy() * (g.x[0] - reshape(g.x[1], along)));
    if (g.wants(2)) d[2] = -0.5 * (factor * square(s) * b);
    if (wants_scale) d[3] = s * b;
  }
  return d;
}

}  // namespace

constexpr Op batch_normalization_op{
    .name = "batchNormalization",
    .summary =
        "scale * (input - mean) / sqrt(variance + epsilon) + bias, with one of each for "
        "every place along the axis.",
    .inputs = {"input", "mean", "variance", "scale?", "bias?"},
    .attrs = {{"axis", -1.0}, {"epsilon", 1e-5}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
