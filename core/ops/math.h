// Operators as functions of values, for gradients, layers, losses and optimisers. Operands are
// stretched to each other's shapes as the operators do.
#pragma once

#include "core/ops/list.h"

namespace gesso {

// Appends a node to the graph of the first input that was given.
Value apply(const Op& op, const View<Value>& inputs, const Options& options = {});
Value apply(const Op& op, const View<Value>& inputs, const Attrs& attrs);

// A constant of this value, stretched to the type of another value.
Value full_like(const Value& x, double value);
inline Value zeros_like(const Value& x) {
  return full_like(x, 0);
}
inline Value ones_like(const Value& x) {
  return full_like(x, 1);
}

inline Ints ints_of(const Shape& shape) {
  return Ints(shape.begin(), shape.end());
}

// alpha * x + beta.
inline Value linear(const Value& x, double alpha, double beta) {
  return apply(linear_op, {x}, {{"alpha", alpha}, {"beta", beta}});
}

inline Value operator+(const Value& a, const Value& b) {
  return apply(add_op, {a, b});
}
inline Value operator-(const Value& a, const Value& b) {
  return apply(sub_op, {a, b});
}
inline Value operator*(const Value& a, const Value& b) {
  return apply(mul_op, {a, b});
}
inline Value operator/(const Value& a, const Value& b) {
  return apply(div_op, {a, b});
}
inline Value operator-(const Value& a) {
  return apply(neg_op, {a});
}
inline Value operator+(const Value& a, double b) {
  return linear(a, 1, b);
}
inline Value operator+(double a, const Value& b) {
  return linear(b, 1, a);
}
inline Value operator-(const Value& a, double b) {
  return linear(a, 1, -b);
}
inline Value operator-(double a, const Value& b) {
  return linear(b, -1, a);
}
inline Value operator*(const Value& a, double b) {
  return linear(a, b, 0);
}
inline Value operator*(double a, const Value& b) {
  return linear(b, a, 0);
}
inline Value operator/(const Value& a, double b) {
  return linear(a, 1 / b, 0);
}
inline Value operator/(double a, const Value& b) {
  return linear(apply(reciprocal_op, {b}), a, 0);
}

inline Value abs(const Value& x) {
  return apply(abs_op, {x});
}
inline Value cos(const Value& x) {
  return apply(cos_op, {x});
}
inline Value cosh(const Value& x) {
  return apply(cosh_op, {x});
}
inline Value exp(const Value& x) {
  return apply(exp_op, {x});
}
inline Value log(const Value& x) {
  return apply(log_op, {x});
}
inline Value max(const Value& a, const Value& b) {
  return apply(max_op, {a, b});
}
inline Value min(const Value& a, const Value& b) {
  return apply(min_op, {a, b});
}
inline Value pow(const Value& a, const Value& b) {
  return apply(pow_op, {a, b});
}
inline Value reciprocal(const Value& x) {
  return apply(reciprocal_op, {x});
}
inline Value rsqrt(const Value& x) {
  return apply(rsqrt_op, {x});
}
inline Value sigmoid(const Value& x) {
  return apply(sigmoid_op, {x});
}
inline Value sign(const Value& x) {
  return apply(sign_op, {x});
}
inline Value sin(const Value& x) {
  return apply(sin_op, {x});
}
inline Value sinh(const Value& x) {
  return apply(sinh_op, {x});
}
inline Value softplus(const Value& x) {
  return apply(softplus_op, {x});
}
inline Value sqrt(const Value& x) {
  return apply(sqrt_op, {x});
}
inline Value square(const Value& x) {
  return apply(square_op, {x});
}
inline Value tanh(const Value& x) {
  return apply(tanh_op, {x});
}

inline Value equal(const Value& a, const Value& b) {
  return apply(equal_op, {a, b});
}
inline Value greater(const Value& a, const Value& b) {
  return apply(greater_op, {a, b});
}
inline Value greater_or_equal(const Value& a, const Value& b) {
  return apply(greater_or_equal_op, {a, b});
}
inline Value lesser(const Value& a, const Value& b) {
  return apply(lesser_op, {a, b});
}
inline Value logical_and(const Value& a, const Value& b) {
  return apply(logical_and_op, {a, b});
}
inline Value logical_not(const Value& a) {
  return apply(logical_not_op, {a});
}
inline Value where(const Value& condition, const Value& a, const Value& b) {
  return apply(where_op, {condition, a, b});
}
// x where the condition holds, 0 elsewhere.
Value only_where(const Value& condition, const Value& x);
Value clamp(const Value& x, double low, double high);
// dy where y lies between the bounds, 0 elsewhere: the rule of everything that ends in a clamp.
Value clamp_gradient(const Value& dy, const Value& y, double low, double high);
// The derivative by what an operator with minValue and maxValue clamps at its end.
Value clamp_gradient_of(const Grad& g);

inline Value cast(const Value& x, DType dtype) {
  return apply(cast_op, {x}, {{"type", std::string(to_string(dtype))}});
}
inline Value reshape(const Value& x, const Shape& shape) {
  return x.shape() == shape ? x : apply(reshape_op, {x}, {{"newShape", ints_of(shape)}});
}
inline Value expand(const Value& x, const Shape& shape) {
  return x.shape() == shape ? x : apply(expand_op, {x}, {{"newShape", ints_of(shape)}});
}
inline Value transpose(const Value& x, const Ints& permutation) {
  return apply(transpose_op, {x}, {{"permutation", permutation}});
}
Value transpose(const Value& x);  // the last two axes
inline Value slice(const Value& x, const Ints& starts, const Ints& sizes) {
  return apply(slice_op, {x}, {{"starts", starts}, {"sizes", sizes}});
}
inline Value concat(const Values& inputs, int axis) {
  return apply(concat_op, inputs, {{"axis", double(axis)}});
}
inline Value pad(const Value& x, const Ints& before, const Ints& after) {  // with zeros
  return apply(pad_op, {x}, {{"beginningPadding", before}, {"endingPadding", after}});
}
inline Value reverse(const Value& x, const Ints& axes) {
  return apply(reverse_op, {x}, {{"axes", axes}});
}
inline Value matmul(const Value& a, const Value& b) {
  return apply(matmul_op, {a, b});
}
inline Value gemm(const Value& a, const Value& b, Attrs attrs = {}) {
  return apply(gemm_op, {a, b}, std::move(attrs));
}

// The options of a convolution: padding, strides, dilations and groups. The gradients are given
// the shape of the filters or images whose derivative they are.
inline Value conv2d(const Value& x, const Value& filter, Attrs attrs = {}) {
  return apply(conv2d_op, {x, filter}, std::move(attrs));
}
Value conv2d_filter_gradient(const Value& x, const Value& dy, const Shape& filter,
                             Attrs attrs = {});
Value conv2d_input_gradient(const Value& filter, const Value& dy, const Shape& x, Attrs attrs = {});

// Over these axes, which may be counted from the end; over all of them where none are given.
// `keep` leaves sizes of 1.
Value reduce(const Op& op, const Value& x, const Ints& axes = {}, bool keep = false);
inline Value sum(const Value& x, const Ints& axes = {}, bool keep = false) {
  return reduce(reduce_sum_op, x, axes, keep);
}
inline Value mean(const Value& x, const Ints& axes = {}, bool keep = false) {
  return reduce(reduce_mean_op, x, axes, keep);
}

// Sums over the axes along which a value of this shape was stretched to give x.
Value sum_to(const Value& x, const Shape& shape);

// [0, 1, ..., rank - 1].
Ints all_axes(int rank);

}  // namespace gesso
