// Layers that make one number of many: windows and whole images or sequences.
#include "core/ops/list.h"
#include "models/layers/images.h"

namespace gesso {
namespace {

template <const Op& op>
Operand pooling2d(const LayerCall& c) {
  Ints size = c.pair("pool_size", {2, 2});
  WindowOptions w{c.pair("strides", size), {1, 1}, padding_of(c), {0, 0, 0, 0}};
  return as_saved(c, pool2d(c.b, op, as_image(c), size, w));
}

template <const Op& op>
Operand pooling1d(const LayerCall& c) {
  int size = c.single("pool_size", 2);
  WindowOptions w{{1, c.single("strides", size)}, {1, 1}, padding_of(c), {0, 0, 0, 0}};
  return as_sequence(c, pool2d(c.b, op, as_row(c), {1, size}, w));
}

template <const Op& op, int rank>
Operand global_pooling(const LayerCall& c) {
  if (c.x().rank() != rank)
    c.refuse(phrase({"the input must have ", rank, " sizes"}),
             rank == 4 ? "[batch, height, width, channels]" : "[batch, steps, channels]");
  Ints axes = is_channels_first(c) ? Ints{2} : Ints{1};
  if (rank == 4) axes.push_back(axes[0] + 1);
  return reduce(c.b, op, c.x(), axes, c.config("keepdims").flag_or(false));
}

// With a mask: the mean of the steps that count.
Operand global_average1d(const LayerCall& c) {
  if (!c.mask()) return global_pooling<reduce_mean_op, 3>(c);
  if (c.x().rank() != 3 || is_channels_first(c))
    c.refuse("only a batch of sequences can have a mask", "[batch, steps, channels]");
  bool keep = c.config("keepdims").flag_or(false);
  const Shape& shape = c.mask().shape();
  Operand counts = c.b.reshape(as_float(c.b, c.mask()), {shape[0], shape[1], 1});
  Operand sum = reduce(c.b, reduce_sum_op, c.b.apply(mul_op, {c.x(), counts}), {1}, keep);
  return c.b.apply(div_op, {sum, reduce(c.b, reduce_sum_op, counts, {1}, keep)});
}

constexpr LayerClass rows[] = {
    {.name = "AveragePooling1D", .write = pooling1d<average_pool2d_op>, .spans_steps = true},
    {"AveragePooling2D", pooling2d<average_pool2d_op>},
    {.name = "GlobalAveragePooling1D", .write = global_average1d, .spans_steps = true},
    {"GlobalAveragePooling2D", global_pooling<reduce_mean_op, 4>},
    {.name = "GlobalMaxPooling1D", .write = global_pooling<reduce_max_op, 3>, .spans_steps = true},
    {"GlobalMaxPooling2D", global_pooling<reduce_max_op, 4>},
    {.name = "MaxPooling1D", .write = pooling1d<max_pool2d_op>, .spans_steps = true},
    {"MaxPooling2D", pooling2d<max_pool2d_op>},
};

}  // namespace

const std::span<const LayerClass> pooling_layers = rows;

}  // namespace gesso
