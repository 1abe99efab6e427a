// Operators as functions of values, for gradients, layers, losses and optimisers. Operands are
// stretched to each other's shapes as the operators do.
#pragma once

#include "core/ops/list.h"

namespace gesso {

// Appends a node to the graph of the first input that was given.
Value apply(const Op& op, const View<Value>& inputs, const Options& options = {});
Value apply(const Op& op, const View<Value>& inputs, const Attrs& attrs);

// A constant of this value, stretched to the type of another value.
Value full_like(Value x, double value);
inline Value zeros_like(Value x) {
  return full_like(x, 0);
}
inline Value ones_like(Value x) {
  return full_like(x, 1);
}

inline Ints ints_of(const Shape& shape) {
  return Ints(shape.begin(), shape.end());
}

// alpha * x + beta.
inline Value linear(Value x, double alpha, double beta) {
  return apply(linear_op, {x}, {{"alpha", alpha}, {"beta", beta}});
}

inline Value operator+(Value a, Value b) {
  return apply(add_op, {a, b});
}
inline Value operator-(Value a, Value b) {
  return apply(sub_op, {a, b});
}
inline Value operator*(Value a, Value b) {
  return apply(mul_op, {a, b});
}
inline Value operator/(Value a, Value b) {
  return apply(div_op, {a, b});
}
inline Value operator-(Value a) {
  return apply(neg_op, {a});
}
inline Value operator+(Value a, double b) {
  return linear(a, 1, b);
}
inline Value operator+(double a, Value b) {
  return linear(b, 1, a);
}
inline Value operator-(Value a, double b) {
  return linear(a, 1, -b);
}
inline Value operator-(double a, Value b) {
  return linear(b, -1, a);
}
inline Value operator*(Value a, double b) {
  return linear(a, b, 0);
}
inline Value operator*(double a, Value b) {
  return linear(b, a, 0);
}
inline Value operator/(Value a, double b) {
  return linear(a, 1 / b, 0);
}
inline Value operator/(double a, Value b) {
  return linear(apply(reciprocal_op, {b}), a, 0);
}

inline Value abs(Value x) {
  return apply(abs_op, {x});
}
inline Value cos(Value x) {
  return apply(cos_op, {x});
}
inline Value cosh(Value x) {
  return apply(cosh_op, {x});
}
inline Value exp(Value x) {
  return apply(exp_op, {x});
}
inline Value log(Value x) {
  return apply(log_op, {x});
}
inline Value max(Value a, Value b) {
  return apply(max_op, {a, b});
}
inline Value min(Value a, Value b) {
  return apply(min_op, {a, b});
}
inline Value pow(Value a, Value b) {
  return apply(pow_op, {a, b});
}
inline Value reciprocal(Value x) {
  return apply(reciprocal_op, {x});
}
inline Value rsqrt(Value x) {
  return apply(rsqrt_op, {x});
}
inline Value sigmoid(Value x) {
  return apply(sigmoid_op, {x});
}
inline Value sign(Value x) {
  return apply(sign_op, {x});
}
inline Value sin(Value x) {
  return apply(sin_op, {x});
}
inline Value sinh(Value x) {
  return apply(sinh_op, {x});
}
inline Value softplus(Value x) {
  return apply(softplus_op, {x});
}
inline Value sqrt(Value x) {
  return apply(sqrt_op, {x});
}
inline Value square(Value x) {
  return apply(square_op, {x});
}
inline Value tanh(Value x) {
  return apply(tanh_op, {x});
}

inline Value equal(Value a, Value b) {
  return apply(equal_op, {a, b});
}
inline Value greater(Value a, Value b) {
  return apply(greater_op, {a, b});
}
inline Value greater_or_equal(Value a, Value b) {
  return apply(greater_or_equal_op, {a, b});
}
inline Value lesser(Value a, Value b) {
  return apply(lesser_op, {a, b});
}
inline Value logical_and(Value a, Value b) {
  return apply(logical_and_op, {a, b});
}
inline Value logical_not(Value a) {
  return apply(logical_not_op, {a});
}
inline Value where(Value condition, Value a, Value b) {
  return apply(where_op, {condition, a, b});
}
// x where the condition holds, 0 elsewhere.
Value only_where(Value condition, Value x);
Value clamp(Value x, double low, double high);
// dy where y lies between the bounds, 0 elsewhere: the rule of everything that ends in a clamp.
Value clamp_gradient(Value dy, Value y, double low, double high);
// The derivative by what an operator with minValue and maxValue clamps at its end.
Value clamp_gradient_of(const Grad& g);

inline Value cast(Value x, DType dtype) {
  return apply(cast_op, {x}, {{"type", std::string(to_string(dtype))}});
}
inline Value reshape(Value x, const Shape& shape) {
  return x.shape() == shape ? x : apply(reshape_op, {x}, {{"newShape", ints_of(shape)}});
}
inline Value expand(Value x, const Shape& shape) {
  return x.shape() == shape ? x : apply(expand_op, {x}, {{"newShape", ints_of(shape)}});
}
inline Value transpose(Value x, const Ints& permutation) {
  return apply(transpose_op, {x}, {{"permutation", permutation}});
}
Value transpose(Value x);  // the last two axes
inline Value slice(Value x, const Ints& starts, const Ints& sizes) {
  return apply(slice_op, {x}, {{"starts", starts}, {"sizes", sizes}});
}
inline Value concat(const Values& inputs, int axis) {
  return apply(concat_op, inputs, {{"axis", double(axis)}});
}
inline Value pad(Value x, const Ints& before, const Ints& after) {  // with zeros
  return apply(pad_op, {x}, {{"beginningPadding", before}, {"endingPadding", after}});
}
inline Value reverse(Value x, const Ints& axes) {
  return apply(reverse_op, {x}, {{"axes", axes}});
}
inline Value matmul(Value a, Value b) {
  return apply(matmul_op, {a, b});
}
inline Value gemm(Value a, Value b, Attrs attrs = {}) {
  return apply(gemm_op, {a, b}, std::move(attrs));
}

// The options of a convolution: padding, strides, dilations and groups. The gradients are given
// the shape of the filters or images whose derivative they are.
inline Value conv2d(Value x, Value filter, Attrs attrs = {}) {
  return apply(conv2d_op, {x, filter}, std::move(attrs));
}
Value conv2d_filter_gradient(Value x, Value dy, const Shape& filter, Attrs attrs = {});
Value conv2d_input_gradient(Value filter, Value dy, const Shape& x, Attrs attrs = {});

// Over these axes, which may be counted from the end; over all of them where none are given.
// `keep` leaves sizes of 1.
Value reduce(const Op& op, Value x, const Ints& axes = {}, bool keep = false);
inline Value sum(Value x, const Ints& axes = {}, bool keep = false) {
  return reduce(reduce_sum_op, x, axes, keep);
}
inline Value mean(Value x, const Ints& axes = {}, bool keep = false) {
  return reduce(reduce_mean_op, x, axes, keep);
}

// Sums over the axes along which a value of this shape was stretched to give x.
Value sum_to(Value x, const Shape& shape);

// [0, 1, ..., rank - 1].
Ints all_axes(int rank);

}  // namespace gesso
