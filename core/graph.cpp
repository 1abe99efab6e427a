#include "core/graph.h"

#include <cstring>
#include <optional>

#include "core/decimal.h"
#include "core/op.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

// Far more than any model of a page has. A file of a few kilobytes can ask for as many as it likes.
constexpr size_t most_nodes = 1 << 16;

std::string to_text(double number) {
  return decimal(number);
}

std::string to_text(int number) {
  return std::to_string(number);
}

template <class T>
std::string to_text(const std::vector<T>& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i) text += (i ? ", " : "") + to_text(list[i]);
  return text + ']';
}

std::string to_text(const Attr& attr) {
  if (auto* flag = std::get_if<bool>(&attr)) return *flag ? "true" : "false";
  if (auto* number = std::get_if<double>(&attr)) return to_text(*number);
  if (auto* text = std::get_if<std::string>(&attr)) return *text;
  if (auto* ints = std::get_if<Ints>(&attr)) return to_text(*ints);
  if (auto* numbers = std::get_if<Numbers>(&attr)) return to_text(*numbers);
  return "";
}

template <class T>
const T& option(const Node& node, Text name) {
  return std::get<T>(*node.attrs.find(name));
}

bool is_optional(std::string_view input) {
  return input.ends_with('?');
}

bool is_variadic(std::string_view input) {
  return input.ends_with("...");
}

void check_size(const Part& who, const TensorType& type) {
  double count = 1;
  for (int size : type.shape) {
    if (size < 0)
      fail(phrase({who, ": a size cannot be negative"}), {{"shape", type.shape}},
           "sizes of 0 or more");
    count *= size;
  }
  if (count > double(most_elements))
    fail(phrase({who, ": a tensor is too large"}),
         {{"shape", type.shape}, {"most elements", most_elements}}, "a smaller batch or image");
}

void check_inputs(const Call& call) {
  const View<Text> names(call.op.inputs);
  size_t given = call.node.inputs.size();
  bool variadic = !names.empty() && is_variadic(names[names.size() - 1]);
  size_t needed = 0;
  while (needed < names.size() && !is_optional(names[needed])) ++needed;
  if (given < needed || (given > names.size() && !variadic)) {
    std::string list;
    for (Text name : names) list += phrase({list.empty() ? "" : ", ", name});
    fail(call, "the number of inputs is wrong", phrase({call.op.name, "(", list, ")"}));
  }
  for (size_t i = 0; i < given; ++i) {
    std::string_view name = i < names.size() ? names[i] : names[names.size() - 1];
    if (!call.has(int(i)) && !is_optional(name))
      fail(call, phrase({"the input ", input_name(call.op, int(i)), " is missing"}),
           "pass a value");
  }
}

// A list of ints may stand where numbers are expected, and both where a list may be left out.
// Gives what the option becomes, or nothing where it has another kind.
std::optional<Attr> accepted(const Attr& declared, const OptionValue& given) {
  using Kind = OptionValue::Kind;
  Attr value = given.attr();
  bool is_list = given.kind() == Kind::ints || given.kind() == Kind::numbers;
  if (auto* ints = std::get_if<Ints>(&value); ints && std::holds_alternative<Numbers>(declared))
    return Numbers(ints->begin(), ints->end());
  if (value.index() == declared.index()) return value;
  if (is_list && std::holds_alternative<std::monostate>(declared)) return value;
  return {};
}

void merge_option(const Call& call, Attrs& attrs, const Option& option) {
  if (option.value.kind() == OptionValue::Kind::none) return;
  const Attr* declared = attrs.find(option.name);
  if (!declared) {
    std::string known;
    for (const auto& [name, value] : attrs) known += phrase({known.empty() ? "" : ", ", name});
    fail(phrase({call.op.name, ": there is no option \"", option.name, "\""}),
         {{"known", known.empty() ? "(none)" : known}}, "remove it, or mind its spelling");
  }
  std::optional<Attr> value = accepted(*declared, option.value);
  if (!value)
    fail(phrase({call.op.name, ": the option ", option.name, " has the wrong kind of value"}),
         {{"given", to_text(option.value.attr())}, {"default", to_text(*declared)}},
         "a value like the default");
  attrs[option.name] = std::move(*value);
}

}  // namespace

bool Node::is_empty() const {
  return std::all_of(outputs.begin(), outputs.end(),
                     [](const TensorType& type) { return type.shape.count() == 0; });
}

double Node::number(Text attr) const {
  return option<double>(*this, attr);
}

bool Node::flag(Text attr) const {
  return option<bool>(*this, attr);
}

const std::string& Node::text(Text attr) const {
  return option<std::string>(*this, attr);
}

const Ints& Node::ints(Text attr) const {
  return option<Ints>(*this, attr);
}

const Numbers& Node::numbers(Text attr) const {
  return option<Numbers>(*this, attr);
}

bool Node::has(Text attr) const {
  return !std::holds_alternative<std::monostate>(*attrs.find(attr));
}

const TensorType& Value::type() const {
  return graph->nodes()[size_t(id)].outputs[size_t(output)];
}

Value Graph::append(Node node) {
  if (nodes_.size() >= most_nodes)
    fail("graph: there are too many nodes", {{"most", most_nodes}}, "a model of fewer layers");
  nodes_.push_back(std::move(node));
  return {this, int(nodes_.size()) - 1, 0};
}

Value Graph::input(std::string name, TensorType type) {
  check_size("input " + name, type);
  Node node;
  node.outputs = {type};
  node.name = name;
  Value value = append(std::move(node));
  inputs_.push_back({std::move(name), {value.id, 0}});
  return value;
}

Value Graph::constant(TensorType type, std::shared_ptr<const Buffer> data) {
  check_size("constant", type);
  if (!data || data->size() < type.bytes())
    fail("constant: there are fewer bytes than the type needs",
         {{"type", to_string(type)}, {"bytes", data ? data->size() : 0}},
         phrase({type.bytes(), " bytes"}));
  Node node;
  node.outputs = {std::move(type)};
  node.data = std::move(data);
  node.name = next_name_;
  return append(std::move(node));
}

Value Graph::constant(const Shape& shape, std::span<const float> elements) {
  return constant({DType::f32, shape}, Buffer::copy(std::as_bytes(elements)));
}

Value Graph::constant(const Shape& shape, std::span<const int32_t> elements) {
  return constant({DType::i32, shape}, Buffer::copy(std::as_bytes(elements)));
}

Value Graph::variable(std::string name, TensorType type, std::shared_ptr<Buffer> state) {
  check_size("variable " + name, type);
  if (!state || state->size() < type.bytes())
    fail("variable: there are fewer bytes than the type needs",
         {{"variable", name}, {"type", to_string(type)}, {"bytes", state ? state->size() : 0}},
         phrase({type.bytes(), " bytes"}));
  Node node;
  node.outputs = {std::move(type)};
  node.state = std::move(state);
  node.name = std::move(name);
  return append(std::move(node));
}

void Graph::assign(Value variable, Value value) {
  const Node& target = node(variable);
  if (!target.is_variable())
    fail("assign: only a variable can be assigned to", {{"given", variable.type()}},
         "graph.variable(name, type, state)");
  if (variable.type() != value.type())
    fail("assign: the value has another type than the variable",
         {{"variable", target.name}, {"its type", variable.type()}, {"value", value.type()}},
         "a value of the variable's type");
  for (const Assignment& other : assignments_)
    if (other.variable.id == variable.id)
      fail("assign: the variable has been assigned already", {{"variable", target.name}},
           "one value for each run");
  assignments_.push_back({{variable.id, variable.output}, {value.id, value.output}});
}

Value Graph::scalar(double value, DType dtype) {
  auto data = std::make_shared<Buffer>(size_of(dtype));
  Kernel<float>::visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    T element = T(value);
    std::memcpy(data->data(), &element, sizeof(T));
  });
  return constant({dtype, {}}, std::move(data));
}

Value Graph::apply_with(const Op& op, const View<Value>& inputs, std::span<const Option> options) {
  Node node;
  node.op = &op;
  node.attrs = op.attrs;
  node.name = next_name_;
  Call call{op, node, {}};
  for (Value v : inputs) {
    node.inputs.push_back({v.id, v.output});
    call.in.push_back(v ? v.type() : TensorType{});
  }
  for (const Option& option : options) merge_option(call, node.attrs, option);
  check_inputs(call);
  node.outputs = op.infer(call);
  for (const TensorType& type : node.outputs) check_size(op.name, type);
  return append(std::move(node));
}

Value Graph::apply(const Op& op, const View<Value>& inputs, const Options& options) {
  return apply_with(op, inputs, std::span(options.begin(), options.size()));
}

Value Graph::apply(const Op& op, const View<Value>& inputs, const Attrs& attrs) {
  std::vector<Option> options;
  for (const auto& [name, value] : attrs) options.push_back({name, value});
  return apply_with(op, inputs, options);
}

void Graph::output(std::string name, Value value) {
  outputs_.push_back({std::move(name), {value.id, value.output}});
}

std::span<const Op* const> all_ops() {
#define GESSO_ADDRESS(name) &name##_op,
  static constexpr const Op* list[] = {GESSO_FOR_EACH_OP(GESSO_ADDRESS)};
#undef GESSO_ADDRESS
  return list;
}

const Op* find_op(std::string_view name) {
  for (const Op* op : all_ops())
    if (op->name == name) return op;
  return nullptr;
}

bool Op::has_option(std::string_view option) const {
  return std::any_of(attrs.begin(), attrs.end(),
                     [&](const Option& known) { return known.name == option; });
}

Types same_type(const Call& call) {
  return {call.in[0]};
}

Values zero_gradient(const Grad&) {
  return {};
}

std::string input_name(const Op& op, int i) {
  int last = int(op.inputs.size()) - 1;
  std::string name(op.inputs.begin()[std::min(i, last)]);
  if (is_optional(name)) name.pop_back();
  if (is_variadic(name)) name = phrase({name.substr(0, name.size() - 3), "[", i - last, "]"});
  return name;
}

void fail(const Call& call, Text what, Text hint) {
  std::deque<std::string> texts;  // stays where it is while it grows, as facts need
  std::vector<Fact> facts;
  auto keep = [&](std::string text) -> const std::string& { return texts.emplace_back(text); };
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.has(int(i))) facts.push_back({keep(input_name(call.op, int(i))), call.in[i]});
  const Attrs defaults = call.op.attrs;
  for (const auto& [name, value] : call.node.attrs)
    if (value != *defaults.find(name)) facts.push_back({name, keep(to_text(value))});
  if (!call.node.name.empty()) facts.push_back({"node", call.node.name});
  fail(phrase({call.op.name, ": ", what}), facts, hint);
}

}  // namespace gesso
