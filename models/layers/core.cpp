// Dense layers, embeddings, and layers that only move elements.
#include <algorithm>
#include <limits>

#include "core/ops/list.h"
#include "models/layers/context.h"
#include "models/layers/images.h"
#include "models/layers/regularizers.h"

namespace gesso {
namespace {

constexpr int most_int = std::numeric_limits<int>::max();

Operand dense_layer(const LayerCall& c) {
  return c.activate(dense(c.b, as_float(c.b, c.x()), c.weight("kernel"), c.weight("bias")));
}

WeightSpecs dense_weights(const Field& config, const Shape& input) {
  int units = config.at("units").integer();
  if (units < 1) config.at("units").refuse("must be above 0", "32");
  WeightSpecs specs{{.name = "kernel", .sizes = {size_at(input, -1), units}}};
  if (config.get("use_bias").flag_or(true))
    specs.push_back({.name = "bias", .sizes = {units}, .initializer = "zeros"});
  return specs;
}

Operand embedding(const LayerCall& c) {
  return c.b.apply(gather_op, {c.weight("embeddings"), c.b.cast(c.x(), DType::i32)});
}

WeightSpecs embedding_weights(const Field& config, const Shape&) {
  Ints sizes{config.at("input_dim").integer(), config.at("output_dim").integer()};
  return {{.name = "embeddings", .sizes = sizes, .initializer = "random_uniform"}};
}

// Word 0 stands for a step that is not there.
Operand embedding_mask(const LayerCall& c) {
  if (!c.config("mask_zero").flag_or(false)) return {};
  return c.b.apply(not_equal_op, {c.x(), c.b.scalar(0, c.x().dtype())});
}

// Steps whose features all equal the mask value do not count.
Operand masking_mask(const LayerCall& c) {
  if (c.x().rank() < 2)
    c.refuse("the input must be a batch of sequences", "[batch, steps, channels]");
  Operand value = c.b.scalar(c.config("mask_value").number_or(0));
  Operand differs = as_float(c.b, c.b.apply(not_equal_op, {c.x(), value}));
  return c.b.cast(reduce(c.b, reduce_max_op, differs, {-1}, false), DType::boolean);
}

// ... and are set to zero.
Operand masking(const LayerCall& c) {
  Operand mask = as_float(c.b, masking_mask(c));
  Shape shape = mask.shape();
  shape.push_back(1);
  return c.b.apply(mul_op, {c.x(), c.b.reshape(mask, shape)});
}

Operand activity_regularization(const LayerCall& c) {
  Operand whole = c.context.judged()
                      ? penalty(c.b, as_float(c.b, c.x()), c.config("l1").number_or(0),
                                c.config("l2").number_or(0))
                      : Operand{};
  int batch = c.x().rank() > 0 ? std::max(1, c.x().shape()[0]) : 1;
  if (whole) c.context.add_penalty(c.b.apply(linear_op, {whole}, {{"alpha", 1.0 / batch}}));
  return c.x();
}

Operand flatten(const LayerCall& c) {
  Operand x = c.x();
  if (x.rank() < 1) c.refuse("the input has no batch", "[batch, ...]");
  if (is_channels_first(c) && x.rank() > 2) {  // [batch, channels, ...] to [batch, ..., channels]
    std::vector<int> order{0};
    for (int i = 2; i < x.rank(); ++i) order.push_back(i);
    order.push_back(1);
    x = c.b.transpose(x, order);
  }
  return c.b.reshape(x, {x.shape()[0], int(x.shape().count(1, x.rank()))});
}

Operand reshape_layer(const LayerCall& c) {
  Field field = c.config("target_shape");
  if (c.x().rank() < 1) c.refuse("the input has no batch", "[batch, ...]");
  // 64 bits, also where size_t has 32.
  uint64_t count = c.x().shape().count(1, c.x().rank()), known = 1;
  Shape shape{c.x().shape()[0]};
  int open = -1;
  for (const Field& item : field.items()) {
    int size = item ? item.integer() : -1;
    if (size < -1 || (size == -1 && open >= 0))
      field.refuse("must have sizes above 0 and at most one -1", "[-1, 4]");
    if (size == -1)
      open = shape.rank();
    else
      known *= uint64_t(size);
    shape.push_back(size);
    if (known > uint64_t{most_int}) field.refuse("is too large", "as many elements as the input");
  }
  if (open >= 0) shape[open] = known ? int(count / known) : 0;
  if ((open < 0 ? known : known * uint64_t(shape[open])) != count)
    fail(phrase({field.file(), ": ", field.path(), " does not have as many elements as the input"}),
         {{"input", c.x().shape()}, {"found", field.shown()}},
         phrase({"sizes whose product is ", count}));
  return c.b.reshape(c.x(), shape);
}

Operand permute(const LayerCall& c) {
  std::vector<int> order{0};
  for (int axis : c.config("dims").integers()) order.push_back(axis);
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < int(sorted.size()); ++i)
    if (sorted[size_t(i)] != i || int(sorted.size()) != c.x().rank())
      c.config("dims").refuse("must name every axis but the batch once", "[2, 1]");
  return c.b.transpose(c.x(), order);
}

Operand repeat_vector(const LayerCall& c) {
  if (c.x().rank() != 2) c.refuse("the input must be a batch of vectors", "[batch, features]");
  int n = c.config("n").integer(), rows = c.x().shape()[0], columns = c.x().shape()[1];
  if (n < 0) c.config("n").refuse("cannot be negative", "1");
  Operand x = c.b.reshape(c.x(), {rows, 1, columns});
  return c.b.apply(expand_op, {x}, {{"newShape", Ints{rows, n, columns}}});
}

// [[before, after], [before, after]] from the forms that Keras allows.
std::vector<Ints> borders(const LayerCall& c, Text name) {
  Field field = c.config(name);
  if (!field) return {{1, 1}, {1, 1}};
  if (!field.is_list())
    return {{field.integer(), field.integer()}, {field.integer(), field.integer()}};
  std::vector<Ints> all;
  for (const Field& item : field.items()) {
    Ints pair = item.is_list() ? item.integers() : Ints{item.integer(), item.integer()};
    if (pair.size() != 2 || pair[0] < 0 || pair[1] < 0)
      item.refuse("must be two numbers, 0 or more", "[1, 1]");
    all.push_back(pair);
  }
  if (all.size() != 2) field.refuse("must be two pairs of numbers", "[[1, 1], [1, 1]]");
  return all;
}

Operand zero_padding(const LayerCall& c) {
  auto p = borders(c, "padding");
  Operand y = c.b.apply(pad_op, {as_image(c)},
                        {{"beginningPadding", Ints{0, p[0][0], p[1][0], 0}},
                         {"endingPadding", Ints{0, p[0][1], p[1][1], 0}}});
  return as_saved(c, y);
}

Operand cropping(const LayerCall& c) {
  auto p = borders(c, "cropping");
  Operand x = as_image(c);
  Ints starts(4), sizes(x.shape().begin(), x.shape().end());
  for (size_t i = 0; i < 2; ++i) {
    starts[i + 1] = p[i][0];
    int64_t size = int64_t{sizes[i + 1]} - p[i][0] - p[i][1];
    if (size < 1) c.refuse("crops away the whole image", "smaller numbers in cropping");
    sizes[i + 1] = int(size);
  }
  return as_saved(c, cut(c.b, x, starts, sizes));
}

int scaled(const LayerCall& c, int size, int factor) {
  if (factor < 1 || size > most_int / factor)
    c.config("size").refuse("is not a scale for this image", "a small number above 0");
  return size * factor;
}

Operand up_sampling(const LayerCall& c) {
  Ints size = c.pair("size", {2, 2});
  Operand x = as_image(c);
  int height = scaled(c, x.shape()[1], size[0]), width = scaled(c, x.shape()[2], size[1]);
  return as_saved(c, resize(c.b, x, height, width, {is_linear(c), false, false}));
}

constexpr LayerClass rows[] = {
    {.name = "ActivityRegularization", .write = activity_regularization, .mask = same_mask},
    {.name = "Cropping2D", .write = cropping},
    {.name = "Dense", .write = dense_layer, .weights = dense_weights, .mask = same_mask},
    {.name = "Embedding", .write = embedding, .weights = embedding_weights, .mask = embedding_mask},
    {.name = "Flatten", .write = flatten},
    {.name = "Masking", .write = masking, .mask = masking_mask},
    {.name = "Permute", .write = permute},
    {.name = "RepeatVector", .write = repeat_vector},
    {.name = "Reshape", .write = reshape_layer},
    {.name = "UpSampling2D", .write = up_sampling},
    {.name = "ZeroPadding2D", .write = zero_padding},
};

}  // namespace

const std::span<const LayerClass> core_layers = rows;

}  // namespace gesso
