// Copies a tensor through any regular walk over its memory: slices, transposes, reversals,
// repetitions and broadcasts are all this one loop.
#pragma once

#include "core/tensor.h"

namespace gesso {

// Where the elements of a dense result come from:
//   result[i0, i1, …] = source[start + i0 * step0 + i1 * step1 + …]
// Steps count elements; 0 repeats, a negative one walks backwards. Needs no heap.
class Walk {
 public:
  explicit Walk(ptrdiff_t start = 0) : start_(start) {}

  // Adds an axis inside of those already there.
  void add(size_t size, ptrdiff_t step);

  void copy(const void* source, void* result, size_t element_size) const;

 private:
  template <size_t N>
  void copy_elements(const std::byte* source, std::byte* result) const;

  struct Axis {
    size_t size;
    ptrdiff_t step;
  };
  ptrdiff_t start_;
  std::array<Axis, 2 * Shape::max_rank> axes_{};  // tile has two for every axis of its input
  size_t count_ = 0;
  bool empty_ = false;
};

}  // namespace gesso
