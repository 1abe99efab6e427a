// Products of matrices, of which the first may be made of the patches of images: what matmul, gemm
// and the convolutions share.
#pragma once

#include <functional>
#include <string>

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

// y[z, row, column] = sum of x[z, row, tap, k] * w[z, tap, k, column] over all taps and k, for each
// z. Texts know `z`: u32; per tap also `ky` and `kx`: i32, and `tap`: u32, all three 0 if there is
// one tap. Places are counted in units: in vec4 where an operand is wide, and in elements
// otherwise.
struct Product {
  // An operand whose neighbours in memory are neighbours along the depth, or else along the side
  // that it does not share with the other operand.
  struct Side {
    Operand x;
    bool along_depth = true;
    bool wide = false;  // neighbours are read four at a time
    // Text: elements from the beginning to those of this z; empty: none. A multiple of 4 if wide.
    std::string base = {};
    size_t side_step = 1;   // along the depth: from one row or column to the next
    size_t depth_step = 1;  // along the side: from one k to the next
    size_t tap_step = 0;

    size_t unit() const { return wide ? 4 : 1; }
    // Text: the place where this z begins.
    std::string start() const;
  };

  size_t batches = 1, rows = 0, columns = 0, depth = 0;
  Side a, b;

  // Taps, of which a z may have only those from `first` on that are `step` apart.
  int taps_y = 1, taps_x = 1, step_y = 1, step_x = 1;
  std::string first_y = "0", first_x = "0";
  std::string prologue;  // declarations that the texts need

  // For rows that are no rows of a matrix: declarations for row r, and, per tap, of a<r>: the place
  // of its element 0, and in<r>: whether it is there if `bounded`.
  std::function<std::string(int r, const std::string& row)> start_row;
  std::function<std::string(int r, size_t unit)> find_row;
  bool bounded = false;

  // The place of column 0 of a row in y, in elements; rows that it is not to write get none.
  std::function<std::string(const std::string& row)> place;
  std::function<std::string(const std::string& row)> exists;

  // Declares the operands that `finish` needs. finish: what is written for `sum`, a number or with
  // `wide` a vec4, at `row` and `column` of `z`.
  std::function<void(Shader&)> declare;
  std::function<std::string(bool wide)> finish;

  int taps() const { return taps_y * taps_x; }
};

// Plans the dispatch. `key` names the operator and its shapes.
void multiply(Lowering& l, Product p, std::string_view key);

// Text: `value` kept between the options minValue and maxValue, for a number or a vec4. NaN stays.
// Needs the snippet `keep`.
std::string clamped(const Around& around, const std::string& value, bool wide);
extern const Snippet keep;

}  // namespace gesso::webgpu
