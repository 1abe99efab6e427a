// Sums, means, extremes and norms over axes, and where the extremes are.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/moves.h"
#include "core/backends/webgpu/kernels/reduction.h"
#include "core/backends/webgpu/snippets.h"
#include "core/ops/accept.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

// A total of NaN stays.
constexpr const char* extreme = R"(fn extreme(a: T, b: T) -> T {
  if (is_nan(a)) {
    return a;
  }
  return select(a, b, b OP a || is_nan(b));
})";

// The largest number so far and the sum of exp(x - largest). Where the largest is infinite, it is
// the result, as NaN is.
constexpr const char* log_sum_exp = R"(fn share(x: f32, largest: f32) -> f32 {
  if (is_infinite(x)) {
    return 0.0;
  }
  return exp(x - largest);
}
fn log_sum(a: vec2f, b: vec2f) -> vec2f {
  if (is_nan(a.x)) {
    return a;
  }
  let largest = select(a.x, b.x, b.x > a.x || is_nan(b.x));
  if (is_nan(largest) || is_infinite(largest)) {
    return vec2f(largest, 1.0);
  }
  return vec2f(largest, a.y * share(a.x, largest) + b.y * share(b.x, largest));
})";

// The first of equals wins, and NaN loses against every number. The place of no element is beyond
// all others.
constexpr const char* arg = R"(struct Total {
  value: T,
  at: u32,
}
fn better(a: Total, b: Total) -> Total {
  let b_wins = b.value OP a.value || (A_IS_NAN && !B_IS_NAN);
  let a_wins = a.value OP b.value || (B_IS_NAN && !A_IS_NAN);
  if (a.at == 0xffffffffu || b.at == 0xffffffffu) {
    return Total(select(b.value, a.value, b.at == 0xffffffffu), min(a.at, b.at));
  }
  if (b_wins || (!a_wins && b.at < a.at)) {
    return b;
  }
  return a;
})";

void replace(std::string& in, std::string_view what, std::string_view by) {
  for (size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + by.size()))
    in.replace(at, what.size(), by);
}

std::string lowest(DType dtype, bool highest) {
  switch (dtype) {
    case DType::f32:
      return highest ? "as_float(0x7f800000u)" : "as_float(0xff800000u)";
    case DType::i32:
      return highest ? "2147483647" : "(-2147483647 - 1)";
    case DType::i8:
      return highest ? "127" : "(-128)";
    default:
      return highest ? "255" : "0";
  }
}

Fold extreme_fold(DType dtype, bool greatest) {
  Fold fold;
  fold.start = lowest(dtype, !greatest);
  if (dtype != DType::f32) {
    fold.type = "i32";
    fold.join = greatest ? "max(a, b)" : "min(a, b)";
    fold.take = greatest ? "max(total, x)" : "min(total, x)";
    return fold;
  }
  fold.declarations = extreme;
  replace(fold.declarations, "T", "f32");
  replace(fold.declarations, "OP", greatest ? ">" : "<");
  fold.join = "extreme(a, b)";
  fold.take = "extreme(total, x)";
  fold.uses = &is_nan;
  return fold;
}

constexpr Snippet log_sum_exp_needs{"", {&is_nan, &is_infinite}};

Fold fold_of(const Op* op, DType dtype) {
  bool floats = dtype == DType::f32;
  if (op == &reduce_max_op || op == &reduce_min_op)
    return extreme_fold(dtype, op == &reduce_max_op);
  Fold fold;
  if (!floats) {
    fold.type = "i32";
    fold.start = "0";
  }
  if (op == &reduce_l1_op) fold.take = "total + abs(x)";
  if (op == &reduce_l2_op || op == &reduce_sum_square_op) fold.take = "total + x * x";
  if (op == &reduce_log_sum_op) fold.uses = &log_of;
  if (op == &reduce_product_op) {
    fold.start = floats ? "1.0" : "1";
    fold.take = "total * x";
    fold.join = "a * b";
  }
  if (op == &reduce_log_sum_exp_op) {
    fold.type = "vec2f";
    fold.start = "vec2f(as_float(0xff800000u), 0.0)";
    fold.take = "log_sum(total, vec2f(x, 1.0))";
    fold.join = "log_sum(a, b)";
    fold.declarations = log_sum_exp;
    fold.uses = &log_sum_exp_needs;
  }
  return fold;
}

// What the total of `count` elements becomes.
std::string finished(const Op* op, size_t count) {
  if (op == &reduce_l2_op) return "sqrt(total)";
  if (op == &reduce_log_sum_op) return "log_of(total)";
  if (op == &reduce_mean_op)
    return count == 0 ? "as_float(0x7fc00000u)" : text("total / ", literal(double(count)));
  if (op == &reduce_log_sum_exp_op)
    return "select(total.x + log(total.y), total.x, is_infinite(total.x) || is_nan(total.x))";
  return "total";
}

}  // namespace

void reduce_axes(Lowering& l) {
  const Shape& shape = l.shape();
  uint32_t axes = axes_mask(l.node, "axes", shape.rank(), ~0u);
  auto strides = strides_of(shape);
  Reduction r;
  for (int axis = 0; axis < shape.rank(); ++axis)
    (axes >> axis & 1 ? r.reduced : r.kept)
        .add(size_t(shape[axis]), ptrdiff_t(strides[size_t(axis)]));
  r.fold = fold_of(l.node.op, l.dtype());
  r.element = "x(p)";
  r.reads = [&](Shader& shader) { shader.reads(l.input(), "x"); };
  r.writes = [&](Shader& shader) { shader.writes(l.output(), "y"); };
  r.finish = text("  y(o, ", finished(l.node.op, r.reduced.count()), ");\n");
  reduce(l, std::move(r));
}

void arg_min_max(Lowering& l) {
  const Shape& shape = l.shape();
  bool floats = l.dtype() == DType::f32, greatest = l.node.op == &arg_max_op;
  Lines lines(shape, positive_axis(l.node.integer("axis"), shape.rank()));
  Reduction r;
  r.kept = lines.starts();
  r.reduced.add(lines.size, ptrdiff_t(lines.inner));
  r.fold.type = "Total";
  r.fold.start = floats ? "Total(0.0, 0xffffffffu)" : "Total(0, 0xffffffffu)";
  r.fold.take = "better(total, Total(x, r))";
  r.fold.join = "better(a, b)";
  r.fold.declarations = arg;
  r.fold.uses = &is_nan;
  replace(r.fold.declarations, "value: T", floats ? "value: f32" : "value: i32");
  replace(r.fold.declarations, "A_IS_NAN", floats ? "is_nan(a.value)" : "false");
  replace(r.fold.declarations, "B_IS_NAN", floats ? "is_nan(b.value)" : "false");
  replace(r.fold.declarations, "OP", greatest ? ">" : "<");
  r.element = "x(p)";
  r.reads = [&](Shader& shader) { shader.reads(l.input(), "x"); };
  r.writes = [&](Shader& shader) { shader.writes(l.output(), "y"); };
  r.finish = "  y(o, i32(total.at));\n";
  reduce(l, std::move(r));
}

}  // namespace gesso::webgpu
