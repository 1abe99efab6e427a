// clamp(input): input, kept between two bounds.
#include <cmath>
#include <limits>

#include "core/ops/elementwise.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  check_dtype(c, 0, numbers);
  if (c.node.number("minValue") > c.node.number("maxValue"))  // NaN stands for no bound
    fail(c, "minValue must not be above maxValue", "exchange them, or leave one out");
  return {c.in[0]};
}

// A bound as an element. Integers take the whole part, and the nearest number they can hold.
template <class T>
T bound(double value) {
  if constexpr (std::is_floating_point_v<T>)
    return T(value);
  else
    return T(std::fmin(std::fmax(std::trunc(value), std::numeric_limits<T>::lowest()),
                       std::numeric_limits<T>::max()));
}

template <class Real>
void cpu(Kernel<Real>& k) {
  double lowest = k.node.number("minValue"), highest = k.node.number("maxValue");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (std::isnan(lowest)) lowest = -infinity;
  if (std::isnan(highest)) highest = infinity;
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T low = bound<T>(lowest), high = bound<T>(highest);
    auto between = [=](T x) { return x < low ? low : x > high ? high : x; };  // NaN stays NaN
    map(k.template input<T>(), k.template output<T>(), between);
  });
}

}  // namespace

const Op clamp_op{
    .name = "clamp",
    .summary = "The input, kept between minValue and maxValue.",
    .inputs = {"input"},
    .attrs = {{"minValue", -std::numeric_limits<double>::infinity()},
              {"maxValue", std::numeric_limits<double>::infinity()}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
};

}  // namespace gesso
