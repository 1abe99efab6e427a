// The product of matrices that change from run to run.
#pragma once

#include <limits>

#include "core/ops/multiply.h"
#include "core/simd.h"

namespace gesso::cpu {

// alpha * a * b + beta * c, kept between low and high, for a [rows, depth] and b [depth, columns].
// One of the steps of a, and one of b, is 1; those of c may be 0, which repeats its elements. None
// of the sizes is 0.
struct Product {
  size_t rows, depth, columns;
  Matrix<float> a, b;
  float* out;
  size_t out_step;  // from row to row
  float alpha = 1, beta = 1;
  Matrix<float> c = {};  // without data: zeros
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// Bytes of workspace that a product takes.
inline constexpr size_t product_workspace = 256 * 2 * simd::lanes * sizeof(float);

// Reads up to 64 bytes past the end of b.
void multiply(const Product& product, void* workspace);

}  // namespace gesso::cpu
