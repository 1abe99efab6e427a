// Convolutions seen as matrix products: the pixels under a window as one row of numbers.
#pragma once

#include <algorithm>

#include "core/backends/cpu/step.h"
#include "core/ops/window.h"

namespace gesso::cpu {

// A convolution of images [batch, height, width, channels] to images [batch, height, width,
// filters] by filters [filters, height, width, channels / groups].
struct Convolution {
  Shape image, filter, result;
  Window rows, columns;
  size_t groups;

  Convolution(const Node& node, const Shape& image_shape, const Shape& filter_shape,
              const Shape& result_shape);

  size_t channels() const { return size_t(image[3]); }
  size_t filters() const { return size_t(result[3]); }
  size_t depth() const { return size_t(filter[3]); }  // channels of a group
  size_t group_filters() const { return filters() / groups; }
  size_t taps() const { return filter.count(1, 3); }
  size_t patch() const { return filter.count(1, 4); }   // numbers under a window
  size_t pixels() const { return result.count(0, 3); }  // of the results

  bool is_depthwise() const { return depth() == 1 && group_filters() == 1; }
  bool is_pointwise() const;  // the patches of all pixels are the image as it is
};

// Walks over the patches of pixels [first, first + count) of the results, in the order they lie in
// memory, for the channels from `channel` on. Calls inside(to, from, n) for runs of n numbers: at
// `to` in the patches and at `from` in the images; and outside(to, n) for those in the padding.
template <class Inside, class Outside>
void walk_patches(const Convolution& c, size_t first, size_t count, size_t channel, Inside inside,
                  Outside outside) {
  size_t depth = c.depth(), channels = c.channels(), across = size_t(c.columns.taps) * depth;
  bool is_dense = c.columns.dilation == 1 && depth == channels;
  size_t to = 0, width = size_t(c.result[2]), height = size_t(c.result[1]);
  for (size_t pixel = first, end = first + count; pixel < end;) {
    size_t row = pixel / width;
    int oy = int(row % height), ox = int(pixel % width);
    auto [top, bottom] = c.rows.taps_inside(oy, c.image[1]);
    size_t above = size_t(top) * across, below = size_t(c.rows.taps - bottom) * across;
    size_t image = row / height * c.image.count(1, 4) + channel;
    for (; pixel < end && ox < c.result[2]; ++pixel, ++ox) {
      auto [left, right] = c.columns.taps_inside(ox, c.image[2]);
      size_t before = size_t(left) * depth, after = across - size_t(right) * depth;
      if (above > 0) outside(to, above);
      to += above;
      for (int ky = top; ky < bottom; ++ky, to += across) {
        size_t line = size_t(c.rows.pixel(oy, ky)) * size_t(c.image[2]);
        auto from = [&](int kx) {
          return image + (line + size_t(c.columns.pixel(ox, kx))) * channels;
        };
        if (before > 0) outside(to, before);
        if (is_dense && left < right)
          inside(to + before, from(left), across - before - after);
        else
          for (int kx = left; kx < right; ++kx) inside(to + size_t(kx) * depth, from(kx), depth);
        if (after > 0) outside(to + across - after, after);
      }
      if (below > 0) outside(to, below);
      to += below;
    }
  }
}

// Writes the patches of some pixels one after the other. Writes, and reads, up to 32 bytes past
// their end.
void copy_patches(const Convolution& c, const float* images, size_t first, size_t count,
                  size_t channel, float* patches);

// Adds patches to the pixels that they cover.
void add_patches(const Convolution& c, const float* patches, size_t first, size_t count,
                 size_t channel, float* images);

}  // namespace gesso::cpu
