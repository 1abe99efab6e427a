// Reads the test cases' JSON: numbers that JSON has no words for, tensors, and what to expect.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/op.h"

namespace gesso::suites {

using Json = nlohmann::ordered_json;  // keeps the order of a case's inputs

// Thrown by a case that needs a type or feature which gesso does not offer. Never because it fails.
struct Skip {
  std::string reason;
};

// The member of an object; fails, naming it, when it is missing.
const Json& member(const Json& object, std::string_view key);

// The member, or null when it is missing or null.
const Json* optional_member(const Json& object, std::string_view key);

// A JSON number, or the strings "NaN", "Infinity", "-Infinity" and decimals beyond 2^53.
double number(const Json& value);
int integer(const Json& value);  // fails on fractions and on what does not fit
bool flag(const Json& value);
const std::string& text(const Json& value);
Ints ints(const Json& list);
Ints int_or_ints(const Json& value);  // 3 or [3, 3]

// gesso's operator of this name; fails when there is none.
const Op& operator_named(std::string_view name);

struct Tensor {
  TensorType type;
  std::vector<std::byte> bytes;  // in a program's format
};
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// The element type that holds a file's type: int64 lies in int32. Throws Skip for the types that
// gesso does not offer, fails on words that are no types.
DType dtype_of(const std::string& name);

// Reads {shape, data | fill, dataType | dtype}. Fails when the numbers do not fit the shape or the
// type; throws Skip for an int64 that int32 cannot hold.
Tensor tensor(const Json& value);
Tensor tensor_of(DType dtype, const Shape& shape, const std::vector<double>& elements);

// One element as a double, whatever its type; all of them.
double element(const Tensor& tensor, size_t index);
std::vector<double> elements(const Tensor& tensor);

}  // namespace gesso::suites
