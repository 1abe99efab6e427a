#include "core/ops/broadcast.h"

namespace gesso {

Shape broadcast_shape(const Call& c, const Shape& a, const Shape& b) {
  Shape out = a.rank() < b.rank() ? b : a;
  const Shape& other = a.rank() < b.rank() ? a : b;
  int first = out.rank() - other.rank();
  for (int i = 0; i < other.rank(); ++i) {
    int& size = out[first + i];
    if (size != other[i] && size != 1 && other[i] != 1)
      fail(c, "the shapes cannot be stretched to match",
           "sizes that, counted from the right, are equal, or one of them 1");
    if (size == 1) size = other[i];
  }
  return out;
}

bool stretches_to(const Shape& shape, const Shape& target) {
  int first = target.rank() - shape.rank();
  if (first < 0) return false;
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] != 1 && shape[i] != target[first + i]) return false;
  return true;
}

std::array<size_t, Shape::max_rank> stretched_strides(const Shape& out, const Shape& in) {
  std::array<size_t, Shape::max_rank> dense = strides_of(in), stretched{};
  int first = out.rank() - in.rank();
  for (int i = 0; i < in.rank(); ++i)
    if (in[i] != 1) stretched[size_t(first + i)] = dense[size_t(i)];
  return stretched;
}

}  // namespace gesso
