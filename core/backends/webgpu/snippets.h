// WGSL functions that formulas and kernels share. What the language leaves to the device (NaN,
// infinities, functions that are only precise near 0) is written out here.
#pragma once

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

// WGSL lets a device assume that there is no NaN: only its bits tell.
inline constexpr Snippet is_nan{R"(fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
)"};

inline constexpr Snippet is_infinite{R"(fn is_infinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}
)"};

// The nearest power of 2 and a polynomial (Cody and Waite): WGSL promises only 3 + 2 |x| places,
// and nothing of NaN. 2^k is two factors, since it may be too large for a float where the product
// is not.
inline constexpr Snippet exp_of{R"(fn exp_of(x: f32) -> f32 {
  if (is_nan(x)) {
    return x;
  }
  let near = clamp(x, -104.0, 89.0);
  let k = round(near * 1.44269504);
  let r = (near - k * 0.693359375) + k * 0.00021219444;
  let factor = 1.0 + (r + r * r * (0.5 + r * (0.166666655 + r * (0.0416657959 + r *
      (0.00833345191 + r * (0.00139819995 + r * 0.000198756915))))));
  let half = i32(k) >> 1u;
  return factor * bitcast<f32>(u32(half + 127) << 23u) *
      bitcast<f32>(u32(i32(k) - half + 127) << 23u);
}
)",
                                {&is_nan}};

// Devices differ in what they make of NaN, 0 and what is below it.
inline constexpr Snippet log_of{R"(fn log_of(x: f32) -> f32 {
  if (is_nan(x) || x < 0.0) {
    return as_float(0x7fc00000u);
  }
  return select(log(x), as_float(0xff800000u), x == 0.0);
}
)",
                                {&is_nan}};

// The angle less the nearest multiple of pi / 2, in three parts of pi (Cody and Waite, "Software
// Manual for the Elementary Functions", 1980), and Taylor's series: WGSL promises no more than 11
// bits. Far away by Payne and Hanek's method: 1 / (2 pi) as a row of bits, of which 96 are
// multiplied by the 24 of the angle.
inline constexpr Snippet sincos{R"(struct Angle {
  rest: f32,
  quarter: i32,
}
fn near_angle(x: f32) -> Angle {
  let k = round(x * 0.636619772);
  var rest = x - k * 1.5703125;
  rest -= k * 0.000483751297;
  rest -= k * 7.54978942e-8;
  return Angle(rest, i32(k));
}
fn wide_product(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let left = (a & 0xffffu) * (b >> 16u);
  let right = (a >> 16u) * (b & 0xffffu);
  let middle = (low >> 16u) + (left & 0xffffu) + (right & 0xffffu);
  return vec2u((low & 0xffffu) | (middle << 16u),
      (a >> 16u) * (b >> 16u) + (left >> 16u) + (right >> 16u) + (middle >> 16u));
}
fn far_angle(x: f32) -> Angle {
  var turn = array<u32, 8>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u,
      0x4f10e410u, 0u);
  let bits = bitcast<u32>(abs(x));
  let whole = (bits << 8u) | 0x80000000u;
  let exponent = (bits >> 23u) - 126u;
  let word = min(exponent >> 5u, 4u);
  let shift = exponent & 31u;
  var parts = vec3u(turn[word], turn[word + 1u], turn[word + 2u]);
  if (shift > 0u) {
    let next = vec3u(parts.yz, turn[word + 3u]);
    parts = (parts << vec3u(shift)) | (next >> vec3u(32u - shift));
  }
  let middle = wide_product(whole, parts.y);
  var low = middle.x + wide_product(whole, parts.z).y;
  var high = whole * parts.x + middle.y + select(0u, 1u, low < middle.x);
  var quarter = i32(high >> 30u);
  high &= 0x3fffffffu;
  let above = high >= 0x20000000u;  // nearer to the next quarter
  if (above) {
    quarter++;
    low = ~low + 1u;
    high = (0x3fffffffu - high) + select(0u, 1u, low == 0u);
  }
  let rest = (f32(high) * 4294967296.0 + f32(low)) * 3.40612158e-19;
  let turned = select(rest, -rest, above);
  if (x < 0.0) {
    return Angle(-turned, -quarter);
  }
  return Angle(turned, quarter);
}
fn sine_near(x: f32) -> f32 {
  let t = x * x;
  return x * (1.0 - t * (0.166666667 - t * (0.00833333333 - t * (0.000198412698 -
      t * 0.00000275573192))));
}
fn cosine_near(x: f32) -> f32 {
  let t = x * x;
  return 1.0 - t * (0.5 - t * (0.0416666667 - t * (0.00138888889 - t * (0.0000248015873 -
      t * 2.75573192e-7))));
}
fn sine_of(x: f32, quarters: i32) -> f32 {
  if (is_infinite(x)) {
    return as_float(0x7fc00000u);
  }
  var angle = near_angle(x);
  if (abs(x) > 30000.0) {
    angle = far_angle(x);
  }
  let quarter = angle.quarter + quarters;
  let value = select(sine_near(angle.rest), cosine_near(angle.rest), (quarter & 1) == 1);
  return select(value, -value, (quarter & 2) == 2);
}
fn sin_of(x: f32) -> f32 {
  return sine_of(x, 0);
}
fn cos_of(x: f32) -> f32 {
  return sine_of(x, 1);
}
)",
                                {&is_infinite}};

inline constexpr Snippet acos{R"(fn acos_of(x: f32) -> f32 {
  if (abs(x) <= 0.5) {
    return 1.57079633 - asin(x);
  }
  let angle = 2.0 * asin(sqrt(0.5 * (1.0 - abs(x))));
  return select(3.14159265 - angle, angle, x > 0.0 || is_nan(x));
}
)",
                              {&is_nan}};

// Above 88.7 the sum overflows to infinity, as it should; far below 0 the product is 0.
inline constexpr Snippet expm1{R"(fn expm1(x: f32) -> f32 {
  if (abs(x) > 0.3) {
    return exp_of(x) - 1.0;
  }
  return x * (1.0 + x * (0.5 + x * (0.166666667 + x * (0.0416666667 + x * (0.00833333333 +
      x * (0.00138888889 + x * 0.000198412698))))));
}
)",
                               {&exp_of}};

// Near 0 by the series of 2 * atanh(x / (2 + x)).
inline constexpr Snippet log1p{R"(fn log1p(x: f32) -> f32 {
  if (abs(x) > 0.3) {
    return log_of(1.0 + x);
  }
  let s = x / (2.0 + x);
  let t = s * s;
  return 2.0 * s * (1.0 + t * (0.333333333 + t * (0.2 + t * (0.142857143 + t * 0.111111111))));
}
)",
                               {&log_of}};

inline constexpr Snippet sinh{R"(fn sinh_of(x: f32) -> f32 {
  if (abs(x) > 1.0) {
    let half = exp(0.5 * abs(x));  // exp(x) overflows before its half does
    return sign(x) * ((0.5 * half) * half - 0.5 / half / half);
  }
  let t = x * x;
  return x * (1.0 + t * (0.166666667 + t * (0.00833333333 + t * (0.000198412698 +
      t * 0.00000275573192))));
}
)"};

inline constexpr Snippet tanh{R"(fn tanh_of(x: f32) -> f32 {
  let size = abs(x);
  if (size > 9.1) {
    return sign(x);
  }
  let t = expm1(2.0 * size);
  return select(-t / (t + 2.0), t / (t + 2.0), x >= 0.0);
}
)",
                              {&expm1}};

// Without cancellation near 0, and without overflow far from it.
inline constexpr Snippet asinh{R"(fn asinh_of(x: f32) -> f32 {
  let size = abs(x);
  if (size > 1e9) {
    return sign(x) * (log(size) + 0.693147181);
  }
  let t = size * size;
  return select(-1.0, 1.0, x >= 0.0) * log1p(size + t / (1.0 + sqrt(1.0 + t)));
}
)",
                               {&log1p}};

inline constexpr Snippet acosh{R"(fn acosh_of(x: f32) -> f32 {
  if (x > 1e9) {
    return log(x) + 0.693147181;
  }
  let t = x - 1.0;
  return log1p(t + sqrt(2.0 * t + t * t));
}
)",
                               {&log1p}};

inline constexpr Snippet atanh{R"(fn atanh_of(x: f32) -> f32 {
  let size = abs(x);
  return select(-0.5, 0.5, x >= 0.0) * log1p(2.0 * size / (1.0 - size));
}
)",
                               {&log1p}};

// atan(a / b) in the right quarter, with the signs of zeros. The argument of the arc tangent stays
// within 1: there and beyond devices differ.
inline constexpr Snippet atan2{R"(fn atan2_of(a: f32, b: f32) -> f32 {
  let high = max(abs(a), abs(b));
  let low = min(abs(a), abs(b));
  var angle = atan(low / select(high, 1.0, high == 0.0));
  if (is_infinite(a) && is_infinite(b)) {
    angle = 0.785398163;
  }
  if (abs(a) > abs(b)) {
    angle = 1.57079633 - angle;
  }
  if (bitcast<u32>(b) >> 31u == 1u) {
    angle = 3.14159265 - angle;
  }
  if (bitcast<u32>(a) >> 31u == 1u) {
    angle = -angle;
  }
  return select(angle, a + b, is_nan(a) || is_nan(b));
}
)",
                               {&is_nan, &is_infinite}};

// Abramowitz and Stegun, "Handbook of Mathematical Functions": the series 7.1.5 near 0, and beyond
// the complement by the continued fraction 7.1.14.
inline constexpr Snippet erf{R"(fn erf_near(x: f32) -> f32 {
  let t = x * x;
  return 1.12837917 * x * (1.0 - t * (0.333333333 - t * (0.1 - t * (0.0238095238 -
      t * (0.00462962963 - t * (0.000757575758 - t * (0.000106837607 - t * (0.0000132275132 -
      t * (0.00000145891690 - t * (1.45038522e-7 - t * 1.31225330e-8))))))))));
}
fn erfc_far(x: f32) -> f32 {
  var f = x;
  for (var k = 30; k > 0; k--) {
    f = x + 0.5 * f32(k) / f;
  }
  return exp(-x * x) / (1.77245385 * f);
}
fn erf(x: f32) -> f32 {
  let size = abs(x);
  if (size < 1.0) {
    return erf_near(x);
  }
  return sign(x) * select(1.0 - erfc_far(size), 1.0, size > 5.0);
}
)"};

// The remainder with the sign of b, exact for quotients that a float holds.
inline constexpr Snippet floor_mod{R"(fn floor_mod(a: f32, b: f32) -> f32 {
  let rest = a % b;
  return select(rest, rest + b, rest != 0.0 && (rest < 0.0) != (b < 0.0));
}
fn floor_mod_of_ints(a: i32, b: i32) -> i32 {
  if (b == 0) {
    return 0;
  }
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}
fn floor_div_of_ints(a: i32, b: i32) -> i32 {
  if (b == 0) {
    return 0;
  }
  return (a - floor_mod_of_ints(a, b)) / b;
}
)"};

inline constexpr Snippet power{R"(fn power(a: f32, b: f32) -> f32 {
  if (b == 0.0 || a == 1.0) {
    return 1.0;
  }
  if (is_nan(a) || is_nan(b)) {
    return a + b;
  }
  let whole = floor(b) == b;
  let odd = whole && abs(b) < 16777216.0 && (i32(b) & 1) != 0;
  var size = exp2(b * log2(abs(a)));
  if (whole && abs(b) <= 64.0) {
    // By squaring, which is exact for small numbers.
    size = 1.0;
    var factor = abs(a);
    for (var n = u32(abs(b)); n > 0u; n >>= 1u) {
      size *= select(1.0, factor, (n & 1u) == 1u);
      factor *= factor;
    }
    if (b < 0.0) {
      size = 1.0 / size;
    }
  } else if (a == 0.0) {
    size = select(0.0, 1.0 / abs(a), b < 0.0);
  }
  if (a < 0.0 && !whole) {
    return as_float(0x7fc00000u);
  }
  return select(size, -size, odd && bitcast<u32>(a) >> 31u == 1u);
}
fn power_of_ints(base: i32, exponent: i32) -> i32 {
  if (exponent < 0) {
    return select(select(0, select(1, -1, (exponent & 1) != 0), base == -1), 1, base == 1);
  }
  var result = 1;
  var factor = base;
  for (var n = exponent; n > 0; n >>= 1u) {
    result *= select(1, factor, (n & 1) == 1);
    factor *= factor;
  }
  return result;
}
)",
                               {&is_nan}};

inline constexpr Snippet sigmoid{R"(fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e / (1.0 + e), 1.0 / (1.0 + e), x >= 0.0);
}
)"};

inline constexpr Snippet softplus{R"(fn softplus(x: f32) -> f32 {
  return select(0.0, x, x > 0.0 || is_nan(x)) + log1p(exp(-abs(x)));
}
)",
                                  {&log1p, &is_nan}};

}  // namespace gesso::webgpu
