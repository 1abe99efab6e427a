// WebNN's conformance cases: its operators as ours, its layouts as transposes around them.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/ops/list.h"
#include "tests/suites/folders.h"

namespace gesso::suites {
namespace {

// One entry of a case's "operators".
struct Call {
  Graph& graph;
  const std::map<std::string, Value>& values;
  const Json& operands;
  Json attributes;
  std::string name;

  Value value(const Json& operand) const {
    auto found = values.find(text(operand));
    if (found == values.end())
      fail(name + ": there is no such tensor", {{"operand", text(operand)}},
           "an input, or an output of an earlier operator");
    return found->second;
  }
  Value operand(std::string_view argument) const { return value(member(operands, argument)); }
  Value optional_operand(std::string_view argument) const {
    const Json* given = optional_member(operands, argument);
    return given ? value(*given) : Value{};
  }
  // An attribute that is not handed on as it is.
  Json take(const char* attribute, Json otherwise) {
    if (const Json* given = optional_member(attributes, attribute)) otherwise = *given;
    attributes.erase(attribute);
    return otherwise;
  }
};

Value permuted(Value x, const Ints& permutation) {
  bool same = std::is_sorted(permutation.begin(), permutation.end());
  if (int(permutation.size()) != x.shape().rank())
    fail("case: the layout needs another number of dimensions", {{"shape", to_string(x.shape())}},
         std::to_string(permutation.size()) + " dimensions");
  return same ? x
              : x.graph->apply(operator_named("transpose"), {x}, {{"permutation", permutation}});
}

Ints inverse(const Ints& permutation) {
  Ints back(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) back[size_t(permutation[i])] = int(i);
  return back;
}

// The permutation that brings axes named by `from` into the order of `to`: "nchw" to "nhwc".
Ints permutation_between(const std::string& from, const std::string& to) {
  Ints permutation;
  for (char axis : to) permutation.push_back(int(from.find(axis)));
  std::string a = from, b = to;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  if (a != b) fail("case: there is no such layout", {{"layout", from}}, "the letters of " + to);
  return permutation;
}

// A JSON value as the kind of option that the operator declares.
Attr option(const Attr& declared, const Json& value) {
  if (std::holds_alternative<bool>(declared)) return flag(value);
  if (std::holds_alternative<double>(declared)) return number(value);
  if (std::holds_alternative<std::string>(declared)) return text(value);
  if (std::holds_alternative<Ints>(declared)) return ints(value);
  if (!value.is_array())
    fail("case: there must be a list here", {{"given", value.dump()}}, "[1, 2]");
  Numbers numbers;
  for (const Json& element : value) numbers.push_back(number(element));
  bool whole = std::all_of(value.begin(), value.end(),
                           [](const Json& element) { return element.is_number_integer(); });
  if (std::holds_alternative<Numbers>(declared) || !whole) return numbers;
  return ints(value);
}

// Throws Skip for the operators that gesso does not offer.
const Op& offered(const std::string& name) {
  static const std::map<std::string, std::string> not_offered{
      {"quantizeLinear", "no operator: quantisation"},
      {"dequantizeLinear", "no operator: quantisation"},
  };
  auto found = not_offered.find(name);
  if (found != not_offered.end() && !find_op(name)) throw Skip{found->second};
  return operator_named(name);
}

Attrs options(const Op& op, const Json& attributes) {
  const Attrs defaults = op.attrs;
  Attrs attrs;
  for (const auto& [key, value] : attributes.items()) {
    const Attr* declared = defaults.find(key);
    if (key == "label" || value.is_null()) continue;
    if (!declared)
      fail(std::string(op.name) + ": there is no option \"" + key + '"', {}, "WebNN's own names");
    attrs[key] = option(*declared, value);
  }
  return attrs;
}

// Inputs and options as they are: WebNN's words are ours.
Value as_it_is(Call& c, const Op& op) {
  Values inputs;
  for (std::string_view input : op.inputs) {
    if (input.ends_with("...")) {
      const Json& list = member(c.operands, input.substr(0, input.size() - 3));
      if (!list.is_array()) fail(c.name + ": the inputs must be a list", {}, "[\"a\", \"b\"]");
      for (const Json& operand : list) inputs.push_back(c.value(operand));
    } else if (input.ends_with('?')) {
      inputs.push_back(c.optional_operand(input.substr(0, input.size() - 1)));
    } else {
      inputs.push_back(c.operand(input));
    }
  }
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  return c.graph.apply(op, inputs, options(op, c.attributes));
}

Value as_it_is(Call& c) {
  return as_it_is(c, offered(c.name));
}

Value conv2d(Call& c) {
  std::string layout = text(c.take("inputLayout", "nchw"));
  std::string filter_layout = text(c.take("filterLayout", "oihw"));
  Value input = permuted(c.operand("input"), permutation_between(layout, "nhwc"));
  Value filter = permuted(c.operand("filter"), permutation_between(filter_layout, "ohwi"));
  const Op& op = operator_named("conv2d");
  Values inputs{input, filter};
  if (Value bias = c.optional_operand("bias")) inputs.push_back(bias);
  Value y = c.graph.apply(op, inputs, options(op, c.attributes));
  return permuted(y, permutation_between("nhwc", layout));
}

Value reshape(Value x, const Shape& shape) {
  return x.graph->apply(reshape_op, {x}, {{"newShape", Ints(shape.begin(), shape.end())}});
}

// WebNN's filter counts all input channels and the outputs of one group; ours all outputs and the
// inputs of one group: [h, w, out / groups, groups, in] -> [groups, out / groups, h, w, in].
Value transposed_filter(Value filter, const std::string& layout, int groups) {
  Value hwoi = permuted(filter, permutation_between(layout, "hwoi"));
  Shape s = hwoi.shape();
  if (groups < 1 || s[3] % groups != 0)
    fail("convTranspose2d: groups must divide the input channels",
         {{"groups", std::to_string(groups)}, {"filter", to_string(filter.shape())}}, "groups 1");
  int inputs = s[3] / groups;
  Value split = reshape(hwoi, {s[0], s[1], s[2], groups, inputs});
  Value grouped = permuted(split, {3, 2, 0, 1, 4});
  return reshape(grouped, {groups * s[2], s[0], s[1], inputs});
}

Value conv_transpose2d(Call& c) {
  std::string layout = text(c.take("inputLayout", "nchw"));
  std::string filter_layout = text(c.take("filterLayout", "iohw"));
  const Json* groups = optional_member(c.attributes, "groups");
  Value input = permuted(c.operand("input"), permutation_between(layout, "nhwc"));
  Value filter =
      transposed_filter(c.operand("filter"), filter_layout, groups ? integer(*groups) : 1);
  const Op& op = operator_named("convTranspose2d");
  Values inputs{input, filter};
  if (Value bias = c.optional_operand("bias")) inputs.push_back(bias);
  Value y = c.graph.apply(op, inputs, options(op, c.attributes));
  return permuted(y, permutation_between("nhwc", layout));
}

Value pool2d(Call& c) {
  std::string layout = text(c.take("layout", "nchw"));
  Json rounding = c.take("outputShapeRounding", c.take("roundingType", "floor"));
  c.attributes["roundingType"] = rounding;
  const Op& op = operator_named(c.name);
  Value input = permuted(c.operand("input"), permutation_between(layout, "nhwc"));
  Value y = c.graph.apply(op, {input}, options(op, c.attributes));
  return permuted(y, permutation_between("nhwc", layout));
}

Value batch_normalization(Call& c) {
  c.attributes["axis"] = c.take("axis", 1);
  return as_it_is(c);
}

Value instance_normalization(Call& c) {
  std::string layout = text(c.take("layout", "nchw"));
  const Op& op = operator_named(c.name);
  Value input = permuted(c.operand("input"), permutation_between(layout, "nhwc"));
  Values inputs{input, c.optional_operand("scale"), c.optional_operand("bias")};
  while (!inputs.back()) inputs.pop_back();
  Value y = c.graph.apply(op, inputs, options(op, c.attributes));
  return permuted(y, permutation_between("nhwc", layout));
}

Value layer_normalization(Call& c) {
  Json axes = Json::array();
  for (int axis = 1; axis < c.operand("input").shape().rank(); ++axis) axes.push_back(axis);
  c.attributes["axes"] = c.take("axes", axes);
  return as_it_is(c);
}

// Ours scales height and width of [batch, height, width, channels]; WebNN's any two axes.
Value resample2d(Call& c) {
  Ints axes = ints(c.take("axes", {2, 3}));
  bool valid = axes.size() == 2 && axes[0] != axes[1];
  for (int axis : axes) valid = valid && axis >= 0 && axis < 4;
  if (!valid) fail("resample2d: axes must be two different ones of four", {}, "[2, 3]");
  Ints order;
  for (int axis = 0; axis < 4; ++axis)
    if (axis != axes[0] && axis != axes[1]) order.push_back(axis);
  order.insert(order.begin() + 1, axes.begin(), axes.end());
  if (optional_member(c.attributes, "sizes")) c.attributes.erase("scales");
  const Op& op = operator_named(c.name);
  Value input = permuted(c.operand("input"), order);
  return permuted(c.graph.apply(op, {input}, options(op, c.attributes)), inverse(order));
}

// A bound that is not a number is no bound.
Value clamp(Call& c) {
  for (const char* bound : {"minValue", "maxValue"})
    if (const Json* given = optional_member(c.attributes, bound);
        given && std::isnan(number(*given)))
      c.attributes.erase(bound);
  return as_it_is(c);
}

std::string type_name(const Json& type) {
  return std::string(to_string(dtype_of(text(type))));
}

Value cast(Call& c) {
  c.attributes["type"] = type_name(member(c.attributes, "type"));
  return as_it_is(c);
}

Value arg_min_max(Call& c) {
  c.attributes["outputDataType"] = type_name(c.take("outputDataType", "int32"));
  return as_it_is(c);
}

// A number of equal parts is a list of their sizes.
Value split(Call& c) {
  const Json& splits = member(c.attributes, "splits");
  if (splits.is_array()) return as_it_is(c);
  int parts = integer(splits), axis = integer(c.take("axis", 0));
  const Shape& shape = c.operand("input").shape();
  constexpr int most_parts = 1 << 16;
  if (axis < 0 || axis >= shape.rank() || parts < 1 || parts > most_parts ||
      shape[axis] % parts != 0)
    fail("split: the axis must be cut into equal parts",
         {{"shape", to_string(shape)}, {"axis", std::to_string(axis)}}, "a divisor of its size");
  c.attributes["axis"] = axis;
  c.attributes["splits"] = Ints(size_t(parts), shape[axis] / parts);
  return as_it_is(c);
}

// A list of functions is a text of their names.
Value recurrence(Call& c) {
  std::string names;
  for (const Json& name : c.take("activations", Json::array()))
    names += (names.empty() ? "" : ",") + text(name);
  if (!names.empty()) c.attributes["activations"] = names;
  return as_it_is(c);
}

// What WebNN says differently. Every other operator is as it is.
const std::map<std::string, Value (*)(Call&)> rows{
    {"argMax", arg_min_max},
    {"argMin", arg_min_max},
    {"averagePool2d", pool2d},
    {"batchNormalization", batch_normalization},
    {"cast", cast},
    {"clamp", clamp},
    {"conv2d", conv2d},
    {"convTranspose2d", conv_transpose2d},
    {"gru", recurrence},
    {"gruCell", recurrence},
    {"instanceNormalization", instance_normalization},
    {"l2Pool2d", pool2d},
    {"layerNormalization", layer_normalization},
    {"lstm", recurrence},
    {"lstmCell", recurrence},
    {"maxPool2d", pool2d},
    {"resample2d", resample2d},
    {"split", split},
};

Value lower(Call& c) {
  auto row = rows.find(c.name);
  return row == rows.end() ? as_it_is(c) : row->second(c);
}

// Which of a case's inputs the graph is given as constants.
enum class Constants { as_given, all_but_first, none };

struct Case {
  std::vector<NamedTensor> inputs;
  std::set<std::string> constants;
  std::vector<std::string> output_names;
  std::vector<Expectation> expected;
};

Tolerance tolerance_of(const Json& test) {
  const Json& t = member(test, "tolerance");
  const std::string& metric = text(member(t, "metric"));
  double value = number(member(t, "value"));
  if (metric == "ULP") return {Tolerance::Metric::ulp, value, value};
  if (metric == "ATOL") return {Tolerance::Metric::absolute, value, value};
  fail("case: there is no such tolerance", {{"metric", metric}}, "ULP or ATOL");
}

Case read(const Json& test) {
  Case c;
  for (const auto& [name, input] : member(test, "inputs").items()) {
    c.inputs.push_back({name, tensor(input)});
    const Json* constant = optional_member(input, "constant");
    if (constant && flag(*constant)) c.constants.insert(name);
  }
  Tolerance tolerance = tolerance_of(test);
  for (const auto& [name, output] : member(test, "expectedOutputs").items()) {
    c.output_names.push_back(name);
    c.expected.push_back({tensor(output), tolerance});
  }
  return c;
}

Graph build(const Case& test, const Json& operators, Constants constants) {
  Graph graph;
  std::map<std::string, Value> values;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    const auto& [name, t] = test.inputs[i];
    bool constant = constants == Constants::as_given
                        ? test.constants.contains(name)
                        : constants == Constants::all_but_first && i > 0;
    values[name] =
        constant ? graph.constant(t.type, Buffer::copy(t.bytes)) : graph.input(name, t.type);
  }
  for (const Json& entry : operators) {
    const Json* attributes = optional_member(entry, "attributes");
    Call call{graph, values, member(entry, "operands"), attributes ? *attributes : Json::object(),
              text(member(entry, "name"))};
    Value result = lower(call);
    int count = int(graph.node(result).outputs.size());
    const Json& outputs = member(entry, "outputs");
    if (!outputs.is_array() || int(outputs.size()) > count)
      fail(call.name + ": there are too many outputs", {{"most", std::to_string(count)}}, "fewer");
    for (int i = 0; i < int(outputs.size()); ++i)
      values[text(outputs[size_t(i)])] = result.at(result.output + i);
  }
  for (const std::string& name : test.output_names) {
    auto found = values.find(name);
    if (found == values.end())
      fail("case: no operator gives this output", {{"output", name}}, "the name of an output");
    graph.output(name, found->second);
  }
  return graph;
}

}  // namespace

void run_webnn(const std::string&, const Json& test, Trial& trial) {
  const Json& operators = member(test, "operators");
  if (!operators.is_array()) fail("case: the operators must be a list", {}, "[{...}]");
  for (const Json& entry : operators) offered(text(member(entry, "name")));
  Case c = read(test);
  for (auto [constants, reading] : {std::pair{Constants::as_given, "as given"},
                                    std::pair{Constants::all_but_first, "constants"},
                                    std::pair{Constants::none, "no constants"}})
    trial.check(build(c, operators, constants), c.inputs, c.expected, reading);
}

}  // namespace gesso::suites
