// layerNormalization(input, scale?, bias?): each sample to mean 0, variance 1 over some axes.
#include <algorithm>
#include <cmath>

#include "core/ops/accept.h"
#include "core/ops/loops.h"
#include "core/ops/normalization.h"

namespace gesso {
namespace {

constexpr uint32_t all_but_first = ~1u;

// The sizes of the axes, in the order in which the axes are listed.
Shape sizes_of_axes(const Node& node, const Shape& shape) {
  Shape sizes;
  if (node.has("axes"))
    for (int axis : node.ints("axes")) sizes.push_back(shape[positive_axis(axis, shape.rank())]);
  else
    for (int axis = 1; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  return sizes;
}

Types infer(const Call& c) {
  require_float(c);
  check_epsilon(c);
  axes_option(c, "axes", all_but_first);
  for (int i = 1; i <= 2; ++i)
    check_shape(c, i, sizes_of_axes(c.node, c.shape()), "the sizes of the normalised axes");
  return {c.in[0]};
}

// Loops over the normalised axes of the input, tensor 0, and of scale or bias, tensor 1.
Loops<2> sample_loops(const Node& node, const Shape& shape) {
  Shape sizes = sizes_of_axes(node, shape);
  auto strides = strides_of(shape), parameter_strides = strides_of(sizes);
  Loops<2> loops;
  for (int i = 0; i < sizes.rank(); ++i) {
    int axis = node.has("axes") ? positive_axis(node.ints("axes")[size_t(i)], shape.rank()) : i + 1;
    loops.add(sizes[i], {strides[size_t(axis)], parameter_strides[size_t(i)]});
  }
  return loops;
}

// y = scale * (x - mean) / sqrt(variance + epsilon) + bias.
// The variance is taken around the mean, in a second pass: the mean of squares would cancel.
template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape& shape = k.shape();
  uint32_t axes = axes_mask(k.node, "axes", shape.rank(), all_but_first);
  Loops<2> sample = sample_loops(k.node, shape);
  double count = double(sizes_of_axes(k.node, shape).count());
  double epsilon = k.node.number("epsilon");
  const Real* x = k.input().data();
  const Real* scale = k.has(1) ? k.input(1).data() : nullptr;
  const Real* bias = k.has(2) ? k.input(2).data() : nullptr;
  Real* y = k.output().data();
  loops_over(~axes, shape).each([&](auto start) {
    std::array<size_t, 2> first{start[0], 0};
    double mean = 0, variance = 0;
    sample.each([&](auto at) { mean += x[at[0]]; }, first);
    mean /= count;
    sample.each([&](auto at) { variance += (x[at[0]] - mean) * (x[at[0]] - mean); }, first);
    double factor = 1 / std::sqrt(variance / count + epsilon);
    sample.each(
        [&](auto at) {
          double normal = (x[at[0]] - mean) * factor;
          y[at[0]] = Real(normal * (scale ? scale[at[1]] : 1) + (bias ? bias[at[1]] : 0));
        },
        first);
  });
}

// The normalized axes in the order in which scale and bias have them.
Ints axes_of(const Node& node, int rank) {
  Ints axes = node.has("axes") ? node.ints("axes") : all_axes(rank);
  if (!node.has("axes") && !axes.empty()) axes.erase(axes.begin());
  for (int& axis : axes) axis = positive_axis(axis, rank);
  return axes;
}

Values gradient(const Grad& g) {
  const Shape& shape = g.x[0].shape();
  Ints axes = axes_of(g.node, shape.rank()), sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  Shape parameter = shape;  // sizes of 1 outside of the axes
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (!std::binary_search(sorted.begin(), sorted.end(), axis)) parameter[axis] = 1;

  // Where the sorted axes stand in the list, and the other way around.
  Ints to_sorted(axes.size()), to_listed(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    auto place = std::lower_bound(sorted.begin(), sorted.end(), axes[i]) - sorted.begin();
    to_listed[i] = int(place);
    to_sorted[size_t(place)] = int(i);
  }
  Shape sizes;
  for (int axis : sorted) sizes.push_back(shape[axis]);
  auto listed = [&](Value v) { return v ? transpose(reshape(v, sizes), to_listed) : v; };

  Value scale = g.has(1) ? reshape(transpose(g.x[1], to_sorted), parameter) : Value{};
  auto d = normalization_gradient(g, sorted, parameter, scale);
  return {d.x, listed(d.scale), listed(d.bias)};
}

}  // namespace

constexpr Op layer_normalization_op{
    .name = "layerNormalization",
    .summary =
        "Each sample brought to mean 0 and variance 1 over the axes, all but the first by "
        "default; then scaled and shifted.",
    .inputs = {"input", "scale?", "bias?"},
    .attrs = {{"axes", {}}, {"epsilon", 1e-5}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
