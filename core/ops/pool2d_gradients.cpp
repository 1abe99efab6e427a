// averagePool2dGradient(dy) and maxPool2dGradient(input, dy): what the numbers of a pool hand back
// to the pixels under its windows. maxPool2dSelect(input, values): what maxPool2dGradient would
// take from; the derivative of each of the two by its second input is the other.
#include <algorithm>
#include <limits>

#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/pool2d.h"

namespace gesso {
namespace {

// Refuses sizes that a pool over images of this shape does not give; it may round down or up.
void require_pooled(const Call& c, const Shape& input, const Shape& pooled, Text name) {
  bool fits = pooled.rank() == 4 && pooled[0] == input[0] && pooled[3] == input[3];
  for (Side side : {Side::height, Side::width}) {
    Window window = pool_window(c.node, side, input);
    int axis = 1 + int(side), floor = steps_of(c, window, input[axis]);
    int ceil = steps_of(c, window, input[axis], true);
    if (!fits || (pooled[axis] != floor && pooled[axis] != ceil))
      fail(c, phrase({name, " must have the shape that the pool gives"}),
           phrase({"along the ", side == Side::height ? "height" : "width", " ", floor,
                   (ceil == floor ? std::string() : " or " + std::to_string(ceil))}));
  }
}

void require_options(const Call& c) {
  require_float(c);
  require_images(c);
  require_window_options(c);
  ints_option(c, "windowDimensions", 2);
}

Types infer_average(const Call& c) {
  require_options(c);
  auto size = ints_option(c, "inputSize", 2);
  for (int pixels : size)
    if (pixels < 1) fail(c, "the input must have at least one pixel", "a larger inputSize");
  const Shape& dy = c.shape();
  Shape input{dy[0], size[0], size[1], dy[3]};
  require_pooled(c, input, dy, "dy");
  return {{DType::f32, input}};
}

Types infer_max(const Call& c) {
  require_options(c);
  require_pooled(c, c.shape(), c.shape(1), "dy");
  return {c.in[0]};
}

Types infer_select(const Call& c) {
  require_options(c);
  if (c.shape(1) != c.shape())
    fail(c, "values must have the shape of the input", phrase({"the shape ", c.shape()}));
  auto size = ints_option(c, "outputSizes", 2);
  Shape pooled{c.shape()[0], size[0], size[1], c.shape()[3]};
  require_pooled(c, c.shape(), pooled, "the output");
  return {{DType::f32, pooled}};
}

// The pixels under one window, as offsets of their first channel.
struct Pixels {
  size_t first, row_step, column_step;
  int rows, columns;
};

// Calls f(pixels, pooled) for each window: the pixels under it and the offset of its results.
template <class F>
void each_window(const Node& node, const Shape& input, const Shape& pooled, F f) {
  Window rows = pool_window(node, Side::height, input);
  Window columns = pool_window(node, Side::width, input);
  size_t channels = size_t(input[3]), across = size_t(input[2]) * channels, at = 0;
  for (int batch = 0; batch < pooled[0]; ++batch)
    for (int oy = 0; oy < pooled[1]; ++oy)
      for (int ox = 0; ox < pooled[2]; ++ox, at += channels) {
        auto [top, bottom] = rows.taps_inside(oy, input[1]);
        auto [left, right] = columns.taps_inside(ox, input[2]);
        if (top == bottom || left == right) continue;
        size_t row = size_t(batch) * size_t(input[1]) + size_t(rows.pixel(oy, top));
        f(Pixels{row * across + size_t(columns.pixel(ox, left)) * channels,
                 size_t(rows.dilation) * across, size_t(columns.dilation) * channels, bottom - top,
                 right - left},
          at);
      }
}

template <class Real>
void average(Kernel<Real>& k) {
  const Real* dy = k.input().data();
  Real* dx = k.output().data();
  size_t channels = size_t(k.shape()[3]);
  std::ranges::fill(k.output(), Real(0));
  each_window(k.node, k.out_shape(), k.shape(), [&](const Pixels& p, size_t at) {
    for (int i = 0; i < p.rows; ++i)
      for (int j = 0; j < p.columns; ++j)
        for (size_t c = 0; c < channels; ++c)
          dx[p.first + size_t(i) * p.row_step + size_t(j) * p.column_step + c] +=
              dy[at + c] / Real(p.rows * p.columns);
  });
}

// Calls f(place, pooled) with the place of the first of the largest elements of each window. There
// is none where no element is above -Infinity.
template <class Real, class F>
void each_maximum(const Kernel<Real>& k, const Shape& pooled, F f) {
  const Real* x = k.input().data();
  size_t channels = size_t(k.shape()[3]);
  each_window(k.node, k.shape(), pooled, [&](const Pixels& p, size_t at) {
    for (size_t c = 0; c < channels; ++c) {
      Real most = -std::numeric_limits<Real>::infinity();
      size_t place = 0;
      bool found = false;
      for (int i = 0; i < p.rows; ++i)
        for (int j = 0; j < p.columns; ++j) {
          size_t here = p.first + size_t(i) * p.row_step + size_t(j) * p.column_step + c;
          if (!(x[here] > most)) continue;
          most = x[here];
          place = here;
          found = true;
        }
      if (found) f(place, at + c);
    }
  });
}

template <class Real>
void max(Kernel<Real>& k) {
  const Real* dy = k.input(1).data();
  std::ranges::fill(k.output(), Real(0));
  each_maximum(k, k.shape(1),
               [&, dx = k.output().data()](size_t place, size_t at) { dx[place] += dy[at]; });
}

template <class Real>
void select(Kernel<Real>& k) {
  const Real* values = k.input(1).data();
  std::ranges::fill(k.output(), Real(0));
  each_maximum(k, k.out_shape(),
               [&, y = k.output().data()](size_t place, size_t at) { y[at] = values[place]; });
}

Attrs options_of(const Grad& g) {
  Attrs options = window_attrs(g.node);
  options.set("windowDimensions", *g.node.attrs.find("windowDimensions"));
  return options;
}

// Whether some window lies wholly in the padding.
bool has_empty_window(const Node& node, const Shape& input, const Shape& pooled) {
  for (Side side : {Side::height, Side::width}) {
    Window window = pool_window(node, side, input);
    int axis = 1 + int(side);
    for (int step : {0, pooled[axis] - 1}) {
      auto [first, end] = window.taps_inside(step, input[axis]);
      if (first == end) return true;
    }
  }
  return false;
}

// The average of no pixels is NaN, yet its dy went nowhere.
Values gradient_of_average(const Grad& g) {
  Attrs options = options_of(g);
  const Shape& dy = g.x[0].shape();
  options.set("outputSizes", Ints{dy[1], dy[2]});
  Value result = apply(average_pool2d_op, {g.dy()}, options);
  if (!has_empty_window(g.node, g.dy().shape(), dy)) return {result};
  Value ones = apply(average_pool2d_op, {ones_like(g.dy())}, options);
  return {only_where(equal(ones, ones_like(ones)), result)};
}

Values gradient_of_max(const Grad& g) {
  Attrs options = options_of(g);
  options.set("outputSizes", Ints{g.x[1].shape()[1], g.x[1].shape()[2]});
  return {{}, apply(max_pool2d_select_op, {g.x[0], g.dy()}, std::move(options))};
}

Values gradient_of_select(const Grad& g) {
  return {{}, apply(max_pool2d_gradient_op, {g.x[0], g.dy()}, options_of(g))};
}

}  // namespace

constexpr Op average_pool2d_gradient_op{
    .name = "averagePool2dGradient",
    .summary = "The derivative of averagePool2d by its input, which has inputSize as its sizes.",
    .inputs = {"dy"},
    .attrs = {{"windowDimensions", {}},
              {"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one},
              {"inputSize", one_by_one}},
    .infer = infer_average,
    .cpu = CpuKernel::oracle(average<float>, average<double>),
    .gradient = gradient_of_average,
};

constexpr Op max_pool2d_gradient_op{
    .name = "maxPool2dGradient",
    .summary =
        "The derivative of maxPool2d by its input: dy in the place of the first of the largest "
        "elements of each window.",
    .inputs = {"input", "dy"},
    .attrs = {{"windowDimensions", {}},
              {"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one}},
    .infer = infer_max,
    .cpu = CpuKernel::oracle(max<float>, max<double>),
    .gradient = gradient_of_max,
};

constexpr Op max_pool2d_select_op{
    .name = "maxPool2dSelect",
    .summary =
        "The values in the places of the first of the largest elements of the input, one for each "
        "window.",
    .inputs = {"input", "values"},
    .attrs = {{"windowDimensions", {}},
              {"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one},
              {"outputSizes", one_by_one}},
    .infer = infer_select,
    .cpu = {select<float>, select<double>},
    .gradient = gradient_of_select,
};

}  // namespace gesso
