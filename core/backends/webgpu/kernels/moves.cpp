// Operators that bring elements to other places.
#include "core/ops/list.h"
#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {
namespace {

// out[i0, i1, ...] = x[...], where axis k of out is axis permutation[k] of x.
std::string transpose(const Around& around, int) {
  const Shape &in = around.shape(), &out = around.out_shape();
  const Ints& permutation = around.node.ints("permutation");
  auto strides = strides_of(in);
  std::array<size_t, Shape::max_rank> steps{};
  for (int k = 0; k < out.rank(); ++k) {
    int axis = permutation.empty() ? in.rank() - 1 - k : permutation[size_t(k)];
    steps[size_t(k)] = strides[size_t(axis)];
  }
  return text(coordinates("i", out, "c"), "  return $0(", place(out, steps, "c"), ");\n");
}

constexpr Move rows[] = {
    {&transpose_op, transpose, true},
};

}  // namespace

std::span<const Move> moves() {
  return rows;
}

}  // namespace gesso::webgpu
