#include "core/graph.h"

#include <cstdio>
#include <cstring>

#include "core/op.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

// Far more than any model of a page has. A file of a few kilobytes can ask for as many as it likes.
constexpr size_t most_nodes = 1 << 16;

// As few digits as tell the number from its neighbours on a screen: 1, 0.01, -inf.
std::string to_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
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

bool is_optional(std::string_view input) {
  return input.ends_with('?');
}

bool is_variadic(std::string_view input) {
  return input.ends_with("...");
}

void check_size(std::string_view who, const TensorType& type) {
  double count = 1;
  for (int size : type.shape) {
    if (size < 0)
      fail(std::string(who) + ": a size cannot be negative", {{"shape", to_string(type.shape)}},
           "sizes of 0 or more");
    count *= size;
  }
  if (count > double(most_elements))
    fail(std::string(who) + ": a tensor is too large",
         {{"shape", to_string(type.shape)}, {"most elements", std::to_string(most_elements)}},
         "a smaller batch or image");
}

void check_inputs(const Call& call) {
  const auto& names = call.op.inputs;
  size_t given = call.node.inputs.size();
  bool variadic = !names.empty() && is_variadic(names.back());
  size_t needed = 0;
  while (needed < names.size() && !is_optional(names[needed])) ++needed;
  if (given < needed || (given > names.size() && !variadic)) {
    std::string list;
    for (std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
    fail(call, "the number of inputs is wrong", std::string(call.op.name) + '(' + list + ')');
  }
  for (size_t i = 0; i < given; ++i) {
    std::string_view name = i < names.size() ? names[i] : names.back();
    if (!call.has(int(i)) && !is_optional(name))
      fail(call, "the input " + input_name(call.op, int(i)) + " is missing", "pass a value");
  }
}

// A list of ints may stand where numbers are expected, and both where a list may be left out.
bool accepts(const Attr& declared, Attr& given) {
  if (auto* ints = std::get_if<Ints>(&given); ints && std::holds_alternative<Numbers>(declared))
    given = Numbers(ints->begin(), ints->end());
  if (declared.index() == given.index()) return true;
  return std::holds_alternative<std::monostate>(declared) &&
         (std::holds_alternative<Ints>(given) || std::holds_alternative<Numbers>(given));
}

void merge_attrs(const Call& call, Attrs& attrs, Attrs given) {
  for (auto& [name, value] : given) {
    if (std::holds_alternative<std::monostate>(value)) continue;
    auto at = attrs.find(name);
    if (at == attrs.end()) {
      std::string known;
      for (const auto& [k, v] : attrs) known += (known.empty() ? "" : ", ") + k;
      fail(std::string(call.op.name) + ": there is no option \"" + name + '"',
           {{"known", known.empty() ? "(none)" : known}}, "remove it, or mind its spelling");
    }
    if (!accepts(at->second, value))
      fail(std::string(call.op.name) + ": the option " + name + " has the wrong kind of value",
           {{"given", to_text(value)}, {"default", to_text(at->second)}},
           "a value like the default");
    at->second = std::move(value);
  }
}

}  // namespace

const TensorType& Value::type() const {
  return graph->nodes()[size_t(id)].outputs[size_t(output)];
}

Value Graph::append(Node node) {
  if (nodes_.size() >= most_nodes)
    fail("graph: there are too many nodes", {{"most", std::to_string(most_nodes)}},
         "a model of fewer layers");
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
         {{"type", to_string(type)}, {"bytes", std::to_string(data ? data->size() : 0)}},
         std::to_string(type.bytes()) + " bytes");
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
         {{"variable", name},
          {"type", to_string(type)},
          {"bytes", std::to_string(state ? state->size() : 0)}},
         std::to_string(type.bytes()) + " bytes");
  Node node;
  node.outputs = {std::move(type)};
  node.state = std::move(state);
  node.name = std::move(name);
  return append(std::move(node));
}

void Graph::assign(Value variable, Value value) {
  const Node& target = node(variable);
  if (!target.is_variable())
    fail("assign: only a variable can be assigned to", {{"given", to_string(variable.type())}},
         "graph.variable(name, type, state)");
  if (variable.type() != value.type())
    fail("assign: the value has another type than the variable",
         {{"variable", target.name},
          {"its type", to_string(variable.type())},
          {"value", to_string(value.type())}},
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

Value Graph::apply(const Op& op, const Values& inputs, Attrs given) {
  Node node{&op, {}, op.attrs, {}, nullptr, nullptr, next_name_};
  Call call{op, node, {}};
  for (Value v : inputs) {
    node.inputs.push_back({v.id, v.output});
    call.in.push_back(v ? v.type() : TensorType{});
  }
  merge_attrs(call, node.attrs, std::move(given));
  check_inputs(call);
  node.outputs = op.infer(call);
  for (const TensorType& type : node.outputs) check_size(op.name, type);
  return append(std::move(node));
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

Types same_type(const Call& call) {
  return {call.in[0]};
}

Values zero_gradient(const Grad&) {
  return {};
}

std::string input_name(const Op& op, int i) {
  int last = int(op.inputs.size()) - 1;
  std::string name(op.inputs[size_t(std::min(i, last))]);
  if (is_optional(name)) name.pop_back();
  if (is_variadic(name))
    name = name.substr(0, name.size() - 3) + '[' + std::to_string(i - last) + ']';
  return name;
}

void fail(const Call& call, std::string_view what, std::string_view hint) {
  std::vector<Fact> facts;
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.has(int(i))) facts.push_back({input_name(call.op, int(i)), to_string(call.in[i])});
  for (const auto& [name, value] : call.node.attrs)
    if (value != call.op.attrs.find(name)->second) facts.push_back({name, to_text(value)});
  if (!call.node.name.empty()) facts.push_back({"node", call.node.name});
  fail(std::string(call.op.name) + ": " + std::string(what), facts, hint);
}

}  // namespace gesso
