// Operators on one tensor that are one formula without options.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/ops/elementwise.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types to_boolean(const Call& c) {
  check_dtype(c, 0, floats);
  return {{DType::boolean, c.shape()}};
}

Types logical(const Call& c) {
  check_dtype(c, 0, truths);
  return {{DType::boolean, c.shape()}};
}

template <class Real>
void logical_not(Kernel<Real>& k) {
  map(k.template input<uint8_t>(), k.template output<uint8_t>(), [](auto x) { return !x; });
}

template <class Real>
void identity(Kernel<Real>& k) {
  std::copy_n(static_cast<const std::byte*>(k.in[0].data),
              k.shape().count() * k.element_size(k.dtype()),
              static_cast<std::byte*>(k.out[0].data));
}

// A function that leaves whole numbers as they are.
template <class Real, class F>
void keep_ints(Kernel<Real>& k) {
  if (k.dtype() == DType::f32)
    kernels::floats<Real, F>(k);
  else
    identity(k);
}

template <class F>
constexpr CpuKernel each_fraction(F) {
  return {keep_ints<float, F>, keep_ints<double, F>};
}

// The rules below have dx = dy * y', with y in place of x where that is as exact.

// y' = sign(x)
Values abs_gradient(const Grad& g) {
  return {g.dy() * sign(g.x[0])};
}

// y' = -1 / sqrt(1 - x * x)
Values acos_gradient(const Grad& g) {
  return {-(g.dy() * rsqrt(1 - square(g.x[0])))};
}

// y' = 1 / sqrt(x * x - 1)
Values acosh_gradient(const Grad& g) {
  return {g.dy() * rsqrt(square(g.x[0]) - 1)};
}

// y' = 1 / sqrt(1 - x * x)
Values asin_gradient(const Grad& g) {
  return {g.dy() * rsqrt(1 - square(g.x[0]))};
}

// y' = 1 / sqrt(1 + x * x)
Values asinh_gradient(const Grad& g) {
  return {g.dy() * rsqrt(1 + square(g.x[0]))};
}

// y' = 1 / (1 + x * x)
Values atan_gradient(const Grad& g) {
  return {g.dy() / (1 + square(g.x[0]))};
}

// y' = 1 / (1 - x * x)
Values atanh_gradient(const Grad& g) {
  return {g.dy() / (1 - square(g.x[0]))};
}

// y' = -sin(x)
Values cos_gradient(const Grad& g) {
  return {-(g.dy() * sin(g.x[0]))};
}

// y' = sinh(x)
Values cosh_gradient(const Grad& g) {
  return {g.dy() * sinh(g.x[0])};
}

// y' = 2 / sqrt(pi) * exp(-x * x)
Values erf_gradient(const Grad& g) {
  return {g.dy() * exp(-square(g.x[0])) * (2 * std::numbers::inv_sqrtpi)};
}

// y' = y
Values exp_gradient(const Grad& g) {
  return {g.dy() * g.y[0]};
}

// y' = exp(x)
Values expm1_gradient(const Grad& g) {
  return {g.dy() * exp(g.x[0])};
}

Values identity_gradient(const Grad& g) {
  return {g.dy()};
}

// y' = 1 / x
Values log_gradient(const Grad& g) {
  return {g.dy() / g.x[0]};
}

// y' = 1 / (1 + x)
Values log1p_gradient(const Grad& g) {
  return {g.dy() / (1 + g.x[0])};
}

// y' = -1
Values neg_gradient(const Grad& g) {
  return {-g.dy()};
}

// y' = -y * y
Values reciprocal_gradient(const Grad& g) {
  return {-(g.dy() * square(g.y[0]))};
}

// y' = -y * y * y / 2
Values rsqrt_gradient(const Grad& g) {
  return {g.dy() * g.y[0] * square(g.y[0]) * -0.5};
}

// y' = cos(x)
Values sin_gradient(const Grad& g) {
  return {g.dy() * cos(g.x[0])};
}

// y' = cosh(x)
Values sinh_gradient(const Grad& g) {
  return {g.dy() * cosh(g.x[0])};
}

// y' = 1 / (2 * y)
Values sqrt_gradient(const Grad& g) {
  return {0.5 * g.dy() / g.y[0]};
}

// y' = 2 * x
Values square_gradient(const Grad& g) {
  return {2 * g.dy() * g.x[0]};
}

// y' = 1 + y * y
Values tan_gradient(const Grad& g) {
  return {g.dy() * (1 + square(g.y[0]))};
}

// y' = 1 - y * y
Values tanh_gradient(const Grad& g) {
  return {g.dy() * (1 - square(g.y[0]))};
}

}  // namespace

constexpr Op abs_op{
    .name = "abs",
    .summary = "The distance from 0.",
    .inputs = {"input"},
    .infer = same_type_of<signed_numbers>,
    .cpu = each_number([](auto x) { return std::abs(x); }),
    .gradient = abs_gradient,
    .in_place = 1,
};

constexpr Op acos_op{
    .name = "acos",
    .summary = "The angle, in radians from 0 to pi, whose cosine this is.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::acos(x); }),
    .gradient = acos_gradient,
};

constexpr Op acosh_op{
    .name = "acosh",
    .summary = "The number of 0 or more whose hyperbolic cosine this is.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::acosh(x); }),
    .gradient = acosh_gradient,
};

constexpr Op asin_op{
    .name = "asin",
    .summary = "The angle, in radians from -pi/2 to pi/2, whose sine this is.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::asin(x); }),
    .gradient = asin_gradient,
};

constexpr Op asinh_op{
    .name = "asinh",
    .summary = "The number whose hyperbolic sine this is.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::asinh(x); }),
    .gradient = asinh_gradient,
};

constexpr Op atan_op{
    .name = "atan",
    .summary = "The angle, in radians from -pi/2 to pi/2, whose tangent this is.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::atan(x); }),
    .gradient = atan_gradient,
};

constexpr Op atanh_op{
    .name = "atanh",
    .summary = "The number whose hyperbolic tangent this is.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::atanh(x); }),
    .gradient = atanh_gradient,
};

constexpr Op ceil_op{
    .name = "ceil",
    .summary = "The nearest whole number above.",
    .inputs = {"input"},
    .infer = same_type_of<numbers>,
    .cpu = each_fraction([](auto x) { return std::ceil(x); }),
    .gradient = zero_gradient,
};

constexpr Op cos_op{
    .name = "cos",
    .summary = "The cosine of an angle in radians.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::cos(x); }),
    .gradient = cos_gradient,
};

constexpr Op cosh_op{
    .name = "cosh",
    .summary = "The hyperbolic cosine: (exp(x) + exp(-x)) / 2.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::cosh(x); }),
    .gradient = cosh_gradient,
};

constexpr Op erf_op{
    .name = "erf",
    .summary = "The error function: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::erf(x); }),
    .gradient = erf_gradient,
};

constexpr Op exp_op{
    .name = "exp",
    .summary = "e to the power of x.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::exp(x); }),
    .gradient = exp_gradient,
    .in_place = 1,
};

constexpr Op expm1_op{
    .name = "expm1",
    .summary = "exp(x) - 1, exact also where x is close to 0.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::expm1(x); }),
    .gradient = expm1_gradient,
};

constexpr Op floor_op{
    .name = "floor",
    .summary = "The nearest whole number below.",
    .inputs = {"input"},
    .infer = same_type_of<numbers>,
    .cpu = each_fraction([](auto x) { return std::floor(x); }),
    .gradient = zero_gradient,
};

constexpr Op identity_op{
    .name = "identity",
    .summary = "The input itself.",
    .inputs = {"input"},
    .infer = same_type,
    .cpu = {identity<float>, identity<double>},
    .is_view = true,
    .gradient = identity_gradient,
};

constexpr Op is_finite_op{
    .name = "isFinite",
    .summary = "Whether x is neither NaN nor infinite.",
    .inputs = {"input"},
    .infer = to_boolean,
    .cpu = each_test([](auto x) { return std::isfinite(x); }),
};

constexpr Op is_infinite_op{
    .name = "isInfinite",
    .summary = "Whether x is Infinity or -Infinity.",
    .inputs = {"input"},
    .infer = to_boolean,
    .cpu = each_test([](auto x) { return std::isinf(x); }),
};

constexpr Op is_nan_op{
    .name = "isNaN",
    .summary = "Whether x is not a number.",
    .inputs = {"input"},
    .infer = to_boolean,
    .cpu = each_test([](auto x) { return std::isnan(x); }),
};

constexpr Op log_op{
    .name = "log",
    .summary = "The natural logarithm.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::log(x); }),
    .gradient = log_gradient,
    .in_place = 1,
};

constexpr Op log1p_op{
    .name = "log1p",
    .summary = "log(1 + x), exact also where x is close to 0.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::log1p(x); }),
    .gradient = log1p_gradient,
};

constexpr Op logical_not_op{
    .name = "logicalNot",
    .summary = "Whether x is 0 or false.",
    .inputs = {"input"},
    .infer = logical,
    .cpu = {logical_not<float>, logical_not<double>},
};

constexpr Op neg_op{
    .name = "neg",
    .summary = "-x.",
    .inputs = {"input"},
    .infer = same_type_of<signed_numbers>,
    .cpu = each_number([](auto x) { return -x; }),
    .gradient = neg_gradient,
    .in_place = 1,
};

constexpr Op reciprocal_op{
    .name = "reciprocal",
    .summary = "1 / x.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return 1 / x; }),
    .gradient = reciprocal_gradient,
    .in_place = 1,
};

constexpr Op round_even_op{
    .name = "roundEven",
    .summary = "The nearest whole number; halves go to the even one.",
    .inputs = {"input"},
    .infer = same_type_of<numbers>,
    .cpu = each_fraction([](auto x) { return std::nearbyint(x); }),
    .gradient = zero_gradient,
};

constexpr Op rsqrt_op{
    .name = "rsqrt",
    .summary = "1 / sqrt(x).",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return 1 / std::sqrt(x); }),
    .gradient = rsqrt_gradient,
    .in_place = 1,
};

constexpr Op sign_op{
    .name = "sign",
    .summary = "1 where x is positive, -1 where it is negative, 0 elsewhere.",
    .inputs = {"input"},
    .infer = same_type_of<signed_numbers>,
    .cpu = each_number([](auto x) { return (x > 0) - (x < 0); }),
    .gradient = zero_gradient,
};

constexpr Op sin_op{
    .name = "sin",
    .summary = "The sine of an angle in radians.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::sin(x); }),
    .gradient = sin_gradient,
};

constexpr Op sinh_op{
    .name = "sinh",
    .summary = "The hyperbolic sine: (exp(x) - exp(-x)) / 2.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::sinh(x); }),
    .gradient = sinh_gradient,
};

constexpr Op sqrt_op{
    .name = "sqrt",
    .summary = "The square root; NaN where x is negative.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::sqrt(x); }),
    .gradient = sqrt_gradient,
    .in_place = 1,
};

constexpr Op square_op{
    .name = "square",
    .summary = "x * x.",
    .inputs = {"input"},
    .infer = same_type_of<numbers>,
    .cpu = each_number([](auto x) { return x * x; }),
    .gradient = square_gradient,
    .in_place = 1,
};

constexpr Op tan_op{
    .name = "tan",
    .summary = "The tangent of an angle in radians.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    // In double: near a pole the last place of a float is large.
    .cpu = each_float([](auto x) { return decltype(x)(std::tan(double(x))); }),
    .gradient = tan_gradient,
};

constexpr Op tanh_op{
    .name = "tanh",
    .summary = "The hyperbolic tangent: from -1 to 1.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return std::tanh(x); }),
    .gradient = tanh_gradient,
    .in_place = 1,
};

}  // namespace gesso
