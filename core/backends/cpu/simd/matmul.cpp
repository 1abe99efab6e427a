// gemm and matmul of matrices that change from run to run.
#include "core/backends/cpu/simd/kernels.h"
#include "core/backends/cpu/simd/product.h"
#include "core/ops/broadcast.h"

namespace gesso::cpu {
namespace {

bool is_empty(const Lowering& l) {
  return l.shape(0).count() == 0 || l.out().shape.count() == 0;
}

// Sizes and steps of a product, without the memory.
Product product_of(size_t rows, size_t depth, size_t columns) {
  return {.rows = rows,
          .depth = depth,
          .columns = columns,
          .a = {nullptr, depth, 1},
          .b = {nullptr, columns, 1},
          .out = nullptr,
          .out_step = columns};
}

}  // namespace

std::unique_ptr<Step> gemm(const Lowering& l) {
  if (is_empty(l)) return nullptr;
  const Node& n = l.node;
  const Shape &a = l.shape(0), &y = l.out().shape;
  bool transposes_a = n.flag("aTranspose"), transposes_b = n.flag("bTranspose");
  size_t rows = size_t(y[0]), depth = size_t(a[!transposes_a]), columns = size_t(y[1]);
  Product product = product_of(rows, depth, columns);
  if (transposes_a) product.a = {nullptr, 1, rows};
  if (transposes_b) product.b = {nullptr, 1, depth};
  product.alpha = float(n.number("alpha"));
  product.beta = float(n.number("beta"));
  product.low = float(n.number("minValue"));
  product.high = float(n.number("maxValue"));
  auto c_steps = stretched_strides(y, l.has(2) ? l.shape(2) : Shape{});
  product.c = {nullptr, c_steps[0], c_steps[1]};
  auto run = [product, has_c = l.has(2)](const Memory& m) {
    Product p = product;
    p.a.data = in(m, 0);
    p.b.data = in(m, 1);
    if (has_c) p.c.data = in(m, 2);
    p.out = out(m);
    multiply(p, m.workspace);
  };
  return loop_step(run, product_workspace);
}

std::unique_ptr<Step> matmul(const Lowering& l) {
  if (is_empty(l)) return nullptr;
  const Shape &a = l.shape(0), &b = l.shape(1), &y = l.out().shape;
  size_t rows = size_t(a[a.rank() - 2]), depth = size_t(a.back()), columns = size_t(b.back());
  auto batch_of = [](const Shape& shape) {
    return Shape(shape.sizes().first(size_t(shape.rank()) - 2));
  };
  auto batches = broadcast_loops(batch_of(y), batch_of(a), batch_of(b));
  if (batch_of(b).count() == 1) {  // then the rows of all matrices are those of one
    rows = a.count() / depth;
    batches = {};
  }
  auto run = [product = product_of(rows, depth, columns), batches](const Memory& m) {
    batches.each([&](auto at) {
      Product p = product;
      p.a.data = in(m, 0) + at[1] * p.rows * p.depth;
      p.b.data = in(m, 1) + at[2] * p.depth * p.columns;
      p.out = out(m) + at[0] * p.rows * p.columns;
      multiply(p, m.workspace);
    });
  };
  return loop_step(run, product_workspace);
}

}  // namespace gesso::cpu
