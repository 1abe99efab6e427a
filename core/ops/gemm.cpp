// gemm(a, b, c?): alpha * a * b + beta * c, for matrices.
#include <limits>

#include "core/ops/accept.h"
#include "core/ops/broadcast.h"
#include "core/ops/math.h"
#include "core/ops/multiply.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_float(c);
  require_clamp(c);
  for (int i = 0; i < 2; ++i)
    if (c.shape(i).rank() != 2)
      fail(c, phrase({input_name(c.op, i), " must be a matrix"}),
           "a tensor with 2 dimensions, or matmul");
  bool transpose_a = c.node.flag("aTranspose"), transpose_b = c.node.flag("bTranspose");
  int rows = c.shape(0)[transpose_a], depth = c.shape(0)[!transpose_a];
  int columns = c.shape(1)[!transpose_b], other_depth = c.shape(1)[transpose_b];
  if (depth != other_depth)
    fail(c, "the columns of a must match the rows of b",
         columns == depth ? "bTranspose" : "matrices of [rows, n] and [n, columns]");
  Shape shape{rows, columns};
  if (c.has(2) && !stretches_to(c.shape(2), shape))
    fail(c, "c must stretch to the product",
         phrase({"the shape ", shape, ", or sizes of 1 in it"}));
  return {{DType::f32, shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  size_t rows = size_t(k.out_shape()[0]), columns = size_t(k.out_shape()[1]);
  size_t depth = size_t(k.shape(0)[!k.node.flag("aTranspose")]);
  Matrix<Real> a{k.input(0).data(), size_t(k.shape(0)[1]), 1};
  Matrix<Real> b{k.input(1).data(), size_t(k.shape(1)[1]), 1};
  if (k.node.flag("aTranspose")) a = a.transposed();
  if (k.node.flag("bTranspose")) b = b.transposed();
  Real alpha = k.number("alpha"), beta = k.number("beta");
  Real lowest = k.number("minValue"), highest = k.number("maxValue");
  const Real* c = k.has(2) ? k.input(2).data() : nullptr;
  auto c_steps = stretched_strides(k.out_shape(), k.has(2) ? k.shape(2) : Shape{});
  Real* out = k.output().data();
  multiply(a, b, rows, depth, columns, [&](size_t row, size_t column, Real sum) {
    Real y = alpha * sum;
    if (c) y += beta * c[row * c_steps[0] + column * c_steps[1]];
    out[row * columns + column] = y < lowest ? lowest : y > highest ? highest : y;
  });
}

// y = alpha * A * B + beta * c, where A and B are a and b or their transposes:
// dA = alpha * dy * transpose(B), dB = alpha * transpose(A) * dy, dc = beta * dy.
Values gradient(const Grad& g) {
  bool a_transpose = g.node.flag("aTranspose"), b_transpose = g.node.flag("bTranspose");
  Value dy = clamp_gradient_of(g);
  auto product = [&](Value first, bool transpose_first, Value second, bool transpose_second) {
    return gemm(first, second,
                {{"alpha", g.number("alpha")},
                 {"aTranspose", transpose_first},
                 {"bTranspose", transpose_second}});
  };
  Value da, db, dc;
  if (g.wants(0))
    da = a_transpose ? product(g.x[1], b_transpose, dy, true)
                     : product(dy, false, g.x[1], !b_transpose);
  if (g.wants(1))
    db = b_transpose ? product(dy, true, g.x[0], a_transpose)
                     : product(g.x[0], !a_transpose, dy, false);
  if (g.wants(2)) {
    dc = sum_to(dy, g.x[2].shape());
    if (g.number("beta") != 1) dc = g.number("beta") * dc;
  }
  return {da, db, dc};
}

}  // namespace

constexpr Op gemm_op{
    .name = "gemm",
    .summary =
        "The product of two matrices plus a third: alpha * a * b + beta * c, then kept "
        "between minValue and maxValue.",
    .inputs = {"a", "b", "c?"},
    .attrs = {{"alpha", 1.0},
              {"beta", 1.0},
              {"aTranspose", false},
              {"bTranspose", false},
              {"minValue", -std::numeric_limits<double>::infinity()},
              {"maxValue", std::numeric_limits<double>::infinity()}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
