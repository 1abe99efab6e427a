#include "core/ops/strided.h"

#include <cstring>

namespace gesso {
namespace {

// N is a constant so that every memcpy is one load and one store.
template <size_t N>
void copy_run(const std::byte* source, ptrdiff_t step, std::byte* result, size_t count) {
  if (step == 1) {
    std::memcpy(result, source, count * N);
    return;
  }
  for (size_t i = 0; i < count; ++i)
    std::memcpy(result + i * N, source + ptrdiff_t(i) * step * ptrdiff_t(N), N);
}

}  // namespace

void Walk::add(size_t size, ptrdiff_t step) {
  if (size == 0) empty_ = true;
  if (size == 1) return;
  // Two axes that lie in memory like one are one: long runs are what makes copies fast.
  if (count_ > 0 && axes_[count_ - 1].step == step * ptrdiff_t(size)) {
    axes_[count_ - 1] = {axes_[count_ - 1].size * size, step};
    return;
  }
  axes_[count_++] = {size, step};
}

template <size_t N>
void Walk::copy_elements(const std::byte* source, std::byte* result) const {
  source += start_ * ptrdiff_t(N);
  if (count_ == 0) {
    std::memcpy(result, source, N);
    return;
  }
  const Axis& inner = axes_[count_ - 1];
  std::array<size_t, 2 * Shape::max_rank> index{};
  while (true) {
    copy_run<N>(source, inner.step, result, inner.size);
    result += inner.size * N;
    size_t axis = count_ - 1;
    while (axis-- > 0) {
      source += axes_[axis].step * ptrdiff_t(N);
      if (++index[axis] < axes_[axis].size) break;
      source -= ptrdiff_t(axes_[axis].size) * axes_[axis].step * ptrdiff_t(N);
      index[axis] = 0;
    }
    if (axis == size_t(-1)) return;
  }
}

void Walk::copy(const void* source, void* result, size_t element_size) const {
  if (empty_) return;
  auto* from = static_cast<const std::byte*>(source);
  auto* to = static_cast<std::byte*>(result);
  switch (element_size) {
    case 1:
      return copy_elements<1>(from, to);
    case 4:
      return copy_elements<4>(from, to);
    case 8:
      return copy_elements<8>(from, to);
  }
}

}  // namespace gesso
