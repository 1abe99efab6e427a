// Element-wise kernels that keep NaN: a comparison with NaN is false, so x stays.
#include <cmath>
#include <numbers>

#include "core/backends/cpu/simd/kernels.h"

namespace gesso::cpu {
namespace {

template <class F>
std::unique_ptr<Step> each(const Lowering& l, F f) {
  return loop_step([n = l.out().shape.count(), f](const Memory& m) {
    const float* x = in(m, 0);
    float* y = out(m);
    for (size_t i = 0; i < n; ++i) y[i] = f(x[i]);
  });
}

// Both inputs of the result's shape, or one of them a single number.
template <class F>
std::unique_ptr<Step> each_pair(const Lowering& l, F f) {
  const Shape &a = l.shape(0), &b = l.shape(1), &y = l.out().shape;
  size_t n = y.count();
  if (a == y && b == y)
    return loop_step([n, f](const Memory& m) {
      const float *p = in(m, 0), *q = in(m, 1);
      float* r = out(m);
      for (size_t i = 0; i < n; ++i) r[i] = f(p[i], q[i]);
    });
  if (a == y && b.count() == 1)
    return loop_step([n, f](const Memory& m) {
      const float *p = in(m, 0), q = *in(m, 1);
      float* r = out(m);
      for (size_t i = 0; i < n; ++i) r[i] = f(p[i], q);
    });
  if (b == y && a.count() == 1)
    return loop_step([n, f](const Memory& m) {
      const float p = *in(m, 0), *q = in(m, 1);
      float* r = out(m);
      for (size_t i = 0; i < n; ++i) r[i] = f(p, q[i]);
    });
  return nullptr;
}

}  // namespace

std::unique_ptr<Step> clamp(const Lowering& l) {
  return each(l, [low = float(l.node.number("minValue")),
                  high = float(l.node.number("maxValue"))](float x) {
    float y = x < low ? low : x;
    return y > high ? high : y;
  });
}

std::unique_ptr<Step> clamp_gradient(const Lowering& l) {
  float low = float(l.node.number("minValue")), high = float(l.node.number("maxValue"));
  if (l.node.flag("inclusive"))
    return each_pair(l, [=](float dy, float x) { return x >= low && x <= high ? dy : 0; });
  return each_pair(l, [=](float dy, float x) { return x > low && x < high ? dy : 0; });
}

std::unique_ptr<Step> relu(const Lowering& l) {
  return each(l, [](float x) { return x < 0 ? 0 : x; });
}

// x / 2 * erfc(-x / sqrt(2)), with Abramowitz and Stegun's 7.1.26 for erfc: the approximation,
// within 1.5e-7, behind WebNN's own expected values. It keeps the digits of its tail, as erfc does.
std::unique_ptr<Step> gelu(const Lowering& l) {
  return each(l, [](float x) {
    double z = std::abs(double(x)) / std::numbers::sqrt2;
    double t = 1 / (1 + 0.3275911 * z);
    double sum = 0;
    for (double a : {1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592})
      sum = (sum + a) * t;
    double tail = sum * std::exp(-z * z) / 2;
    if (tail == 0 && x < 0) return -0.0f;  // also of -Infinity, where the product would be NaN
    return float(x < 0 ? x * tail : x * (1 - tail));
  });
}

std::unique_ptr<Step> sqrt(const Lowering& l) {
  return each(l, [](float x) { return std::sqrt(x); });
}

std::unique_ptr<Step> rsqrt(const Lowering& l) {
  return each(l, [](float x) { return 1 / std::sqrt(x); });
}

std::unique_ptr<Step> max(const Lowering& l) {
  return each_pair(l, [](float a, float b) { return a > b || a != a ? a : b; });
}

std::unique_ptr<Step> min(const Lowering& l) {
  return each_pair(l, [](float a, float b) { return a < b || a != a ? a : b; });
}

}  // namespace gesso::cpu
