// scatterElements and scatterND: the input with updates put where the indices say, as in gather.
// When several updates meet, the last one stays, or all are added to the input.
#include <cstring>
#include <numeric>

#include "core/ops/indices.h"
#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

void require_updates(const Call& c, const Shape& shape) {
  require_indices(c, 1);
  int reduction = choice_option(c, "reduction", {"none", "add"});
  if (reduction == 1 && c.dtype() != DType::f32 && c.dtype() != DType::i32)
    fail(c, "only float32 and int32 can be added", "cast the input, or reduction none");
  if (c.dtype(2) != c.dtype())
    fail(c, "updates must have the type of the input",
         phrase({"cast them to ", to_string(c.dtype())}));
  if (c.shape(2) != shape)
    fail(c, phrase({"updates must have the shape ", shape}), "reshape or expand them");
}

template <class T>
T combine(bool add, T old, T update) {
  // Integers wrap around, as they do in every other place; unsigned, since C++ forbids it signed.
  if constexpr (std::is_same_v<T, int32_t>)
    return add ? T(uint32_t(old) + uint32_t(update)) : update;
  else
    return add ? T(old + update) : update;
}

template <class Real>
void copy_input(Kernel<Real>& k) {
  size_t bytes = k.shape().count() * k.element_size(k.dtype());
  if (bytes > 0) std::memcpy(k.out[0].data, k.in[0].data, bytes);
}

Types infer_scatter_elements(const Call& c) {
  int axis = axis_option(c);
  require_updates(c, c.shape(1));
  require_elementwise_indices(c, axis);
  require_something_to_index(c, axis);
  return same_type(c);
}

// y = x;  y[i, indices[i, j, k], k] = updates[i, j, k] along axis 1, and so on.
template <class Real>
void scatter_elements(Kernel<Real>& k) {
  copy_input(k);
  const Shape &shape = k.shape(), &placed = k.shape(1);
  int axis = positive_axis(k.node.integer("axis"), shape.rank());
  size_t inner = shape.count(axis + 1, shape.rank());
  bool add = k.node.text("reduction") == "add";
  auto indices = k.template input<int32_t>(1);
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto updates = k.template input<T>(2);
    auto y = k.template output<T>();
    size_t i = 0;
    for (size_t outer = 0; outer < shape.count(0, axis); ++outer)
      for (int j = 0; j < placed[axis]; ++j)
        for (size_t in = 0; in < inner; ++in, ++i) {
          T& place =
              y[(outer * size_t(shape[axis]) + size_t(clamp_index(indices[i], shape[axis]))) *
                    inner +
                in];
          place = combine(add, place, updates[i]);
        }
  });
}

Types infer_scatter_nd(const Call& c) {
  int depth = require_locations(c);
  Shape shape = c.shape(1);
  shape.erase(shape.rank() - 1);
  for (int i = 0; i < depth; ++i) require_something_to_index(c, i);
  require_room(c, shape.rank() + c.shape().rank() - depth);
  for (int i = depth; i < c.shape().rank(); ++i) shape.push_back(c.shape()[i]);
  require_updates(c, shape);
  return same_type(c);
}

// y = x;  y[indices[i..., 0], indices[i..., 1], …, j...] = updates[i..., j...].
template <class Real>
void scatter_nd(Kernel<Real>& k) {
  copy_input(k);
  const Locations locations(k.shape(), k.shape(1), k.template input<int32_t>(1));
  size_t run = locations.run();
  bool add = k.node.text("reduction") == "add";
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* updates = k.template input<T>(2).data();
    T* y = k.template output<T>().data();
    for (size_t i = 0; i < locations.count(); ++i) {
      T* place = y + locations[i] * run;
      for (size_t j = 0; j < run; ++j) place[j] = combine(add, place[j], updates[i * run + j]);
    }
  });
}

// Which updates stay: of several that meet, the last one. Their numbers are scattered in the
// same way; an update stays if its own number is found in its place.
Value stays(const Grad& g, const Op& scatter, const Op& gather, const Attrs& axis) {
  const Shape& shape = g.x[2].shape();
  std::vector<int32_t> numbers(shape.count());
  std::iota(numbers.begin(), numbers.end(), 0);
  Value number = g.graph.constant(shape, std::span<const int32_t>(numbers));
  Value zeros = expand(g.graph.scalar(0, DType::i32), g.x[0].shape());
  Value placed = apply(scatter, {zeros, g.x[1], number}, axis);
  return equal(apply(gather, {placed, g.x[1]}, axis), number);
}

// dUpdates = dy where the indices point. dx = dy; where an update replaces, it is 0, and so is the
// derivative by an update that is itself replaced.
Values gradient(const Grad& g, const Op& scatter, const Op& gather, const Attrs& axis) {
  bool add = g.node.text("reduction") == "add";
  Value dx = g.dy(), updates;
  if (!add && g.wants(0)) dx = apply(scatter, {dx, g.x[1], zeros_like(g.x[2])}, axis);
  if (g.wants(2)) {
    updates = apply(gather, {g.dy(), g.x[1]}, axis);
    if (!add) updates = only_where(stays(g, scatter, gather, axis), updates);
  }
  return {dx, {}, updates};
}

Values scatter_elements_gradient(const Grad& g) {
  return gradient(g, scatter_elements_op, gather_elements_op, {{"axis", g.number("axis")}});
}

Values scatter_nd_gradient(const Grad& g) {
  return gradient(g, scatter_nd_op, gather_nd_op, {});
}

}  // namespace

constexpr Op scatter_elements_op{
    .name = "scatterElements",
    .summary = "The input with one element replaced, or added to, for each index along an axis.",
    .inputs = {"input", "indices", "updates"},
    .attrs = {{"axis", 0.0}, {"reduction", "none"}},
    .infer = infer_scatter_elements,
    .cpu = {scatter_elements<float>, scatter_elements<double>},
    .gradient = scatter_elements_gradient,
};

constexpr Op scatter_nd_op{
    .name = "scatterND",
    .summary = "The input with elements or slices replaced, or added to, at given locations.",
    .inputs = {"input", "indices", "updates"},
    .attrs = {{"reduction", "none"}},
    .infer = infer_scatter_nd,
    .cpu = {scatter_nd<float>, scatter_nd<double>},
    .gradient = scatter_nd_gradient,
};

}  // namespace gesso
