#include "core/ops/normalization.h"

namespace gesso {
namespace {

// No axes mean none here: each element is its own mean.
Value mean_over(Value x, const Ints& axes) {
  return axes.empty() ? x : mean(x, axes, true);
}

}  // namespace

// With s = dy * scale and f = 1 / sqrt(variance + epsilon):
//   dx = f * (s - mean(s) - normal * mean(s * normal))
//   dScale = sum(dy * normal), dBias = sum(dy)
NormalizationGradient normalization_gradient(const Grad& g, const Ints& axes,
                                             const Shape& parameter, Value scale) {
  NormalizationGradient result;
  Value dy = g.dy();
  if (g.wants(2)) result.bias = sum_to(dy, parameter);
  if (!g.wants(0) && !g.wants(1)) return result;
  Value centered = g.x[0] - mean_over(g.x[0], axes);
  Value factor = rsqrt(mean_over(square(centered), axes) + g.number("epsilon"));
  Value normal = centered * factor;
  if (g.wants(1)) result.scale = sum_to(dy * normal, parameter);
  if (g.wants(0)) {
    Value s = scale ? dy * scale : dy;
    result.x = factor * (s - mean_over(s, axes) - normal * mean_over(s * normal, axes));
  }
  return result;
}

}  // namespace gesso
