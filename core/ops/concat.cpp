// concat(inputs...): the inputs one after another along an axis.
#include <cstring>

#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  int axis = axis_option(c);
  int64_t size = 0;
  for (int i = 0; i < int(c.in.size()); ++i) {
    if (c.dtype(i) != c.dtype())
      fail(c, "all inputs must be of one type", phrase({"cast them to ", to_string(c.dtype())}));
    Shape like_first = c.shape(i);
    if (like_first.rank() == c.shape().rank()) like_first[axis] = c.shape()[axis];
    if (like_first != c.shape())
      fail(c, "the inputs must have the same sizes except along the axis",
           "reshape or slice them before, or another axis");
    size += c.shape(i)[axis];
  }
  Shape shape = c.shape();
  shape[axis] = size_from(c, size);
  return {{c.dtype(), shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  int axis = positive_axis(k.node.integer("axis"), k.shape().rank());
  size_t outer = k.shape().count(0, axis);
  size_t out_run =
      k.out_shape().count(axis, k.out_shape().rank()) * k.element_size(k.dtype());  // bytes
  auto* out = static_cast<std::byte*>(k.out[0].data);
  for (const TensorView& in : k.in) {
    const Shape& shape = in.type.shape;
    size_t run = shape.count(axis, shape.rank()) * k.element_size(k.dtype());
    if (run == 0) continue;
    auto* source = static_cast<const std::byte*>(in.data);
    for (size_t i = 0; i < outer; ++i) std::memcpy(out + i * out_run, source + i * run, run);
    out += run;
  }
}

// Each input has its piece of dy.
Values gradient(const Grad& g) {
  int axis = positive_axis(g.node.integer("axis"), g.y[0].shape().rank());
  Ints starts(size_t(g.y[0].shape().rank()));
  Values parts;
  for (size_t i = 0; i < g.x.size(); ++i) {
    const Shape& shape = g.x[i].shape();
    parts.push_back(g.wants(int(i)) ? slice(g.dy(), starts, ints_of(shape)) : Value{});
    starts[size_t(axis)] += shape[axis];
  }
  return parts;
}

}  // namespace

constexpr Op concat_op{
    .name = "concat",
    .summary = "Puts its inputs one after another along an axis.",
    .inputs = {"inputs..."},
    .attrs = {{"axis", 0.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
