// Operators that are one formula of the elements at the same place.
#include <cmath>
#include <limits>

#include "core/backends/webgpu/snippets.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

// A bound as an element: integers take the whole part, and the nearest number they can hold.
std::string bound(double value, DType dtype) {
  if (dtype == DType::f32) return literal(value);
  double least = dtype == DType::i32 ? -2147483648.0 : dtype == DType::i8 ? -128 : 0;
  double most = dtype == DType::i32 ? 2147483647.0 : dtype == DType::i8 ? 127 : 255;
  int64_t whole = int64_t(std::fmin(std::fmax(std::trunc(value), least), most));
  return whole == -2147483648 ? "(-2147483647 - 1)" : text("(", whole, ")");
}

std::string clamp(const Around& around) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double least = around.node.number("minValue"), most = around.node.number("maxValue");
  std::string value = "$0";
  if (!std::isnan(most) && most < infinity) {
    std::string limit = bound(most, around.dtype());
    value = text("select(", value, ", ", limit, ", $0 > ", limit, ")");
  }
  if (!std::isnan(least) && least > -infinity) {
    std::string limit = bound(least, around.dtype());
    value = text("select(", value, ", ", limit, ", $0 < ", limit, ")");
  }
  return value;
}

std::string clamp_gradient(const Around& around) {
  const char* equal = around.node.flag("inclusive") ? "=" : "";
  return text("select(0.0, $0, $1 >", equal, " {minValue} && $1 <", equal, " {maxValue})");
}

// Fractions are cut off; what the type cannot hold becomes the nearest number; NaN becomes 0.
std::string cast(const Around& around) {
  DType from = around.dtype(), to = around.out().dtype;
  if (to == DType::f32) return "f32($0)";
  if (to == DType::boolean)
    return from == DType::f32 ? "i32($0 != 0.0 || is_nan($0))" : "i32($0 != 0)";
  std::string whole = from == DType::f32 ? "whole($0)" : "$0";
  if (to == DType::u8) return text("clamp(", whole, ", 0, 255)");
  if (to == DType::i8) return text("clamp(", whole, ", -128, 127)");
  return whole;
}

constexpr Snippet whole{R"(fn whole(x: f32) -> i32 {
  if (is_nan(x)) {
    return 0;
  }
  if (x >= 2147483648.0) {
    return 2147483647;
  }
  return i32(clamp(x, -2147483648.0, 2147483520.0));
}
)",
                        {&is_nan}};

constexpr Snippet cosh{R"(fn cosh_of(x: f32) -> f32 {
  let half = exp_of(0.5 * abs(x));  // exp(x) overflows before its half does
  return (0.5 * half) * half + 0.5 / half / half;
}
)",
                       {&exp_of}};

// With Abramowitz and Stegun's 7.1.26 for erfc, as on the processor: within 1.5e-7, and what
// WebNN's own expected values were made with.
constexpr Snippet gelu{R"(fn gelu(x: f32) -> f32 {
  if (x < -14.5) {
    return 0.0;
  }
  let z = 0.707106781 * abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = 0.5 * exp_of(-z * z) * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 +
      t * (-1.453152027 + t * 1.061405429))));
  return x * select(1.0 - tail, tail, x < 0.0);
}
)",
                       {&exp_of}};

constexpr Snippet kept{R"(fn kept(x: f32) -> f32 {
  return select(clamp(x, 0.0, 1.0), x, is_nan(x));
}
)",
                       {&is_nan}};

constexpr Formula rows[] = {
    {&abs_op, "abs($0)"},
    {&acos_op, "acos_of($0)", nullptr, &acos},
    {&acosh_op, "acosh_of($0)", nullptr, &acosh},
    {&add_op, "$0 + $1"},
    {&asin_op, "asin($0)"},
    {&asinh_op, "asinh_of($0)", nullptr, &asinh},
    {&atan2_op, "atan2_of($0, $1)", nullptr, &atan2},
    {&atan_op, "atan($0)"},
    {&atanh_op, "atanh_of($0)", nullptr, &atanh},
    {&cast_op, "", nullptr, &whole, cast},
    {&ceil_op, "ceil($0)", "$0"},
    {&clamp_gradient_op, "", nullptr, nullptr, clamp_gradient},
    {&clamp_op, "", nullptr, nullptr, clamp},
    {&cos_op, "cos_of($0)", nullptr, &sincos},
    {&cosh_op, "cosh_of($0)", nullptr, &cosh},
    {&div_op, "$0 / $1", "select($0 / $1, 0, $1 == 0)"},
    {&elu_op, "select({alpha} * expm1($0), $0, $0 >= 0.0)", nullptr, &expm1},
    {&equal_op, "i32($0 == $1)"},
    {&erf_op, "erf($0)", nullptr, &erf},
    {&exp_op, "exp_of($0)", nullptr, &exp_of},
    {&expand_op, "$0"},
    {&expm1_op, "expm1($0)", nullptr, &expm1},
    {&floor_div_op, "floor($0 / $1)", "floor_div_of_ints($0, $1)", &floor_mod},
    {&floor_op, "floor($0)", "$0"},
    {&gelu_op, "gelu($0)", nullptr, &gelu},
    {&greater_op, "i32($0 > $1)"},
    {&greater_or_equal_op, "i32($0 >= $1)"},
    {&hard_sigmoid_op, "kept({alpha} * $0 + {beta})", nullptr, &kept},
    {&hard_swish_op, "$0 * clamp($0 + 3.0, 0.0, 6.0) / 6.0"},
    {&identity_op, "$0"},
    {&is_finite_op, "i32(!is_nan($0) && !is_infinite($0))", nullptr, &atan2},
    {&is_infinite_op, "i32(is_infinite($0))", nullptr, &is_infinite},
    {&is_nan_op, "i32(is_nan($0))", nullptr, &is_nan},
    {&leaky_relu_op, "select({alpha} * $0, $0, $0 >= 0.0)"},
    {&lesser_op, "i32($0 < $1)"},
    {&lesser_or_equal_op, "i32($0 <= $1)"},
    {&linear_op, "{alpha} * $0 + {beta}"},
    {&log1p_op, "log1p($0)", nullptr, &log1p},
    {&log_op, "log_of($0)", nullptr, &log_of},
    {&logical_and_op, "i32($0 != 0 && $1 != 0)"},
    {&logical_not_op, "i32($0 == 0)"},
    {&logical_or_op, "i32($0 != 0 || $1 != 0)"},
    {&logical_xor_op, "i32(($0 != 0) != ($1 != 0))"},
    {&max_op, "select($1, $0, $0 > $1 || is_nan($0))", "max($0, $1)", &is_nan},
    {&min_op, "select($1, $0, $0 < $1 || is_nan($0))", "min($0, $1)", &is_nan},
    {&mod_op, "floor_mod($0, $1)", "floor_mod_of_ints($0, $1)", &floor_mod},
    {&mul_op, "$0 * $1"},
    {&neg_op, "-$0"},
    {&not_equal_op, "i32(!($0 == $1) || is_nan($0) || is_nan($1))", "i32($0 != $1)", &is_nan},
    {&pow_op, "power($0, $1)", "power_of_ints($0, $1)", &power},
    {&prelu_op, "select($1 * $0, $0, $0 >= 0.0)", "select($1 * $0, $0, $0 >= 0)"},
    {&reciprocal_op, "1.0 / $0"},
    {&relu_op, "select($0, 0.0, $0 < 0.0)", "select($0, 0, $0 < 0)"},
    {&round_even_op, "round($0)", "$0"},
    {&rsqrt_op, "inverseSqrt($0)"},
    {&selu_op, "1.05070099 * select(1.67326324 * expm1($0), $0, $0 >= 0.0)", nullptr, &expm1},
    {&sigmoid_cross_entropy_op, "softplus($0) - $0 * $1", nullptr, &softplus},
    {&sigmoid_op, "sigmoid($0)", nullptr, &sigmoid},
    {&sign_op, "f32(i32($0 > 0.0) - i32($0 < 0.0))", "sign($0)"},
    {&sin_op, "sin_of($0)", nullptr, &sincos},
    {&sinh_op, "sinh_of($0)", nullptr, &sinh},
    {&softplus_op, "softplus($0)", nullptr, &softplus},
    {&softsign_op, "$0 / (1.0 + abs($0))"},
    {&sqrt_op, "sqrt($0)"},
    {&square_op, "$0 * $0"},
    {&squared_difference_op, "($0 - $1) * ($0 - $1)"},
    {&step_op, "select(select({alpha}, 1.0, $0 > 0.0), $0, is_nan($0))", nullptr, &is_nan},
    {&sub_op, "$0 - $1"},
    {&tan_op, "sin_of($0) / cos_of($0)", nullptr, &sincos},
    {&tanh_op, "tanh_of($0)", nullptr, &tanh},
    {&where_op, "select($2, $1, $0 != 0)"},
};

}  // namespace

std::span<const Formula> formulas() {
  return rows;
}

}  // namespace gesso::webgpu
