// Activations as layers.
#include <limits>

#include "core/ops/list.h"
#include "models/layers/layer.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Operand activation_layer(const LayerCall& c) {
  return c.activate(as_float(c.b, c.x()));
}

// max_value where x is above it, x above the threshold, slope * (x - threshold) below.
Operand relu_layer(const LayerCall& c) {
  Builder& b = c.b;
  Field most = c.config("max_value");
  double high = most ? most.number() : infinity;
  double slope = c.config("negative_slope").number_or(0);
  double threshold = c.config("threshold").number_or(0);
  Operand x = as_float(b, c.x());
  if (slope == 0 && threshold == 0)
    return high == infinity ? b.apply(relu_op, {x}) : clamp(b, x, 0, high);
  Operand capped = clamp(b, x, -infinity, high);
  Operand low = b.apply(linear_op, {x}, {{"alpha", slope}, {"beta", -slope * threshold}});
  Operand above = b.apply(greater_or_equal_op, {x, b.scalar(threshold)});
  return b.apply(where_op, {above, capped, low});
}

Operand leaky_relu_layer(const LayerCall& c) {
  double alpha = c.config(c.config("negative_slope") ? "negative_slope" : "alpha").number_or(0.3);
  return c.b.apply(leaky_relu_op, {c.x()}, {{"alpha", alpha}});
}

Operand elu_layer(const LayerCall& c) {
  return c.b.apply(elu_op, {c.x()}, {{"alpha", c.config("alpha").number_or(1)}});
}

Operand prelu_layer(const LayerCall& c) {
  return c.b.apply(prelu_op, {c.x(), c.weight("alpha")});
}

Operand thresholded_relu(const LayerCall& c) {
  Operand theta = c.b.scalar(c.config("theta").number_or(1));
  Operand above = c.b.cast(c.b.apply(greater_op, {c.x(), theta}), DType::f32);
  return c.b.apply(mul_op, {c.x(), above});
}

// One slope for each element but the batch; a shared axis has one for all of its elements.
WeightSpecs prelu_weights(const Field& config, const Shape& input) {
  if (input.rank() == 0) return {{.name = "alpha", .initializer = "zeros"}};
  Ints sizes(input.begin() + 1, input.end());
  if (Field shared = config.get("shared_axes"))
    for (const Field& axis : shared.is_list() ? shared.items() : std::vector<Field>{shared}) {
      int at = positive_axis(axis.integer(), input.rank());
      if (at < 1 || at >= input.rank()) axis.refuse("is not an axis of the input", "[1, 2]");
      sizes[size_t(at) - 1] = 1;
    }
  return {{.name = "alpha", .sizes = sizes, .initializer = "zeros"}};
}

// What is added so that the softmax of these elements is 0.
Operand without_masked(const LayerCall& c, const Ints& axes) {
  Operand mask = c.mask();
  if (!mask) return c.x();
  bool along_steps = axes == Ints{1} && mask.rank() == 2;
  if (mask.rank() != c.x().rank() && !along_steps) return c.x();
  if (along_steps) {
    Shape shape = mask.shape();
    while (shape.rank() < c.x().rank()) shape.push_back(1);
    mask = c.b.reshape(mask, shape);
  }
  Operand penalty = c.b.apply(linear_op, {as_float(c.b, mask)}, {{"alpha", 1e9}, {"beta", -1e9}});
  return c.b.apply(add_op, {c.x(), penalty});
}

// exp(x - log(sum(exp(x)))) over one axis or several.
Operand softmax_layer(const LayerCall& c) {
  Field field = c.config("axis");
  Ints axes = field.is_list() ? field.integers() : Ints{field.integer_or(-1)};
  for (int& axis : axes) {
    axis = positive_axis(axis, c.x().rank());
    if (axis < 0 || axis >= c.x().rank()) field.refuse("is not an axis of the input", "-1");
  }
  Operand x = without_masked(c, axes);
  if (axes.size() == 1) return c.b.apply(softmax_op, {x}, {{"axis", double(axes[0])}});
  Operand sum = reduce(c.b, reduce_log_sum_exp_op, x, axes, true);
  return c.b.apply(exp_op, {c.b.apply(sub_op, {x, sum})});
}

constexpr LayerClass rows[] = {
    {.name = "Activation", .write = activation_layer, .mask = same_mask},
    {.name = "ELU", .write = elu_layer, .mask = same_mask},
    {.name = "LeakyReLU", .write = leaky_relu_layer, .mask = same_mask},
    {.name = "PReLU", .write = prelu_layer, .weights = prelu_weights, .mask = same_mask},
    {.name = "ReLU", .write = relu_layer, .mask = same_mask},
    {.name = "Softmax", .write = softmax_layer, .mask = same_mask},
    {.name = "ThresholdedReLU", .write = thresholded_relu, .mask = same_mask},
};

}  // namespace

const std::span<const LayerClass> activation_layers = rows;

}  // namespace gesso
