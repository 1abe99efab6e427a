#include "models/load/tfjs_layer_table.h"

#include <algorithm>
#include <limits>

#include "core/ops/list.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_int = std::numeric_limits<int>::max();

// An activation is a word, or what Keras writes for one that is a layer.
Operand activate(const LayerCall& c, const Operand& x) {
  Field field = c.config("activation");
  if (!field) return x;
  Field word = field;
  if (field.is_object()) {
    Field class_name = field.at("class_name"), config = field.at("config");
    const LayerClass* kind = find_layer_class(class_name.text());
    if (config.is_object() && kind && !kind->weights) {
      Layer layer{c.layer.name, class_name.text(), config, kind, nullptr, nullptr, {},
                  {},           c.layer.keras3};
      return kind->write({c.b, layer, {x}});
    }
    word = config.is_text() ? config : class_name;
  }
  Operand y = activation(c.b, snake_case(word.text()), x, c.layer.keras3);
  if (!y) field.refuse("is not an activation that can be loaded", "relu, sigmoid, softmax, ...");
  return y;
}

bool is_channels_first(const LayerCall& c) {
  std::string format = c.word("data_format", "channels_last");
  if (format != "channels_last" && format != "channels_first")
    c.config("data_format").refuse("is not a layout", "channels_last or channels_first");
  return format == "channels_first";
}

// The input as images in our layout, and a result in the file's layout.
Operand image(const LayerCall& c) {
  if (c.x().rank() != 4)
    c.refuse("the input must be a batch of images", "[batch, height, width, channels]");
  return is_channels_first(c) ? channels_last(c.b, c.x()) : c.x();
}

Operand as_saved(const LayerCall& c, const Operand& y) {
  return is_channels_first(c) ? channels_first(c.b, y) : y;
}

// The input [batch, steps, channels] as images of one row.
Operand sequence(const LayerCall& c) {
  if (c.x().rank() != 3)
    c.refuse("the input must be a batch of sequences", "[batch, steps, channels]");
  Operand x = is_channels_first(c) ? channels_last(c.b, c.x()) : c.x();
  return c.b.reshape(x, {x.shape()[0], 1, x.shape()[1], x.shape()[2]});
}

Operand as_sequence(const LayerCall& c, const Operand& y) {
  const Shape& s = y.shape();
  return as_saved(c, c.b.reshape(y, {s[0], s[2], s[3]}));
}

// A configured number of one dimension: n or [n].
int single(const LayerCall& c, std::string_view name, int otherwise) {
  Field field = c.config(name);
  if (!field) return otherwise;
  if (!field.is_list()) return field.integer();
  auto items = field.items();
  if (items.size() != 1) field.refuse("must be one number", "1");
  return items[0].integer();
}

Padding padding(const LayerCall& c) {
  std::string word = c.word("padding", "valid");
  if (word != "same" && word != "valid")
    c.config("padding").refuse("is not a padding for this layer", "same or valid");
  return word == "same" ? Padding::same : Padding::valid;
}

WindowOptions window(const LayerCall& c) {
  return {c.pair("strides", {1, 1}), c.pair("dilation_rate", {1, 1}), padding(c), {0, 0, 0, 0}};
}

Operand conv2d_layer(const LayerCall& c) {
  return as_saved(
      c, activate(c, conv2d(c.b, image(c), c.weight("kernel"), c.weight("bias"), window(c))));
}

Operand conv1d(const LayerCall& c) {
  Operand x = sequence(c), kernel = c.weight("kernel");
  const Shape& k = kernel.shape();
  Operand filter = c.b.reshape(c.b.transpose(kernel, {2, 0, 1}), {k[2], 1, k[0], k[1]});
  int dilation = single(c, "dilation_rate", 1), stride = single(c, "strides", 1);
  Ints pads(4);
  if (c.word("padding", "valid") == "causal") {
    // A step sees only what came before it.
    pads[2] = int(std::clamp<int64_t>((int64_t{k[0]} - 1) * dilation, 0, most_int));
  } else if (padding(c) == Padding::same && stride > 0) {
    std::tie(pads[2], pads[3]) = same_padding(x.shape()[2], k[0], stride, dilation);
  }
  if (k[1] < 1 || x.shape().back() % k[1] != 0)
    c.refuse("the kernel does not fit the channels of the input", "[size, channels, filters]");
  Operand y = c.b.apply(conv2d_op, {x, filter, c.weight("bias")},
                        {{"padding", pads},
                         {"strides", Ints{1, stride}},
                         {"dilations", Ints{1, dilation}},
                         {"groups", double(x.shape().back() / k[1])}});
  return as_sequence(c, activate(c, y));
}

Operand depthwise(const LayerCall& c) {
  return as_saved(c, activate(c, depthwise_conv2d(c.b, image(c), c.weight("depthwise_kernel"),
                                                  c.weight("bias"), window(c))));
}

Operand separable(const LayerCall& c) {
  Operand x = depthwise_conv2d(c.b, image(c), c.weight("depthwise_kernel"), {}, window(c));
  return as_saved(c, activate(c, conv2d(c.b, x, c.weight("pointwise_kernel"), c.weight("bias"),
                                        WindowOptions{})));
}

// The output size is in * stride, and what the window covers beyond it with "valid" padding,
// unless an output padding says otherwise.
Operand conv2d_transpose(const LayerCall& c) {
  Operand x = image(c), kernel = c.weight("kernel");
  WindowOptions w = window(c);
  Ints extra = c.pair("output_padding", {-1, -1}), sizes(2);
  for (size_t i = 0; i < 2; ++i) {
    int axis = int(i);
    int64_t in = x.shape()[axis + 1];
    int64_t cover = (int64_t{kernel.shape()[axis]} - 1) * w.dilations[i] + 1;
    int64_t size = in * w.strides[i];
    if (extra[i] >= 0) {
      int64_t pad = w.padding == Padding::same ? cover / 2 : 0;
      size = (in - 1) * w.strides[i] + cover - 2 * pad + extra[i];
    } else if (w.padding == Padding::valid) {
      size += std::max<int64_t>(cover - w.strides[i], 0);
    }
    if (size < 0 || size > most_int) c.refuse("the output has no possible size", "smaller strides");
    sizes[i] = int(size);
  }
  return as_saved(c, activate(c, conv_transpose2d(c.b, x, kernel, c.weight("bias"), w, sizes)));
}

Operand dense_layer(const LayerCall& c) {
  return activate(c, dense(c.b, as_float(c.b, c.x()), c.weight("kernel"), c.weight("bias")));
}

template <const Op& op>
Operand pooling2d(const LayerCall& c) {
  Ints size = c.pair("pool_size", {2, 2});
  WindowOptions w{c.pair("strides", size), {1, 1}, padding(c), {0, 0, 0, 0}};
  return as_saved(c, pool2d(c.b, op, image(c), size, w));
}

template <const Op& op>
Operand pooling1d(const LayerCall& c) {
  int size = single(c, "pool_size", 2);
  WindowOptions w{{1, single(c, "strides", size)}, {1, 1}, padding(c), {0, 0, 0, 0}};
  return as_sequence(c, pool2d(c.b, op, sequence(c), {1, size}, w));
}

template <const Op& op, int rank>
Operand global_pooling(const LayerCall& c) {
  if (c.x().rank() != rank)
    c.refuse("the input must have " + std::to_string(rank) + " sizes",
             rank == 4 ? "[batch, height, width, channels]" : "[batch, steps, channels]");
  Ints axes = is_channels_first(c) ? Ints{2} : Ints{1};
  if (rank == 4) axes.push_back(axes[0] + 1);
  return reduce(c.b, op, c.x(), axes, c.config("keepdims").flag_or(false));
}

// [[before, after], [before, after]] from the forms that Keras allows.
std::vector<Ints> borders(const LayerCall& c, std::string_view name) {
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
  Operand y = c.b.apply(pad_op, {image(c)},
                        {{"beginningPadding", Ints{0, p[0][0], p[1][0], 0}},
                         {"endingPadding", Ints{0, p[0][1], p[1][1], 0}}});
  return as_saved(c, y);
}

Operand cut(Builder& b, const Operand& x, const Ints& starts, const Ints& sizes) {
  return b.apply(slice_op, {x}, {{"starts", starts}, {"sizes", sizes}});
}

Operand cropping(const LayerCall& c) {
  auto p = borders(c, "cropping");
  Operand x = image(c);
  Ints starts(4), sizes(x.shape().begin(), x.shape().end());
  for (size_t i = 0; i < 2; ++i) {
    starts[i + 1] = p[i][0];
    int64_t size = int64_t{sizes[i + 1]} - p[i][0] - p[i][1];
    if (size < 1) c.refuse("crops away the whole image", "smaller numbers in cropping");
    sizes[i + 1] = int(size);
  }
  return as_saved(c, cut(c.b, x, starts, sizes));
}

bool is_linear(const LayerCall& c) {
  std::string word = c.word("interpolation", "nearest");
  if (word != "nearest" && word != "bilinear")
    c.config("interpolation").refuse("cannot be loaded", "nearest or bilinear");
  return word == "bilinear";
}

int scaled(const LayerCall& c, int size, int factor) {
  if (factor < 1 || size > most_int / factor)
    c.config("size").refuse("is not a scale for this image", "a small number above 0");
  return size * factor;
}

Operand up_sampling(const LayerCall& c) {
  Ints size = c.pair("size", {2, 2});
  Operand x = image(c);
  int height = scaled(c, x.shape()[1], size[0]), width = scaled(c, x.shape()[2], size[1]);
  return as_saved(c, resize(c.b, x, height, width, {is_linear(c), false, false}));
}

// A lone picture is treated as a batch of one.
Operand as_batch(const LayerCall& c) {
  const Operand& x = c.x();
  if (x.rank() != 3 && x.rank() != 4)
    c.refuse("the input must be images", "[batch, height, width, channels]");
  if (x.rank() == 4) return x;
  return c.b.reshape(x, {1, x.shape()[0], x.shape()[1], x.shape()[2]});
}

Operand without_batch(const LayerCall& c, const Operand& y) {
  if (c.x().rank() == 4) return y;
  return c.b.reshape(y, {y.shape()[1], y.shape()[2], y.shape()[3]});
}

// TF.js lets the corners of the two images coincide unless the aspect ratio is to be kept.
Operand resizing(const LayerCall& c) {
  bool crop = c.config("crop_to_aspect_ratio").flag_or(false);
  int height = c.config("height").integer(), width = c.config("width").integer();
  bool linear = c.config("interpolation") ? is_linear(c) : true;
  return without_batch(c, resize(c.b, as_batch(c), height, width, {linear, !crop, false}));
}

Operand center_crop(const LayerCall& c) {
  Operand x = as_batch(c);
  int height = c.config("height").integer(), width = c.config("width").integer();
  const Shape& s = x.shape();
  if (height < 1 || width < 1) c.refuse("the height and width must be above 0", "smaller crops");
  if (s[1] < height || s[2] < width)
    return without_batch(c, resize(c.b, x, height, width, {true, false, false}));
  // What cannot be halved is cut off below and, as in TF.js, on the left.
  return without_batch(c, cut(c.b, x, {0, (s[1] - height) / 2, (s[2] - width + 1) / 2, 0},
                              {s[0], height, width, s[3]}));
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
    fail(field.file() + ": " + field.path() + " does not have as many elements as the input",
         {{"input", to_string(c.x().shape())}, {"found", field.shown()}},
         "sizes whose product is " + std::to_string(count));
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

Operand same(const LayerCall& c) {
  return c.x();
}

Operand activation_layer(const LayerCall& c) {
  return activate(c, as_float(c.b, c.x()));
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

// One axis, alone or in a list.
int one_axis(const LayerCall& c, int otherwise) {
  int axis = positive_axis(single(c, "axis", otherwise), c.x().rank());
  if (axis < 0 || axis >= c.x().rank())
    c.config("axis").refuse("is not an axis of the input", "-1");
  return axis;
}

Operand softmax_layer(const LayerCall& c) {
  return c.b.apply(softmax_op, {c.x()}, {{"axis", double(one_axis(c, -1))}});
}

Operand batch_normalization(const LayerCall& c) {
  return c.b.apply(
      batch_normalization_op,
      {c.x(), c.weight("moving_mean"), c.weight("moving_variance"), c.weight("gamma"),
       c.weight("beta")},
      {{"axis", double(one_axis(c, -1))}, {"epsilon", c.config("epsilon").number_or(1e-3)}});
}

Operand layer_normalization(const LayerCall& c) {
  Field field = c.config("axis");
  Ints axes = field.is_list() ? field.integers() : Ints{field.integer_or(-1)};
  for (int& axis : axes) axis = positive_axis(axis, c.x().rank());
  return c.b.apply(layer_normalization_op, {c.x(), c.weight("gamma"), c.weight("beta")},
                   {{"axes", axes}, {"epsilon", c.config("epsilon").number_or(1e-3)}});
}

Operand embedding(const LayerCall& c) {
  Operand y = c.b.apply(gather_op, {c.weight("embeddings"), c.b.cast(c.x(), DType::i32)});
  y.masked = c.config("mask_zero").flag_or(false);
  return y;
}

// Steps whose features all equal the mask value are set to zero.
Operand masking(const LayerCall& c) {
  Builder& b = c.b;
  if (c.x().rank() < 2)
    c.refuse("the input must be a batch of sequences", "[batch, steps, channels]");
  Operand value = b.scalar(c.config("mask_value").number_or(0));
  Operand differs = b.cast(b.apply(not_equal_op, {c.x(), value}), DType::f32);
  Operand y = b.apply(mul_op, {c.x(), reduce(b, reduce_max_op, differs, {-1}, true)});
  y.masked = true;
  return y;
}

// Inputs of fewer dimensions are aligned at the batch: [2, 3] meets [2, 4, 3] as [2, 1, 3].
Operands aligned(const LayerCall& c) {
  int rank = 0;
  for (const Operand& x : c.in) rank = std::max(rank, x.rank());
  Operands all;
  for (const Operand& x : c.in) {
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
  return c.b.apply(concat_op, c.in, {{"axis", double(one_axis(c, -1))}});
}

// x / sqrt(max(sum(x^2), 1e-12)) along an axis.
Operand normalized(Builder& b, const Operand& x, int axis) {
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

// The layer inside sees every time step as an element of a larger batch.
Operand time_distributed(const LayerCall& c) {
  const Shape& s = c.x().shape();
  if (s.rank() < 3) c.refuse("the input must be a batch of sequences", "[batch, steps, ...]");
  Shape steps{int(s.count(0, 2))};
  for (int i = 2; i < s.rank(); ++i) steps.push_back(s[i]);
  Operands y = call_layer(c.b, *c.layer.inner, {c.b.reshape(c.x(), steps)});
  if (y.size() != 1 || y[0].rank() < 1) c.refuse("the layer inside must have one output", "Dense");
  Shape shape{s[0], s[1]};
  for (int i = 1; i < y[0].rank(); ++i) shape.push_back(y[0].shape()[i]);
  return c.b.reshape(y[0], shape);
}

// A number, or one number for each channel.
Operand per_channel(const LayerCall& c, std::string_view name, double otherwise) {
  Field field = c.config(name);
  if (!field.is_list()) return c.b.scalar(field.number_or(otherwise));
  std::vector<float> values;
  for (const Field& item : field.items()) values.push_back(float(item.number()));
  return c.b.numbers({int(values.size())}, values);
}

Operand rescaling(const LayerCall& c) {
  Operand scaled = c.b.apply(mul_op, {as_float(c.b, c.x()), per_channel(c, "scale", 1)});
  return c.b.apply(add_op, {scaled, per_channel(c, "offset", 0)});
}

// (x - mean) / max(sqrt(variance), 1e-7).
Operand normalization(const LayerCall& c) {
  Builder& b = c.b;
  Operand mean = c.weight("mean"), variance = c.weight("variance");
  if (!mean) mean = per_channel(c, "mean", 0);
  if (!variance) variance = per_channel(c, "variance", 1);
  Field axis = c.config("axis");
  if (axis.is_list() && axis.items().size() > 1)
    axis.refuse("cannot be several axes", "the last axis");
  if (axis && one_axis(c, -1) != c.x().rank() - 1) axis.refuse("must be the last axis", "-1");
  Operand deviation = clamp(b, b.apply(sqrt_op, {variance}), 1e-7, infinity);
  Operand centred = b.apply(sub_op, {as_float(b, c.x()), mean});
  Operand y = b.apply(div_op, {centred, deviation});
  return c.config("invert").flag_or(false)
             ? b.apply(add_op, {b.apply(mul_op, {as_float(b, c.x()), deviation}), mean})
             : y;
}

// How often each class is named (count), whether it is (multi_hot), or which one it is (one_hot).
Operand category_encoding(const LayerCall& c) {
  Builder& b = c.b;
  int classes = c.config("num_tokens").integer();
  std::string mode = c.word("output_mode", "multi_hot");
  Operand y = b.apply(one_hot_op, {b.cast(c.x(), DType::i32)}, {{"depth", double(classes)}});
  y = as_float(b, y);
  int rank = c.x().rank();
  if (mode == "one_hot" || (rank == 0 && (mode == "multi_hot" || mode == "count"))) {
    if (rank == 2 && c.x().shape()[1] == 1) return b.reshape(y, {c.x().shape()[0], classes});
    return y;
  }
  if (mode != "multi_hot" && mode != "count")
    c.config("output_mode").refuse("cannot be loaded", "count, multi_hot or one_hot");
  return reduce(b, mode == "count" ? reduce_sum_op : reduce_max_op, y, {rank - 1}, false);
}

// The weights of each class. Sizes that follow from the input are left open.

std::vector<WeightSpec> with_bias(const Field& config, std::vector<WeightSpec> specs, int size) {
  if (config.get("use_bias").flag_or(true)) specs.push_back({"bias", {size}});
  return specs;
}

int filters(const Field& config) {
  return config.at("filters").integer();
}

std::vector<WeightSpec> conv2d_weights(const Field& config) {
  return with_bias(config, {{"kernel", {-1, -1, -1, filters(config)}}}, filters(config));
}

std::vector<WeightSpec> conv1d_weights(const Field& config) {
  return with_bias(config, {{"kernel", {-1, -1, filters(config)}}}, filters(config));
}

std::vector<WeightSpec> conv2d_transpose_weights(const Field& config) {
  return with_bias(config, {{"kernel", {-1, -1, filters(config), -1}}}, filters(config));
}

std::vector<WeightSpec> depthwise_weights(const Field& config) {
  int multiplier = config.get("depth_multiplier").integer_or(1);
  return with_bias(config, {{"depthwise_kernel", {-1, -1, -1, multiplier}, "kernel"}}, -1);
}

std::vector<WeightSpec> separable_weights(const Field& config) {
  int multiplier = config.get("depth_multiplier").integer_or(1);
  return with_bias(config,
                   {{"depthwise_kernel", {-1, -1, -1, multiplier}},
                    {"pointwise_kernel", {1, 1, -1, filters(config)}}},
                   filters(config));
}

std::vector<WeightSpec> dense_weights(const Field& config) {
  int units = config.at("units").integer();
  return with_bias(config, {{"kernel", {-1, units}}}, units);
}

std::vector<WeightSpec> scale_and_center(const Field& config, const std::vector<int>& sizes) {
  std::vector<WeightSpec> specs;
  if (config.get("scale").flag_or(true)) specs.push_back({"gamma", sizes});
  if (config.get("center").flag_or(true)) specs.push_back({"beta", sizes});
  return specs;
}

std::vector<WeightSpec> batch_normalization_weights(const Field& config) {
  auto specs = scale_and_center(config, {-1});
  specs.push_back({"moving_mean", {-1}});
  specs.push_back({"moving_variance", {-1}});
  return specs;
}

std::vector<WeightSpec> layer_normalization_weights(const Field& config) {
  return scale_and_center(config, {});
}

std::vector<WeightSpec> embedding_weights(const Field& config) {
  return {{"embeddings", {config.at("input_dim").integer(), config.at("output_dim").integer()}}};
}

std::vector<WeightSpec> prelu_weights(const Field&) {
  return {{"alpha"}};
}

std::vector<WeightSpec> normalization_weights(const Field&) {
  return {{"mean", {}, {}, true}, {"variance", {}, {}, true}, {"count", {}, {}, true}};
}

const LayerClass classes[] = {
    {"Activation", activation_layer},
    {"ActivityRegularization", same},
    {.name = "Add", .write = merge<add_op>, .many_inputs = true},
    {"AlphaDropout", same},
    {.name = "Average", .write = average, .many_inputs = true},
    {"AveragePooling1D", pooling1d<average_pool2d_op>},
    {"AveragePooling2D", pooling2d<average_pool2d_op>},
    {.name = "BatchNormalization",
     .write = batch_normalization,
     .weights = batch_normalization_weights},
    {.name = "BatchNormalizationV1",
     .write = batch_normalization,
     .weights = batch_normalization_weights},
    {"CategoryEncoding", category_encoding},
    {"CenterCrop", center_crop},
    {.name = "Concatenate", .write = concatenate, .many_inputs = true},
    {.name = "Conv1D", .write = conv1d, .weights = conv1d_weights},
    {.name = "Conv2D", .write = conv2d_layer, .weights = conv2d_weights},
    {.name = "Conv2DTranspose", .write = conv2d_transpose, .weights = conv2d_transpose_weights},
    {"Cropping2D", cropping},
    {.name = "Dense", .write = dense_layer, .weights = dense_weights},
    {.name = "DepthwiseConv2D", .write = depthwise, .weights = depthwise_weights},
    {.name = "Dot", .write = dot, .many_inputs = true},
    {"Dropout", same},
    {"ELU", elu_layer},
    {.name = "Embedding", .write = embedding, .weights = embedding_weights},
    {"Flatten", flatten},
    {"GaussianDropout", same},
    {"GaussianNoise", same},
    {.name = "GlobalAveragePooling1D",
     .write = global_pooling<reduce_mean_op, 3>,
     .needs_mask = true},
    {"GlobalAveragePooling2D", global_pooling<reduce_mean_op, 4>},
    {"GlobalMaxPooling1D", global_pooling<reduce_max_op, 3>},
    {"GlobalMaxPooling2D", global_pooling<reduce_max_op, 4>},
    {.name = "LayerNormalization",
     .write = layer_normalization,
     .weights = layer_normalization_weights},
    {"LeakyReLU", leaky_relu_layer},
    {"Masking", masking},
    {"MaxPooling1D", pooling1d<max_pool2d_op>},
    {"MaxPooling2D", pooling2d<max_pool2d_op>},
    {.name = "Maximum", .write = merge<max_op>, .many_inputs = true},
    {.name = "Minimum", .write = merge<min_op>, .many_inputs = true},
    {.name = "Multiply", .write = merge<mul_op>, .many_inputs = true},
    {.name = "Normalization", .write = normalization, .weights = normalization_weights},
    {.name = "PReLU", .write = prelu_layer, .weights = prelu_weights},
    {"Permute", permute},
    {"RandomBrightness", same},
    {"RandomContrast", same},
    {"RandomFlip", same},
    {"RandomRotation", same},
    {"RandomTranslation", same},
    {"RandomZoom", same},
    {"ReLU", relu_layer},
    {"RepeatVector", repeat_vector},
    {"Rescaling", rescaling},
    {"Reshape", reshape_layer},
    {"Resizing", resizing},
    {.name = "SeparableConv2D", .write = separable, .weights = separable_weights},
    {.name = "Softmax", .write = softmax_layer, .needs_mask = true},
    {"SpatialDropout1D", same},
    {"SpatialDropout2D", same},
    {.name = "Subtract", .write = subtract, .many_inputs = true},
    {"ThresholdedReLU", thresholded_relu},
    {"TimeDistributed", time_distributed},
    {"UpSampling2D", up_sampling},
    {"ZeroPadding2D", zero_padding},
};

}  // namespace

Field LayerCall::config(std::string_view name) const {
  return layer.config.get(name);
}

std::string LayerCall::word(std::string_view name, std::string_view otherwise) const {
  return snake_case(config(name).text_or(otherwise));
}

Ints LayerCall::pair(std::string_view name, Ints otherwise) const {
  Field field = config(name);
  if (!field) return otherwise;
  Ints sizes = field.is_list() ? field.integers() : Ints{field.integer()};
  if (sizes.size() == 1) sizes.push_back(sizes[0]);
  if (sizes.size() != 2) field.refuse("must be one number or two", "[2, 2]");
  return sizes;
}

Operand LayerCall::weight(std::string_view name) const {
  for (size_t i = 0; i < layer.specs.size(); ++i)
    if (layer.specs[i].name == name && layer.weights[i]) return Builder::weight(*layer.weights[i]);
  return {};
}

void LayerCall::refuse(std::string_view what, std::string_view hint) const {
  std::string inputs;
  for (const Operand& operand : in)
    inputs += (inputs.empty() ? "" : ", ") + to_string(operand.shape());
  fail(layer.config.file() + ": layer " + in_quotes(layer.name) + ": " + std::string(what),
       {{"class", layer.class_name}, {"input", inputs}}, hint);
}

const LayerClass* find_layer_class(std::string_view name) {
  for (const LayerClass& row : classes)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace gesso
