#include "tests/suites/compare.h"

#include <bit>
#include <cmath>
#include <limits>
#include <sstream>

namespace gesso::suites {
namespace {

double signed_bits(float x) {
  double magnitude = double(std::bit_cast<uint32_t>(std::fabs(x)));
  return std::signbit(x) ? -magnitude : magnitude;
}

double distance(double expected, double result, DType dtype, Tolerance::Metric metric) {
  bool both_nan = std::isnan(expected) && std::isnan(result);
  if (expected == result || both_nan) return 0;
  if (dtype == DType::f32 && metric == Tolerance::Metric::ulp)
    return ulp_distance(float(expected), float(result));
  double error = std::fabs(expected - result);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

// uint8 and bool are one type: WebNN has no bool, TF.js no uint8.
bool same_type(DType a, DType b) {
  auto as_byte = [](DType t) { return t == DType::boolean ? DType::u8 : t; };
  return as_byte(a) == as_byte(b);
}

}  // namespace

double ulp_distance(float a, float b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  return std::fabs(signed_bits(a) - signed_bits(b));
}

std::optional<std::string> mismatch(const Tensor& expected, const Tensor& result,
                                    const Tolerance& tolerance) {
  std::ostringstream s;
  s.precision(9);
  if (expected.type.shape != result.type.shape ||
      !same_type(expected.type.dtype, result.type.dtype)) {
    s << "is " << to_string(result.type) << ", expected " << to_string(expected.type);
    return s.str();
  }
  bool is_float = expected.type.dtype == DType::f32;
  double limit = is_float ? tolerance.value : tolerance.integer_value;
  size_t count = expected.type.shape.count(), worst = 0, wrong = 0;
  double worst_distance = -1;
  for (size_t i = 0; i < count; ++i) {
    double d =
        distance(element(expected, i), element(result, i), expected.type.dtype, tolerance.metric);
    bool enough = is_float && tolerance.enough_ulp > 0 &&
                  ulp_distance(float(element(expected, i)), float(element(result, i))) <=
                      tolerance.enough_ulp;
    wrong += !(d <= limit || enough);
    if (d > worst_distance) {
      worst_distance = d;
      worst = i;
    }
  }
  if (wrong == 0) return {};
  bool ulp = is_float && tolerance.metric == Tolerance::Metric::ulp;
  s << wrong << " of " << count << " differ, by at most " << worst_distance << (ulp ? " ULP" : "")
    << " (limit " << limit << "): [" << worst << "] is " << element(result, worst) << ", expected "
    << element(expected, worst);
  return s.str();
}

}  // namespace gesso::suites
