// Exponentials and logarithms of whole vectors, within 2 units in the last place of what a double
// gives, or 3 where said; right for NaN, the infinities and results too small to be normal.
#pragma once

#include <initializer_list>
#include <limits>

#include "core/simd.h"

namespace gesso::simd {

// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r - 1.
struct Exponent {
  Bits n;
  Floats rest;
};

// For |x| < 2^22 and NaN. The polynomial is the best one of its degree for (e^r - 1 - r) / r^2,
// found with Remez' algorithm.
inline Exponent exponent_of(Floats x) {
  Floats rounder = splat(0x1.8p23f);  // adding it leaves a whole number in the low bits
  Floats shifted = madd(x, splat(1.44269504f), rounder);
  Floats n = shifted - rounder;
  Floats r = madd(n, splat(-0.693145752f), x);  // ln 2 in two parts: n times the first is exact
  r = madd(n, splat(-1.42860677e-6f), r);
  Floats q = splat(0.001394582294f);
  for (float c : {0.008366248311f, 0.04166629369f, 0.1666654646f, 0.5f}) q = madd(q, r, splat(c));
  return {Bits(shifted) - Bits(rounder), madd(q * r, r, r)};
}

// 2^n for -126 <= n <= 127.
inline Floats power_of_two(Bits n) {
  return Floats((n + 127) << 23);
}

inline Floats exp(Floats x) {
  auto [n, rest] = exponent_of(clamp(x, splat(-104), splat(89)));
  Bits half = n >> 1;  // in two steps, since 2^n alone may be too large or too small
  return (rest + 1) * power_of_two(half) * power_of_two(n - half);
}

inline Floats sigmoid(Floats x) {
  Floats z = exp(-abs(x));
  Floats upper = 1 / (1 + z);
  return x < 0 ? z * upper : upper;
}

// (e^2|x| - 1) / (e^2|x| + 1), within 3 units.
inline Floats tanh(Floats x) {
  Floats size = abs(x);
  auto [n, rest] = exponent_of(size > 10 ? splat(20) : 2 * size);
  Floats power = power_of_two(n);
  Floats e = madd(rest, power, power - 1);
  return copy_sign(e / (e + 2), x);
}

// The polynomial is the best one of its degree for (log(1 + t) - t + t^2 / 2) / t^3.
inline Floats log(Floats x) {
  Floats tiny = splat(std::numeric_limits<float>::min());
  Bits is_small = x < tiny;
  Floats scaled = is_small ? x * 0x1p23f : x;
  Bits bits = Bits(scaled) - 0x3f3504f3;  // of sqrt(1/2): the fraction lies around 1
  Bits n = bits >> 23;
  Floats t = Floats((bits & 0x7fffff) + 0x3f3504f3) - 1;
  Floats exponent = __builtin_convertvector(n + (is_small & -23), Floats);
  Floats q = splat(0.06926499996f);
  for (float c : {-0.117716469f, 0.1185745486f, -0.123867521f, 0.1422135191f, -0.1666918119f,
                  0.200020681f, -0.2499998629f, 0.3333331336f})
    q = madd(q, t, splat(c));
  Floats square = t * t;
  Floats y = madd(exponent, splat(-2.12194440e-4f), q * t * square);
  y = madd(square, splat(-0.5f), y) + t;
  y = madd(exponent, splat(0.693359375f), y);
  Floats infinity = splat(std::numeric_limits<float>::infinity());
  y = x == infinity ? x : y;
  y = x == 0 ? -infinity : y;
  return x >= 0 ? y : splat(std::numeric_limits<float>::quiet_NaN());
}

// For x >= 0. What 1 + x has lost of x is put back with the slope of the logarithm.
inline Floats log1p(Floats x) {
  Floats sum = 1 + x;
  return log(sum) + (x - (sum - 1)) / sum;
}

}  // namespace gesso::simd
