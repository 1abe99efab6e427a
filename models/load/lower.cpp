#include "models/load/lower.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ops/list.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void check_window(Operand x, const WindowOptions& w, const Part& who) {
  if (x.rank() != 4)
    fail(phrase({who, ": the input must be a batch of images"}), {{"input", x.shape()}},
         "[batch, height, width, channels]");
  auto is_bad = [](int n) { return n < 1; };
  for (const Ints* pair : {&w.strides, &w.dilations})
    if (pair->size() != 2 || std::any_of(pair->begin(), pair->end(), is_bad))
      fail(phrase({who, ": strides and dilations must be two numbers above 0"}), {}, "[1, 1]");
}

void check_filter(Operand filter, const Part& who) {
  if (filter.rank() != 4)
    fail(phrase({who, ": the filter must have four sizes"}), {{"filter", filter.shape()}},
         "[height, width, in, out]");
}

Ints padding_of(Operand x, int height, int width, const WindowOptions& w) {
  if (w.padding == Padding::given) return w.pads;
  if (w.padding == Padding::valid) return {0, 0, 0, 0};
  auto [top, bottom] = same_padding(x.shape()[1], height, w.strides[0], w.dilations[0]);
  auto [left, right] = same_padding(x.shape()[2], width, w.strides[1], w.dilations[1]);
  return {top, bottom, left, right};
}

Operand times(Builder& b, Operand x, Operand y) {
  return b.apply(mul_op, {x, y});
}

// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), Hendrycks and Gimpel's approximation.
Operand gelu_tanh(Builder& b, Operand x) {
  Operand cube = times(b, x, times(b, x, x));
  Operand inner = b.apply(add_op, {x, b.apply(linear_op, {cube}, {{"alpha", 0.044715}})});
  Operand t = b.apply(tanh_op, {b.apply(linear_op, {inner}, {{"alpha", 0.7978845608028654}})});
  return times(b, x, b.apply(linear_op, {t}, {{"alpha", 0.5}, {"beta", 0.5}}));
}

// x - log(sum(exp(x))) along the last axis.
Operand log_softmax(Builder& b, Operand x) {
  return b.apply(sub_op, {x, reduce(b, reduce_log_sum_exp_op, x, {-1}, true)});
}

}  // namespace

std::pair<int, int> same_padding(int size, int kernel, int stride, int dilation) {
  int64_t outputs = (int64_t{size} + stride - 1) / stride;
  int64_t needed = (outputs - 1) * stride + (int64_t{kernel} - 1) * dilation + 1;
  int64_t total = std::clamp<int64_t>(needed - size, 0, std::numeric_limits<int>::max());
  return {int(total / 2), int(total - total / 2)};
}

Operand convolve(Builder& b, Operand x, Operand filter, Operand bias, const WindowOptions& w) {
  check_window(x, w, "conv2d");
  const Shape& f = filter.shape();
  int channels = x.shape().back();
  if (f.rank() != 4 || f[3] < 1 || channels % f[3] != 0)
    fail("conv2d: the filter does not fit the channels of the input",
         {{"input", x.shape()}, {"filter", f}}, "a filter [out, height, width, channels]");
  return b.apply(conv2d_op, {x, filter, bias},
                 {{"padding", padding_of(x, f[1], f[2], w)},
                  {"strides", w.strides},
                  {"dilations", w.dilations},
                  {"groups", double(channels / f[3])}});
}

Operand conv2d(Builder& b, Operand x, Operand filter, Operand bias, const WindowOptions& window) {
  check_window(x, window, "conv2d");
  check_filter(filter, "conv2d");
  int channels = x.shape().back(), in = filter.shape()[2];
  if (in < 1 || channels % in != 0)
    fail("conv2d: the filter does not fit the channels of the input",
         {{"input", x.shape()}, {"filter", filter.shape()}},
         "a filter [height, width, channels, out]");
  return convolve(b, x, b.transpose(filter, {3, 0, 1, 2}), bias, window);
}

Operand depthwise_conv2d(Builder& b, Operand x, Operand filter, Operand bias,
                         const WindowOptions& window) {
  check_window(x, window, "conv2d");
  check_filter(filter, "conv2d");
  const Shape& f = filter.shape();
  if (f[2] != x.shape().back())
    fail("conv2d: the depthwise filter does not fit the channels of the input",
         {{"input", x.shape()}, {"filter", f}}, "a filter [height, width, channels, multiplier]");
  int64_t out = int64_t{f[2]} * f[3];
  if (out > std::numeric_limits<int>::max())
    fail("conv2d: the filter has too many channels", {{"filter", f}}, "fewer channels");
  Operand ours = b.reshape(b.transpose(filter, {2, 3, 0, 1}), {int(out), f[0], f[1], 1});
  return convolve(b, x, ours, bias, window);
}

Operand conv_transpose2d(Builder& b, Operand x, Operand filter, Operand bias,
                         const WindowOptions& window, const Ints& sizes) {
  check_window(x, window, "convTranspose2d");
  check_filter(filter, "convTranspose2d");
  if (filter.shape()[3] < 1)
    fail("convTranspose2d: the filter has no input channels", {{"filter", filter.shape()}},
         "a filter [height, width, out, in]");
  Ints padding = window.padding == Padding::given ? window.pads : Ints{0, 0, 0, 0};
  Ints extra = {0, 0};
  for (size_t i = 0; i < 2; ++i) {
    int axis = int(i) + 1;
    // What the window covers without any padding; what is beyond the output is cut off.
    int64_t covered = (int64_t{x.shape()[axis]} - 1) * window.strides[i] +
                      (int64_t{filter.shape()[int(i)]} - 1) * window.dilations[i] + 1;
    int64_t cut = covered - sizes[i];
    if (std::abs(cut) > std::numeric_limits<int>::max())
      fail("convTranspose2d: the sizes are too large", {{"input", x.shape()}}, "smaller strides");
    if (window.padding == Padding::given) {
      extra[i] = int(sizes[i] - (covered - padding[2 * i] - padding[2 * i + 1]));
    } else if (cut >= 0) {
      padding[2 * i] = window.padding == Padding::same ? int(cut / 2) : 0;
      padding[2 * i + 1] = int(cut) - padding[2 * i];
    } else {
      extra[i] = int(-cut);
    }
  }
  return b.apply(conv_transpose2d_op, {x, b.transpose(filter, {2, 0, 1, 3}), bias},
                 {{"padding", padding},
                  {"strides", window.strides},
                  {"dilations", window.dilations},
                  {"outputPadding", extra}});
}

Operand pool2d(Builder& b, const Op& op, Operand x, const Ints& size, const WindowOptions& window) {
  check_window(x, window, op.name);
  if (size.size() != 2 || size[0] < 1 || size[1] < 1)
    fail(phrase({op.name, ": the window must be two numbers above 0"}), {}, "[2, 2]");
  return b.apply(op, {x},
                 {{"windowDimensions", size},
                  {"padding", padding_of(x, size[0], size[1], window)},
                  {"strides", window.strides},
                  {"dilations", window.dilations}});
}

Operand dense(Builder& b, Operand x, Operand kernel, Operand bias) {
  if (x.rank() < 1 || kernel.rank() != 2 || x.shape().back() != kernel.shape()[0])
    fail("gemm: the kernel does not fit the last axis of the input",
         {{"input", x.shape()}, {"kernel", kernel.shape()}},
         "a kernel [in, out], where in is the last size of the input");
  Shape out = x.shape();
  out.back() = kernel.shape()[1];
  int rows = int(x.shape().count(0, x.rank() - 1));
  Operand flat = b.reshape(x, {rows, x.shape().back()});
  return b.reshape(b.apply(gemm_op, {flat, kernel, bias}), out);
}

Operand resize(Builder& b, Operand x, int height, int width, const Resize& how) {
  if (x.rank() != 4 || height < 1 || width < 1)
    fail("resample2d: the input must be a batch of images and the sizes above 0",
         {{"input", x.shape()},
          {"sizes", '[' + std::to_string(height) + ", " + std::to_string(width) + ']'}},
         "[batch, height, width, channels]");
  std::string coordinates = how.align_corners        ? "alignCorners"
                            : how.half_pixel_centers ? "halfPixelUp"
                                                     : "asymmetric";
  return b.apply(resample2d_op, {how.linear ? as_float(b, x) : x},
                 {{"mode", std::string(how.linear ? "linear" : "nearest-neighbor")},
                  {"sizes", Ints{height, width}},
                  {"coordinates", coordinates}});
}

Operand channels_last(Builder& b, Operand x) {
  return x.rank() == 4 ? b.transpose(x, {0, 2, 3, 1}) : b.transpose(x, {0, 2, 1});
}

Operand channels_first(Builder& b, Operand x) {
  return x.rank() == 4 ? b.transpose(x, {0, 3, 1, 2}) : b.transpose(x, {0, 2, 1});
}

Operand activation(Builder& b, Text name, Operand x, bool keras3) {
  // Those that are one of our operators with its defaults.
  struct Row {
    Text name;
    const Op* op;
  };
  static const Row rows[] = {
      {"relu", &relu_op},
      {"elu", &elu_op},
      {"exp", &exp_op},
      {"exponential", &exp_op},
      {"gelu", &gelu_op},
      {"selu", &selu_op},
      {"sigmoid", &sigmoid_op},
      {"softplus", &softplus_op},
      {"softsign", &softsign_op},
      {"tanh", &tanh_op},
      {"softmax", &softmax_op},
      {"hard_swish", &hard_swish_op},
      {"hard_silu", &hard_swish_op},
  };
  for (const Row& row : rows)
    if (row.name == name) return b.apply(*row.op, {x});
  if (name == "linear") return x;
  if (name == "relu6") return clamp(b, x, 0, 6);
  if (name == "hard_sigmoid")
    return b.apply(hard_sigmoid_op, {x}, {{"alpha", keras3 ? 1.0 / 6 : 0.2}, {"beta", 0.5}});
  if (name == "swish" || name == "silu") return times(b, x, b.apply(sigmoid_op, {x}));
  if (name == "mish") return times(b, x, b.apply(tanh_op, {b.apply(softplus_op, {x})}));
  if (name == "gelu_new") return gelu_tanh(b, x);
  if (name == "leaky_relu") return b.apply(leaky_relu_op, {x}, {{"alpha", 0.2}});
  if (name == "log_softmax") return log_softmax(b, x);
  return {};
}

Operand clamp(Builder& b, Operand x, double low, double high) {
  if (low == -infinity && high == infinity) return x;
  return b.apply(clamp_op, {x}, {{"minValue", low}, {"maxValue", high}});
}

Operand binary(Builder& b, const Op& op, Operand x, Operand y) {
  auto width = [](DType t) { return t == DType::f32 ? 2 : t == DType::boolean ? 0 : 1; };
  DType wider = width(x.dtype()) >= width(y.dtype()) ? x.dtype() : y.dtype();
  return b.apply(op, {b.cast(x, wider), b.cast(y, wider)});
}

Operand as_float(Builder& b, Operand x) {
  return b.cast(x, DType::f32);
}

Operand reduce(Builder& b, const Op& op, Operand x, Ints axes, bool keep) {
  for (int& axis : axes) axis = positive_axis(axis, x.rank());
  if (axes.empty()) return x;  // TensorFlow: no axes, nothing to reduce
  return b.apply(op, {x}, {{"axes", axes}, {"keepDimensions", keep}});
}

}  // namespace gesso
