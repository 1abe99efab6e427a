#include "models/load/builder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/evaluate.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

// Constants up to this many elements are computed while building; the rest is left to the pass
// that folds constants, which sees the whole graph.
constexpr size_t most_folded = 4096;

bool is_small(const TensorType& type) {
  return type.shape.count() <= most_folded;
}

}  // namespace

std::shared_ptr<const Buffer> data_of(Operand constant) {
  const Operand::Entry& entry = *constant.entry_;
  return entry.data ? entry.data : entry.weight->data();
}

std::vector<double> elements_of(Operand constant) {
  std::vector<double> elements;
  auto data = data_of(constant);
  Kernel<float>::visit(constant.dtype(), [&](auto zero) {
    auto all = data->as<decltype(zero)>().first(constant.shape().count());
    elements.assign(all.begin(), all.end());
  });
  return elements;
}

Ints integers_of(Operand constant) {
  Ints integers;
  for (double value : elements_of(constant))
    integers.push_back(std::isnan(value) ? 0 : int(std::clamp(value, -0x1p31, 0x1p31 - 1)));
  return integers;
}

void Builder::count_call() {
  constexpr int most_calls = 1 << 16;
  if (++calls_ > most_calls)
    fail("model: its layers are called too often", {{"most", most_calls}},
         "a model with fewer models inside of models");
}

Operand Builder::add(Operand::Entry entry) {
  return Operand(entries_.emplace_back(std::move(entry)));
}

Operand Builder::input(std::string name, TensorType type) {
  return operand(graph_.input(std::move(name), type));
}

Operand Builder::operand(Value value) {
  return add({value.type(), value});
}

Operand Builder::weight(const Weight& weight) {
  return add({.type = weight.type(), .weight = &weight});
}

Operand Builder::constant(const TensorType& type, std::shared_ptr<const Buffer> data) {
  return add({.type = type, .data = std::move(data)});
}

Operand Builder::ints(const Shape& shape, const View<int>& elements) {
  return constant({DType::i32, shape}, Buffer::copy(elements.bytes()));
}

Operand Builder::numbers(const Shape& shape, const View<float>& elements) {
  return constant({DType::f32, shape}, Buffer::copy(elements.bytes()));
}

Operand Builder::scalar(double value, DType dtype) {
  Graph scratch;
  return constant({dtype, {}}, scratch.node(scratch.scalar(value, dtype)).data);
}

Operand Builder::filled(const TensorType& type, double value) {
  Operand one = scalar(value, type.dtype);
  return apply(expand_op, {one}, {{"newShape", type.shape}});
}

Operands Builder::fold(const Op& op, const View<Operand>& inputs, const Attrs& attrs) {
  Graph scratch;
  Values values;
  std::vector<const Node*> constants;
  for (Operand x : inputs) {
    values.push_back(x ? scratch.constant(x.type(), data_of(x)) : Value{});
    constants.push_back(x ? &scratch.node(values.back()) : nullptr);
  }
  const Node& node = scratch.node(scratch.apply(op, values, attrs));
  if (!std::all_of(node.outputs.begin(), node.outputs.end(), is_small)) return {};
  auto buffers = evaluate(node, constants);
  Operands outputs;
  for (size_t i = 0; i < buffers.size(); ++i)
    outputs.push_back(constant(node.outputs[i], buffers[i]));
  return outputs;
}

Operands Builder::apply_all(const Op& op, const View<Operand>& inputs, const Attrs& attrs) {
  auto foldable = [](Operand x) { return !x || (x.is_constant() && is_small(x.type())); };
  if (op.cpu.f32 && std::all_of(inputs.begin(), inputs.end(), foldable)) {
    Operands outputs = fold(op, inputs, attrs);
    if (!outputs.empty()) return outputs;
  }
  Values values;
  for (Operand x : inputs) values.push_back(x ? value(x) : Value{});
  Value first = graph_.apply(op, values, attrs);
  Operands outputs;
  for (size_t i = 0; i < graph_.node(first).outputs.size(); ++i)
    outputs.push_back(operand(first.at(int(i))));
  return outputs;
}

Operands Builder::apply_all(const Op& op, const View<Operand>& inputs, const Options& options) {
  return apply_all(op, inputs, Attrs(options));
}

Operand Builder::apply(const Op& op, const View<Operand>& inputs, const Options& options) {
  return apply_all(op, inputs, options).front();
}

Operand Builder::reshape(Operand x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (x.is_constant() && shape.count() == x.shape().count())
    return constant({x.dtype(), shape}, data_of(x));
  return apply(reshape_op, {x}, {{"newShape", shape}});
}

Operand Builder::transpose(Operand x, const View<int>& order) {
  if (std::is_sorted(order.begin(), order.end())) return x;
  std::vector<int> axes(order.begin(), order.end());
  if (!x.is_constant()) return apply(transpose_op, {x}, {{"permutation", axes}});
  TensorType type{x.dtype(), {}};
  for (int axis : axes) type.shape.push_back(x.shape()[axis]);
  const Operand::Entry& entry = *x.entry_;
  return constant(
      type, entry.weight ? entry.weight->data(axes) : transposed(entry.type, *entry.data, axes));
}

Operand Builder::cast(Operand x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return apply(cast_op, {x}, {{"type", to_string(dtype)}});
}

Value Builder::value(Operand x) {
  if (!x.is_constant()) return x.entry_->value;
  auto data = data_of(x);
  auto known = constants_.find(data.get());
  if (known != constants_.end() && known->second.type() == x.type()) return known->second;
  Value v = graph_.constant(x.type(), data);
  constants_.insert_or_assign(data.get(), v);
  return v;
}

}  // namespace gesso
