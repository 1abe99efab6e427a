// Broadcasting, numpy's rule: shapes are aligned on the right, and a size of 1 stretches.
#pragma once

#include "core/op.h"
#include "core/ops/loops.h"

namespace gesso {

// The shape that two inputs of a call stretch to; fails when they do not match.
Shape broadcast_shape(const Call& c, const Shape& a, const Shape& b);

// Whether `shape` stretches to `target` without `target` growing.
bool stretches_to(const Shape& shape, const Shape& target);

// Elements to step over along each axis of `out` in a dense tensor that is stretched to it.
std::array<size_t, Shape::max_rank> stretched_strides(const Shape& out, const Shape& in);

// Loops over `out`, tensor 0, and over the inputs that are stretched to it, the tensors after it.
template <class... Shapes>
Loops<1 + sizeof...(Shapes)> broadcast_loops(const Shape& out, const Shapes&... in) {
  Loops<1 + sizeof...(Shapes)> loops;
  std::array strides{strides_of(out), stretched_strides(out, in)...};
  for (int axis = 0; axis < out.rank(); ++axis) {
    typename Loops<1 + sizeof...(Shapes)>::Offsets steps;
    for (size_t n = 0; n < steps.size(); ++n) steps[n] = strides[n][size_t(axis)];
    loops.add(out[axis], steps);
  }
  return loops;
}

}  // namespace gesso
