// split(input): pieces of the input along an axis, with the sizes in `splits`.
#include <cstring>

#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  int axis = axis_option(c);
  auto splits = ints_option(c, "splits");
  if (splits.empty()) fail(c, "splits must hold the size of every piece", "a list of sizes");
  int64_t sum = 0;
  Types types;
  for (int size : splits) {
    if (size < 0) fail(c, "the size of a piece cannot be negative", "sizes of 0 or more");
    sum += size;
    Shape shape = c.shape();
    shape[axis] = size;
    types.push_back({c.dtype(), shape});
  }
  if (sum != c.shape()[axis])
    fail(c, phrase({"the pieces have ", sum, " rows together, the input has others"}),
         phrase({"splits that add up to ", c.shape()[axis]}));
  return types;
}

template <class Real>
void cpu(Kernel<Real>& k) {
  int axis = positive_axis(k.node.integer("axis"), k.shape().rank());
  size_t outer = k.shape().count(0, axis);
  size_t in_run = k.shape().count(axis, k.shape().rank()) * k.element_size(k.dtype());  // bytes
  auto* in = static_cast<const std::byte*>(k.in[0].data);
  for (const TensorView& out : k.out) {
    const Shape& shape = out.type.shape;
    size_t run = shape.count(axis, shape.rank()) * k.element_size(k.dtype());
    if (run == 0) continue;
    auto* result = static_cast<std::byte*>(out.data);
    for (size_t i = 0; i < outer; ++i) std::memcpy(result + i * run, in + i * in_run, run);
    in += run;
  }
}

// The pieces of dx are those of dy.
Values gradient(const Grad& g) {
  Values pieces;
  for (size_t i = 0; i < g.y.size(); ++i) pieces.push_back(g.dy(int(i)));
  return {concat(pieces, g.node.integer("axis"))};
}

}  // namespace

constexpr Op split_op{
    .name = "split",
    .summary = "Cuts its input along an axis into pieces of the given sizes.",
    .inputs = {"input"},
    .attrs = {{"splits", no_ints}, {"axis", 0.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
