// Layers around another layer.
#include "core/ops/list.h"
#include "models/layers/context.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

// [a, b, ...] from [a * b, ...].
Operand split_first(Builder& b, const Operand& x, int batch, int steps) {
  Shape shape{batch, steps};
  for (int i = 1; i < x.rank(); ++i) shape.push_back(x.shape()[i]);
  return b.reshape(x, shape);
}

// [a * b, ...] from [a, b, ...].
Operand join_first(Builder& b, const Operand& x) {
  Shape shape{int(x.shape().count(0, 2))};
  for (int i = 2; i < x.rank(); ++i) shape.push_back(x.shape()[i]);
  return b.reshape(x, shape);
}

// Where the layer inside has used up its part of a mask, a step counts if any of it does.
Operand outer_mask(const LayerCall& c) {
  Operand mask = c.mask();
  if (!mask || mask.rank() == 2) return mask;
  Ints inner;
  for (int i = 2; i < mask.rank(); ++i) inner.push_back(i);
  return c.b.cast(reduce(c.b, reduce_max_op, as_float(c.b, mask), inner, false), DType::boolean);
}

// The layer inside sees every time step as an element of a larger batch, with that part of the mask
// which tells its own steps apart.
Flows time_distributed(const LayerCall& c) {
  const Shape& s = c.x().shape();
  if (s.rank() < 3) c.refuse("the input must be a batch of sequences", "[batch, steps, ...]");
  Flow inside{join_first(c.b, c.x())};
  if (c.mask() && c.mask().rank() > 2) inside.mask = join_first(c.b, c.mask());
  Flows y = call_layer(c.context, c.layer.inner[0], {inside});
  if (y.size() != 1 || y[0].x.rank() < 1)
    c.refuse("the layer inside must have one output", "Dense");
  Operand mask = y[0].mask ? split_first(c.b, y[0].mask, s[0], s[1]) : outer_mask(c);
  return {{split_first(c.b, y[0].x, s[0], s[1]), mask}};
}

constexpr LayerClass rows[] = {{.name = "TimeDistributed", .write_all = time_distributed}};

}  // namespace

const std::span<const LayerClass> wrapper_layers = rows;

}  // namespace gesso
