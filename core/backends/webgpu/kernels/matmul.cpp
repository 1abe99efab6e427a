// matmul and gemm.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/product.h"

namespace gesso::webgpu {
namespace {

// The sizes in front of a matrix.
Shape batch_of(const Shape& shape) {
  return Shape(shape.sizes().first(size_t(shape.rank()) - 2));
}

Product::Side matrix(const Operand& x, bool along_depth, size_t step) {
  return {.x = x, .along_depth = along_depth, .wide = true, .side_step = step, .depth_step = step};
}

}  // namespace

void matmul(Lowering& l) {
  const Shape &a = l.shape(0), &b = l.shape(1), &out = l.out_shape();
  Product p;
  p.rows = size_t(a[a.rank() - 2]);
  p.columns = size_t(b.back());
  p.depth = size_t(a.back());
  Shape batch = batch_of(out), a_batch = batch_of(a), b_batch = batch_of(b);
  p.a = matrix(l.input(0), true, p.depth);
  p.b = matrix(l.weight(1), false, p.columns);
  p.batches = batch.count();
  if (b_batch.count() == 1 && a_batch.count() == p.batches) {
    // One matrix for all: the batch is rows of one product.
    p.rows *= p.batches;
    p.batches = 1;
  } else {
    auto start = [&](const Shape& side, size_t size) {
      return text("(", stretched_place("z", batch, side), ") * ", size, "u");
    };
    p.a.base = start(a_batch, p.rows * p.depth);
    p.b.base = start(b_batch, p.depth * p.columns);
  }
  size_t rows = p.rows, columns = p.columns;
  p.place = [=](const std::string& row) {
    return text("(z * ", rows, "u + ", row, ") * ", columns, "u");
  };
  p.finish = [](bool) { return "sum"; };
  multiply(l, p, text("matmul ", to_string(l.dtype()), " ", to_string(a), " ", to_string(b)));
}

void gemm(Lowering& l) {
  bool a_transpose = l.node.flag("aTranspose"), b_transpose = l.node.flag("bTranspose");
  const Shape &a = l.shape(0), &b = l.shape(1), &out = l.out_shape();
  Product p;
  p.rows = size_t(out[0]);
  p.columns = size_t(out[1]);
  p.depth = size_t(a[!a_transpose]);
  p.a = matrix(l.input(0), !a_transpose, size_t(a[1]));
  p.b = matrix(l.weight(1), b_transpose, size_t(b[1]));
  size_t columns = p.columns;
  p.place = [=](const std::string& row) { return text(row, " * ", columns, "u"); };
  p.declare = [&](Shader& shader) {
    shader.use(keep);
    if (l.has(2)) shader.reads(l.input(2), "addend");
  };
  double alpha = l.node.number("alpha"), beta = l.node.number("beta");
  p.finish = [&](bool wide) {
    std::string value = alpha == 1 ? "sum" : text(literal(alpha), " * sum");
    if (l.has(2)) {
      std::string factor = beta == 1 ? "" : text(literal(beta), " * ");
      auto c_at = [&](const std::string& column) {
        return text("addend(",
                    stretched_place(text("(row * ", columns, "u + ", column, ")"), out, l.shape(2)),
                    ")");
      };
      value += " + " + factor;
      value += wide ? text("vec4f(", c_at("column"), ", ", c_at("column + 1u"), ", ",
                           c_at("column + 2u"), ", ", c_at("column + 3u"), ")")
                    : c_at("column");
    }
    return clamped(l, value, wide);
  };
  multiply(l, p,
           text("gemm ", to_string(a), a_transpose ? " transposed " : " ", to_string(b),
                b_transpose ? " transposed" : ""));
}

}  // namespace gesso::webgpu
