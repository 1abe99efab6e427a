// Element-wise kernels that keep NaN: a comparison with NaN is false, so x stays. All may write
// over their first input.
#include <cmath>
#include <numbers>

#include "core/backends/cpu/simd/kernels.h"
#include "core/backends/cpu/simd/math.h"

namespace gesso::cpu {
namespace {

using simd::Floats;
using simd::lanes;
using simd::splat;

// Whole vectors of a tensor, and the rest of it.
struct Every {
  const float* data;
  Floats load(size_t i) const { return simd::load(data + i); }
  Floats load_first(size_t i, size_t count) const { return simd::load_first(data + i, count); }
};

// A single number wherever it is asked for.
struct Repeated {
  Floats value;
  Floats load(size_t) const { return value; }
  Floats load_first(size_t, size_t) const { return value; }
};

using Bytes = uint8_t __attribute__((vector_size(lanes)));

// A byte for each condition.
struct Conditions {
  const uint8_t* data;
  simd::Bits load(size_t i) const { return load_first(i, lanes); }
  simd::Bits load_first(size_t i, size_t count) const {
    Bytes bytes{};
    std::memcpy(&bytes, data + i, count);
    return __builtin_convertvector(bytes, simd::Bits) != 0;
  }
};

void store_first(float* p, Floats v, size_t count) {
  simd::store_first(p, v, count);
}

// Conditions, as bytes.
void store_first(uint8_t* p, simd::Bits v, size_t count) {
  Bytes bytes = __builtin_convertvector(v & 1, Bytes);
  std::memcpy(p, &bytes, count);
}

template <class Out, class F, class... In>
void map(size_t n, Out* y, F f, In... x) {
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) store_first(y + i, f(x.load(i)...), lanes);
  if (i < n) store_first(y + i, f(x.load_first(i, n - i)...), n - i);
}

template <class F>
std::unique_ptr<Step> each(const Lowering& l, F f) {
  return loop_step(
      [n = l.out().shape.count(), f](const Memory& m) { map(n, out(m), f, Every{in(m, 0)}); });
}

// For what has no vectors: f takes one number.
template <class F>
std::unique_ptr<Step> each_number(const Lowering& l, F f) {
  return loop_step([n = l.out().shape.count(), f](const Memory& m) {
    const float* x = in(m, 0);
    float* y = out(m);
    for (size_t i = 0; i < n; ++i) y[i] = f(x[i]);
  });
}

// Both inputs of the result's shape, or one of them a single number.
template <class Out = float, class F>
std::unique_ptr<Step> each_pair(const Lowering& l, F f) {
  const Shape &a = l.shape(0), &b = l.shape(1), &y = l.out().shape;
  auto to = [](const Memory& m) { return static_cast<Out*>(m.out[0]); };
  size_t n = y.count();
  if (a == y && b == y)
    return loop_step([=](const Memory& m) { map(n, to(m), f, Every{in(m, 0)}, Every{in(m, 1)}); });
  if (a == y && b.count() == 1)
    return loop_step(
        [=](const Memory& m) { map(n, to(m), f, Every{in(m, 0)}, Repeated{splat(*in(m, 1))}); });
  if (b == y && a.count() == 1)
    return loop_step(
        [=](const Memory& m) { map(n, to(m), f, Repeated{splat(*in(m, 0))}, Every{in(m, 1)}); });
  return nullptr;
}

// A comparison of floats; booleans are bytes.
template <class F>
std::unique_ptr<Step> each_comparison(const Lowering& l, F f) {
  if (l.dtype(0) != DType::f32) return nullptr;
  return each_pair<uint8_t>(l, f);
}

}  // namespace

std::unique_ptr<Step> clamp(const Lowering& l) {
  Floats low = splat(float(l.node.number("minValue")));
  Floats high = splat(float(l.node.number("maxValue")));
  return each(l, [=](Floats x) { return simd::clamp(x, low, high); });
}

std::unique_ptr<Step> clamp_gradient(const Lowering& l) {
  Floats low = splat(float(l.node.number("minValue")));
  Floats high = splat(float(l.node.number("maxValue")));
  if (l.node.flag("inclusive"))
    return each_pair(
        l, [=](Floats dy, Floats x) { return Floats(simd::Bits(dy) & (x >= low) & (x <= high)); });
  return each_pair(
      l, [=](Floats dy, Floats x) { return Floats(simd::Bits(dy) & (x > low) & (x < high)); });
}

std::unique_ptr<Step> equal(const Lowering& l) {
  return each_comparison(l, [](Floats a, Floats b) { return a == b; });
}

std::unique_ptr<Step> exp(const Lowering& l) {
  return each(l, [](Floats x) { return simd::exp(x); });
}

// x / 2 * erfc(-x / sqrt(2)), with Abramowitz and Stegun's 7.1.26 for erfc: the approximation,
// within 1.5e-7, behind WebNN's own expected values. It keeps the digits of its tail, as erfc does.
std::unique_ptr<Step> gelu(const Lowering& l) {
  return each_number(l, [](float x) {
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

std::unique_ptr<Step> greater(const Lowering& l) {
  return each_comparison(l, [](Floats a, Floats b) { return a > b; });
}

std::unique_ptr<Step> greater_or_equal(const Lowering& l) {
  return each_comparison(l, [](Floats a, Floats b) { return a >= b; });
}

std::unique_ptr<Step> lesser(const Lowering& l) {
  return each_comparison(l, [](Floats a, Floats b) { return a < b; });
}

std::unique_ptr<Step> linear(const Lowering& l) {
  Floats alpha = splat(float(l.node.number("alpha")));
  Floats beta = splat(float(l.node.number("beta")));
  return each(l, [=](Floats x) { return simd::madd(alpha, x, beta); });
}

std::unique_ptr<Step> log(const Lowering& l) {
  return each(l, [](Floats x) { return simd::log(x); });
}

std::unique_ptr<Step> max(const Lowering& l) {
  return each_pair(l, [](Floats a, Floats b) { return ((a > b) | (a != a)) ? a : b; });
}

std::unique_ptr<Step> min(const Lowering& l) {
  return each_pair(l, [](Floats a, Floats b) { return ((a < b) | (a != a)) ? a : b; });
}

std::unique_ptr<Step> reciprocal(const Lowering& l) {
  return each(l, [](Floats x) { return 1 / x; });
}

std::unique_ptr<Step> relu(const Lowering& l) {
  return each(l, [](Floats x) { return x < 0 ? Floats{} : x; });
}

std::unique_ptr<Step> rsqrt(const Lowering& l) {
  return each(l, [](Floats x) { return 1 / __builtin_elementwise_sqrt(x); });
}

// log(1 + e^x), from the side on which nothing overflows.
std::unique_ptr<Step> softplus(const Lowering& l) {
  return each(
      l, [](Floats x) { return (x < 0 ? Floats{} : x) + simd::log1p(simd::exp(-simd::abs(x))); });
}

std::unique_ptr<Step> sqrt(const Lowering& l) {
  return each(l, [](Floats x) { return __builtin_elementwise_sqrt(x); });
}

std::unique_ptr<Step> step(const Lowering& l) {
  Floats below = splat(float(l.node.number("alpha")));
  return each(l, [=](Floats x) { return x > 0 ? splat(1) : x <= 0 ? below : x; });
}

// Floats chosen by conditions of their shape; each side may be a single number.
std::unique_ptr<Step> where(const Lowering& l) {
  const Shape& y = l.out().shape;
  bool are_floats = l.dtype(1) == DType::f32 && l.dtype(2) == DType::f32;
  if (!are_floats || size_of(l.dtype(0)) != 1 || l.shape(0) != y) return nullptr;
  for (int i : {1, 2})
    if (l.shape(i) != y && l.shape(i).count() != 1) return nullptr;
  bool repeats_a = l.shape(1) != y, repeats_b = l.shape(2) != y;
  return loop_step([=, n = y.count()](const Memory& m) {
    auto choose = [&](auto a, auto b) {
      map(
          n, out(m), [](simd::Bits c, Floats yes, Floats no) { return c ? yes : no; },
          Conditions{static_cast<const uint8_t*>(m.in[0])}, a, b);
    };
    Every a{in(m, 1)}, b{in(m, 2)};
    if (repeats_a && repeats_b)
      choose(Repeated{splat(*a.data)}, Repeated{splat(*b.data)});
    else if (repeats_a)
      choose(Repeated{splat(*a.data)}, b);
    else if (repeats_b)
      choose(a, Repeated{splat(*b.data)});
    else
      choose(a, b);
  });
}

}  // namespace gesso::cpu
