// matmul(a, b): the product of matrices, or of many at once.
#include "core/ops/accept.h"
#include "core/ops/broadcast.h"
#include "core/ops/math.h"
#include "core/ops/multiply.h"

namespace gesso {
namespace {

// The sizes in front of a matrix: how many there are.
Shape batch_of(const Shape& shape) {
  return Shape(shape.sizes().first(size_t(shape.rank()) - 2));
}

Types infer(const Call& c) {
  for (int i = 0; i < 2; ++i) {
    check_dtype(c, i, floats_and_ints);
    check_rank_at_least(c, i, 2);
  }
  check_same_dtype(c, 0, 1);
  const Shape &a = c.shape(0), &b = c.shape(1);
  if (a.back() != b[b.rank() - 2])
    fail(c, "the columns of a must match the rows of b",
         a.back() == b.back() ? "matmul(a, transpose(b))"
                              : "matrices of [rows, n] and [n, columns]");
  Shape shape = broadcast_shape(c, batch_of(a), batch_of(b));
  shape.push_back(a[a.rank() - 2]);
  shape.push_back(b.back());
  return {{c.dtype(), shape}};
}

// a: [..., rows, depth], b: [..., depth, columns], out: [..., rows, columns].
template <class T, class Real>
void matmul(Kernel<Real>& k) {
  size_t rows = size_t(k.shape(0)[k.shape(0).rank() - 2]), depth = size_t(k.shape(0).back());
  size_t columns = size_t(k.shape(1).back());
  auto batches =
      broadcast_loops(batch_of(k.out_shape()), batch_of(k.shape(0)), batch_of(k.shape(1)));
  batches.each([&](auto at) {
    Matrix<T> a{k.template input<T>(0).data() + at[1] * rows * depth, depth, 1};
    Matrix<T> b{k.template input<T>(1).data() + at[2] * depth * columns, columns, 1};
    T* out = k.template output<T>().data() + at[0] * rows * columns;
    multiply(a, b, rows, depth, columns,
             [&](size_t row, size_t column, T sum) { out[row * columns + column] = sum; });
  });
}

template <class Real>
void cpu(Kernel<Real>& k) {
  if (k.dtype() == DType::i32)
    matmul<int32_t>(k);
  else
    matmul<Real>(k);
}

// The matrices one below the other, as one matrix.
Value stacked(Value x) {
  return reshape(x, {int(x.shape().count(0, x.shape().rank() - 1)), x.shape().back()});
}

// da = dy * transpose(b), db = transpose(a) * dy, summed over what was stretched. Where b is one
// matrix for the whole batch, the batch is rows of one product; gemm needs no transposed copy.
Values gradient(const Grad& g) {
  Value a = g.x[0], b = g.x[1], dy = g.dy();
  Value da, db;
  if (b.shape().rank() == 2) {
    if (g.wants(0)) da = reshape(gemm(stacked(dy), b, {{"bTranspose", true}}), a.shape());
    if (g.wants(1)) db = gemm(stacked(a), stacked(dy), {{"aTranspose", true}});
  } else {
    if (g.wants(0)) da = sum_to(matmul(dy, transpose(b)), a.shape());
    if (g.wants(1)) db = sum_to(matmul(transpose(a), dy), b.shape());
  }
  return {da, db};
}

}  // namespace

constexpr Op matmul_op{
    .name = "matmul",
    .summary = "The product of two matrices, for each matrix in a batch; batches stretch to match.",
    .inputs = {"a", "b"},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
