// Vectors of floats and a multiply-add, so that one source serves WebAssembly, with relaxed SIMD
// and without, and the machine itself. Arithmetic and comparisons are the compiler's own: a + b,
// a < b ? a : b.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gesso::simd {

// Floats in one register.
#ifdef __AVX__
inline constexpr size_t lanes = 8;
#else
inline constexpr size_t lanes = 4;
#endif

using Floats = float __attribute__((vector_size(lanes * sizeof(float))));
using Bits = int32_t __attribute__((vector_size(lanes * sizeof(int32_t))));

inline Floats splat(float x) {
  return x - Floats{};  // which keeps the sign of zero, as 0 + x would not
}

inline Floats load(const float* p) {
  Floats v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, Floats v) {
  std::memcpy(p, &v, sizeof v);
}

// The first `count` of a vector's floats, the others 0.
inline Floats load_first(const float* p, size_t count) {
  Floats v{};
  std::memcpy(&v, p, count * sizeof(float));
  return v;
}

inline void store_first(float* p, Floats v, size_t count) {
  std::memcpy(p, &v, count * sizeof(float));
}

// a * b + c, rounded once where the machine can do so at no cost.
inline Floats madd(Floats a, Floats b, Floats c) {
#if defined(__wasm_relaxed_simd__)
  return __builtin_wasm_relaxed_madd_f32x4(a, b, c);
#elif defined(__FMA__)
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// NaN where x is NaN.
inline Floats clamp(Floats x, Floats low, Floats high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

inline Floats abs(Floats x) {
  return Floats(Bits(x) & 0x7fffffff);
}

// The size of x with the sign of y; x must not be negative.
inline Floats copy_sign(Floats x, Floats y) {
  return Floats(Bits(x) | (Bits(y) & Bits(splat(-0.0f))));
}

inline float sum(Floats v) {
  float total = 0;
  for (size_t i = 0; i < lanes; ++i) total += v[i];
  return total;
}

inline float max(Floats v) {
  float most = v[0];
  for (size_t i = 1; i < lanes; ++i) most = v[i] > most ? v[i] : most;
  return most;
}

// Calls f(i, load, store) for each vector of `count` floats from the i-th on, with functions that
// load and store as many as there are: the last vector may be a part.
template <class F>
void each_vector(size_t count, F f) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    f(i, [](const float* p) { return load(p); }, [](float* p, Floats v) { store(p, v); });
  if (size_t rest = count - i; rest > 0)
    f(
        i, [=](const float* p) { return load_first(p, rest); },
        [=](float* p, Floats v) { store_first(p, v, rest); });
}

}  // namespace gesso::simd
