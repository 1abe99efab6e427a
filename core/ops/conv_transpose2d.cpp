// convTranspose2d(input, filter, bias?): every pixel of the input paints a filter onto the output,
// `strides` pixels apart. The transpose of conv2d as a matrix, not its inverse.
// Shapes: input [batch, height, width, channels], filter [out, height, width, channels / groups],
// bias [out].
#include <limits>

#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/window.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Height or width of the output. The sizes that conv2d would bring to the input's are a range of
// `stride` sizes; outputPadding or outputSizes picks one.
int output_size(const Call& c, Side side) {
  int size = c.shape()[1 + int(side)], taps = c.shape(1)[1 + int(side)];
  if (taps < 1) fail(c, "a filter must have at least one pixel", "a larger filter");
  if (size < 1) fail(c, "the input must have at least one pixel", "a larger input");
  Window window = window_of(c.node, side, taps);
  int64_t least =
      int64_t(size - 1) * window.stride + window.extent() - window.before - window.after;
  int64_t result = least;
  auto sizes = ints_option(c, "outputSizes", 2);
  if (sizes.empty()) {
    int more = ints_option(c, "outputPadding", 2)[size_t(side)];
    if (more < 0 || more >= window.stride)
      fail(c, "outputPadding must be at least 0 and less than the stride", "[0, 0]");
    result += more;
  } else {
    result = sizes[size_t(side)];
    if (result < least || result >= least + window.stride)
      fail(c,
           phrase({"outputSizes cannot be ", result, " along ",
                   (side == Side::height ? "the height" : "the width")}),
           phrase({"a number from ", least, " to ", least + window.stride - 1}));
  }
  if (result < 1) fail(c, "the padding leaves nothing of the output", "less padding");
  return size_from(c, result);
}

Types infer(const Call& c) {
  require_float(c);
  require_images(c);
  require_filter(c);
  require_window_options(c);
  require_clamp(c);
  return {
      {DType::f32,
       {c.shape()[0], output_size(c, Side::height), output_size(c, Side::width), c.shape(1)[0]}}};
}

// The pixel of the input whose tap lands on an output pixel, or -1.
int source(const Window& window, int out, int tap, int size) {
  int64_t place = int64_t(out) + window.before - int64_t(tap) * window.dilation;
  if (place < 0 || place % window.stride != 0) return -1;
  place /= window.stride;
  return place < size ? int(place) : -1;
}

// y[b, oy, ox, o] = clamp(bias[o] + Σ filter[o, ky, kx, i] * x[b, iy, ix, i]) over all taps and
// pixels with iy * stride - top + ky * dilation = oy, and likewise along the width.
template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape &in = k.shape(), &filter = k.shape(1), &out = k.out_shape();
  Window rows = window_of(k.node, Side::height, filter[1]);
  Window columns = window_of(k.node, Side::width, filter[2]);
  int depth = filter[3], out_depth = filter[0] / k.node.integer("groups");
  Real least = k.number("minValue"), most = k.number("maxValue");
  const Real* x = k.input().data();
  const Real* weights = k.input(1).data();
  const Real* bias = k.has(2) ? k.input(2).data() : nullptr;
  Real* y = k.output().data();
  for (int batch = 0; batch < out[0]; ++batch)
    for (int oy = 0; oy < out[1]; ++oy)
      for (int ox = 0; ox < out[2]; ++ox)
        for (int o = 0; o < out[3]; ++o) {
          Real sum = bias ? bias[o] : 0;
          for (int ky = 0; ky < rows.taps; ++ky) {
            int iy = source(rows, oy, ky, in[1]);
            if (iy < 0) continue;
            for (int kx = 0; kx < columns.taps; ++kx) {
              int ix = source(columns, ox, kx, in[2]);
              if (ix < 0) continue;
              const Real* pixel =
                  x +
                  ((size_t(batch) * size_t(in[1]) + size_t(iy)) * size_t(in[2]) + size_t(ix)) *
                      size_t(in[3]) +
                  size_t(o / out_depth) * size_t(depth);
              const Real* tap =
                  weights +
                  ((size_t(o) * size_t(filter[1]) + size_t(ky)) * size_t(filter[2]) + size_t(kx)) *
                      size_t(depth);
              for (int i = 0; i < depth; ++i) sum += pixel[i] * tap[i];
            }
          }
          *y++ = sum < least ? least : sum > most ? most : sum;
        }
}

// The filter with the channels of input and output exchanged within each group, as conv2d of the
// output would take it. Exchanged twice it is as before.
Value exchanged(Value filter, int channels, int groups) {
  const Shape& f = filter.shape();
  int pixels = f[1] * f[2], out = f[0] / groups;
  Value parts = transpose(reshape(filter, {groups, out, pixels, f[3]}), {0, 3, 2, 1});
  return reshape(parts, {channels, f[1], f[2], out});
}

// It is the derivative of conv2d by its input.
Values gradient(const Grad& g) {
  Value x = g.x[0], filter = g.x[1];
  Value dy = clamp_gradient_of(g);
  int groups = g.node.integer("groups"), channels = x.shape()[3];
  Attrs options = convolution_attrs(g.node);
  Values d(3);
  if (g.wants(0)) d[0] = conv2d(dy, exchanged(filter, channels, groups), options);
  if (g.wants(1)) {
    Shape shape = filter.shape();
    Shape taken{channels, shape[1], shape[2], shape[0] / groups};
    d[1] = exchanged(conv2d_filter_gradient(dy, x, taken, options), shape[0], groups);
  }
  if (g.has(2) && g.wants(2)) d[2] = sum(dy, {0, 1, 2});
  return d;
}

}  // namespace

constexpr Op conv_transpose2d_op{
    .name = "convTranspose2d",
    .summary = "Paints a filter onto the output for every pixel of the input; conv2d transposed.",
    .inputs = {"input", "filter", "bias?"},
    .attrs = {{"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one},
              {"outputPadding", zero_by_zero},
              {"outputSizes", {}},
              {"groups", 1.0},
              {"minValue", -infinity},
              {"maxValue", infinity}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
