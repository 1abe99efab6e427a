// How far rows are from each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/simd.h"
#include "models/analysis/rows.h"

namespace gesso {

enum class Metric : uint8_t { euclidean, cosine };

// Of two padded rows: the sum of products. The same order of additions as in distances() below.
float dot(const float* a, const float* b, size_t stride);

// out[q, r], [a_count, b_count]: how far row a_first + q of `a` is from row b_first + r of `b`.
//   euclidean: the squared distance, sum (a - b)^2
//   cosine: 1 - ab / (|a| |b|), from 0 to 2; 1 where a or b is all zeros
// What a pair gets depends on these two rows alone. Rows that are equal have distance 0, exactly.
void distances(const Rows& a, size_t a_first, size_t a_count, const Rows& b, size_t b_first,
               size_t b_count, Metric metric, float* out);

// A number that distances() gave, as users know it: not squared.
float distance_from(float measured, Metric metric);

// The square of the Euclidean distance: of the rows, or for `cosine` of the rows made unit vectors,
// |a - b|^2 = 2 (1 - ab).
inline float squared_from(float measured, Metric metric) {
  return metric == Metric::cosine ? 2 * measured : measured;
}

}  // namespace gesso
