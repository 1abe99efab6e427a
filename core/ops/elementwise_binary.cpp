// Operators on two tensors that are one formula. Shapes stretch to match.
#include <cmath>

#include "core/ops/elementwise.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

template <const auto& accepted>
Types same_pair(const Call& c) {
  check_dtype(c, 0, accepted);
  check_dtype(c, 1, accepted);
  check_same_dtype(c, 0, 1);
  return {{c.dtype(), broadcast_shape(c, c.shape(0), c.shape(1))}};
}

template <const auto& accepted>
Types comparison(const Call& c) {
  check_same_dtype(c, 0, 1);
  return {{DType::boolean, same_pair<accepted>(c)[0].shape}};
}

Types logical(const Call& c) {
  check_dtype(c, 0, truths);
  check_dtype(c, 1, truths);
  return {{DType::boolean, broadcast_shape(c, c.shape(0), c.shape(1))}};
}

template <class In, class Out, class Real, class F>
void pairs(Kernel<Real>& k, F f) {
  map(broadcast_loops(k.out_shape(), k.shape(0), k.shape(1)), k.template input<In>(0).data(),
      k.template input<In>(1).data(), k.template output<Out>().data(), f);
}

template <class Real, class F>
void float_pairs(Kernel<Real>& k) {
  pairs<Real, Real>(k, F{});
}

template <class Real, class F>
void number_pairs(Kernel<Real>& k) {
  k.visit(k.dtype(), [&](auto zero) { pairs<decltype(zero), decltype(zero)>(k, F{}); });
}

template <class Real, class F>
void comparisons(Kernel<Real>& k) {
  k.visit(k.dtype(), [&](auto zero) { pairs<decltype(zero), uint8_t>(k, F{}); });
}

template <class Real, class F>
void truth_pairs(Kernel<Real>& k) {
  pairs<uint8_t, uint8_t>(k, F{});
}

template <class F>
constexpr CpuKernel each_float_pair(F) {
  return {float_pairs<float, F>, float_pairs<double, F>};
}
template <class F>
constexpr CpuKernel each_number_pair(F) {
  return {number_pairs<float, F>, number_pairs<double, F>};
}
template <class F>
constexpr CpuKernel each_comparison(F) {
  return {comparisons<float, F>, comparisons<double, F>};
}
template <class F>
constexpr CpuKernel each_truth_pair(F) {
  return {truth_pairs<float, F>, truth_pairs<double, F>};
}

// The operators below see integers as int64_t, so that sums and products of two do not overflow;
// what the element type cannot hold wraps. Dividing by the integer 0 gives 0 and never traps.

int64_t divide(int64_t a, int64_t b) {
  return b == 0 ? 0 : a / b;
}
template <class T>
T divide(T a, T b) {
  return a / b;
}

// The remainder with the sign of b.
int64_t floor_mod(int64_t a, int64_t b) {
  if (b == 0) return 0;
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
template <class T>
T floor_mod(T a, T b) {
  T rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t floor_divide(int64_t a, int64_t b) {
  return divide(a - floor_mod(a, b), b);
}
template <class T>
T floor_divide(T a, T b) {
  return std::floor(a / b);
}

// By squaring. A negative exponent gives the whole part: 0, except for bases of 1 and -1.
int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1;
  for (uint64_t factor = uint64_t(base); exponent > 0; exponent /= 2, factor *= factor)
    if (exponent % 2) result *= factor;
  return int64_t(result);
}
template <class T>
T power(T base, T exponent) {
  return std::pow(base, exponent);
}

// The derivatives by a and b from those by a and b as they are stretched.
template <class A, class B>
Values stretched(const Grad& g, A by_a, B by_b) {
  return {g.wants(0) ? sum_to(by_a(g.x[0], g.x[1]), g.x[0].shape()) : Value{},
          g.wants(1) ? sum_to(by_b(g.x[0], g.x[1]), g.x[1].shape()) : Value{}};
}

// da = dy, db = dy
Values add_gradient(const Grad& g) {
  auto same = [&](Value, Value) { return g.dy(); };
  return stretched(g, same, same);
}

// da = dy * b / (a * a + b * b), db = -dy * a / (a * a + b * b)
Values atan2_gradient(const Grad& g) {
  Value part = g.dy() / (square(g.x[0]) + square(g.x[1]));
  return stretched(
      g, [=](Value, const Value& b) { return part * b; },
      [=](const Value& a, Value) { return -(part * a); });
}

// da = dy / b, db = -dy * y / b
Values div_gradient(const Grad& g) {
  Value part = g.dy() / g.x[1];
  return stretched(
      g, [=](Value, Value) { return part; }, [&](Value, Value) { return -(part * g.y[0]); });
}

// da = dy where a is chosen, db = dy elsewhere. Of equals a is chosen.
Values choice_gradient(const Grad& g, const Value& chosen) {
  return stretched(
      g, [&](Value, Value) { return only_where(chosen, g.dy()); },
      [&](Value, Value) { return only_where(logical_not(chosen), g.dy()); });
}

Values max_gradient(const Grad& g) {
  return choice_gradient(g, greater_or_equal(g.x[0], g.x[1]));
}

Values min_gradient(const Grad& g) {
  return choice_gradient(g, greater_or_equal(g.x[1], g.x[0]));
}

// da = dy, db = -dy * floor(a / b)
Values mod_gradient(const Grad& g) {
  return stretched(
      g, [&](Value, Value) { return g.dy(); },
      [&](const Value& a, const Value& b) { return -(g.dy() * apply(floor_div_op, {a, b})); });
}

// da = dy * b, db = dy * a
Values mul_gradient(const Grad& g) {
  return stretched(
      g, [&](Value, const Value& b) { return g.dy() * b; },
      [&](const Value& a, Value) { return g.dy() * a; });
}

// da = dy * b * a^(b - 1), 0 where b is 0; db = dy * y * log(a), 0 where a is not positive.
Values pow_gradient(const Grad& g) {
  Value zero = g.graph.scalar(0), one = g.graph.scalar(1);
  return stretched(
      g,
      [&](const Value& a, const Value& b) {
        Value exponent = where(equal(b, zero), one, b - 1);
        return g.dy() * b * pow(a, exponent);
      },
      [&](const Value& a, Value) {
        Value positive = greater(a, zero);
        return only_where(positive, g.dy() * g.y[0] * log(where(positive, a, one)));
      });
}

// dx = dy where x is positive, dy * slope elsewhere; dslope = 0 or dy * x.
Values prelu_gradient(const Grad& g) {
  Value positive = greater(g.x[0], g.graph.scalar(0));
  return stretched(
      g, [&](Value, const Value& slope) { return where(positive, g.dy(), g.dy() * slope); },
      [&](const Value& x, Value) { return only_where(logical_not(positive), g.dy() * x); });
}

// da = 2 * dy * (a - b), db = -da
Values squared_difference_gradient(const Grad& g) {
  Value part = 2 * g.dy() * (g.x[0] - g.x[1]);
  return stretched(g, [=](Value, Value) { return part; }, [=](Value, Value) { return -part; });
}

// da = dy, db = -dy
Values sub_gradient(const Grad& g) {
  return stretched(g, [&](Value, Value) { return g.dy(); }, [&](Value, Value) { return -g.dy(); });
}

}  // namespace

constexpr Op add_op{
    .name = "add",
    .summary = "a + b.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return a + b; }),
    .gradient = add_gradient,
    .in_place = 1,
};

constexpr Op atan2_op{
    .name = "atan2",
    .summary = "The angle, in radians from -pi to pi, of the point with y = a and x = b.",
    .inputs = {"a", "b"},
    .infer = same_pair<floats>,
    .cpu = each_float_pair([](auto a, auto b) { return std::atan2(a, b); }),
    .gradient = atan2_gradient,
};

constexpr Op div_op{
    .name = "div",
    .summary = "a / b. Of integers, the whole part; 0 where b is 0.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return divide(a, b); }),
    .gradient = div_gradient,
    .in_place = 1,
};

constexpr Op equal_op{
    .name = "equal",
    .summary = "Whether a and b are equal. NaN is equal to nothing.",
    .inputs = {"a", "b"},
    .infer = comparison<everything>,
    .cpu = each_comparison([](auto a, auto b) { return a == b; }),
};

constexpr Op floor_div_op{
    .name = "floorDiv",
    .summary = "The nearest whole number below a / b.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return floor_divide(a, b); }),
    .gradient = zero_gradient,
};

constexpr Op greater_op{
    .name = "greater",
    .summary = "Whether a is greater than b.",
    .inputs = {"a", "b"},
    .infer = comparison<everything>,
    .cpu = each_comparison([](auto a, auto b) { return a > b; }),
};

constexpr Op greater_or_equal_op{
    .name = "greaterOrEqual",
    .summary = "Whether a is greater than or equal to b.",
    .inputs = {"a", "b"},
    .infer = comparison<everything>,
    .cpu = each_comparison([](auto a, auto b) { return a >= b; }),
};

constexpr Op lesser_op{
    .name = "lesser",
    .summary = "Whether a is less than b.",
    .inputs = {"a", "b"},
    .infer = comparison<everything>,
    .cpu = each_comparison([](auto a, auto b) { return a < b; }),
};

constexpr Op lesser_or_equal_op{
    .name = "lesserOrEqual",
    .summary = "Whether a is less than or equal to b.",
    .inputs = {"a", "b"},
    .infer = comparison<everything>,
    .cpu = each_comparison([](auto a, auto b) { return a <= b; }),
};

constexpr Op logical_and_op{
    .name = "logicalAnd",
    .summary = "Whether a and b are both true. What is not 0 is true.",
    .inputs = {"a", "b"},
    .infer = logical,
    .cpu = each_truth_pair([](auto a, auto b) { return a && b; }),
};

constexpr Op logical_or_op{
    .name = "logicalOr",
    .summary = "Whether a or b is true. What is not 0 is true.",
    .inputs = {"a", "b"},
    .infer = logical,
    .cpu = each_truth_pair([](auto a, auto b) { return a || b; }),
};

constexpr Op logical_xor_op{
    .name = "logicalXor",
    .summary = "Whether exactly one of a and b is true. What is not 0 is true.",
    .inputs = {"a", "b"},
    .infer = logical,
    .cpu = each_truth_pair([](auto a, auto b) { return !a != !b; }),
};

constexpr Op max_op{
    .name = "max",
    .summary = "The greater of a and b; NaN if either is.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return a > b || a != a ? a : b; }),
    .gradient = max_gradient,
    .in_place = 1,
};

constexpr Op min_op{
    .name = "min",
    .summary = "The lesser of a and b; NaN if either is.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return a < b || a != a ? a : b; }),
    .gradient = min_gradient,
    .in_place = 1,
};

constexpr Op mod_op{
    .name = "mod",
    .summary = "What is left of a after floorDiv(a, b): it has the sign of b.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return floor_mod(a, b); }),
    .gradient = mod_gradient,
};

constexpr Op mul_op{
    .name = "mul",
    .summary = "a * b.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return a * b; }),
    .gradient = mul_gradient,
    .in_place = 1,
};

constexpr Op not_equal_op{
    .name = "notEqual",
    .summary = "Whether a and b differ. NaN differs from everything.",
    .inputs = {"a", "b"},
    .infer = comparison<everything>,
    .cpu = each_comparison([](auto a, auto b) { return a != b; }),
};

constexpr Op pow_op{
    .name = "pow",
    .summary = "a to the power of b.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return power(a, b); }),
    .gradient = pow_gradient,
};

constexpr Op prelu_op{
    .name = "prelu",
    .summary = "input where it is positive, slope * input elsewhere.",
    .inputs = {"input", "slope"},
    .infer = same_pair<signed_numbers>,
    .cpu = each_number_pair([](auto x, auto slope) { return x >= 0 ? x : slope * x; }),
    .gradient = prelu_gradient,
};

constexpr Op squared_difference_op{
    .name = "squaredDifference",
    .summary = "(a - b) * (a - b).",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return times(a - b, a - b); }),
    .gradient = squared_difference_gradient,
};

constexpr Op sub_op{
    .name = "sub",
    .summary = "a - b.",
    .inputs = {"a", "b"},
    .infer = same_pair<numbers>,
    .cpu = each_number_pair([](auto a, auto b) { return a - b; }),
    .gradient = sub_gradient,
    .in_place = 1,
};

}  // namespace gesso
