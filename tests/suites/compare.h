// How far a result may lie from what a case expects.
#pragma once

#include <optional>
#include <string>

#include "tests/suites/data.h"

namespace gesso::suites {

// The distance between two float32 numbers in units in the last place, by WebNN's rule: equal
// values are 0 apart (0 and -0 too, NaN and NaN too), others by the difference of their bit
// patterns with the sign in front. Source: web-platform-tests, webnn/resources/utils.js.
double ulp_distance(float a, float b);

struct Tolerance {
  enum class Metric { ulp, absolute } metric = Metric::absolute;
  double value = 0;          // for float32
  double integer_value = 0;  // for integers and booleans: largest |a - b|
  double enough_ulp = 0;     // what suffices for float32 in any case, by whatever metric
};

// What is wrong with a result, with the worst element; nothing when it is within the tolerance.
std::optional<std::string> mismatch(const Tensor& expected, const Tensor& result,
                                    const Tolerance& tolerance);

}  // namespace gesso::suites
