// cast(input): the same numbers as another element type.
#include <cmath>
#include <limits>

#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  return {{dtype_from(c.node.text("type")), c.shape()}};
}

// Fractions are cut off. What an integer type cannot hold becomes the nearest number that it can,
// and NaN becomes 0: casts are the same on every device.
template <class To, class From>
To convert(From x) {
  if constexpr (std::is_floating_point_v<To>) {
    return To(x);
  } else {
    if (x != x) return 0;
    using Limits = std::numeric_limits<To>;
    double value = double(x);
    return value <= Limits::lowest() ? Limits::lowest()
           : value >= Limits::max()  ? Limits::max()
                                     : To(value);
  }
}

template <class Real>
void cpu(Kernel<Real>& k) {
  DType to = k.out[0].type.dtype;
  k.visit(k.dtype(), [&](auto zero) {
    auto x = k.template input<decltype(zero)>();
    if (to == DType::boolean) {
      auto y = k.template output<uint8_t>();
      for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] != 0;
      return;
    }
    k.visit(to, [&](auto other_zero) {
      using To = decltype(other_zero);
      auto y = k.template output<To>();
      for (size_t i = 0; i < x.size(); ++i) y[i] = convert<To>(x[i]);
    });
  });
}

// dx = dy. Only from float32 to float32 is there anything to pass on.
Values gradient(const Grad& g) {
  return {g.dy()};
}

}  // namespace

constexpr Op cast_op{
    .name = "cast",
    .summary = "The same numbers as another element type.",
    .inputs = {"input"},
    .attrs = {{"type", "float32"}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
