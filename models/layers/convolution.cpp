// Convolutions of images and of sequences.
#include <algorithm>
#include <limits>
#include <tuple>

#include "core/ops/list.h"
#include "models/layers/images.h"

namespace gesso {
namespace {

constexpr int most_int = std::numeric_limits<int>::max();

WindowOptions window(const LayerCall& c) {
  return {c.pair("strides", {1, 1}), c.pair("dilation_rate", {1, 1}), padding_of(c), {0, 0, 0, 0}};
}

Operand conv2d_layer(const LayerCall& c) {
  return as_saved(
      c, c.activate(conv2d(c.b, as_image(c), c.weight("kernel"), c.weight("bias"), window(c))));
}

Operand conv1d(const LayerCall& c) {
  Operand x = as_row(c), kernel = c.weight("kernel");
  const Shape& k = kernel.shape();
  Operand filter = c.b.reshape(c.b.transpose(kernel, {2, 0, 1}), {k[2], 1, k[0], k[1]});
  int dilation = c.single("dilation_rate", 1), stride = c.single("strides", 1);
  Ints pads(4);
  if (c.word("padding", "valid") == "causal") {
    // A step sees only what came before it.
    pads[2] = int(std::clamp<int64_t>((int64_t{k[0]} - 1) * dilation, 0, most_int));
  } else if (padding_of(c) == Padding::same && stride > 0) {
    std::tie(pads[2], pads[3]) = same_padding(x.shape()[2], k[0], stride, dilation);
  }
  if (k[1] < 1 || x.shape().back() % k[1] != 0)
    c.refuse("the kernel does not fit the channels of the input", "[size, channels, filters]");
  Operand y = c.b.apply(conv2d_op, {x, filter, c.weight("bias")},
                        {{"padding", pads},
                         {"strides", Ints{1, stride}},
                         {"dilations", Ints{1, dilation}},
                         {"groups", double(x.shape().back() / k[1])}});
  return as_sequence(c, c.activate(y));
}

Operand depthwise(const LayerCall& c) {
  return as_saved(c, c.activate(depthwise_conv2d(c.b, as_image(c), c.weight("depthwise_kernel"),
                                                 c.weight("bias"), window(c))));
}

Operand separable(const LayerCall& c) {
  Operand x = depthwise_conv2d(c.b, as_image(c), c.weight("depthwise_kernel"), {}, window(c));
  return as_saved(c, c.activate(conv2d(c.b, x, c.weight("pointwise_kernel"), c.weight("bias"),
                                       WindowOptions{})));
}

// The output size is in * stride, and what the window covers beyond it with "valid" padding,
// unless an output padding says otherwise.
Operand conv2d_transpose(const LayerCall& c) {
  Operand x = as_image(c), kernel = c.weight("kernel");
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
  return as_saved(c, c.activate(conv_transpose2d(c.b, x, kernel, c.weight("bias"), w, sizes)));
}

// The i-th number of a configured size, n or [n, ...], or -1 where there is none.
int size_in(const Field& config, Text name, size_t i) {
  Field field = config.get(name);
  if (!field) return -1;
  int size = field.is_list() ? -1 : field.integer();
  if (field.is_list()) {
    Ints sizes = field.integers();
    if (sizes.empty()) field.refuse("is empty", "[3, 3]");
    size = sizes[std::min(i, sizes.size() - 1)];
  }
  if (size < 1) field.refuse("must be above 0", "[3, 3]");
  return size;
}

// A number above 0, or -1 where the product of an unknown size is asked for.
int count_in(const Field& config, Text name, int otherwise) {
  Field field = config.get(name);
  int count = field.integer_or(otherwise);
  if (count < 1) field.refuse("must be above 0", "1");
  return count;
}

int filters(const Field& config) {
  int filters = config.at("filters").integer();
  if (filters < 1) config.at("filters").refuse("must be above 0", "32");
  return filters;
}

int channels(const Field& config, const Shape& input) {
  return size_at(input, is_channels_first(config) ? 1 : -1);
}

// Channels that each filter sees.
int channels_of_group(const Field& config, const Shape& input) {
  int all = channels(config, input), groups = count_in(config, "groups", 1);
  if (all > 0 && all % groups != 0)
    config.get("groups").refuse("does not divide the channels of the input", "1");
  return all < 0 ? -1 : all / groups;
}

WeightSpecs with_bias(const Field& config, WeightSpecs specs, int size) {
  if (config.get("use_bias").flag_or(true))
    specs.push_back({.name = "bias", .sizes = {size}, .initializer = "zeros"});
  return specs;
}

WeightSpecs conv2d_weights(const Field& config, const Shape& input) {
  int height = size_in(config, "kernel_size", 0), width = size_in(config, "kernel_size", 1);
  Ints sizes{height, width, channels_of_group(config, input), filters(config)};
  return with_bias(config, {{.name = "kernel", .sizes = sizes}}, filters(config));
}

WeightSpecs conv1d_weights(const Field& config, const Shape& input) {
  Ints sizes{size_in(config, "kernel_size", 0), channels_of_group(config, input), filters(config)};
  return with_bias(config, {{.name = "kernel", .sizes = sizes}}, filters(config));
}

WeightSpecs conv2d_transpose_weights(const Field& config, const Shape& input) {
  int height = size_in(config, "kernel_size", 0), width = size_in(config, "kernel_size", 1);
  Ints sizes{height, width, filters(config), channels(config, input)};
  return with_bias(config, {{.name = "kernel", .sizes = sizes}}, filters(config));
}

// How many channels a depthwise convolution gives, or -1.
int multiplied(const Field& config, int channels) {
  int multiplier = count_in(config, "depth_multiplier", 1);
  if (channels > most_int / multiplier)
    config.get("depth_multiplier").refuse("is too large", "a small number");
  return channels < 0 ? -1 : channels * multiplier;
}

Ints depthwise_sizes(const Field& config, const Shape& input) {
  return {size_in(config, "kernel_size", 0), size_in(config, "kernel_size", 1),
          channels(config, input), count_in(config, "depth_multiplier", 1)};
}

WeightSpecs depthwise_weights(const Field& config, const Shape& input) {
  WeightSpec kernel{.name = "depthwise_kernel",
                    .sizes = depthwise_sizes(config, input),
                    .settings = "depthwise",
                    .other_name = "kernel"};
  return with_bias(config, {kernel}, multiplied(config, channels(config, input)));
}

WeightSpecs separable_weights(const Field& config, const Shape& input) {
  Ints depthwise_kernel = depthwise_sizes(config, input);
  Ints pointwise{1, 1, multiplied(config, channels(config, input)), filters(config)};
  return with_bias(
      config,
      {{.name = "depthwise_kernel", .sizes = depthwise_kernel, .settings = "depthwise"},
       {.name = "pointwise_kernel", .sizes = pointwise, .settings = "pointwise"}},
      filters(config));
}

constexpr LayerClass rows[] = {
    {.name = "Conv1D", .write = conv1d, .weights = conv1d_weights, .spans_steps = true},
    {"Conv2D", conv2d_layer, conv2d_weights},
    {"Conv2DTranspose", conv2d_transpose, conv2d_transpose_weights},
    {"DepthwiseConv2D", depthwise, depthwise_weights},
    {"SeparableConv2D", separable, separable_weights},
};

}  // namespace

const std::span<const LayerClass> convolution_layers = rows;

}  // namespace gesso
