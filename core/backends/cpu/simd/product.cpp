// A tile of the result is summed in registers, from rows of a as they lie in memory and a panel of
// b: columns side by side, copied together where they do not lie so or are used often.
#include "core/backends/cpu/simd/product.h"

#include <algorithm>

namespace gesso::cpu {
namespace {

using simd::Floats;
using simd::lanes;

constexpr size_t tile_rows = 4, panel_columns = 2 * lanes;

// What is worked on at once, so that it stays in the caches.
constexpr size_t block_rows = 128, block_depth = 256;
static_assert(product_workspace == block_depth * panel_columns * sizeof(float));

// A panel is copied when as many rows as these meet it, one whose columns lie along depth when it
// is as many as those.
constexpr size_t rows_worth_packing = 64, rows_worth_turning = 8;

// Columns that lie along depth and are summed side by side.
constexpr size_t columns_at_once = 8;

struct Panel {
  const float* data;
  size_t step;  // along depth
  size_t columns;
};

// A tile of the result, and what is to be done with its sums.
struct Target {
  const Product& product;
  size_t row, column;
  size_t rows, columns;    // those wanted: a tile at an edge has more
  bool is_first, is_last;  // part of the depth
  bool is_plain;           // the sums are the result
};

// Numbers that a row of sums is added to.
struct Row {
  const float* data;  // null: zeros
  size_t step;
  float factor;
};

Row row_of(Matrix<float> c, size_t row, size_t column, float factor) {
  if (!c.data) return {nullptr, 0, 0};
  return {c.data + row * c.row_step + column * c.column_step, c.column_step, factor};
}

template <size_t rows, size_t vectors>
using Sums = Floats[rows][vectors];

template <size_t rows, size_t vectors>
void sum_tile(const float* (&x)[rows], size_t x_step, const Panel& panel, size_t depth,
              Sums<rows, vectors>& result) {
  Sums<rows, vectors> sums{};
  const float* y = panel.data;
  for (size_t k = 0; k < depth; ++k, y += panel.step) {
    Floats columns[vectors];
    for (size_t v = 0; v < vectors; ++v) columns[v] = simd::load(y + v * lanes);
    for (size_t r = 0; r < rows; ++r) {
      Floats factor = simd::splat(*x[r]);
      x[r] += x_step;
      for (size_t v = 0; v < vectors; ++v) sums[r][v] = simd::madd(factor, columns[v], sums[r][v]);
    }
  }
  std::memcpy(&result, &sums, sizeof sums);
}

// Whole vectors of a row. What they are added to is in memory, too: parts of the sums, or c.
template <size_t vectors>
void store_row(const Floats (&sums)[vectors], const Target& to, float* out, Row before) {
  const Product& p = to.product;
  for (size_t v = 0; v < vectors; ++v, out += lanes) {
    Floats y = simd::splat(p.alpha) * sums[v];
    if (before.data) {
      Floats x = before.step ? simd::load(before.data + v * lanes) : simd::splat(*before.data);
      y = simd::madd(simd::splat(before.factor), x, y);
    }
    if (to.is_last) y = simd::clamp(y, simd::splat(p.low), simd::splat(p.high));
    simd::store(out, y);
  }
}

template <size_t vectors>
void store_part(const Floats (&sums)[vectors], const Target& to, float* out, Row before) {
  const Product& p = to.product;
  for (size_t c = 0; c < to.columns; ++c, before.data += before.step) {
    float y = p.alpha * sums[c / lanes][c % lanes];
    if (before.data) y += before.factor * *before.data;
    if (to.is_last) y = y < p.low ? p.low : y > p.high ? p.high : y;
    out[c] = y;
  }
}

template <size_t rows, size_t vectors>
void multiply_tile(Matrix<float> a, const Panel& panel, size_t depth, const Target& to) {
  const float* x[rows];
  for (size_t r = 0; r < rows; ++r) x[r] = a.data + std::min(r, to.rows - 1) * a.row_step;
  Sums<rows, vectors> sums;
  if (a.column_step == 1)
    sum_tile<rows, vectors>(x, 1, panel, depth, sums);
  else
    sum_tile<rows, vectors>(x, a.column_step, panel, depth, sums);
  const Product& p = to.product;
  for (size_t r = 0; r < to.rows; ++r) {
    float* out = p.out + (to.row + r) * p.out_step + to.column;
    if (to.is_plain && to.columns == vectors * lanes) {
      std::memcpy(out, &sums[r], sizeof sums[r]);
      continue;
    }
    Row before{out, 1, 1};
    if (to.is_first) before = row_of(p.c, to.row + r, to.column, p.beta);
    if (to.columns == vectors * lanes && before.step <= 1)
      store_row<vectors>(sums[r], to, out, before);
    else
      store_part<vectors>(sums[r], to, out, before);
  }
}

// Few rows meet columns that lie along depth, each while it is in the cache.
[[gnu::noinline]] void multiply_rows(const Product& p) {
  for (size_t column = 0; column < p.columns; column += columns_at_once)
    for (size_t row = 0; row < p.rows; ++row) {
      const float *x = p.a.data + row * p.a.row_step, *y = p.b.data + column * p.b.column_step;
      Floats sums[columns_at_once]{};
      for (size_t k = 0; k < p.depth; k += lanes) {
        Floats factor = simd::load(x + k);
        for (size_t c = 0; c < columns_at_once; ++c)
          sums[c] = simd::madd(factor, simd::load(y + c * p.b.column_step + k), sums[c]);
      }
      Row before = row_of(p.c, row, column, p.beta);
      float* out = p.out + row * p.out_step + column;
      for (size_t c = 0; c < columns_at_once; ++c) {
        float sum = p.alpha * simd::sum(sums[c]);
        if (before.data) sum += before.factor * before.data[c * before.step];
        out[c] = sum < p.low ? p.low : sum > p.high ? p.high : sum;
      }
    }
}

bool is_for_rows(const Product& p) {
  return p.rows < rows_worth_turning && p.b.column_step != 1 && p.a.column_step == 1 &&
         p.depth % lanes == 0 && p.columns % columns_at_once == 0;
}

using Four = float __attribute__((vector_size(4 * sizeof(float)), aligned(4)));

// Copies four columns of four, transposed.
void pack_four(const float* from, size_t step, float* to) {
  Four rows[4];
  for (size_t i = 0; i < 4; ++i) std::memcpy(&rows[i], from + i * step, sizeof rows[i]);
  Four a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  Four b = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  Four c = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  Four d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  Four columns[4] = {
      __builtin_shufflevector(a, c, 0, 1, 4, 5), __builtin_shufflevector(a, c, 2, 3, 6, 7),
      __builtin_shufflevector(b, d, 0, 1, 4, 5), __builtin_shufflevector(b, d, 2, 3, 6, 7)};
  for (size_t i = 0; i < 4; ++i) std::memcpy(to + i * panel_columns, &columns[i], sizeof(Four));
}

void pack_transposed(Matrix<float> b, size_t depth, size_t columns, float* packed) {
  size_t whole = depth / 4 * 4, column = 0;
  for (; column + 4 <= columns; column += 4)
    for (size_t k = 0; k < whole; k += 4)
      pack_four(b.data + column * b.column_step + k, b.column_step,
                packed + k * panel_columns + column);
  for (size_t c = 0; c < columns; ++c)
    for (size_t k = c < column ? whole : 0; k < depth; ++k)
      packed[k * panel_columns + c] = b.data[c * b.column_step + k];
}

Panel pack(Matrix<float> b, size_t depth, size_t columns, float* packed) {
  if (b.column_step != 1)
    pack_transposed(b, depth, columns, packed);
  else
    for (size_t k = 0; k < depth; ++k)
      std::memcpy(packed + k * panel_columns, b.data + k * b.row_step,
                  panel_columns * sizeof(float));
  return {packed, panel_columns, columns};
}

// The part of a matrix from an element on.
Matrix<float> from(Matrix<float> matrix, size_t row, size_t column) {
  return {matrix.data + row * matrix.row_step + column * matrix.column_step, matrix.row_step,
          matrix.column_step};
}

}  // namespace

void multiply(const Product& p, void* workspace) {
  if (is_for_rows(p)) return multiply_rows(p);
  size_t parts = (p.depth + block_depth - 1) / block_depth;
  size_t step = (p.depth + parts - 1) / parts;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  bool is_plain =
      parts == 1 && p.alpha == 1 && !p.c.data && p.low == -infinity && p.high == infinity;
  for (size_t row = 0; row < p.rows; row += block_rows) {
    size_t rows = std::min(block_rows, p.rows - row);
    for (size_t k = 0; k < p.depth; k += step) {
      size_t depth = std::min(step, p.depth - k);
      for (size_t column = 0; column < p.columns; column += panel_columns) {
        size_t columns = std::min(panel_columns, p.columns - column);
        Panel panel{p.b.data + k * p.b.row_step + column, p.b.row_step, columns};
        if (p.b.column_step != 1 || rows >= rows_worth_packing)
          panel = pack(from(p.b, k, column), depth, columns, static_cast<float*>(workspace));
        Target to{p, row, column, 0, columns, k == 0, k + depth == p.depth, is_plain};
        for (; to.row < row + rows; to.row += tile_rows) {
          to.rows = std::min(tile_rows, row + rows - to.row);
          Matrix<float> a = from(p.a, to.row, k);
          if (columns > lanes)
            multiply_tile<tile_rows, 2>(a, panel, depth, to);
          else
            multiply_tile<tile_rows, 1>(a, panel, depth, to);
        }
      }
    }
  }
}

}  // namespace gesso::cpu
