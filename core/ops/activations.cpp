// Operators that bend a line: what stands between the layers of a network.
#include <cmath>
#include <numbers>

#include "core/ops/elementwise.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

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

}  // namespace

const Op elu_op{
    .name = "elu",
    .summary = "x where x is positive, alpha * (exp(x) - 1) elsewhere.",
    .inputs = {"input"},
    .attrs = {{"alpha", 1.0}},
    .infer = same_type_of<floats>,
    .cpu = {elu<float>, elu<double>},
};

const Op gelu_op{
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
};

const Op hard_sigmoid_op{
    .name = "hardSigmoid",
    .summary = "alpha * x + beta, kept between 0 and 1.",
    .inputs = {"input"},
    .attrs = {{"alpha", 0.2}, {"beta", 0.5}},
    .infer = same_type_of<floats>,
    .cpu = {hard_sigmoid<float>, hard_sigmoid<double>},
};

const Op hard_swish_op{
    .name = "hardSwish",
    .summary = "x * (x + 3, kept between 0 and 6) / 6.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      using T = decltype(x);
      return x <= -3 ? T(0) : x >= 3 ? x : x * (x + 3) / 6;
    }),
};

const Op leaky_relu_op{
    .name = "leakyRelu",
    .summary = "x where x is positive, alpha * x elsewhere.",
    .inputs = {"input"},
    .attrs = {{"alpha", 0.01}},
    .infer = same_type_of<floats>,
    .cpu = {leaky_relu<float>, leaky_relu<double>},
};

const Op linear_op{
    .name = "linear",
    .summary = "alpha * x + beta.",
    .inputs = {"input"},
    .attrs = {{"alpha", 1.0}, {"beta", 0.0}},
    .infer = same_type_of<floats>,
    .cpu = {linear<float>, linear<double>},
};

const Op relu_op{
    .name = "relu",
    .summary = "x where x is positive, 0 elsewhere.",
    .inputs = {"input"},
    .infer = same_type_of<numbers>,
    .cpu = each_number([](auto x) { return x < 0 ? decltype(x)(0) : x; }),  // NaN stays NaN
};

// Constants: Klambauer et al., "Self-Normalizing Neural Networks", 2017.
const Op selu_op{
    .name = "selu",
    .summary = "1.0507 * x where x is positive, 1.7581 * (exp(x) - 1) elsewhere.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      using T = decltype(x);
      constexpr double scale = 1.0507009873554804934, alpha = 1.6732632423543772848;
      return x >= 0 ? T(scale) * x : T(scale * alpha) * std::expm1(x);
    }),
};

const Op sigmoid_op{
    .name = "sigmoid",
    .summary = "1 / (1 + exp(-x)): from 0 to 1.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      auto e = std::exp(-std::abs(x));  // at most 1, so that nothing overflows
      return (x < 0 ? e : 1) / (1 + e);
    }),
};

const Op softplus_op{
    .name = "softplus",
    .summary = "log(1 + exp(x)): a relu without its corner.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) {
      auto rest = std::log1p(std::exp(-std::abs(x)));  // so that exp cannot overflow
      return x > 0 ? x + rest : rest;
    }),
};

const Op softsign_op{
    .name = "softsign",
    .summary = "x / (1 + |x|): from -1 to 1.",
    .inputs = {"input"},
    .infer = same_type_of<floats>,
    .cpu = each_float([](auto x) { return x / (1 + std::abs(x)); }),
};

const Op step_op{
    .name = "step",
    .summary = "1 where x is positive, alpha elsewhere.",
    .inputs = {"input"},
    .attrs = {{"alpha", 0.0}},
    .infer = same_type_of<floats>,
    .cpu = {step<float>, step<double>},
};

}  // namespace gesso
