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

// With f = 1 / sqrt(variance + epsilon), s = sum(dy) and t = sum(dy * (x - mean)):
//   dx = dy * scale * f, dMean = -s * scale * f, dVariance = -t * scale * f^3 / 2
//   dScale = t * f, dBias = s
Values gradient(const Grad& g) {
  const Shape& x = g.x[0].shape();
  Shape along = Shape::filled(x.rank(), 1), channels = g.x[1].shape();
  along[positive_axis(g.node.integer("axis"), x.rank())] = channels[0];
  Value dy = g.dy(), factor = rsqrt(g.x[2] + g.number("epsilon"));
  Value slope = g.has(3) ? factor * g.x[3] : factor;
  auto over_channels = [&](Value v) { return reshape(sum_to(v, along), channels); };
  auto wants = [&](int i) { return g.has(i) && g.wants(i); };
  Value total, moment;
  if (wants(1) || wants(4)) total = over_channels(dy);
  if (wants(2) || wants(3)) moment = over_channels(dy * (g.x[0] - reshape(g.x[1], along)));
  Values d(5);
  if (wants(0)) d[0] = dy * reshape(slope, along);
  if (wants(1)) d[1] = -(total * slope);
  if (wants(2)) d[2] = -0.5 * (moment * slope * square(factor));
  if (wants(3)) d[3] = moment * factor;
  if (wants(4)) d[4] = total;
  return d;
}

}  // namespace

const Op batch_normalization_op{
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
