// Pooling over windows of an image [batch, height, width, channels], a block of channels at a time.
#include <algorithm>
#include <limits>

#include "core/backends/cpu/simd/kernels.h"

namespace gesso::cpu {
namespace {

// The positions of a window along one axis that lie inside the image.
struct Span {
  int first, step, count;
};

struct Axis {
  int size_in, size_out, window, stride, dilation, before;

  Span at(int position) const {
    int start = position * stride - before;
    int skipped = start < 0 ? (-start + dilation - 1) / dilation : 0;
    int end = std::min(window, (size_in - start + dilation - 1) / dilation);
    return {start + skipped * dilation, dilation, std::max(end - skipped, 0)};
  }
};

Axis axis_of(const Lowering& l, int i) {
  const Node& n = l.node;
  int size_in = l.shape()[1 + i];
  int window = n.has("windowDimensions") ? n.ints("windowDimensions")[size_t(i)] : size_in;
  return {size_in,
          l.out().shape[1 + i],
          window,
          n.ints("strides")[size_t(i)],
          n.ints("dilations")[size_t(i)],
          n.ints("padding")[size_t(2 * i)]};
}

// Reduces with `start`, `join` and `finish` over up to 16 channels, which stay in registers.
template <class Pool>
void pool_block(const float* image, size_t row_stride, size_t pixel_stride, Span rows, Span columns,
                size_t channels, float* y, float low, float high) {
  constexpr size_t block = 16;
  float all[block];
  for (float& v : all) v = Pool::start;
  for (int i = 0; i < rows.count; ++i)
    for (int j = 0; j < columns.count; ++j) {
      const float* x = image + size_t(rows.first + i * rows.step) * row_stride +
                       size_t(columns.first + j * columns.step) * pixel_stride;
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
  Axis vertical = axis_of(l, 0), horizontal = axis_of(l, 1);
  size_t batch = size_t(l.shape()[0]), channels = size_t(l.shape()[3]);
  float low = float(l.node.number("minValue")), high = float(l.node.number("maxValue"));
  return loop_step([=](const Memory& m) {
    size_t row_stride = size_t(horizontal.size_in) * channels;
    const float* image = in(m, 0);
    float* y = out(m);
    for (size_t b = 0; b < batch; ++b, image += size_t(vertical.size_in) * row_stride)
      for (int oy = 0; oy < vertical.size_out; ++oy) {
        Span rows = vertical.at(oy);
        for (int ox = 0; ox < horizontal.size_out; ++ox, y += channels)
          for (size_t c = 0; c < channels; c += 16)
            pool_block<Pool>(image + c, row_stride, channels, rows, horizontal.at(ox),
                             std::min<size_t>(channels - c, 16), y + c, low, high);
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
