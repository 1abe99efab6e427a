// conv2d(input, filter, bias?): slides filters over images.
// Shapes: input [batch, height, width, channels], filter [out, height, width, channels / groups],
// bias [out]. Filters of group g see only the g-th part of the channels.
#include <limits>

#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/window.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Types infer(const Call& c) {
  require_float(c);
  require_images(c);
  require_filter(c);
  require_window_options(c);
  require_clamp(c);
  const Shape &input = c.shape(), &filter = c.shape(1);
  return {{DType::f32,
           {input[0], steps_of(c, window_of(c.node, Side::height, filter[1]), input[1]),
            steps_of(c, window_of(c.node, Side::width, filter[2]), input[2]), filter[0]}}};
}

// y[b, oy, ox, o] = clamp(bias[o] + Σ filter[o, ky, kx, i] * x[b, y(oy, ky), x(ox, kx), i]).
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
            int64_t iy = rows.pixel(oy, ky);
            if (iy < 0 || iy >= in[1]) continue;
            for (int kx = 0; kx < columns.taps; ++kx) {
              int64_t ix = columns.pixel(ox, kx);
              if (ix < 0 || ix >= in[2]) continue;
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

Values gradient(const Grad& g) {
  Value x = g.x[0], filter = g.x[1];
  Value dy = clamp_gradient_of(g);
  Attrs options = convolution_attrs(g.node);
  Values d(3);
  if (g.wants(0)) d[0] = conv2d_input_gradient(filter, dy, x.shape(), options);
  if (g.wants(1)) d[1] = conv2d_filter_gradient(x, dy, filter.shape(), options);
  if (g.has(2) && g.wants(2)) d[2] = sum(dy, {0, 1, 2});
  return d;
}

}  // namespace

constexpr Op conv2d_op{
    .name = "conv2d",
    .summary = "Slides filters over images.",
    .inputs = {"input", "filter", "bias?"},
    .attrs = {{"padding", no_padding},
              {"strides", one_by_one},
              {"dilations", one_by_one},
              {"groups", 1.0},
              {"minValue", -infinity},
              {"maxValue", infinity}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
