#include "models/analysis/distances.h"

#include <algorithm>
#include <cmath>

namespace gesso {
namespace {

using simd::Floats;

struct Product {
  static Floats add(Floats a, Floats b, Floats sum) { return simd::madd(a, b, sum); }
};

struct SquaredDifference {
  static Floats add(Floats a, Floats b, Floats sum) {
    Floats d = a - b;
    return simd::madd(d, d, sum);
  }
};

// sums[q, r] of Q rows from `a` and R rows from `b`, which lie `stride` apart. One accumulator for
// each pair, so that the result of a pair is the same in a tile of any size.
template <class Term, size_t Q, size_t R>
void tile(const float* a, const float* b, size_t stride, float* out, size_t out_stride) {
  Floats sums[Q][R] = {};
  for (size_t i = 0; i < stride; i += simd::lanes) {
    Floats x[Q];
    for (size_t q = 0; q < Q; ++q) x[q] = simd::load(a + q * stride + i);
    for (size_t r = 0; r < R; ++r) {
      Floats y = simd::load(b + r * stride + i);
      for (size_t q = 0; q < Q; ++q) sums[q][r] = Term::add(x[q], y, sums[q][r]);
    }
  }
  for (size_t q = 0; q < Q; ++q)
    for (size_t r = 0; r < R; ++r) out[q * out_stride + r] = simd::sum(sums[q][r]);
}

// Where one row meets many, memory is the limit, and more of them are read at a time.
template <class Term, size_t Q>
void strip(const float* a, const float* b, size_t b_count, size_t stride, float* out,
           size_t out_stride) {
  constexpr size_t width = Q == 1 ? 8 : 4;
  size_t r = 0;
  for (; r + width <= b_count; r += width)
    tile<Term, Q, width>(a, b + r * stride, stride, out + r, out_stride);
  for (; r < b_count; ++r) tile<Term, Q, 1>(a, b + r * stride, stride, out + r, out_stride);
}

template <class Term>
void block(const float* a, size_t a_count, const float* b, size_t b_count, size_t stride,
           float* out) {
  size_t q = 0;
  for (; q + 2 <= a_count; q += 2)
    strip<Term, 2>(a + q * stride, b, b_count, stride, out + q * b_count, b_count);
  if (q < a_count) strip<Term, 1>(a + q * stride, b, b_count, stride, out + q * b_count, b_count);
}

}  // namespace

float dot(const float* a, const float* b, size_t stride) {
  float sum;
  tile<Product, 1, 1>(a, b, stride, &sum, 1);
  return sum;
}

void distances(const Rows& a, size_t a_first, size_t a_count, const Rows& b, size_t b_first,
               size_t b_count, Metric metric, float* out) {
  size_t stride = a.stride();
  const float *x = a.row(a_first), *y = b.row(b_first);
  if (metric == Metric::euclidean)
    return block<SquaredDifference>(x, a_count, y, b_count, stride, out);
  block<Product>(x, a_count, y, b_count, stride, out);
  for (size_t q = 0; q < a_count; ++q)
    for (size_t r = 0; r < b_count; ++r) {
      // The product of two floats is exact in double, and so is its root where they are equal.
      double squares = double(a.square(a_first + q)) * double(b.square(b_first + r));
      float& d = out[q * b_count + r];
      d = squares > 0 ? float(std::clamp(1 - double(d) / std::sqrt(squares), 0.0, 2.0)) : 1;
    }
}

float distance_from(float measured, Metric metric) {
  return metric == Metric::cosine ? measured : std::sqrt(measured);
}

}  // namespace gesso
