// Pooling over windows of an image [batch, height, width, channels], a block of channels at a time.
#include <algorithm>
#include <limits>

#include "core/backends/cpu/simd/kernels.h"
#include "core/ops/window.h"

namespace gesso::cpu {
namespace {

// The window along height or width.
Window window_along(const Lowering& l, Side side) {
  size_t i = size_t(side);
  const Node& n = l.node;
  int whole = l.shape()[1 + int(i)];
  return window_of(n, side, n.has("windowDimensions") ? n.ints("windowDimensions")[i] : whole);
}

// The pixels under one window, as offsets from the first one of the image.
struct Span {
  size_t first = 0, step = 0;
  int count = 0;
};

Span span_of(const Window& w, int step, int size, size_t stride) {
  auto [first, end] = w.taps_inside(step, size);
  if (first == end) return {};
  return {size_t(w.pixel(step, first)) * stride, size_t(w.dilation) * stride, end - first};
}

// Reduces with `start`, `join` and `finish` over up to 16 channels, which stay in registers.
template <class Pool>
void pool_block(const float* image, Span rows, Span columns, size_t channels, float* y, float low,
                float high) {
  constexpr size_t block = 16;
  float all[block];
  for (float& v : all) v = Pool::start;
  for (int i = 0; i < rows.count; ++i)
    for (int j = 0; j < columns.count; ++j) {
      const float* x =
          image + rows.first + size_t(i) * rows.step + columns.first + size_t(j) * columns.step;
      if (channels == block)
        for (size_t c = 0; c < block; ++c) all[c] = Pool::join(all[c], x[c]);
      else
        for (size_t c = 0; c < channels; ++c) all[c] = Pool::join(all[c], x[c]);
    }
  for (size_t c = 0; c < channels; ++c) {
    float v = Pool::finish(all[c], rows.count * columns.count);
    v = v < low ? low : v;
    y[c] = v > high ? high : v;
  }
}

template <class Pool>
std::unique_ptr<Step> pool(const Lowering& l) {
  Window vertical = window_along(l, Side::height), horizontal = window_along(l, Side::width);
  Shape x = l.shape(), y = l.out().shape;
  float low = float(l.node.number("minValue")), high = float(l.node.number("maxValue"));
  return loop_step([=](const Memory& m) {
    size_t channels = size_t(x[3]), row = size_t(x[2]) * channels;
    const float* image = in(m, 0);
    float* pixel = out(m);
    for (int b = 0; b < y[0]; ++b, image += size_t(x[1]) * row)
      for (int oy = 0; oy < y[1]; ++oy) {
        Span rows = span_of(vertical, oy, x[1], row);
        for (int ox = 0; ox < y[2]; ++ox, pixel += channels) {
          Span columns = span_of(horizontal, ox, x[2], channels);
          for (size_t c = 0; c < channels; c += 16)
            pool_block<Pool>(image + c, rows, columns, std::min<size_t>(channels - c, 16),
                             pixel + c, low, high);
        }
      }
  });
}

// NaN is passed over, as TF.js does; a window that lies wholly in the padding gives -infinity.
struct Maximum {
  static constexpr float start = -std::numeric_limits<float>::infinity();
  static float join(float most, float x) { return x > most ? x : most; }
  static float finish(float most, int) { return most; }
};

// Padding is left out of the count; a window that lies wholly in it gives NaN.
struct Average {
  static constexpr float start = 0;
  static float join(float sum, float x) { return sum + x; }
  static float finish(float sum, int count) { return sum / float(count); }
};

}  // namespace

std::unique_ptr<Step> average_pool2d(const Lowering& l) {
  return pool<Average>(l);
}

std::unique_ptr<Step> max_pool2d(const Lowering& l) {
  return pool<Maximum>(l);
}

}  // namespace gesso::cpu
