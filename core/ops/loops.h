// A nest of loops that walks several tensors in step: what broadcasting and reductions share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/tensor.h"

namespace gesso {

// Visits the elements of N tensors together. Each axis has a size and, for each tensor, the
// elements to step over; a step of 0 stays where it is. Lives on the stack.
template <size_t N>
class Loops {
 public:
  using Offsets = std::array<size_t, N>;

  // Adds an axis inside the ones before. Axes that lie dense in every tensor become one, so that
  // tensors of equal shape are one long run.
  void add(int size, const Offsets& steps) {
    if (size == 1) return;
    if (rank_ > 0 && steps_[rank_ - 1] == times(steps, size_t(size))) {
      sizes_[rank_ - 1] *= size_t(size);
      steps_[rank_ - 1] = steps;
      return;
    }
    sizes_[rank_] = size_t(size);
    steps_[rank_++] = steps;
  }

  // Calls f(offsets, count, steps) for each run along the innermost axis.
  template <class F>
  void run(F f, Offsets at = {}) const {
    nest([](void* run, const Offsets& here, size_t count,
            const Offsets& steps) { (*static_cast<F*>(run))(here, count, steps); },
         &f, at);
  }

  // Calls f(offsets) for each element.
  template <class F>
  void each(F f, Offsets start = {}) const {
    run(
        [&](Offsets at, size_t count, const Offsets& steps) {
          for (; count > 0; --count) {
            f(at);
            for (size_t n = 0; n < N; ++n) at[n] += steps[n];
          }
        },
        start);
  }

 private:
  // The loops around the runs, which are the same whatever is done in them: compiled once.
  void nest(void (*f)(void* run, const Offsets& at, size_t count, const Offsets& steps), void* run,
            Offsets at) const {
    for (size_t axis = 0; axis < rank_; ++axis)
      if (sizes_[axis] == 0) return;
    if (rank_ == 0) return f(run, at, size_t{1}, Offsets{});
    size_t inner = rank_ - 1;
    std::array<size_t, Shape::max_rank> index{};
    while (true) {
      f(run, at, sizes_[inner], steps_[inner]);
      size_t axis = inner;
      while (axis > 0) {
        --axis;
        for (size_t n = 0; n < N; ++n) at[n] += steps_[axis][n];
        if (++index[axis] < sizes_[axis]) break;
        for (size_t n = 0; n < N; ++n) at[n] -= steps_[axis][n] * sizes_[axis];
        if (axis == 0) return;
        index[axis] = 0;
      }
      if (inner == 0) return;
    }
  }

  static Offsets times(Offsets steps, size_t size) {
    for (size_t& step : steps) step *= size;
    return steps;
  }

  size_t rank_ = 0;
  std::array<size_t, Shape::max_rank> sizes_{};
  std::array<Offsets, Shape::max_rank> steps_{};
};

// Loops over those axes of a dense tensor whose bit is set: bit i for axis i.
inline Loops<1> loops_over(uint32_t axes, const Shape& shape) {
  Loops<1> loops;
  auto strides = strides_of(shape);
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (axes >> axis & 1) loops.add(shape[axis], {strides[size_t(axis)]});
  return loops;
}

}  // namespace gesso
