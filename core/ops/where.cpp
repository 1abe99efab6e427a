// where(condition, trueValue, falseValue): one or the other, element by element.
#include "core/ops/accept.h"
#include "core/ops/broadcast.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  check_dtype(c, 0, truths);
  check_same_dtype(c, 1, 2);
  Shape values = broadcast_shape(c, c.shape(1), c.shape(2));
  return {{c.dtype(1), broadcast_shape(c, c.shape(0), values)}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  auto loops = broadcast_loops(k.out_shape(), k.shape(0), k.shape(1), k.shape(2));
  k.visit(k.dtype(1), [&](auto zero) {
    using T = decltype(zero);
    auto condition = k.template input<uint8_t>(0);
    auto yes = k.template input<T>(1), no = k.template input<T>(2);
    auto out = k.template output<T>();
    loops.run([&](auto at, size_t count, auto steps) {
      for (size_t i = 0; i < count; ++i)
        out[at[0] + i] =
            condition[at[1] + i * steps[1]] ? yes[at[2] + i * steps[2]] : no[at[3] + i * steps[3]];
    });
  });
}

// dTrueValue = dy where the condition holds, dFalseValue = dy elsewhere.
Values gradient(const Grad& g) {
  Value zero = g.graph.scalar(0), yes, no;
  if (g.wants(1)) yes = sum_to(where(g.x[0], g.dy(), zero), g.x[1].shape());
  if (g.wants(2)) no = sum_to(where(g.x[0], zero, g.dy()), g.x[2].shape());
  return {{}, yes, no};
}

}  // namespace

constexpr Op where_op{
    .name = "where",
    .summary = "trueValue where the condition is true or not 0, falseValue elsewhere.",
    .inputs = {"condition", "trueValue", "falseValue"},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
