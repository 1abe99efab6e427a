// Derivatives of pooling: a vector of channels at a time, window by window.
#include <algorithm>
#include <limits>

#include "core/backends/cpu/simd/kernels.h"
#include "core/ops/pool2d.h"
#include "core/simd.h"

namespace gesso::cpu {
namespace {

using simd::Bits;
using simd::Floats;

struct Windows {
  Window rows, columns;
  Shape image, pooled;

  Windows(const Node& node, const Shape& image_shape, const Shape& pooled_shape)
      : rows(pool_window(node, Side::height, image_shape)),
        columns(pool_window(node, Side::width, image_shape)),
        image(image_shape),
        pooled(pooled_shape) {}
};

// The pixels under a window, as offsets of their first channel.
struct Pixels {
  size_t first, row_step, column_step;
  int rows, columns;

  int count() const { return rows * columns; }
  template <class F>
  void each(F f) const {
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) f(first + size_t(i) * row_step + size_t(j) * column_step);
  }
};

// Calls f(pixels, pooled) for each window.
template <class F>
void each_window(const Windows& w, F f) {
  size_t channels = size_t(w.image[3]), across = size_t(w.image[2]) * channels, at = 0;
  for (int batch = 0; batch < w.pooled[0]; ++batch)
    for (int oy = 0; oy < w.pooled[1]; ++oy) {
      auto [top, bottom] = w.rows.taps_inside(oy, w.image[1]);
      size_t row = size_t(batch) * size_t(w.image[1]) + size_t(w.rows.pixel(oy, top));
      for (int ox = 0; ox < w.pooled[2]; ++ox, at += channels) {
        auto [left, right] = w.columns.taps_inside(ox, w.image[2]);
        if (top == bottom || left == right) continue;
        f(Pixels{row * across + size_t(w.columns.pixel(ox, left)) * channels,
                 size_t(w.rows.dilation) * across, size_t(w.columns.dilation) * channels,
                 bottom - top, right - left},
          at);
      }
    }
}

}  // namespace

std::unique_ptr<Step> average_pool2d_gradient(const Lowering& l) {
  Windows w(l.node, l.out().shape, l.shape());
  return loop_step([w](const Memory& m) {
    const float* dy = in(m, 0);
    float* dx = out(m);
    std::fill_n(dx, w.image.count(), 0.0f);
    each_window(w, [=, channels = size_t(w.image[3])](const Pixels& pixels, size_t at) {
      float share = 1 / float(pixels.count());
      simd::each_vector(channels, [&](size_t c, auto load, auto store) {
        Floats part = load(dy + at + c) * share;
        pixels.each([&](size_t place) {
          float* p = dx + place + c;
          store(p, load(p) + part);
        });
      });
    });
  });
}

std::unique_ptr<Step> max_pool2d_gradient(const Lowering& l) {
  Windows w(l.node, l.shape(), l.shape(1));
  return loop_step([w](const Memory& m) {
    const float *x = in(m, 0), *dy = in(m, 1);
    float* dx = out(m);
    std::fill_n(dx, w.image.count(), 0.0f);
    each_window(w, [=, channels = size_t(w.image[3])](const Pixels& pixels, size_t at) {
      simd::each_vector(channels, [&](size_t c, auto load, auto store) {
        Floats most = simd::splat(-std::numeric_limits<float>::infinity());
        Bits place_of_most = Bits{} - 1;
        int32_t number = 0;
        pixels.each([&](size_t place) {
          Floats here = load(x + place + c);
          Bits is_more = here > most;
          most = is_more ? here : most;
          place_of_most = is_more ? Bits{} + number : place_of_most;
          ++number;
        });
        Floats part = load(dy + at + c);
        number = 0;
        pixels.each([&](size_t place) {
          float* p = dx + place + c;
          Floats taken = Floats(Bits(part) & (place_of_most == number++));
          store(p, load(p) + taken);
        });
      });
    });
  });
}

}  // namespace gesso::cpu
