// transpose(input): the axes in another order; reversed, when no order is given.
#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/strided.h"

namespace gesso {
namespace {

// Axis i of the result is this axis of the input.
int source_axis(const Node& node, int i, int rank) {
  return node.has("permutation") ? node.ints("permutation")[size_t(i)] : rank - 1 - i;
}

Types infer(const Call& c) {
  int rank = c.shape().rank();
  std::array<bool, Shape::max_rank> seen{};
  for (int axis : ints_option(c, "permutation", rank)) {
    if (axis < 0 || axis >= rank || seen[size_t(axis)])
      fail(c, "permutation must name every axis of the input once",
           phrase({"the numbers from 0 to ", rank - 1, " in the order you want"}));
    seen[size_t(axis)] = true;
  }
  Shape shape = c.shape();
  for (int i = 0; i < rank; ++i) shape[i] = c.shape()[source_axis(c.node, i, rank)];
  return {{c.dtype(), shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  int rank = k.shape().rank();
  auto steps = strides_of(k.shape());
  Walk walk;
  for (int i = 0; i < rank; ++i)
    walk.add(size_t(k.out_shape()[i]), ptrdiff_t(steps[size_t(source_axis(k.node, i, rank))]));
  walk.copy(k.in[0].data, k.out[0].data, k.element_size(k.dtype()));
}

// The inverse permutation puts every axis back.
Values gradient(const Grad& g) {
  int rank = g.y[0].shape().rank();
  Ints inverse(static_cast<size_t>(rank));
  for (int i = 0; i < rank; ++i) inverse[size_t(source_axis(g.node, i, rank))] = i;
  return {transpose(g.dy(), inverse)};
}

}  // namespace

constexpr Op transpose_op{
    .name = "transpose",
    .summary = "The same elements with the axes in another order; reversed, when none is given.",
    .inputs = {"input"},
    .attrs = {{"permutation", {}}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
