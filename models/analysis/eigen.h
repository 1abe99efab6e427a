// Eigenvalues and eigenvectors of symmetric matrices, in steps.
#pragma once

#include <cstddef>
#include <vector>

namespace gesso {

// Householder's reduction to three diagonals, then QL with implicit shifts (Golub and Van Loan,
// "Matrix Computations", 8.3). One step is one column: O(n^2).
class SymmetricEigen {
 public:
  // `matrix` is [size, size], row after row.
  SymmetricEigen(std::vector<double> matrix, size_t size);

  bool step();  // gives whether all is done
  size_t done() const { return done_; }
  size_t all() const { return 3 * n_; }

  // Once done, the largest value first. Vectors have length 1; their sign is arbitrary.
  double value(size_t i) const { return diagonal_[order_[i]]; }
  const double* vector(size_t i) const { return vectors_.data() + order_[i] * n_; }

 private:
  void reduce(size_t column);
  void restore(size_t column);
  void find(size_t row);
  void sort();

  size_t n_, done_ = 0;
  std::vector<double> matrix_;  // its lower columns become the reflections
  std::vector<double> diagonal_, beside_, scales_;
  std::vector<double> vectors_;  // [size, size], one in a row
  std::vector<size_t> order_;
};

}  // namespace gesso
