// cumulativeSum(input): the running total along one axis.
#include "core/ops/elementwise.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  check_dtype(c, 0, numbers);
  axis_option(c);
  return {c.in[0]};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  int axis = positive_axis(k.node.integer("axis"), k.shape().rank());
  size_t size = size_t(k.shape()[axis]), step = strides_of(k.shape())[size_t(axis)];
  bool exclusive = k.node.flag("exclusive"), reversed = k.node.flag("reversed");
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using Total = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
    loops_over(~(1u << axis), k.shape()).each([&](auto at) {
      Total total = 0;
      for (size_t n = 0; n < size; ++n) {
        size_t i = at[0] + (reversed ? size - 1 - n : n) * step;
        Total before = total;
        total += Total(k.template input<T>()[i]);
        k.template output<T>()[i] = T(exclusive ? before : total);
      }
    });
  });
}

// An element is part of all totals after it: the running total of dy from the other end.
Values gradient(const Grad& g) {
  Attrs attrs = g.node.attrs;
  attrs.set("reversed", !g.node.flag("reversed"));
  return {apply(cumulative_sum_op, {g.dy()}, attrs)};
}

}  // namespace

constexpr Op cumulative_sum_op{
    .name = "cumulativeSum",
    .summary = "The running total along an axis; exclusive leaves the element itself out.",
    .inputs = {"input"},
    .attrs = {{"axis", 0.0}, {"exclusive", false}, {"reversed", false}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
