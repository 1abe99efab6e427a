// The product of two matrices, plainly: what gemm and matmul share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace gesso {

// A matrix in memory. A transposed one has its steps exchanged.
template <class T>
struct Matrix {
  const T* data;
  size_t row_step, column_step;

  Matrix transposed() const { return {data, column_step, row_step}; }
};

// Calls store(row, column, sum of a[row, i] * b[i, column]) for a: [rows, depth] and
// b: [depth, columns]. Sums of integers wrap. Long sums are sums of shorter ones, which keeps the
// error of floats small.
template <class T, class Store>
void multiply(Matrix<T> a, Matrix<T> b, size_t rows, size_t depth, size_t columns, Store store) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint32_t, T>;
  constexpr size_t tile = 64, chunk = 256;
  for (size_t row = 0; row < rows; ++row)
    for (size_t first = 0; first < columns; first += tile) {
      size_t width = std::min(tile, columns - first);
      Sum total[tile]{};
      for (size_t begin = 0; begin < depth; begin += chunk) {
        size_t end = std::min(depth, begin + chunk);
        Sum part[tile]{};
        for (size_t i = begin; i < end; ++i) {
          Sum x = Sum(a.data[row * a.row_step + i * a.column_step]);
          const T* y = b.data + i * b.row_step + first * b.column_step;
          if (b.column_step == 1)
            for (size_t c = 0; c < width; ++c) part[c] += x * Sum(y[c]);
          else
            for (size_t c = 0; c < width; ++c) part[c] += x * Sum(y[c * b.column_step]);
        }
        for (size_t c = 0; c < width; ++c) total[c] += part[c];
      }
      for (size_t c = 0; c < width; ++c) store(row, first + c, T(total[c]));
    }
}

}  // namespace gesso
