#include "models/analysis/eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace gesso {

SymmetricEigen::SymmetricEigen(std::vector<double> matrix, size_t size)
    : n_(size),
      matrix_(std::move(matrix)),
      diagonal_(size),
      beside_(size),
      scales_(size),
      vectors_(size * size),
      order_(size) {}

bool SymmetricEigen::step() {
  if (done_ == all()) return true;
  size_t phase = done_ / n_, i = done_ % n_;
  if (phase == 0) reduce(i);
  if (phase == 1) restore(n_ - 1 - i);
  if (phase == 2) find(i);
  if (++done_ < all()) return false;
  sort();
  return true;
}

// A <- H A H with the reflection H = 1 - s v v' that leaves of the column below the diagonal only
// its first number.
void SymmetricEigen::reduce(size_t k) {
  double* a = matrix_.data();
  diagonal_[k] = a[k * n_ + k];
  if (k + 1 == n_) return;
  size_t below = k + 1;
  double size = 0;
  for (size_t i = below; i < n_; ++i) size += a[i * n_ + k] * a[i * n_ + k];
  size = std::sqrt(size);
  double first = a[below * n_ + k];
  double left = first > 0 ? -size : size;
  beside_[k] = left;
  a[below * n_ + k] = first - left;
  double squares = 0;
  for (size_t i = below; i < n_; ++i) squares += a[i * n_ + k] * a[i * n_ + k];
  if (squares == 0) return;
  double scale = scales_[k] = 2 / squares;

  std::vector<double> v(n_), w(n_);
  for (size_t i = below; i < n_; ++i) v[i] = a[i * n_ + k];
  double product = 0;
  for (size_t i = below; i < n_; ++i) {
    double sum = 0;
    for (size_t j = below; j < n_; ++j) sum += a[i * n_ + j] * v[j];
    w[i] = scale * sum;
    product += w[i] * v[i];
  }
  for (size_t i = below; i < n_; ++i) w[i] -= scale / 2 * product * v[i];
  for (size_t i = below; i < n_; ++i)
    for (size_t j = below; j < n_; ++j) a[i * n_ + j] -= v[i] * w[j] + w[i] * v[j];
}

// Multiplies the reflections, from the last to the first: vectors_ becomes the transposed product.
void SymmetricEigen::restore(size_t k) {
  vectors_[k * n_ + k] = 1;
  double scale = scales_[k];
  if (scale == 0) return;
  std::vector<double> v(n_);
  for (size_t i = k + 1; i < n_; ++i) v[i] = matrix_[i * n_ + k];
  for (size_t row = k + 1; row < n_; ++row) {
    double* q = vectors_.data() + row * n_;
    double sum = 0;
    for (size_t i = k + 1; i < n_; ++i) sum += q[i] * v[i];
    for (size_t i = k + 1; i < n_; ++i) q[i] -= scale * sum * v[i];
  }
}

// Turns until the number beside diagonal_[row] is zero.
void SymmetricEigen::find(size_t row) {
  constexpr int most_turns = 64;  // two or three are usual
  double *d = diagonal_.data(), *e = beside_.data();
  for (int turn = 0; turn < most_turns; ++turn) {
    size_t end = row;
    while (end + 1 < n_) {
      double around = std::abs(d[end]) + std::abs(d[end + 1]);
      if (std::abs(e[end]) <= std::numeric_limits<double>::epsilon() * around) break;
      ++end;
    }
    if (end == row) return;
    double half = (d[row + 1] - d[row]) / (2 * e[row]);
    double shift = d[row] - e[row] / (half + std::copysign(std::hypot(half, 1), half));
    double g = d[end] - shift, sine = 1, cosine = 1, carried = 0;
    bool is_split = false;
    for (size_t i = end; i-- > row && !is_split;) {
      double f = sine * e[i], b = cosine * e[i];
      double r = e[i + 1] = std::hypot(f, g);
      if (r == 0) {
        d[i + 1] -= carried;
        is_split = true;
        continue;
      }
      sine = f / r;
      cosine = g / r;
      g = d[i + 1] - carried;
      double t = (d[i] - g) * sine + 2 * cosine * b;
      carried = sine * t;
      d[i + 1] = g + carried;
      g = cosine * t - b;
      double *low = vectors_.data() + i * n_, *high = low + n_;
      for (size_t j = 0; j < n_; ++j) {
        double x = high[j];
        high[j] = sine * low[j] + cosine * x;
        low[j] = cosine * low[j] - sine * x;
      }
    }
    e[end] = 0;
    if (is_split) continue;
    d[row] -= carried;
    e[row] = g;
  }
}

void SymmetricEigen::sort() {
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
    return diagonal_[a] > diagonal_[b] || (diagonal_[a] == diagonal_[b] && a < b);
  });
}

}  // namespace gesso
