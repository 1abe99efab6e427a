#include "core/ops/math.h"

#include <cmath>
#include <numeric>

namespace gesso {

namespace {

// The graph of the first input that was given.
Graph& graph_of(const View<Value>& inputs) {
  return *std::find_if(inputs.begin(), inputs.end(), [](const Value& v) { return bool(v); })->graph;
}

}  // namespace

Value apply(const Op& op, const View<Value>& inputs, const Options& options) {
  return graph_of(inputs).apply(op, inputs, options);
}

Value apply(const Op& op, const View<Value>& inputs, const Attrs& attrs) {
  return graph_of(inputs).apply(op, inputs, attrs);
}

Value full_like(const Value& x, double value) {
  return expand(x.graph->scalar(value, x.dtype()), x.shape());
}

Value only_where(const Value& condition, const Value& x) {
  return where(condition, x, x.graph->scalar(0));
}

Value clamp(const Value& x, double low, double high) {
  return apply(clamp_op, {x}, {{"minValue", low}, {"maxValue", high}});
}

Value clamp_gradient(const Value& dy, const Value& y, double low, double high) {
  return apply(clamp_gradient_op, {dy, y}, {{"minValue", low}, {"maxValue", high}});
}

Value clamp_gradient_of(const Grad& g) {
  double low = g.number("minValue"), high = g.number("maxValue");
  bool is_open = std::isinf(low) && std::isinf(high);
  return is_open ? g.dy() : clamp_gradient(g.dy(), g.y[0], low, high);
}

Value transpose(const Value& x) {
  Ints permutation = all_axes(x.shape().rank());
  std::swap(permutation.back(), permutation.rbegin()[1]);
  return transpose(x, permutation);
}

Value conv2d_filter_gradient(const Value& x, const Value& dy, const Shape& filter, Attrs attrs) {
  attrs.set("filterSize", Ints{filter[1], filter[2]});
  return apply(conv2d_filter_gradient_op, {x, dy}, std::move(attrs));
}

Value conv2d_input_gradient(const Value& filter, const Value& dy, const Shape& x, Attrs attrs) {
  attrs.set("inputSize", Ints{x[1], x[2]});
  return apply(conv2d_input_gradient_op, {filter, dy}, std::move(attrs));
}

Value reduce(const Op& op, const Value& x, const Ints& axes, bool keep) {
  Attrs attrs{{"keepDimensions", keep}};
  if (!axes.empty()) attrs.set("axes", axes);
  return apply(op, {x}, std::move(attrs));
}

Value sum_to(const Value& x, const Shape& shape) {
  int added = x.shape().rank() - shape.rank();
  Ints axes;
  for (int i = 0; i < x.shape().rank(); ++i)
    if (i < added || shape[i - added] != x.shape()[i]) axes.push_back(i);
  return axes.empty() ? x : reshape(sum(x, axes), shape);
}

Ints all_axes(int rank) {
  Ints axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

}  // namespace gesso
