// Places in a tensor as text: slices, transposes, repetitions and reductions walk over memory in
// regular steps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace gesso::webgpu {

// The place that element i of a dense tensor comes from:
//   start + i0 * step0 + i1 * step1 + …
// where i0, i1, … are the coordinates of i. A step of 0 repeats, a negative one walks backwards.
class Path {
 public:
  explicit Path(ptrdiff_t start = 0) : start_(start) {}

  // Adds an axis inside of those already there.
  Path& add(size_t size, ptrdiff_t step);

  // How many elements the path has.
  size_t count() const;

  // The step along the innermost axis.
  ptrdiff_t last_step() const { return axes_.empty() ? 0 : axes_.back().step; }

  // Text: the place of element `i`, an u32 below count().
  std::string at(std::string_view i) const;

 private:
  struct Axis {
    size_t size;
    ptrdiff_t step;
  };
  ptrdiff_t start_;
  std::vector<Axis> axes_;
};

// The input as lines along one axis: [outer, size, inner].
struct Lines {
  size_t outer, size, inner;

  Lines(const Shape& shape, int axis)
      : outer(shape.count(0, axis)),
        size(size_t(shape[axis])),
        inner(shape.count(axis + 1, shape.rank())) {}
  size_t count() const { return outer * inner; }

  // The first element of each line.
  Path starts() const { return Path().add(outer, ptrdiff_t(size * inner)).add(inner, 1); }
};

}  // namespace gesso::webgpu
