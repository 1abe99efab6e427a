// Convolutions whose filters change from run to run, and the derivatives of all convolutions, as
// products of matrices: the patches of some pixels at a time, for each group.
#include <limits>

#include "core/backends/cpu/simd/kernels.h"
#include "core/backends/cpu/simd/patches.h"
#include "core/backends/cpu/simd/product.h"

namespace gesso::cpu {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Bounds {
  float low = -infinity, high = infinity;
};

Bounds bounds_of(const Node& n) {
  return {float(n.number("minValue")), float(n.number("maxValue"))};
}

bool is_empty(const Convolution& c) {
  return c.image.count() == 0 || c.filter.count() == 0 || c.result.count() == 0;
}

// Pixels whose patches are made at once, so that they stay in a cache.
size_t block_of(const Convolution& c, size_t most) {
  constexpr size_t numbers = size_t{1} << 18;
  if (c.is_pointwise()) return c.pixels();
  return std::min({std::max(numbers / c.patch(), most / 8), most, c.pixels()});
}

// The workspace: that of a product first, then patches.
float* patches_in(const Memory& m) {
  return static_cast<float*>(m.workspace) + product_workspace / sizeof(float);
}

size_t workspace_of(const Convolution& c, size_t block) {
  size_t patches = c.is_pointwise() ? 0 : block * c.patch() + simd::lanes;
  return product_workspace + patches * sizeof(float);
}

void convolve(const Convolution& c, size_t block, Bounds bounds, const float* bias,
              const Memory& m) {
  size_t width = c.group_filters();
  float* patches = patches_in(m);
  for (size_t first = 0; first < c.pixels(); first += block)
    for (size_t g = 0; g < c.groups; ++g) {
      size_t count = std::min(block, c.pixels() - first);
      const float* rows = in(m, 0) + first * c.patch();
      if (!c.is_pointwise()) {
        copy_patches(c, in(m, 0), first, count, g * c.depth(), patches);
        rows = patches;
      }
      multiply({.rows = count,
                .depth = c.patch(),
                .columns = width,
                .a = {rows, c.patch(), 1},
                .b = {in(m, 1) + g * width * c.patch(), 1, c.patch()},
                .out = out(m) + first * c.filters() + g * width,
                .out_step = c.filters(),
                .c = {bias ? bias + g * width : nullptr, 0, 1},
                .low = bounds.low,
                .high = bounds.high},
               m.workspace);
    }
}

void filter_gradient(const Convolution& c, size_t block, const float* images, const float* dy,
                     const Memory& m) {
  size_t width = c.group_filters();
  float* patches = patches_in(m);
  for (size_t first = 0; first < c.pixels(); first += block)
    for (size_t g = 0; g < c.groups; ++g) {
      size_t count = std::min(block, c.pixels() - first);
      const float* rows = images + first * c.patch();
      if (!c.is_pointwise()) {
        copy_patches(c, images, first, count, g * c.depth(), patches);
        rows = patches;
      }
      float* filter = out(m) + g * width * c.patch();
      multiply({.rows = width,
                .depth = count,
                .columns = c.patch(),
                .a = {dy + first * c.filters() + g * width, 1, c.filters()},
                .b = {rows, c.patch(), 1},
                .out = filter,
                .out_step = c.patch(),
                .c = {first > 0 ? filter : nullptr, c.patch(), 1}},
               m.workspace);
    }
}

void input_gradient(const Convolution& c, size_t block, const float* filter, const float* dy,
                    const Memory& m) {
  size_t width = c.group_filters();
  float* patches = patches_in(m);
  if (!c.is_pointwise()) std::fill_n(out(m), c.image.count(), 0.0f);
  for (size_t first = 0; first < c.pixels(); first += block)
    for (size_t g = 0; g < c.groups; ++g) {
      size_t count = std::min(block, c.pixels() - first);
      float* rows = c.is_pointwise() ? out(m) + first * c.patch() : patches;
      multiply({.rows = count,
                .depth = width,
                .columns = c.patch(),
                .a = {dy + first * c.filters() + g * width, c.filters(), 1},
                .b = {filter + g * width * c.patch(), c.patch(), 1},
                .out = rows,
                .out_step = c.patch()},
               m.workspace);
      if (!c.is_pointwise()) add_patches(c, patches, first, count, g * c.depth(), out(m));
    }
}

// Copies filters [groups, out, pixels, in] to [groups, in, pixels, out].
void exchange_channels(const Convolution& c, const float* from, float* to) {
  size_t in = c.group_filters(), pixels = c.taps(), out = c.depth();
  for (size_t g = 0; g < c.groups; ++g, from += in * pixels * out)
    for (size_t i = 0; i < in; ++i)
      for (size_t p = 0; p < pixels; ++p)
        for (size_t o = 0; o < out; ++o) *to++ = from[(o * pixels + p) * in + i];
}

// Bias and bounds, where they cannot be part of a product.
void finish(float* y, size_t pixels, size_t channels, const float* bias, Bounds bounds) {
  for (size_t p = 0; p < pixels; ++p, y += channels)
    for (size_t i = 0; i < channels; ++i) {
      float sum = y[i] + (bias ? bias[i] : 0);
      sum = sum < bounds.low ? bounds.low : sum;
      y[i] = sum > bounds.high ? bounds.high : sum;
    }
}

// Depthwise convolutions, one filter for each channel, go pixel by pixel over all channels at once.
// Calls tap(image, result, weight) with offsets of a pixel of the images, a pixel of the results
// and a tap, each of one number for every channel.
template <class Tap>
void each_tap(const Convolution& c, Tap tap) {
  size_t channels = c.channels(), result = 0;
  for (int batch = 0; batch < c.result[0]; ++batch)
    for (int oy = 0; oy < c.result[1]; ++oy) {
      auto [top, bottom] = c.rows.taps_inside(oy, c.image[1]);
      for (int ox = 0; ox < c.result[2]; ++ox, result += channels) {
        auto [left, right] = c.columns.taps_inside(ox, c.image[2]);
        for (int ky = top; ky < bottom; ++ky)
          for (int kx = left; kx < right; ++kx) {
            size_t row = size_t(batch) * size_t(c.image[1]) + size_t(c.rows.pixel(oy, ky));
            size_t pixel = row * size_t(c.image[2]) + size_t(c.columns.pixel(ox, kx));
            tap(pixel * channels, result, size_t(ky * c.columns.taps + kx) * channels);
          }
      }
    }
}

// sums += a * b
void add_products(const float* a, const float* b, float* sums, size_t count) {
  using namespace simd;
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    store(sums + i, madd(load(a + i), load(b + i), load(sums + i)));
  for (; i < count; ++i) sums[i] += a[i] * b[i];
}

// [channels, taps] to [taps, channels].
float* taps_of(const Convolution& c, const float* filter, const Memory& m) {
  float* taps = static_cast<float*>(m.workspace);
  for (size_t i = 0; i < c.channels(); ++i)
    for (size_t t = 0; t < c.taps(); ++t) taps[t * c.channels() + i] = *filter++;
  return taps;
}

void convolve_depthwise(const Convolution& c, const Memory& m) {
  const float *x = in(m, 0), *taps = taps_of(c, in(m, 1), m);
  float* y = out(m);
  std::fill_n(y, c.result.count(), 0.0f);
  each_tap(c, [=, n = c.channels()](size_t image, size_t result, size_t weight) {
    add_products(x + image, taps + weight, y + result, n);
  });
}

void depthwise_filter_gradient(const Convolution& c, const float* images, const float* dy,
                               const Memory& m) {
  float* taps = static_cast<float*>(m.workspace);
  std::fill_n(taps, c.filter.count(), 0.0f);
  each_tap(c, [=, n = c.channels()](size_t image, size_t result, size_t weight) {
    add_products(images + image, dy + result, taps + weight, n);
  });
  float* filter = out(m);
  for (size_t i = 0; i < c.channels(); ++i)
    for (size_t t = 0; t < c.taps(); ++t) *filter++ = taps[t * c.channels() + i];
}

void depthwise_input_gradient(const Convolution& c, const float* filter, const float* dy,
                              const Memory& m) {
  const float* taps = taps_of(c, filter, m);
  float* images = out(m);
  std::fill_n(images, c.image.count(), 0.0f);
  each_tap(c, [=, n = c.channels()](size_t image, size_t result, size_t weight) {
    add_products(dy + result, taps + weight, images + image, n);
  });
}

}  // namespace

std::unique_ptr<Step> conv2d(const Lowering& l) {
  Convolution c(l.node, l.shape(0), l.shape(1), l.out().shape);
  if (is_empty(c)) return nullptr;
  Bounds bounds = bounds_of(l.node);
  bool has_bias = l.has(2);
  size_t block = block_of(c, 128);
  if (!c.is_depthwise())
    return loop_step(
        [=](const Memory& m) { convolve(c, block, bounds, has_bias ? in(m, 2) : nullptr, m); },
        workspace_of(c, block));
  auto run = [=](const Memory& m) {
    convolve_depthwise(c, m);
    finish(out(m), c.pixels(), c.filters(), has_bias ? in(m, 2) : nullptr, bounds);
  };
  return loop_step(run, c.filter.count() * sizeof(float));
}

std::unique_ptr<Step> conv2d_filter_gradient(const Lowering& l) {
  Convolution c(l.node, l.shape(0), l.out().shape, l.shape(1));
  if (is_empty(c)) return nullptr;
  if (c.is_depthwise())
    return loop_step([=](const Memory& m) { depthwise_filter_gradient(c, in(m, 0), in(m, 1), m); },
                     c.filter.count() * sizeof(float));
  size_t block = block_of(c, 256);
  return loop_step([=](const Memory& m) { filter_gradient(c, block, in(m, 0), in(m, 1), m); },
                   workspace_of(c, block));
}

std::unique_ptr<Step> conv2d_input_gradient(const Lowering& l) {
  Convolution c(l.node, l.out().shape, l.shape(0), l.shape(1));
  if (is_empty(c)) return nullptr;
  if (c.is_depthwise())
    return loop_step([=](const Memory& m) { depthwise_input_gradient(c, in(m, 0), in(m, 1), m); },
                     c.filter.count() * sizeof(float));
  size_t block = block_of(c, 128);
  return loop_step([=](const Memory& m) { input_gradient(c, block, in(m, 0), in(m, 1), m); },
                   workspace_of(c, block));
}

// It is the derivative of a convolution from its output to its input, with the channels of the
// filter exchanged.
std::unique_ptr<Step> conv_transpose2d(const Lowering& l) {
  const Shape& f = l.shape(1);
  int groups = l.node.integer("groups");
  Shape filter{l.shape()[3], f[1], f[2], f[0] / groups};
  Convolution c(l.node, l.out().shape, filter, l.shape(0));
  if (is_empty(c)) return nullptr;
  Bounds bounds = bounds_of(l.node);
  size_t block = block_of(c, 128), patches = workspace_of(c, block);
  auto run = [=, has_bias = l.has(2)](const Memory& m) {
    float* weights = static_cast<float*>(m.workspace) + patches / sizeof(float);
    exchange_channels(c, in(m, 1), weights);
    if (c.is_depthwise())
      depthwise_input_gradient(c, weights, in(m, 0), m);
    else
      input_gradient(c, block, weights, in(m, 0), m);
    finish(out(m), c.image.count(0, 3), c.channels(), has_bias ? in(m, 2) : nullptr, bounds);
  };
  return loop_step(run, patches + filter.count() * sizeof(float) + Buffer::read_ahead);
}

}  // namespace gesso::cpu
