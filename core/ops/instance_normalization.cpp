// instanceNormalization(input, scale?, bias?): each channel of each image to mean 0, variance 1.
#include <cmath>

#include "core/ops/accept.h"
#include "core/ops/normalization.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_float(c);
  check_epsilon(c);
  if (c.shape().rank() != 4)
    fail(c, "input must have 4 dimensions", "[batch, height, width, channels]");
  for (int i = 1; i <= 2; ++i) check_shape(c, i, {c.shape()[3]}, "one number for each channel");
  return {c.in[0]};
}

// y = scale * (x - mean) / sqrt(variance + epsilon) + bias, for x: [batch, pixels, channels].
// The variance is taken around the mean, in a second pass: the mean of squares would cancel.
template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape& shape = k.shape();
  size_t batch = size_t(shape[0]), pixels = shape.count(1, 3), channels = size_t(shape[3]);
  double epsilon = k.node.number("epsilon");
  constexpr size_t block = 64;  // channels at a time, so that memory is read in order
  for (size_t n = 0; n < batch; ++n)
    for (size_t first = 0; first < channels; first += block) {
      size_t count = std::min(block, channels - first);
      const Real* x = k.input().data() + n * pixels * channels + first;
      Real* y = k.output().data() + n * pixels * channels + first;
      double mean[block]{}, variance[block]{};
      for (size_t p = 0; p < pixels; ++p)
        for (size_t c = 0; c < count; ++c) mean[c] += x[p * channels + c];
      for (size_t c = 0; c < count; ++c) mean[c] /= double(pixels);
      for (size_t p = 0; p < pixels; ++p)
        for (size_t c = 0; c < count; ++c) {
          double d = x[p * channels + c] - mean[c];
          variance[c] += d * d;
        }
      double factor[block], bias[block];
      for (size_t c = 0; c < count; ++c) {
        double scale = k.has(1) ? k.input(1)[first + c] : 1;
        factor[c] = scale / std::sqrt(variance[c] / double(pixels) + epsilon);
        bias[c] = k.has(2) ? k.input(2)[first + c] : 0;
      }
      for (size_t p = 0; p < pixels; ++p)
        for (size_t c = 0; c < count; ++c)
          y[p * channels + c] = Real((x[p * channels + c] - mean[c]) * factor[c] + bias[c]);
    }
}

// Over height and width, for each image and channel.
Values gradient(const Grad& g) {
  Shape channels{g.x[0].shape()[3]};
  auto d = normalization_gradient(g, {1, 2}, channels, g.has(1) ? g.x[1] : Value{});
  return {d.x, d.scale, d.bias};
}

}  // namespace

constexpr Op instance_normalization_op{
    .name = "instanceNormalization",
    .summary =
        "Each channel of each image brought to mean 0 and variance 1, then scaled and "
        "shifted.",
    .inputs = {"input", "scale?", "bias?"},
    .attrs = {{"epsilon", 1e-5}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
