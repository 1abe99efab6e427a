// How places along the height or the width of images in two sizes correspond: see resample2d.cpp
// in core/ops.
#pragma once

#include <string>
#include <string_view>

#include "core/graph.h"

namespace gesso::webgpu {

// Place o of `out` in `in`, as an exact fraction: (factor * o + offset) / denominator, kept inside.
class Resampling {
 public:
  // Of a node with the options mode and coordinates.
  Resampling(const Node& node, int in, int out);

  // Whether every place corresponds to the same place.
  bool is_same() const { return in_ == out_; }

  // Text: declares `name`: u32, the pixel at place `o`, an u32, or the nearest one; for mode linear
  // also `name`_part: f32, how far the place lies beyond the pixel, from 0 to below 1.
  std::string place(std::string_view o, std::string_view name) const;

  // Text: declares `name`_first and `name`_end, u32: outside of these no place takes anything from
  // pixel `p`, an u32.
  std::string takers(std::string_view p, std::string_view name) const;

 private:
  int64_t in_, out_;
  int64_t factor_, offset_ = 0, denominator_;
  bool linear_;
  enum class Nearest { floor, half_down, half_up } nearest_;
};

}  // namespace gesso::webgpu
