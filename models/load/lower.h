// TensorFlow's convolutions, pools and activations in terms of our operators; both kinds of TF.js
// models need them. Images are [batch, height, width, channels].
#pragma once

#include <string_view>

#include "models/load/builder.h"

namespace gesso {

enum class Padding { same, valid, given };

// How a window walks over an image. Pairs are {height, width}.
struct WindowOptions {
  Ints strides = {1, 1};
  Ints dilations = {1, 1};
  Padding padding = Padding::valid;
  Ints pads = {0, 0, 0, 0};  // top, bottom, left, right, where the padding is given
};

// TensorFlow's padding {before, after} of one axis. With "same" the output has ceil(size/stride)
// elements, and an odd one is padded after.
std::pair<int, int> same_padding(int size, int kernel, int stride, int dilation);

// filter is [out, height, width, in / groups] as our operator has it; bias may be left out.
Operand convolve(Builder& b, Operand x, Operand filter, Operand bias, const WindowOptions& window);

// filter is [height, width, in / groups, out] as TensorFlow stores it.
Operand conv2d(Builder& b, Operand x, Operand filter, Operand bias, const WindowOptions& window);

// filter is [height, width, in, multiplier].
Operand depthwise_conv2d(Builder& b, Operand x, Operand filter, Operand bias,
                         const WindowOptions& window);

// The gradient of a convolution with "same" or "valid" padding. filter is [height, width, out, in];
// `sizes` are the output's {height, width}.
Operand conv_transpose2d(Builder& b, Operand x, Operand filter, Operand bias,
                         const WindowOptions& window, const Ints& sizes);

// op is average_pool2d_op or max_pool2d_op, size is the window's {height, width}.
Operand pool2d(Builder& b, const Op& op, Operand x, const Ints& size, const WindowOptions& window);

// x times a matrix [in, out] along the last axis of x, which may have any rank above 0.
Operand dense(Builder& b, Operand x, Operand kernel, Operand bias);

// TensorFlow's resizing. The centres of pixels lie at half or at whole numbers, and the corners of
// the two images may be made to coincide.
struct Resize {
  bool linear = true;
  bool align_corners = false;
  bool half_pixel_centers = false;
};
Operand resize(Builder& b, Operand x, int height, int width, const Resize& how);

// Reorders between [batch, channels, height, width] and our layout.
Operand channels_last(Builder& b, Operand x);
Operand channels_first(Builder& b, Operand x);

// The function that Keras knows by this name, in snake_case, or nothing. Keras 3 has another
// hard_sigmoid.
Operand activation(Builder& b, Text name, Operand x, bool keras3 = false);

// clamp(x, low, high), where either may be infinite.
Operand clamp(Builder& b, Operand x, double low, double high);

// Element-wise operators bring their operands to one type, as TF.js does: bool, then int32, then
// float32.
Operand binary(Builder& b, const Op& op, Operand x, Operand y);

// Some formulas need it on floats only.
Operand as_float(Builder& b, Operand x);

// reduce over axes, which may be counted from the end.
Operand reduce(Builder& b, const Op& op, Operand x, Ints axes, bool keep);

}  // namespace gesso
