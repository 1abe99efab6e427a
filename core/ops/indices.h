// What the operators that pick and place by index have in common.
#pragma once

#include "core/op.h"

namespace gesso {

// An index into `size` > 0 elements: from the end if negative, and brought inside if outside.
constexpr int clamp_index(int32_t index, int size) {
  return std::clamp(index < 0 ? index + size : index, 0, size - 1);
}

// Refuses indices into an axis of the first input that has nothing to point at.
inline void require_something_to_index(const Call& call, int axis) {
  if (call.shape()[axis] == 0 && call.shape(1).count() > 0)
    fail(call, phrase({"axis ", axis, " of the input is empty: no index can point into it"}),
         "an input with at least one element along it");
}

// Refuses a result of more dimensions than a shape can have.
inline void require_room(const Call& call, int rank) {
  if (rank > Shape::max_rank)
    fail(call, phrase({"the output would have more than ", Shape::max_rank, " dimensions"}),
         "reshape the indices or the input to fewer dimensions");
}

// Refuses indices that do not have the sizes of the input along all axes but one.
inline void require_elementwise_indices(const Call& call, int axis) {
  Shape shape = call.shape(1);
  if (shape.rank() == call.shape().rank()) shape[axis] = call.shape()[axis];
  if (shape != call.shape())
    fail(call, "indices must have the sizes of the input, save along the axis",
         "expand the indices, or slice the input");
}

// The length of the locations in the last axis of indices. Refuses those longer than the input
// has axes.
inline int require_locations(const Call& call) {
  const Shape& indices = call.shape(1);
  if (indices.rank() == 0)
    fail(call, "indices must have at least one dimension, which holds a location", "[[0], [1]]");
  if (indices.back() > call.shape().rank())
    fail(call, "a location in indices is longer than the input has dimensions",
         phrase({"indices whose last size is at most ", call.shape().rank()}));
  return indices.back();
}

// indices [..., depth] as places in a tensor: each row of depth numbers locates one slice over
// the axes from depth on.
class Locations {
 public:
  Locations(const Shape& shape, const Shape& indices, std::span<const int32_t> data)
      : shape_(shape),
        depth_(indices.back()),
        count_(indices.count(0, indices.rank() - 1)),
        data_(data) {}

  // How many slices are located, and how many elements each has.
  size_t count() const { return count_; }
  size_t run() const { return shape_.count(depth_, shape_.rank()); }

  // The number of slices before the i-th one that is located.
  size_t operator[](size_t i) const {
    size_t place = 0;
    for (int axis = 0; axis < depth_; ++axis)
      place = place * size_t(shape_[axis]) +
              size_t(clamp_index(data_[i * size_t(depth_) + size_t(axis)], shape_[axis]));
    return place;
  }

 private:
  Shape shape_;
  int depth_;
  size_t count_;
  std::span<const int32_t> data_;
};

}  // namespace gesso
