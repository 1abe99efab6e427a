// exp, sigmoid and tanh in arithmetic that the compiler turns into vectors.
#pragma once

#include <bit>
#include <cstdint>

namespace gesso::cpu {

// e to the power of x, within 2 units in the last place; 0 below -87.34, Infinity above 88.72.
// Cody and Waite's reduction to |r| <= log(2) / 2, then a polynomial of degree 6.
inline float fast_exp(float x) {
  constexpr float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  constexpr float to_whole = 12582912;  // 1.5 * 2^23: what is added to it loses its fraction
  constexpr float lowest = -87.336544f, highest = 89;
  float kept = x < lowest ? lowest : x > highest ? highest : x;
  float shifted = kept * log2_e + to_whole;
  float n = shifted - to_whole;
  float r = (kept - n * ln2_high) - n * ln2_low;
  float p = 1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666668e-2f;
  p = p * r + 0.16666667f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1;
  // 2^n in two factors: n may be 128, which is no exponent of a float.
  int32_t whole = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(to_whole);
  int32_t half = whole >> 1;
  float y = p * std::bit_cast<float>((half + 127) << 23) *
            std::bit_cast<float>((whole - half + 127) << 23);
  return x < lowest ? 0 : y;
}

inline float fast_sigmoid(float x) {
  return 1 / (1 + fast_exp(-x));
}

// tanh, within 3 units in the last place or 1e-7.
inline float fast_tanh(float x) {
  float z = x * x;
  // Near 0, where 1 - 2 / (exp(2x) + 1) would cancel, a polynomial in x.
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float near = x + x * z * p;
  float far = 1 - 2 / (fast_exp(2 * x) + 1);
  return z < 0.390625f ? near : far;
}

}  // namespace gesso::cpu
