// slice(input): a box of the input. Along each axis it begins at `starts`, covers `sizes` elements
// and keeps every `strides`-th; a negative stride covers the elements before `starts` instead,
// walking backwards.
#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/strided.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  int rank = c.shape().rank();
  auto starts = ints_option(c, "starts", rank);
  auto sizes = ints_option(c, "sizes", rank);
  auto strides = ints_option(c, "strides", rank);
  Shape shape = c.shape();
  for (int axis = 0; axis < rank; ++axis) {
    int64_t start = starts[size_t(axis)], size = sizes[size_t(axis)], whole = c.shape()[axis];
    int64_t stride = strides.empty() ? 1 : strides[size_t(axis)];
    if (stride == 0) fail(c, "a stride cannot be 0", "1 to keep every element");
    if (size < 0) fail(c, "a size cannot be negative", "sizes of 0 or more");
    bool inside = stride > 0  ? start >= 0 && start + size <= whole
                  : size == 0 ? start == 0 || (start > 0 && start < whole)
                              : start >= 0 && start < whole && start - size + 1 >= 0;
    if (!inside)
      fail(c, phrase({"the slice reaches outside of the input along axis ", axis}),
           phrase({"starts and sizes within its ", whole, " elements"}));
    shape[axis] = int((size + std::abs(stride) - 1) / std::abs(stride));
  }
  return {{c.dtype(), shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  auto steps = strides_of(k.shape());
  const Ints& starts = k.node.ints("starts");
  const Ints* strides = k.node.has("strides") ? &k.node.ints("strides") : nullptr;
  ptrdiff_t start = 0;
  for (size_t axis = 0; axis < starts.size(); ++axis)
    start += ptrdiff_t(steps[axis]) * starts[axis];
  Walk walk(start);
  for (size_t axis = 0; axis < starts.size(); ++axis) {
    // One element needs no step, and a stride beyond the input would overflow as one.
    int size = k.out_shape()[int(axis)];
    ptrdiff_t stride = strides && size > 1 ? (*strides)[axis] : 1;
    walk.add(size_t(size), stride * ptrdiff_t(steps[axis]));
  }
  walk.copy(k.in[0].data, k.out[0].data, k.element_size(k.dtype()));
}

// Along one axis, dy with zeros in place of what the stride left out.
Value unstride(Value dy, int axis, int stride) {
  const Shape shape = dy.shape();
  int size = shape[axis], step = std::abs(stride);
  int outer = int(shape.count(0, axis)), inner = int(shape.count(axis + 1, shape.rank()));
  Value spread = pad(reshape(dy, {outer, size, 1, inner}), {0, 0, 0, 0}, {0, 0, step - 1, 0});
  spread = slice(reshape(spread, {outer, size * step, inner}), {0, 0, 0},
                 {outer, (size - 1) * step + 1, inner});
  if (stride < 0) spread = reverse(spread, {1});
  Shape result = shape;
  result[axis] = (size - 1) * step + 1;
  return reshape(spread, result);
}

// dx = dy where it was cut out, 0 elsewhere.
Values gradient(const Grad& g) {
  Value dy = g.dy();
  if (dy.shape().count() == 0) return {};
  const Shape& shape = g.x[0].shape();
  Ints before = g.node.ints("starts"), after(before.size());
  for (int axis = 0; axis < shape.rank(); ++axis) {
    size_t i = size_t(axis);
    int stride = g.node.has("strides") && dy.shape()[axis] > 1 ? g.node.ints("strides")[i] : 1;
    if (stride != 1) dy = unstride(dy, axis, stride);
    if (stride < 0) before[i] -= dy.shape()[axis] - 1;
    after[i] = shape[axis] - before[i] - dy.shape()[axis];
  }
  return {dy.shape() == shape ? dy : pad(dy, before, after)};
}

}  // namespace

constexpr Op slice_op{
    .name = "slice",
    .summary = "A box cut out of the input, with steps if wanted.",
    .inputs = {"input"},
    .attrs = {{"starts", no_ints}, {"sizes", no_ints}, {"strides", {}}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
