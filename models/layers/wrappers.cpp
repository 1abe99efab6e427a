// Layers around another layer.
#include "models/layers/context.h"

namespace gesso {
namespace {

// The layer inside sees every time step as an element of a larger batch.
Operand time_distributed(const LayerCall& c) {
  const Shape& s = c.x().shape();
  if (s.rank() < 3) c.refuse("the input must be a batch of sequences", "[batch, steps, ...]");
  Shape steps{int(s.count(0, 2))};
  for (int i = 2; i < s.rank(); ++i) steps.push_back(s[i]);
  Flows y = call_layer(c.context, c.layer.inner[0], {{c.b.reshape(c.x(), steps)}});
  if (y.size() != 1 || y[0].x.rank() < 1)
    c.refuse("the layer inside must have one output", "Dense");
  Shape shape{s[0], s[1]};
  for (int i = 1; i < y[0].x.rank(); ++i) shape.push_back(y[0].x.shape()[i]);
  return c.b.reshape(y[0].x, shape);
}

constexpr LayerClass rows[] = {
    {.name = "TimeDistributed", .write = time_distributed, .mask = same_mask},
};

}  // namespace

const std::span<const LayerClass> wrapper_layers = rows;

}  // namespace gesso
