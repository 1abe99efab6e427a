#include "models/layers/constraints.h"

#include <cmath>
#include <limits>

#include "core/ops/math.h"

namespace gesso {
namespace {

constexpr double tiny = 1e-7;  // so that a weight of zeros stays one

Value norm(Value w, const Field& axis) {
  Ints axes = axis.is_list() ? axis.integers() : Ints{axis.integer_or(0)};
  for (int a : axes)
    if (positive_axis(a, w.shape().rank()) < 0 ||
        positive_axis(a, w.shape().rank()) >= w.shape().rank())
      axis.refuse("is not an axis of the weight", "0");
  return sqrt(sum(square(w), axes, true));
}

}  // namespace

Value constrain(Value w, const Field& config) {
  bool is_object = config.is_object();
  Field name = is_object ? config.at("class_name") : config;
  Field options = is_object ? config.get("config") : Field{};
  std::string word = snake_case(name.text());
  if (word == "non_neg") return apply(relu_op, {w});
  Field axis = options.get("axis");
  if (word == "unit_norm") return w / (norm(w, axis) + tiny);
  if (word == "max_norm") {
    Value n = norm(w, axis);
    return w * (clamp(n, 0, options.get("max_value").number_or(2)) / (n + tiny));
  }
  if (word == "min_max_norm") {
    Value n = norm(w, axis);
    double rate = options.get("rate").number_or(1);
    double low = options.get("min_value").number_or(0);
    double high = options.get("max_value").number_or(1);
    return w * ((clamp(n, low, high) * rate + n * (1 - rate)) / (n + tiny));
  }
  name.refuse("is not a constraint", "max_norm, min_max_norm, non_neg or unit_norm");
}

Value constrain(Value weight, const std::string& constraint) {
  Document document("constraint", std::as_bytes(std::span(constraint)));
  return constrain(weight, document.root());
}

}  // namespace gesso
