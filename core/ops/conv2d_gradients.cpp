// conv2dFilterGradient(input, dy) and conv2dInputGradient(filter, dy): the derivatives of conv2d.
// Each is linear in both of its inputs, so the three of them are one another's derivatives.
// Shapes: input [batch, height, width, channels], filter [out, height, width, channels / groups],
// dy [batch, rows, columns, out] as conv2d would give.
#include <algorithm>

#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/window.h"

namespace gesso {
namespace {

void require_filters_per_group(const Call& c, int channels, int filters) {
  int groups = whole_option(c, "groups");
  if (groups < 1) fail(c, "groups must be at least 1", "1 for an ordinary convolution");
  if (channels % groups != 0 || filters % groups != 0)
    fail(c, "groups must divide the channels of the input and those of dy",
         "groups 1, or the number of channels for a depthwise convolution");
}

// Refuses a dy that is not what conv2d gives for images and filters of these sizes.
void require_result(const Call& c, const Shape& input, const Shape& filter) {
  Shape result{input[0], steps_of(c, window_of(c.node, Side::height, filter[1]), input[1]),
               steps_of(c, window_of(c.node, Side::width, filter[2]), input[2]), filter[0]};
  if (c.shape(1) != result)
    fail(c, "dy must have the shape that conv2d gives", phrase({"the shape ", to_string(result)}));
}

void require_four_sizes(const Call& c, int i) {
  if (c.shape(i).rank() != 4)
    fail(c, phrase({input_name(c.op, i), " must have four sizes"}),
         "images [batch, height, width, channels], filters [out, height, width, in / groups]");
}

Types infer_filter_gradient(const Call& c) {
  require_float(c);
  require_four_sizes(c, 0);
  require_four_sizes(c, 1);
  require_window_options(c);
  auto size = ints_option(c, "filterSize", 2);
  const Shape &input = c.shape(0), &dy = c.shape(1);
  require_filters_per_group(c, input[3], dy[3]);
  Shape filter{dy[3], size[0], size[1], input[3] / c.node.integer("groups")};
  require_result(c, input, filter);
  return {{DType::f32, filter}};
}

Types infer_input_gradient(const Call& c) {
  require_float(c);
  require_four_sizes(c, 0);
  require_four_sizes(c, 1);
  require_window_options(c);
  auto size = ints_option(c, "inputSize", 2);
  const Shape &filter = c.shape(0), &dy = c.shape(1);
  int groups = whole_option(c, "groups");
  int channels = size_from(c, int64_t(filter[3]) * groups);
  require_filters_per_group(c, channels, filter[0]);
  Shape input{dy[0], size[0], size[1], channels};
  for (int i : {1, 2})
    if (input[i] < 1) fail(c, "the input must have at least one pixel", "a larger inputSize");
  require_result(c, input, filter);
  return {{DType::f32, input}};
}

// Calls f(x, weight, y, count) for each tap of each filter at each pixel of dy that lies in the
// image: offsets of `count` channels of the input and of the filter, and of a number of dy.
template <class F>
void each_tap(const Node& node, const Shape& input, const Shape& filter, const Shape& dy, F f) {
  Window rows = window_of(node, Side::height, filter[1]);
  Window columns = window_of(node, Side::width, filter[2]);
  int filters = filter[0] / node.integer("groups");
  size_t depth = size_t(filter[3]), y = 0;
  for (int batch = 0; batch < dy[0]; ++batch)
    for (int oy = 0; oy < dy[1]; ++oy)
      for (int ox = 0; ox < dy[2]; ++ox)
        for (int o = 0; o < dy[3]; ++o, ++y) {
          auto [top, bottom] = rows.taps_inside(oy, input[1]);
          auto [left, right] = columns.taps_inside(ox, input[2]);
          for (int ky = top; ky < bottom; ++ky)
            for (int kx = left; kx < right; ++kx) {
              size_t row = size_t(batch) * size_t(input[1]) + size_t(rows.pixel(oy, ky));
              size_t pixel = row * size_t(input[2]) + size_t(columns.pixel(ox, kx));
              size_t tap = (size_t(o) * size_t(filter[1]) + size_t(ky)) * size_t(filter[2]);
              f(pixel * size_t(input[3]) + size_t(o / filters) * depth, (tap + size_t(kx)) * depth,
                y, depth);
            }
        }
}

template <class Real>
void filter_gradient(Kernel<Real>& k) {
  const Real *input = k.input(0).data(), *dy = k.input(1).data();
  std::ranges::fill(k.output(), Real(0));
  each_tap(k.node, k.shape(0), k.out_shape(), k.shape(1),
           [&, filter = k.output().data()](size_t x, size_t weight, size_t y, size_t count) {
             for (size_t i = 0; i < count; ++i) filter[weight + i] += input[x + i] * dy[y];
           });
}

template <class Real>
void input_gradient(Kernel<Real>& k) {
  const Real *filter = k.input(0).data(), *dy = k.input(1).data();
  std::ranges::fill(k.output(), Real(0));
  each_tap(k.node, k.out_shape(), k.shape(0), k.shape(1),
           [&, input = k.output().data()](size_t x, size_t weight, size_t y, size_t count) {
             for (size_t i = 0; i < count; ++i) input[x + i] += filter[weight + i] * dy[y];
           });
}

Values gradient_of_filter_gradient(const Grad& g) {
  Value input = g.x[0], dy = g.x[1], filter = g.dy();
  Attrs options = convolution_attrs(g.node);
  Values d(2);
  if (g.wants(0)) d[0] = conv2d_input_gradient(filter, dy, input.shape(), options);
  if (g.wants(1)) d[1] = conv2d(input, filter, options);
  return d;
}

Values gradient_of_input_gradient(const Grad& g) {
  Value filter = g.x[0], dy = g.x[1], input = g.dy();
  Attrs options = convolution_attrs(g.node);
  Values d(2);
  if (g.wants(0)) d[0] = conv2d_filter_gradient(input, dy, filter.shape(), options);
  if (g.wants(1)) d[1] = conv2d(input, filter, options);
  return d;
}

}  // namespace

constexpr Op conv2d_filter_gradient_op{
    .name = "conv2dFilterGradient",
    .summary = "The derivative of conv2d by its filter, which has filterSize as height and width.",
    .inputs = {"input", "dy"},
    .attrs = {{"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one},
              {"groups", 1.0},
              {"filterSize", one_by_one}},
    .infer = infer_filter_gradient,
    .cpu = {filter_gradient<float>, filter_gradient<double>},
    .gradient = gradient_of_filter_gradient,
};

constexpr Op conv2d_input_gradient_op{
    .name = "conv2dInputGradient",
    .summary = "The derivative of conv2d by its input, which has inputSize as height and width.",
    .inputs = {"filter", "dy"},
    .attrs = {{"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one},
              {"groups", 1.0},
              {"inputSize", one_by_one}},
    .infer = infer_input_gradient,
    .cpu = {input_gradient<float>, input_gradient<double>},
    .gradient = gradient_of_input_gradient,
};

}  // namespace gesso
