// gather, gatherElements and gatherND: parts of the input, picked by index. Indices below zero
// count from the end; those outside of the input mean the nearest one inside. gatherGradient adds
// slices to where gather picked them.
#include <cstring>

#include "core/ops/accept.h"
#include "core/ops/indices.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

// The shape of slices, one for each index, out of a tensor of this shape.
Shape picked_shape(const Call& c, Shape shape, int axis) {
  shape.erase(axis);
  for (int i = 0; i < c.shape(1).rank(); ++i) {
    require_room(c, shape.rank() + 1);
    shape.insert(axis + i, c.shape(1)[i]);
  }
  return shape;
}

Types infer_gather(const Call& c) {
  require_indices(c, 1);
  int axis = axis_option(c);
  require_something_to_index(c, axis);
  return {{c.dtype(), picked_shape(c, c.shape(), axis)}};
}

// y[outer..., i..., inner...] = x[outer..., indices[i...], inner...].
template <class Real>
void gather(Kernel<Real>& k) {
  const Shape& shape = k.shape();
  int axis = positive_axis(k.node.integer("axis"), shape.rank());
  size_t run = shape.count(axis + 1, shape.rank()) * k.element_size(k.dtype());
  if (run == 0) return;
  auto indices = k.template input<int32_t>(1);
  auto* in = static_cast<const std::byte*>(k.in[0].data);
  auto* out = static_cast<std::byte*>(k.out[0].data);
  for (size_t outer = shape.count(0, axis); outer > 0; --outer) {
    for (int32_t index : indices) {
      std::memcpy(out, in + size_t(clamp_index(index, shape[axis])) * run, run);
      out += run;
    }
    in += size_t(shape[axis]) * run;
  }
}

// dx = gatherGradient(dy, indices): dy has slices of x.
Values gradient_of_gather(const Grad& g) {
  return {apply(gather_gradient_op, {g.dy(), g.x[1]},
                {{"axis", g.number("axis")}, {"newShape", ints_of(g.x[0].shape())}})};
}

Types infer_gather_gradient(const Call& c) {
  check_dtype(c, 0, floats);
  require_indices(c, 1);
  auto sizes = ints_option(c, "newShape");
  if (sizes.empty() || sizes.size() > size_t{Shape::max_rank})
    fail(c, "newShape must be the shape that gather picked from", "the shape of its input");
  for (int size : sizes)
    if (size < 0) fail(c, "a size cannot be negative", "write out every size");
  Shape shape{sizes};
  int axis = whole_option(c, "axis");
  if (axis < -shape.rank() || axis >= shape.rank())
    fail(c, "axis is out of range", phrase({"-1 for the last one, which is ", shape.rank() - 1}));
  axis = positive_axis(axis, shape.rank());
  if (shape[axis] == 0 && c.shape(1).count() > 0)
    fail(c, phrase({"axis ", axis, " is empty: no index can point into it"}),
         "at least one element along it");
  check_shape(c, 0, picked_shape(c, shape, axis), "the shape of what gather picks");
  return {{DType::f32, shape}};
}

// dx = 0;  dx[outer..., indices[i...], inner...] += dy[outer..., i..., inner...].
template <class Real>
void gather_gradient(Kernel<Real>& k) {
  const Shape& shape = k.out_shape();
  int axis = positive_axis(k.node.integer("axis"), shape.rank());
  size_t run = shape.count(axis + 1, shape.rank());
  auto indices = k.template input<int32_t>(1);
  std::ranges::fill(k.output(), Real(0));
  const Real* dy = k.input().data();
  Real* dx = k.output().data();
  for (size_t outer = shape.count(0, axis); outer > 0; --outer) {
    for (int32_t index : indices) {
      Real* slice = dx + size_t(clamp_index(index, shape[axis])) * run;
      for (size_t i = 0; i < run; ++i) slice[i] += dy[i];
      dy += run;
    }
    dx += size_t(shape[axis]) * run;
  }
}

// It is linear in dy, and what it adds up gather picks.
Values gradient_of_gather_gradient(const Grad& g) {
  return {apply(gather_op, {g.dy(), g.x[1]}, {{"axis", g.number("axis")}})};
}

Types infer_gather_elements(const Call& c) {
  require_indices(c, 1);
  int axis = axis_option(c);
  require_elementwise_indices(c, axis);
  require_something_to_index(c, axis);
  return {{c.dtype(), c.shape(1)}};
}

// y[i, j, k] = x[i, indices[i, j, k], k] along axis 1, and so on.
template <class Real>
void gather_elements(Kernel<Real>& k) {
  const Shape &shape = k.shape(), &picked = k.shape(1);
  int axis = positive_axis(k.node.integer("axis"), shape.rank());
  size_t inner = shape.count(axis + 1, shape.rank());
  auto indices = k.template input<int32_t>(1);
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto x = k.template input<T>();
    auto y = k.template output<T>();
    size_t i = 0;
    for (size_t outer = 0; outer < shape.count(0, axis); ++outer)
      for (int j = 0; j < picked[axis]; ++j)
        for (size_t in = 0; in < inner; ++in, ++i)
          y[i] = x[(outer * size_t(shape[axis]) + size_t(clamp_index(indices[i], shape[axis]))) *
                       inner +
                   in];
  });
}

Types infer_gather_nd(const Call& c) {
  require_indices(c, 1);
  int depth = require_locations(c);
  const Shape& shape = c.shape();
  Shape result = c.shape(1);
  result.erase(result.rank() - 1);
  for (int i = 0; i < depth; ++i) require_something_to_index(c, i);
  require_room(c, result.rank() + shape.rank() - depth);
  for (int i = depth; i < shape.rank(); ++i) result.push_back(shape[i]);
  return {{c.dtype(), result}};
}

// y[i..., j...] = x[indices[i..., 0], indices[i..., 1], …, j...].
template <class Real>
void gather_nd(Kernel<Real>& k) {
  const Locations locations(k.shape(), k.shape(1), k.template input<int32_t>(1));
  size_t run = locations.run() * k.element_size(k.dtype());
  if (run == 0) return;
  auto* in = static_cast<const std::byte*>(k.in[0].data);
  auto* out = static_cast<std::byte*>(k.out[0].data);
  for (size_t i = 0; i < locations.count(); ++i)
    std::memcpy(out + i * run, in + locations[i] * run, run);
}

// dx = 0;  dx[i, indices[i, j, k], k] += dy[i, j, k] along axis 1, and so on.
Values gradient_of_gather_elements(const Grad& g) {
  return {apply(scatter_elements_op, {zeros_like(g.x[0]), g.x[1], g.dy()},
                {{"axis", g.number("axis")}, {"reduction", "add"}})};
}

// dx = 0;  dx[indices[i..., 0], indices[i..., 1], …, j...] += dy[i..., j...].
Values gradient_of_gather_nd(const Grad& g) {
  return {apply(scatter_nd_op, {zeros_like(g.x[0]), g.x[1], g.dy()}, {{"reduction", "add"}})};
}

}  // namespace

constexpr Op gather_op{
    .name = "gather",
    .summary = "Picks slices of the input along an axis by their index.",
    .inputs = {"input", "indices"},
    .attrs = {{"axis", 0.0}},
    .infer = infer_gather,
    .cpu = {gather<float>, gather<double>},
    .gradient = gradient_of_gather,
};

constexpr Op gather_elements_op{
    .name = "gatherElements",
    .summary = "Picks one element of the input for each index, along an axis.",
    .inputs = {"input", "indices"},
    .attrs = {{"axis", 0.0}},
    .infer = infer_gather_elements,
    .cpu = {gather_elements<float>, gather_elements<double>},
    .gradient = gradient_of_gather_elements,
};

constexpr Op gather_gradient_op{
    .name = "gatherGradient",
    .summary = "A tensor of zeros to which slices are added, along an axis, by their index.",
    .inputs = {"dy", "indices"},
    .attrs = {{"axis", 0.0}, {"newShape", no_ints}},
    .infer = infer_gather_gradient,
    .cpu = CpuKernel::oracle(gather_gradient<float>, gather_gradient<double>),
    .gradient = gradient_of_gather_gradient,
};

constexpr Op gather_nd_op{
    .name = "gatherND",
    .summary = "Picks elements or slices of the input; the last axis of indices is a location.",
    .inputs = {"input", "indices"},
    .infer = infer_gather_nd,
    .cpu = {gather_nd<float>, gather_nd<double>},
    .gradient = gradient_of_gather_nd,
};

}  // namespace gesso
