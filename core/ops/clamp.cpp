// clamp(input): input, kept between two bounds. clampGradient(dy, input): dy where the
// input is between them.
#include <cmath>
#include <limits>

#include "core/ops/elementwise.h"
#include "core/ops/math.h"

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

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Bounds {
  double lowest, highest;
};

Bounds bounds_of(const Node& node) {
  double lowest = node.number("minValue"), highest = node.number("maxValue");
  return {std::isnan(lowest) ? -infinity : lowest, std::isnan(highest) ? infinity : highest};
}

template <class Real>
void clamp(Kernel<Real>& k) {
  Bounds bounds = bounds_of(k.node);
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T low = bound<T>(bounds.lowest), high = bound<T>(bounds.highest);
    auto between = [=](T x) { return x < low ? low : x > high ? high : x; };  // NaN stays NaN
    map(k.template input<T>(), k.template output<T>(), between);
  });
}

// dx = dy where x lies on or between the bounds, 0 elsewhere. The bounds themselves count, which
// y does not tell.
Values gradient_of_clamp(const Grad& g) {
  auto [lowest, highest] = bounds_of(g.node);
  if (lowest == highest) return {};
  return {apply(clamp_gradient_op, {g.dy(), g.x[0]},
                {{"minValue", lowest}, {"maxValue", highest}, {"inclusive", true}})};
}

Types infer_gradient(const Call& c) {
  require_float(c);
  require_clamp(c);
  check_shape(c, 1, c.shape(), "the shape of dy");
  return {c.in[0]};
}

template <class Real>
void clamp_gradient(Kernel<Real>& k) {
  Real low = k.number("minValue"), high = k.number("maxValue");
  bool inclusive = k.node.flag("inclusive");
  auto dy = k.input(0), x = k.input(1);
  auto dx = k.output();
  for (size_t i = 0; i < dx.size(); ++i) {
    bool inside = inclusive ? x[i] >= low && x[i] <= high : x[i] > low && x[i] < high;
    dx[i] = inside ? dy[i] : Real(0);
  }
}

// It is linear in dy.
Values gradient_of_clamp_gradient(const Grad& g) {
  return {apply(clamp_gradient_op, {g.dy(), g.x[1]}, g.node.attrs)};
}

}  // namespace

constexpr Op clamp_op{
    .name = "clamp",
    .summary = "The input, kept between minValue and maxValue.",
    .inputs = {"input"},
    .attrs = {{"minValue", -infinity}, {"maxValue", infinity}},
    .infer = infer,
    .cpu = {clamp<float>, clamp<double>},
    .gradient = gradient_of_clamp,
    .in_place = 1,
};

constexpr Op clamp_gradient_op{
    .name = "clampGradient",
    .summary =
        "dy where the input lies between minValue and maxValue, or with inclusive on one of them; "
        "0 "
        "elsewhere.",
    .inputs = {"dy", "input"},
    .attrs = {{"minValue", -infinity}, {"maxValue", infinity}, {"inclusive", false}},
    .infer = infer_gradient,
    .cpu = {clamp_gradient<float>, clamp_gradient<double>},
    .gradient = gradient_of_clamp_gradient,
    .in_place = 1,
};

}  // namespace gesso
