#include "tests/suites/data.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

namespace gesso::suites {
namespace {

// More than any case holds; keeps a wrong shape from asking for all the memory there is.
constexpr double most_elements = 1 << 26;

std::string excerpt(const Json& value) {
  std::string s = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return s.size() > 60 ? s.substr(0, 57) + "..." : s;
}

[[noreturn]] void malformed(Text what, const Json& value, Text hint) {
  fail(phrase({"case: ", what}), {{"given", excerpt(value)}}, hint);
}

void check_range(double x, double low, double high, const Json& value) {
  if (std::isnan(x) || x < low || x > high || x != std::trunc(x))
    malformed("a number does not fit its type", value, "a whole number in the type's range");
}

void check_element(double x, DType dtype, const std::string& type_name, const Json& value) {
  constexpr double low = std::numeric_limits<int32_t>::min();
  constexpr double high = std::numeric_limits<int32_t>::max();
  if (type_name == "int64" && (x < low || x > high)) throw Skip{"int64 beyond int32"};
  switch (dtype) {
    case DType::f32:
      return;
    case DType::i32:
      return check_range(x, low, high, value);
    case DType::u8:
      return check_range(x, 0, 255, value);
    case DType::i8:
      return check_range(x, -128, 127, value);
    case DType::boolean:
      return check_range(x, 0, 1, value);
  }
}

void write(Tensor& t, size_t index, double value) {
  Kernel<float>::visit(t.type.dtype, [&](auto zero) {
    auto element = static_cast<decltype(zero)>(value);
    std::memcpy(t.bytes.data() + index * sizeof(element), &element, sizeof(element));
  });
}

Shape shape_of(const Json& value) {
  Ints sizes = ints(value);
  double count = 1;
  for (int size : sizes) {
    if (size < 0) malformed("a size cannot be negative", value, "sizes of 0 or more");
    count *= size;
  }
  if (count > most_elements) malformed("a tensor is too large", value, "at most 2^26 elements");
  return Shape(sizes);
}

}  // namespace

const Json& member(const Json& object, std::string_view key) {
  if (const Json* found = optional_member(object, key)) return *found;
  malformed("the field \"" + std::string(key) + "\" is missing", object,
            "the format in the suites' README");
}

const Json* optional_member(const Json& object, std::string_view key) {
  if (!object.is_object()) malformed("there must be an object here", object, "{...}");
  auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

double number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) {
    const std::string& s = text(value);
    if (s == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (s == "Infinity") return std::numeric_limits<double>::infinity();
    if (s == "-Infinity") return -std::numeric_limits<double>::infinity();
    char* end = nullptr;
    double x = std::strtod(s.c_str(), &end);
    if (!s.empty() && *end == 0) return x;
  }
  malformed("there must be a number here", value,
            "a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
}

int integer(const Json& value) {
  double x = number(value);
  check_range(x, std::numeric_limits<int>::min(), std::numeric_limits<int>::max(), value);
  return int(x);
}

bool flag(const Json& value) {
  if (!value.is_boolean()) malformed("there must be true or false here", value, "true or false");
  return value.get<bool>();
}

const std::string& text(const Json& value) {
  if (!value.is_string()) malformed("there must be a string here", value, "a string");
  return value.get_ref<const std::string&>();
}

Ints ints(const Json& list) {
  if (!list.is_array()) malformed("there must be a list of whole numbers here", list, "[1, 2]");
  Ints values;
  for (const Json& value : list) values.push_back(integer(value));
  return values;
}

Ints int_or_ints(const Json& value) {
  return value.is_array() ? ints(value) : Ints{integer(value)};
}

const Op& operator_named(std::string_view name) {
  const Op* op = find_op(name);
  if (!op) fail(std::string(name) + ": there is no such operator", {}, "one of docs/operators.md");
  return *op;
}

DType dtype_of(const std::string& name) {
  static const std::set<std::string> not_offered{
      "float16", "float64", "uint32", "uint64", "int4", "uint4", "string", "complex64", "int16"};
  if (not_offered.contains(name)) throw Skip{"no element type " + name};
  return name == "int64" ? DType::i32 : dtype_from(name);
}

Tensor tensor_of(DType dtype, const Shape& shape, const std::vector<double>& elements) {
  Tensor t{{dtype, shape}, std::vector<std::byte>(elements.size() * size_of(dtype))};
  for (size_t i = 0; i < elements.size(); ++i) write(t, i, elements[i]);
  return t;
}

Tensor tensor(const Json& value) {
  const Json* named = optional_member(value, "dataType");
  const std::string& type_name = text(named ? *named : member(value, "dtype"));
  Tensor t{{dtype_of(type_name), shape_of(member(value, "shape"))}, {}};
  size_t count = t.type.shape.count();
  const Json* fill = optional_member(value, "fill");
  const Json* data = fill ? nullptr : &member(value, "data");
  if (data && (!data->is_array() || data->size() != count))
    fail("case: the data must fill the shape",
         {{"shape", to_string(t.type.shape)}, {"data", excerpt(*data)}},
         "a flat list of " + std::to_string(count) + " numbers");
  t.bytes.resize(t.type.bytes());
  for (size_t i = 0; i < count; ++i) {
    double x = number(fill ? *fill : (*data)[i]);
    check_element(x, t.type.dtype, type_name, fill ? *fill : (*data)[i]);
    write(t, i, x);
  }
  return t;
}

double element(const Tensor& tensor, size_t index) {
  double value = 0;
  Kernel<float>::visit(tensor.type.dtype, [&](auto zero) {
    std::memcpy(&zero, tensor.bytes.data() + index * sizeof(zero), sizeof(zero));
    value = zero;
  });
  return value;
}

std::vector<double> elements(const Tensor& tensor) {
  std::vector<double> values(tensor.type.shape.count());
  for (size_t i = 0; i < values.size(); ++i) values[i] = element(tensor, i);
  return values;
}

}  // namespace gesso::suites
