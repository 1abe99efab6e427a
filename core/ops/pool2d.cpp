// averagePool2d, l2Pool2d and maxPool2d: one number for each channel of each window of an image.
// Padding takes no part: the average is that of the pixels inside the image. A window wholly in
// the padding, as ceil rounding can make, gives what no pixels give: NaN, 0 and -Infinity.
#include "core/ops/pool2d.h"

#include <cmath>
#include <limits>

#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

int output_size(const Call& c, Side side) {
  int size = c.shape()[1 + int(side)];
  Window window = pool_window(c.node, side, c.shape());
  int floor = steps_of(c, window, size), ceil = steps_of(c, window, size, true);
  auto sizes = ints_option(c, "outputSizes", 2);
  if (sizes.empty()) return c.node.text("roundingType") == "ceil" ? ceil : floor;
  int given = sizes[size_t(side)];
  if (given != floor && given != ceil)
    fail(c,
         phrase({"outputSizes cannot be ", given, " along ",
                 (side == Side::height ? "the height" : "the width")}),
         phrase({floor, " (rounded down) or ", ceil, " (rounded up)"}));
  return given;
}

Types infer(const Call& c) {
  require_float(c);
  require_images(c);
  require_window_options(c);
  ints_option(c, "windowDimensions", 2);
  choice_option(c, "roundingType", {"floor", "ceil"});
  if (c.node.attrs.contains("minValue")) require_clamp(c);
  const Shape& input = c.shape();
  return {{DType::f32,
           {input[0], output_size(c, Side::height), output_size(c, Side::width), input[3]}}};
}

// What the three differ in: where they begin, how they take in a pixel, and how they end.
struct Average {
  static constexpr double start = 0;
  template <class Real>
  static Real add(Real sum, Real x) {
    return sum + x;
  }
  template <class Real>
  static Real finish(Real sum, int pixels) {
    return sum / Real(pixels);
  }
};

struct L2 {
  static constexpr double start = 0;
  template <class Real>
  static Real add(Real sum, Real x) {
    return sum + x * x;
  }
  template <class Real>
  static Real finish(Real sum, int) {
    return std::sqrt(sum);
  }
};

struct Max {
  static constexpr double start = -infinity;
  template <class Real>
  static Real add(Real largest, Real x) {
    return x > largest ? x : largest;  // NaN is passed over, as in TF.js
  }
  template <class Real>
  static Real finish(Real largest, int) {
    return largest;
  }
};

template <class Pool, class Real>
void cpu(Kernel<Real>& k) {
  const Shape &in = k.shape(), &out = k.out_shape();
  Window rows = pool_window(k.node, Side::height, in);
  Window columns = pool_window(k.node, Side::width, in);
  bool clamps = k.node.attrs.contains("minValue");
  Real least = clamps ? k.number("minValue") : Real(-infinity);
  Real most = clamps ? k.number("maxValue") : Real(infinity);
  const Real* x = k.input().data();
  Real* y = k.output().data();
  int channels = in[3];
  for (int batch = 0; batch < out[0]; ++batch)
    for (int oy = 0; oy < out[1]; ++oy)
      for (int ox = 0; ox < out[2]; ++ox, y += channels) {
        std::fill(y, y + channels, Real(Pool::start));
        auto [top, bottom] = rows.taps_inside(oy, in[1]);
        auto [left, right] = columns.taps_inside(ox, in[2]);
        int pixels = (bottom - top) * (right - left);
        for (int ky = top; ky < bottom; ++ky)
          for (int kx = left; kx < right; ++kx) {
            size_t row = size_t(batch) * size_t(in[1]) + size_t(rows.pixel(oy, ky));
            const Real* pixel =
                x + (row * size_t(in[2]) + size_t(columns.pixel(ox, kx))) * size_t(channels);
            for (int c = 0; c < channels; ++c) y[c] = Pool::add(y[c], pixel[c]);
          }
        for (int c = 0; c < channels; ++c) {
          Real value = Pool::finish(y[c], pixels);
          y[c] = value < least ? least : value > most ? most : value;
        }
      }
}

// The options of a pool's gradient, which has its windows written out.
Attrs gradient_attrs(const Grad& g) {
  Attrs attrs = window_attrs(g.node);
  const Shape& x = g.x[0].shape();
  attrs.set("windowDimensions", Ints{pool_window(g.node, Side::height, x).taps,
                                     pool_window(g.node, Side::width, x).taps});
  return attrs;
}

// What each window's share of its average hands back to the pixels.
Value spread(const Grad& g, Value dy) {
  Attrs attrs = gradient_attrs(g);
  attrs.set("inputSize", Ints{g.x[0].shape()[1], g.x[0].shape()[2]});
  return apply(average_pool2d_gradient_op, {dy}, std::move(attrs));
}

Values gradient_of_average(const Grad& g) {
  return {spread(g, clamp_gradient_of(g))};
}

Values gradient_of_max(const Grad& g) {
  return {apply(max_pool2d_gradient_op, {g.x[0], clamp_gradient_of(g)}, gradient_attrs(g))};
}

// dx = x * (the sum of dy / y over the windows that hold it); where y is 0 so is x, and dx. The
// pixels of a window are the square of its norm over ones.
Values gradient_of_l2(const Grad& g) {
  Value x = g.x[0], y = g.y[0];
  Value is_zero = equal(y, zeros_like(y));
  Value ratio = where(is_zero, zeros_like(y), g.dy() / where(is_zero, ones_like(y), y));
  Value pixels = square(apply(l2_pool2d_op, {ones_like(x)}, g.node.attrs));
  return {x * spread(g, ratio * pixels)};
}

constexpr Options l2_options{
    {"windowDimensions", {}},  {"padding", no_padding},   {"strides", one_by_one},
    {"dilations", one_by_one}, {"roundingType", "floor"}, {"outputSizes", {}},
};

// As above, with a clamp.
constexpr Options options{
    {"windowDimensions", {}},  {"padding", no_padding},   {"strides", one_by_one},
    {"dilations", one_by_one}, {"roundingType", "floor"}, {"outputSizes", {}},
    {"minValue", -infinity},   {"maxValue", infinity},
};

}  // namespace

constexpr Op average_pool2d_op{
    .name = "averagePool2d",
    .summary = "The average of each window of an image; of the whole image by default.",
    .inputs = {"input"},
    .attrs = options,
    .infer = infer,
    .cpu = {cpu<Average, float>, cpu<Average, double>},
    .gradient = gradient_of_average,
};

constexpr Op l2_pool2d_op{
    .name = "l2Pool2d",
    .summary = "The square root of the sum of squares of each window of an image.",
    .inputs = {"input"},
    .attrs = l2_options,
    .infer = infer,
    .cpu = {cpu<L2, float>, cpu<L2, double>},
    .gradient = gradient_of_l2,
};

constexpr Op max_pool2d_op{
    .name = "maxPool2d",
    .summary = "The largest element of each window of an image; of the whole image by default.",
    .inputs = {"input"},
    .attrs = options,
    .infer = infer,
    .cpu = {cpu<Max, float>, cpu<Max, double>},
    .gradient = gradient_of_max,
};

}  // namespace gesso
