#include "core/backends/cpu/simd/patches.h"

#include "core/simd.h"

namespace gesso::cpu {

using simd::lanes;

Convolution::Convolution(const Node& node, const Shape& image_shape, const Shape& filter_shape,
                         const Shape& result_shape)
    : image(image_shape),
      filter(filter_shape),
      result(result_shape),
      rows(window_of(node, Side::height, filter_shape[1])),
      columns(window_of(node, Side::width, filter_shape[2])),
      groups(size_t(node.integer("groups"))) {}

bool Convolution::is_pointwise() const {
  auto stays = [](const Window& w) {
    return w.taps == 1 && w.stride == 1 && w.before == 0 && w.after == 0;
  };
  return stays(rows) && stays(columns) && groups == 1;
}

// Runs are often short, and whole vectors are quicker than their ends: what is written too far is
// written over by the next run.
void copy_patches(const Convolution& c, const float* images, size_t first, size_t count,
                  size_t channel, float* patches) {
  auto copy = [=](size_t to, size_t from, size_t n) {
    for (size_t i = 0; i < n; i += lanes)
      simd::store(patches + to + i, simd::load(images + from + i));
  };
  auto clear = [=](size_t to, size_t n) {
    for (size_t i = 0; i < n; i += lanes) simd::store(patches + to + i, simd::Floats{});
  };
  walk_patches(c, first, count, channel, copy, clear);
}

void add_patches(const Convolution& c, const float* patches, size_t first, size_t count,
                 size_t channel, float* images) {
  auto add = [=](size_t to, size_t from, size_t n) {
    const float* x = patches + to;
    float* y = images + from;
    size_t i = 0;
    for (; i + lanes <= n; i += lanes) simd::store(y + i, simd::load(y + i) + simd::load(x + i));
    for (; i < n; ++i) y[i] += x[i];
  };
  walk_patches(c, first, count, channel, add, [](size_t, size_t) {});
}

}  // namespace gesso::cpu
