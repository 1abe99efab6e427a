#include "tests/native/op_cases.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>

namespace gesso {
namespace {

bool is_option_of_case(std::string_view key) {
  return key != "y" && key != "outputs" && key != "error";
}

double number_from(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return json.get<double>();
}

// The sizes of a nested list, and its leaves in order.
struct Leaves {
  Shape shape;
  std::vector<double> values;
  bool boolean = false;

  explicit Leaves(const Json& json) {
    for (const Json* at = &json; at->is_array(); at = &at->front()) {
      shape.push_back(int(at->size()));
      if (at->empty()) break;
    }
    collect(json, 0);
  }

 private:
  void collect(const Json& json, int depth) {
    if (!json.is_array()) {
      if (depth != shape.rank()) throw std::runtime_error("ragged list: " + json.dump());
      values.push_back(number_from(json));
      boolean = json.is_boolean();
      return;
    }
    if (depth == shape.rank() || int(json.size()) != shape[depth])
      throw std::runtime_error("ragged list: " + json.dump());
    for (const Json& part : json) collect(part, depth + 1);
  }
};

Shape shape_from(const Json& json) {
  return Shape(std::span<const int>(json.get<std::vector<int>>()));
}

// A generator with the same numbers on every platform: SplitMix64, Steele et al. 2014.
class Random {
 public:
  explicit Random(std::string_view seed) {
    for (char letter : seed) state_ = state_ * 31 + uint64_t(letter);
  }

  // In [0, 1).
  double next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return double((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_ = 0;
};

OpTensor store(const TensorType& type, std::span<const double> values) {
  OpTensor tensor{type, std::vector<std::byte>(type.bytes())};
  Kernel<float>::visit(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < values.size(); ++i) {
      T element = T(values[i]);
      std::memcpy(tensor.bytes.data() + i * sizeof(T), &element, sizeof(T));
    }
  });
  return tensor;
}

OpTensor random_tensor(const Json& json, std::string_view seed) {
  TensorType type{dtype_from(json.value("dtype", "float32")), shape_from(json["random"])};
  bool whole = type.dtype != DType::f32;
  bool is_unsigned = type.dtype == DType::u8 || type.dtype == DType::boolean;
  double high = json.value("high", type.dtype == DType::boolean ? 1.0 : whole ? 9.0 : 1.0);
  double low = json.value("low", is_unsigned ? 0.0 : whole ? -9.0 : -1.0);
  Random random(seed);
  std::vector<double> values(type.shape.count());
  for (double& v : values)
    v = whole ? low + std::floor(random.next() * (high - low + 1))
              : low + random.next() * (high - low);
  return store(type, values);
}

OpTensor tensor_from(const Json& json, std::string_view seed) {
  if (json.is_object() && json.contains("random")) return random_tensor(json, seed);
  const Json& data = json.is_object() ? json["data"] : json;
  Leaves leaves(data);
  TensorType type{leaves.boolean ? DType::boolean : DType::f32, leaves.shape};
  if (json.is_object()) {
    if (json.contains("dtype")) type.dtype = dtype_from(json["dtype"].get<std::string>());
    if (json.contains("shape")) type.shape = shape_from(json["shape"]);
  }
  if (type.shape.count() != leaves.values.size())
    throw std::runtime_error("the shape does not fit the data: " + json.dump());
  return store(type, leaves.values);
}

// `is_text` tells a text such as "NaN" from the number of that name.
Attr attr_from(const Json& json, bool is_text) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string() && is_text) return json.get<std::string>();
  if (!json.is_array()) return number_from(json);
  Numbers numbers;
  for (const Json& entry : json) numbers.push_back(number_from(entry));
  if (std::ranges::all_of(numbers,
                          [](double n) { return n == std::floor(n) && std::abs(n) < 2e9; }))
    return Ints(numbers.begin(), numbers.end());
  return numbers;
}

// "[2,3]" for a list, "[7,13]" for random sizes, the text itself for a number.
std::string brief(const Json& json) {
  if (json.is_object()) {
    std::string shape = json.contains("random")  ? json["random"].dump()
                        : json.contains("shape") ? json["shape"].dump()
                        : json.contains("data")  ? brief(json["data"])
                                                 : json.dump();
    return shape + (json.contains("dtype") ? json["dtype"].get<std::string>() : "");
  }
  if (!json.is_array()) return json.dump();
  bool flat = std::ranges::none_of(json, [](const Json& e) { return e.is_structured(); });
  if (flat && json.size() <= 4) return '=' + json.dump();
  Json sizes = Json::array();
  for (const Json* at = &json; at->is_array(); at = &at->front()) {
    sizes.push_back(at->size());
    if (at->empty()) break;
  }
  return sizes.dump();
}

std::string name_of(const Json& data, const std::string& op) {
  std::string name = op;
  for (const auto& [key, value] : data.items()) {
    if (!is_option_of_case(key)) continue;
    std::string text = brief(value);
    bool joined = text.starts_with('[') || text.starts_with('=');
    name += ' ' + key + (joined ? "" : "=") + text;
  }
  if (data.contains("error")) name += " error";
  return name;
}

}  // namespace

std::filesystem::path op_cases_folder() {
  const char* root = std::getenv("GESSO_SOURCE_DIR");
  return std::filesystem::path(root ? root : ".") / "tests" / "ops";
}

std::vector<OpCase> read_op_cases(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(file.string() + ": cannot be opened");
  try {
    Json json = Json::parse(stream);
    std::string op = json.at("op");
    std::vector<OpCase> cases;
    for (Json& data : json.at("cases")) {
      std::string name = name_of(data, op);
      cases.push_back({op, int(cases.size()), std::move(name), std::move(data)});
    }
    return cases;
  } catch (const std::exception& e) {
    throw std::runtime_error(file.string() + ": " + e.what());
  }
}

std::vector<OpCase> all_op_cases() {
  std::vector<std::filesystem::path> files;
  std::error_code missing;  // a test of its own reports it
  for (const auto& entry : std::filesystem::directory_iterator(op_cases_folder(), missing))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<OpCase> cases;
  for (const auto& file : files) {
    try {
      std::ranges::move(read_op_cases(file), std::back_inserter(cases));
    } catch (const std::exception&) {  // and another reports this
    }
  }
  return cases;
}

OpGraph build(const OpCase& c, Inputs inputs) {
  const Op* op = find_op(c.op);
  if (!op) throw std::runtime_error("there is no operator " + c.op);
  OpGraph result;
  Values values;
  auto add_input = [&](const std::string& name, const Json& json) {
    OpTensor tensor = tensor_from(json, c.name + name);
    if (inputs == Inputs::first_variable && !values.empty()) {
      values.push_back(result.graph.constant(tensor.type, Buffer::copy(tensor.bytes)));
    } else {
      values.push_back(result.graph.input(name, tensor.type));
      result.inputs.push_back(std::move(tensor));
    }
  };
  std::vector<std::string> names;
  for (std::string_view input : op->inputs) {
    bool variadic = input.ends_with("...");
    std::string name(input.substr(0, input.size() - (variadic ? 3 : input.ends_with('?'))));
    names.push_back(name);
    if (!c.has(name.c_str()))
      values.push_back({});
    else if (!variadic)
      add_input(name, c.data[name]);
    else
      for (const Json& json : c.data[name]) add_input(name + std::to_string(values.size()), json);
  }
  while (!values.empty() && !values.back()) values.pop_back();
  const Attrs defaults = op->attrs;
  Attrs attrs;
  for (const auto& [key, json] : c.data.items()) {
    if (!is_option_of_case(key) || std::ranges::find(names, key) != names.end()) continue;
    const Attr* declared = defaults.find(key);
    bool is_text = !declared || !std::holds_alternative<double>(*declared);
    attrs[key] = attr_from(json, is_text);
  }
  Value first = result.graph.apply(*op, values, std::move(attrs));
  for (size_t i = 0; i < result.graph.node(first).outputs.size(); ++i)
    result.graph.output("y" + std::to_string(i), first.at(int(i)));
  return result;
}

std::vector<KnownAnswer> known_answers(const OpCase& c) {
  std::vector<KnownAnswer> answers;
  auto add = [&](const Json& json) {
    Leaves leaves(json.is_object() ? json["data"] : json);
    KnownAnswer answer{leaves.shape, leaves.boolean, std::move(leaves.values)};
    if (json.is_object() && json.contains("shape")) answer.shape = shape_from(json["shape"]);
    answers.push_back(std::move(answer));
  };
  if (c.has("y")) add(c.data["y"]);
  if (c.has("outputs"))
    for (const Json& json : c.data["outputs"]) add(json);
  return answers;
}

bool loses_nan(const OpCase& c) {
#ifdef __wasm__
  bool bounded = c.has("minValue") || c.has("maxValue");
#else
  bool bounded = true;
#endif
  return bounded && (c.op == "gemm" || c.op == "matmul");
}

}  // namespace gesso
