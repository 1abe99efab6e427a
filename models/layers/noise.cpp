// Layers that disturb what goes through them, in training only.
#include <cmath>
#include <vector>

#include "core/ops/list.h"
#include "models/layers/context.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

double rate_of(const LayerCall& c) {
  double rate = c.config("rate").number_or(0);
  if (!(rate >= 0 && rate < 1)) c.config("rate").refuse("must be from 0 to below 1", "0.5");
  return rate;
}

// 1 with the probability 1 - rate, else 0.
Operand kept(const LayerCall& c, const Shape& shape, double rate) {
  Operand u = c.context.uniform(c.layer, shape);
  return as_float(c.b, c.b.apply(greater_or_equal_op, {u, c.b.scalar(rate)}));
}

// x / (1 - rate) where it is kept, 0 elsewhere. Sizes of 1 in `shape` share their fate.
Operand drop(const LayerCall& c, const Shape& shape) {
  double rate = rate_of(c);
  if (!c.is_training() || rate == 0) return c.x();
  Operand factor = c.b.apply(linear_op, {kept(c, shape, rate)}, {{"alpha", 1 / (1 - rate)}});
  return c.b.apply(mul_op, {as_float(c.b, c.x()), factor});
}

Operand dropout(const LayerCall& c) {
  Shape shape = c.x().shape();
  if (Field noise = c.config("noise_shape")) {
    auto sizes = noise.items();
    if (int(sizes.size()) != shape.rank())
      noise.refuse("must have as many sizes as the input", "[null, 1, null]");
    for (int i = 0; i < shape.rank(); ++i)
      if (const Field& size = sizes[size_t(i)]) {
        if (size.integer() != 1 && size.integer() != shape[i])
          size.refuse("must be 1 or the size of the input", "1");
        shape[i] = size.integer();
      }
  }
  return drop(c, shape);
}

// Whole channels are dropped.
template <int rank>
Operand spatial_dropout(const LayerCall& c) {
  Shape shape = c.x().shape();
  if (shape.rank() != rank)
    c.refuse(phrase({"the input must have ", rank, " sizes"}),
             rank == 4 ? "[batch, height, width, channels]" : "[batch, steps, channels]");
  int first = is_channels_first(c) ? 2 : 1;
  for (int i = 0; i < rank - 2; ++i) shape[first + i] = 1;
  return drop(c, shape);
}

Operand gaussian_noise(const LayerCall& c) {
  double deviation = c.config("stddev").number_or(1);
  if (!c.is_training() || deviation == 0) return c.x();
  Operand noise = c.context.normal(c.layer, c.x().shape());
  return c.b.apply(add_op,
                   {as_float(c.b, c.x()), c.b.apply(linear_op, {noise}, {{"alpha", deviation}})});
}

// x times a number with mean 1 and deviation sqrt(rate / (1 - rate)).
Operand gaussian_dropout(const LayerCall& c) {
  double rate = rate_of(c);
  if (!c.is_training() || rate == 0) return c.x();
  Operand factor = c.b.apply(linear_op, {c.context.normal(c.layer, c.x().shape())},
                             {{"alpha", std::sqrt(rate / (1 - rate))}, {"beta", 1.0}});
  return c.b.apply(mul_op, {as_float(c.b, c.x()), factor});
}

// What is dropped becomes selu's lowest value, and then the mean and deviation are restored:
// Klambauer et al., "Self-normalizing neural networks" (2017).
Operand alpha_dropout(const LayerCall& c) {
  double rate = rate_of(c);
  if (!c.is_training() || rate == 0) return c.x();
  constexpr double lowest = -1.6732632423543772 * 1.0507009873554805;
  double scale = 1 / std::sqrt((1 - rate) * (1 + rate * lowest * lowest));
  Operand keep = kept(c, c.x().shape(), rate);
  Operand dropped = c.b.apply(linear_op, {keep}, {{"alpha", -lowest}, {"beta", lowest}});
  Operand mixed = c.b.apply(add_op, {c.b.apply(mul_op, {as_float(c.b, c.x()), keep}), dropped});
  return c.b.apply(linear_op, {mixed}, {{"alpha", scale}, {"beta", -scale * lowest * rate}});
}

constexpr LayerClass noise(Text name, Operand (*write)(const LayerCall&)) {
  return {.name = name, .write = write, .mask = same_mask};
}

constexpr LayerClass rows[] = {
    noise("AlphaDropout", alpha_dropout),          noise("Dropout", dropout),
    noise("GaussianDropout", gaussian_dropout),    noise("GaussianNoise", gaussian_noise),
    noise("SpatialDropout1D", spatial_dropout<3>), noise("SpatialDropout2D", spatial_dropout<4>),
};

}  // namespace

const std::span<const LayerClass> noise_layers = rows;

}  // namespace gesso
