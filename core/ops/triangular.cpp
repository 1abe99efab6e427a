// triangular(input): the upper or lower triangle of matrices; zeros elsewhere.
#include "core/ops/accept.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  check_rank_at_least(c, 0, 2);
  whole_option(c, "diagonal");
  return {c.in[0]};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape& shape = k.shape();
  size_t matrices = shape.count(0, shape.rank() - 2);
  int64_t rows = shape[shape.rank() - 2], columns = shape.back();
  int64_t diagonal = k.node.integer("diagonal");
  bool upper = k.node.flag("upper");
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* x = k.template input<T>().data();
    T* y = k.template output<T>().data();
    for (size_t m = 0; m < matrices; ++m)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column, ++x, ++y) {
          int64_t right = column - row;  // of the main diagonal
          *y = (upper ? right >= diagonal : right <= diagonal) ? *x : T(0);
        }
  });
}

// The same triangle of dy.
Values gradient(const Grad& g) {
  return {apply(triangular_op, {g.dy()}, g.node.attrs)};
}

}  // namespace

constexpr Op triangular_op{
    .name = "triangular",
    .summary =
        "The upper or lower triangle of the last two axes, from a diagonal on; zeros elsewhere.",
    .inputs = {"input"},
    .attrs = {{"upper", true}, {"diagonal", 0.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
