// Operators that bend a line: what stands between the layers of a network.
#include <cmath>
#include <limits>
#include <numbers>

#include "core/ops/elementwise.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

// Klambauer et al., "Self-Normalizing Neural Networks", 2017.
constexpr double selu_scale = 1.0507009873554804934, selu_alpha = 1.6732632423543772848;

// Where x = 0 the two formulas of elu agree. expm1 is exact where exp(x) - 1 would cancel.
template <class Real>
void elu(Kernel<Real>& k) {
  Real alpha = k.number("alpha");
  map(k.input(), k.output(), [=](Real x) { return x >= 0 ? x : alpha * std::expm1(x); });
}

template <class Real>
void hard_sigmoid(Kernel<Real>& k) {
  Real alpha = k.number("alpha"), beta = k.number("beta");
  map(k.input(), k.output(), [=](Real x) {
    Real y = alpha * x + beta;
    return y < 0 ? Real(0) : y > 1 ? Real(1) : y;
  });
}

template <class Real>
void leaky_relu(Kernel<Real>& k) {
  Real alpha = k.number("alpha");
  map(k.input(), k.output(), [=](Real x) { return x >= 0 ? x : alpha * x; });
}

template <class Real>
void linear(Kernel<Real>& k) {
  Real alpha = k.number("alpha"), beta = k.number("beta");
  map(k.input(), k.output(), [=](Real x) { return alpha * x + beta; });
}

template <class Real>
void step(Kernel<Real>& k) {
  Real alpha = k.number("alpha");
  map(k.input(), k.output(), [=](Real x) { return std::isnan(x) ? x : x > 0 ? Real(1) : alpha; });
}

// The rules below have dx = dy * y'. What bends at 0 is asked for its sign by its result, which
// has the sign of x: then x need not be kept. Only a slope below 0 turns the sign around.
Value with_sign_of_x(const Grad& g) {
  return g.number("alpha") >= 0 ? g.y[0] : g.x[0];
}

// y' = 1 where x is positive, y + alpha elsewhere.
Values elu_gradient(const Grad& g) {
  Value positive = greater(with_sign_of_x(g), g.graph.scalar(0));
  return {where(positive, g.dy(), g.dy() * (g.y[0] + g.number("alpha")))};
}

// y' = (1 + erf(x / sqrt(2))) / 2 + x * exp(-x * x / 2) / sqrt(2 * pi)
Values gelu_gradient(const Grad& g) {
  Value x = g.x[0];
  Value below = 0.5 + 0.5 * apply(erf_op, {x / std::numbers::sqrt2});
  Value density = exp(-0.5 * square(x)) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  return {g.dy() * (below + x * density)};
}

// y' = alpha where 0 < y < 1, 0 elsewhere.
Values hard_sigmoid_gradient(const Grad& g) {
  return {g.number("alpha") * clamp_gradient(g.dy(), g.y[0], 0, 1)};
}

// y' = (2 * x + 3) / 6 where -3 < x < 3, 1 above, 0 below.
Values hard_swish_gradient(const Grad& g) {
  Value x = g.x[0], inner = clamp_gradient(linear(x, 1.0 / 3, 0.5), x, -3, 3);
  return {g.dy() * where(greater_or_equal(x, g.graph.scalar(3)), g.graph.scalar(1), inner)};
}

// y' = 1 where x is positive, alpha elsewhere.
Values leaky_relu_gradient(const Grad& g) {
  return {g.dy() * apply(step_op, {with_sign_of_x(g)}, {{"alpha", g.number("alpha")}})};
}

// y' = alpha
Values linear_gradient(const Grad& g) {
  return {g.number("alpha") * g.dy()};
}

// y' = 1 where y is positive, 0 elsewhere.
Values relu_gradient(const Grad& g) {
  return {clamp_gradient(g.dy(), g.y[0], 0, std::numeric_limits<double>::infinity())};
}

// y' = scale where y is positive, y + scale * alpha elsewhere.
Values selu_gradient(const Grad& g) {
  Value positive = greater(g.y[0], g.graph.scalar(0));
  return {g.dy() * where(positive, g.graph.scalar(selu_scale), g.y[0] + selu_scale * selu_alpha)};
}

// y' = y * (1 - y)
Values sigmoid_gradient(const Grad& g) {
  return {g.dy() * g.y[0] * (1 - g.y[0])};
}

// y' = 1 / (1 + exp(-x))
Values softplus_gradient(const Grad& g) {
  return {g.dy() * sigmoid(g.x[0])};
}

// y' = 1 / (1 + |x|)^2 = (1 - |y|)^2
Values softsign_gradient(const Grad& g) {
  return {g.dy() * square(1 - abs(g.y[0]))};
}

}  // namespace

constexpr Op elu_op{
    .name = "elu",
    .summary = "x where x is positive, alpha * (exp(x) - 1) elsewhere.",
    .inputs = {"input"},
    .attrs = {{"alpha", 1.0}},
    .infer = same_type_of<floats>,
    .cpu = {elu<float>, elu<double>},
    .gradient = elu_gradient,
};

constexpr Op gelu_op{
    .name = "gelu",
    .summary = "x * (1 + erf(x / sqrt(2))) / 2.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      using T = decltype(x);
      // 1 + erf(z) is erfc(-z), which keeps its digits where x is far below 0. -Infinity times 0
      // would be NaN; the limit is 0.
      return x == -std::numeric_limits<T>::infinity()
                 ? T(0)
                 : x * std::erfc(x * T(-1 / std::numbers::sqrt2)) / 2;
    }),
    .gradient = gelu_gradient,
};

constexpr Op hard_sigmoid_op{
    .name = "hardSigmoid",
    .summary = "alpha * x + beta, kept between 0 and 1.",
    .inputs = {"input"},
    .attrs = {{"alpha", 0.2}, {"beta", 0.5}},
    .infer = same_type_of<floats>,
    .cpu = {hard_sigmoid<float>, hard_sigmoid<double>},
    .gradient = hard_sigmoid_gradient,
};

constexpr Op hard_swish_op{
    .name = "hardSwish",
    .summary = "x * (x + 3, kept between 0 and 6) / 6.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      using T = decltype(x);
      return x <= -3 ? T(0) : x >= 3 ? x : x * (x + 3) / 6;
    }),
    .gradient = hard_swish_gradient,
};

constexpr Op leaky_relu_op{
    .name = "leakyRelu",
    .summary = "x where x is positive, alpha * x elsewhere.",
    .inputs = {"input"},
    .attrs = {{"alpha", 0.01}},
    .infer = same_type_of<floats>,
    .cpu = {leaky_relu<float>, leaky_relu<double>},
    .gradient = leaky_relu_gradient,
};

constexpr Op linear_op{
    .name = "linear",
    .summary = "alpha * x + beta.",
    .inputs = {"input"},
    .attrs = {{"alpha", 1.0}, {"beta", 0.0}},
    .infer = same_type_of<floats>,
    .cpu = {linear<float>, linear<double>},
    .gradient = linear_gradient,
    .in_place = 1,
};

constexpr Op relu_op{
    .name = "relu",
    .summary = "x where x is positive, 0 elsewhere.",
    .inputs = {"input"},
    .infer = same_type_of<numbers>,
    .cpu = each_number([](auto x) { return x < 0 ? decltype(x)(0) : x; }),  // NaN stays NaN
    .gradient = relu_gradient,
    .in_place = 1,
};

constexpr Op selu_op{
    .name = "selu",
    .summary = "1.0507 * x where x is positive, 1.7581 * (exp(x) - 1) elsewhere.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      using T = decltype(x);
      return x >= 0 ? T(selu_scale) * x : T(selu_scale * selu_alpha) * std::expm1(x);
    }),
    .gradient = selu_gradient,
};

constexpr Op sigmoid_op{
    .name = "sigmoid",
    .summary = "1 / (1 + exp(-x)): from 0 to 1.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      auto e = std::exp(-std::abs(x));  // at most 1, so that nothing overflows
      return (x < 0 ? e : 1) / (1 + e);
    }),
    .gradient = sigmoid_gradient,
    .in_place = 1,
};

constexpr Op softplus_op{
    .name = "softplus",
    .summary = "log(1 + exp(x)): a relu without its corner.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      auto rest = std::log1p(std::exp(-std::abs(x)));  // so that exp cannot overflow
      return x > 0 ? x + rest : rest;
    }),
    .gradient = softplus_gradient,
    .in_place = 1,
};

constexpr Op softsign_op{
    .name = "softsign",
    .summary = "x / (1 + |x|): from -1 to 1.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return x / (1 + std::abs(x)); }),
    .gradient = softsign_gradient,
};

constexpr Op step_op{
    .name = "step",
    .summary = "1 where x is positive, alpha elsewhere.",
    .inputs = {"input"},
    .attrs = {{"alpha", 0.0}},
    .infer = same_type_of<floats>,
    .cpu = {step<float>, step<double>},
    .gradient = zero_gradient,
    .in_place = 1,
};

}  // namespace gesso
