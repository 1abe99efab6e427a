// matmul(a, b): the product of matrices, or of many at once.
#include "core/ops/accept.h"
#include "core/ops/broadcast.h"
#include "core/ops/list.h"
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

}  // namespace

const Op matmul_op{
    .name = "matmul",
    .summary = "The product of two matrices, for each matrix in a batch; batches stretch to match.",
    .inputs = {"a", "b"},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
};

}  // namespace gesso
