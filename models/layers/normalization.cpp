// Batch and layer normalisation.
#include <vector>

#include "core/ops/list.h"
#include "models/layers/context.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

Attrs options(const LayerCall& c) {
  return {{"axis", double(c.axis(-1))}, {"epsilon", c.config("epsilon").number_or(1e-3)}};
}

// average * momentum + value * (1 - momentum).
void follow(const LayerCall& c, Text average, Operand value) {
  double momentum = c.config("momentum").number_or(0.99);
  c.context.update(c.layer, average, [&](Operand now) {
    Operand kept = c.b.apply(linear_op, {now}, {{"alpha", momentum}});
    Operand added = c.b.apply(linear_op, {value}, {{"alpha", 1 - momentum}});
    return c.b.apply(add_op, {kept, added});
  });
}

Operand batch_normalization(const LayerCall& c) {
  Operand mean = c.weight("moving_mean"), variance = c.weight("moving_variance");
  // A frozen layer keeps to what it has learnt.
  if (!c.is_training() || !c.layer.trainable)
    return c.b.apply(batch_normalization_op,
                     {c.x(), mean, variance, c.weight("gamma"), c.weight("beta")}, options(c));
  Operands results = c.b.apply_all(batch_normalization_training_op,
                                   {c.x(), c.weight("gamma"), c.weight("beta")}, options(c));
  follow(c, "moving_mean", results[1]);
  follow(c, "moving_variance", results[2]);
  return results[0];
}

WeightSpecs scale_and_center(const Field& config, const Ints& sizes) {
  WeightSpecs specs;
  if (config.get("scale").flag_or(true))
    specs.push_back({.name = "gamma", .sizes = sizes, .initializer = "ones"});
  if (config.get("center").flag_or(true))
    specs.push_back({.name = "beta", .sizes = sizes, .initializer = "zeros"});
  return specs;
}

WeightSpecs batch_normalization_weights(const Field& config, const Shape& input) {
  Field axis = config.get("axis");
  if (axis.is_list() && axis.items().size() != 1) axis.refuse("must be one axis", "-1");
  int at = axis.is_list() ? axis.items()[0].integer() : axis.integer_or(-1);
  int size = size_at(input, at);
  WeightSpecs specs = scale_and_center(config, {size});
  specs.push_back(
      {.name = "moving_mean", .sizes = {size}, .initializer = "zeros", .trainable = false});
  specs.push_back(
      {.name = "moving_variance", .sizes = {size}, .initializer = "ones", .trainable = false});
  return specs;
}

Ints axes_of(const Field& config) {
  Field field = config.get("axis");
  return field.is_list() ? field.integers() : Ints{field.integer_or(-1)};
}

Operand layer_normalization(const LayerCall& c) {
  Ints axes = axes_of(c.layer.config);
  for (int& axis : axes) axis = positive_axis(axis, c.x().rank());
  return c.b.apply(layer_normalization_op, {c.x(), c.weight("gamma"), c.weight("beta")},
                   {{"axes", axes}, {"epsilon", c.config("epsilon").number_or(1e-3)}});
}

WeightSpecs layer_normalization_weights(const Field& config, const Shape& input) {
  Ints sizes;
  if (input.rank() > 0)
    for (int axis : axes_of(config)) sizes.push_back(size_at(input, axis));
  return scale_and_center(config, sizes);
}

constexpr LayerClass rows[] = {
    {"BatchNormalization", batch_normalization, batch_normalization_weights, same_mask},
    {"BatchNormalizationV1", batch_normalization, batch_normalization_weights, same_mask},
    {"LayerNormalization", layer_normalization, layer_normalization_weights, same_mask},
};

}  // namespace

const std::span<const LayerClass> normalization_layers = rows;

}  // namespace gesso
