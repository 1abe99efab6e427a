// tile(input): the whole input, `repetitions` times along each axis.
#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/strided.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  auto repetitions = ints_option(c, "repetitions", c.shape().rank());
  Shape shape = c.shape();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    int times = repetitions[size_t(axis)];
    if (times < 0) fail(c, "a repetition cannot be negative", "1 to leave an axis as it is");
    shape[axis] = size_from(c, int64_t(shape[axis]) * times);
  }
  return {{c.dtype(), shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  auto steps = strides_of(k.shape());
  const Ints& repetitions = k.node.ints("repetitions");
  Walk walk;
  for (size_t axis = 0; axis < repetitions.size(); ++axis) {
    walk.add(size_t(repetitions[axis]), 0);
    walk.add(size_t(k.shape()[int(axis)]), ptrdiff_t(steps[axis]));
  }
  walk.copy(k.in[0].data, k.out[0].data, k.element_size(k.dtype()));
}

// dx = the sum over the repetitions, one axis after another.
Values gradient(const Grad& g) {
  const Ints& repetitions = g.node.ints("repetitions");
  Value dx = g.dy();
  for (int axis = 0; axis < g.x[0].shape().rank(); ++axis) {
    int times = repetitions[size_t(axis)], size = g.x[0].shape()[axis];
    if (times == 1) continue;
    Shape shape = dx.shape();
    int outer = int(shape.count(0, axis)), inner = int(shape.count(axis + 1, shape.rank()));
    shape[axis] = size;
    dx = reshape(sum(reshape(dx, {outer, times, size, inner}), {1}), shape);
  }
  return {dx};
}

}  // namespace

constexpr Op tile_op{
    .name = "tile",
    .summary = "Repeats the whole input along each axis.",
    .inputs = {"input"},
    .attrs = {{"repetitions", no_ints}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
