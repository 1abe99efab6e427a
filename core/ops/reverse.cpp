// reverse(input): the input back to front along some axes, or along all.
#include "core/ops/accept.h"
#include "core/ops/math.h"
#include "core/ops/strided.h"

namespace gesso {
namespace {

constexpr uint32_t every_axis = ~0u;

Types infer(const Call& c) {
  axes_option(c, "axes", every_axis);
  return same_type(c);
}

template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape& shape = k.shape();
  uint32_t backwards = axes_mask(k.node, "axes", shape.rank(), every_axis);
  auto steps = strides_of(shape);
  ptrdiff_t start = 0;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (backwards >> axis & 1) start += ptrdiff_t(steps[size_t(axis)]) * (shape[axis] - 1);
  Walk walk(start);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    ptrdiff_t step = ptrdiff_t(steps[size_t(axis)]);
    walk.add(size_t(shape[axis]), backwards >> axis & 1 ? -step : step);
  }
  walk.copy(k.in[0].data, k.out[0].data, k.element_size(k.dtype()));
}

Values gradient(const Grad& g) {
  return {apply(reverse_op, {g.dy()}, g.node.attrs)};
}

}  // namespace

constexpr Op reverse_op{
    .name = "reverse",
    .summary = "Turns its input back to front along some axes; along all, when none are named.",
    .inputs = {"input"},
    .attrs = {{"axes", {}}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
