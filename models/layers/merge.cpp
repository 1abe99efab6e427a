// Layers that make one tensor of several.
#include <algorithm>
#include <limits>

#include "core/ops/list.h"
#include "models/layers/layer.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Inputs of fewer dimensions are aligned at the batch: [2, 3] meets [2, 4, 3] as [2, 1, 3].
Operands aligned(const LayerCall& c) {
  int rank = 0;
  for (Operand x : c.in) rank = std::max(rank, x.rank());
  Operands all;
  for (Operand x : c.in) {
    Shape shape = x.shape();
    while (shape.rank() > 0 && shape.rank() < rank) shape.insert(1, 1);
    all.push_back(c.b.reshape(x, shape));
  }
  return all;
}

template <const Op& op>
Operand merge(const LayerCall& c) {
  Operands all = aligned(c);
  Operand y = all[0];
  for (size_t i = 1; i < all.size(); ++i) y = binary(c.b, op, y, all[i]);
  return y;
}

Operand average(const LayerCall& c) {
  return c.b.apply(linear_op, {as_float(c.b, merge<add_op>(c))},
                   {{"alpha", 1.0 / double(c.in.size())}});
}

Operand subtract(const LayerCall& c) {
  if (c.in.size() != 2) c.refuse("there must be two inputs", "two inputs");
  return merge<sub_op>(c);
}

Operand concatenate(const LayerCall& c) {
  if (c.in.size() == 1) return c.x();
  return c.b.apply(concat_op, c.in, {{"axis", double(c.axis(-1))}});
}

// Along the steps, masks are concatenated too; along another axis a step counts where it counts
// in every input.
Operand concatenated_mask(const LayerCall& c) {
  auto is_given = [](Operand mask) { return bool(mask); };
  if (c.axis(-1) != 1 || std::none_of(c.masks.begin(), c.masks.end(), is_given))
    return common_mask(c);
  Operands all;
  for (size_t i = 0; i < c.in.size(); ++i) {
    const Shape& shape = c.in[i].shape();
    bool given = c.masks[i].rank() == 2;
    all.push_back(given ? c.masks[i] : c.b.filled({DType::boolean, {shape[0], shape[1]}}, 1));
  }
  return all.size() == 1 ? all[0] : c.b.apply(concat_op, all, {{"axis", 1.0}});
}

// x / sqrt(max(sum(x^2), 1e-12)) along an axis.
Operand normalized(Builder& b, Operand x, int axis) {
  Operand squares = reduce(b, reduce_sum_square_op, x, {axis}, true);
  return b.apply(div_op, {x, b.apply(sqrt_op, {clamp(b, squares, 1e-12, infinity)})});
}

// The scalar products along one axis of each input, for every element of the batch.
Operand dot(const LayerCall& c) {
  if (c.in.size() != 2 || c.in[0].rank() < 2 || c.in[1].rank() < 2)
    c.refuse("there must be two inputs of at least two sizes", "[batch, features] twice");
  Builder& b = c.b;
  Field field = c.config("axes");
  Ints axes = field.is_list() ? field.integers() : Ints{field.integer(), field.integer()};
  Operand sides[2] = {c.in[0], c.in[1]};
  Shape shape{c.x().shape()[0]};
  if (axes.size() != 2) field.refuse("must be one axis of each input", "[1, 1]");
  for (size_t i = 0; i < 2; ++i) {
    Operand& x = sides[i];
    int axis = positive_axis(axes[i], x.rank());
    if (axis < 1 || axis >= x.rank()) field.refuse("must not be the batch", "[1, 1]");
    if (c.config("normalize").flag_or(false)) x = normalized(b, x, axis);
    std::vector<int> order{0};
    for (int j = 1; j < x.rank(); ++j) {
      if (j == axis) continue;
      order.push_back(j);
      shape.push_back(x.shape()[j]);
    }
    int length = x.shape()[axis], rows = x.shape()[0];
    int others = length ? int(x.shape().count(1, x.rank()) / size_t(length)) : 0;
    order.insert(i == 0 ? order.end() : order.begin() + 1, axis);
    Shape matrices = i == 0 ? Shape{rows, others, length} : Shape{rows, length, others};
    x = b.reshape(b.transpose(x, order), matrices);
  }
  if (shape.rank() == 1) shape.push_back(1);
  return b.reshape(b.apply(matmul_op, {sides[0], sides[1]}), shape);
}

template <Operand (*write)(const LayerCall&)>
constexpr LayerClass merging(Text name) {
  return {.name = name, .write = write, .mask = common_mask, .many_inputs = true};
}

constexpr LayerClass rows[] = {
    merging<merge<add_op>>("Add"),
    merging<average>("Average"),
    {.name = "Concatenate", .write = concatenate, .mask = concatenated_mask, .many_inputs = true},
    {.name = "Dot", .write = dot, .many_inputs = true},
    merging<merge<max_op>>("Maximum"),
    merging<merge<min_op>>("Minimum"),
    merging<merge<mul_op>>("Multiply"),
    merging<subtract>("Subtract"),
};

}  // namespace

const std::span<const LayerClass> merge_layers = rows;

}  // namespace gesso
