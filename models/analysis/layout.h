// Positions of rows on a plane or in space, while they are being found.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/simd.h"

namespace gesso {

// One list for each axis, padded to whole vectors with points so far away that they do not count.
class Layout {
 public:
  static constexpr size_t most_dimensions = 3;
  static constexpr float far_away = 1e12f;

  Layout(size_t points, size_t dimensions)
      : count_(points),
        stride_((points + simd::lanes - 1) / simd::lanes * simd::lanes),
        numbers_(stride_ * dimensions, far_away) {
    for (size_t d = 0; d < dimensions; ++d)
      for (size_t i = 0; i < points; ++i) axis(d)[i] = 0;
  }

  size_t count() const { return count_; }
  size_t stride() const { return stride_; }
  size_t dimensions() const { return stride_ > 0 ? numbers_.size() / stride_ : 0; }
  float* axis(size_t d) { return numbers_.data() + d * stride_; }
  const float* axis(size_t d) const { return numbers_.data() + d * stride_; }

  // From points [count, columns], of which the first columns are taken: scaled so that the first
  // axis has this standard deviation. Axes that there is no column for, or whose points are all
  // the same, get normal numbers of a hundredth of it, which the seed makes.
  void begin_with(std::span<const float> points, size_t columns, float deviation, uint32_t seed);

  void center();  // moves all so that the mean is zero

  // [count, dimensions] into `points`.
  void write(std::vector<float>& points) const;

 private:
  size_t count_, stride_;
  std::vector<float> numbers_;
};

}  // namespace gesso
