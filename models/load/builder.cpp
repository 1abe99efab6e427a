#include "models/load/builder.h"

#include <algorithm>
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

template <class T>
Operand constant_of(DType dtype, const Shape& shape, const std::vector<T>& elements) {
  return Builder::constant({dtype, shape}, Buffer::copy(std::as_bytes(std::span(elements))));
}

}  // namespace

std::shared_ptr<const Buffer> data_of(const Operand& constant) {
  return constant.data ? constant.data : constant.weight->data();
}

std::vector<double> elements_of(const Operand& constant) {
  std::vector<double> elements;
  auto data = data_of(constant);
  Kernel<float>::visit(constant.dtype(), [&](auto zero) {
    auto all = data->as<decltype(zero)>().first(constant.shape().count());
    elements.assign(all.begin(), all.end());
  });
  return elements;
}

void Builder::count_call() {
  constexpr int most_calls = 1 << 16;
  if (++calls_ > most_calls)
    fail("model: its layers are called too often", {{"most", std::to_string(most_calls)}},
         "a model with fewer models inside of models");
}

Operand Builder::input(std::string name, TensorType type) {
  return {type, graph_.input(std::move(name), type), nullptr, {}};
}

Operand Builder::constant(TensorType type, std::shared_ptr<const Buffer> data) {
  return {std::move(type), {}, nullptr, std::move(data)};
}

Operand Builder::ints(const Shape& shape, const std::vector<int>& elements) {
  return constant_of(DType::i32, shape, elements);
}

Operand Builder::numbers(const Shape& shape, const std::vector<float>& elements) {
  return constant_of(DType::f32, shape, elements);
}

Operand Builder::scalar(double value, DType dtype) {
  Graph scratch;
  return constant({dtype, {}}, scratch.node(scratch.scalar(value, dtype)).data);
}

Operand Builder::filled(const TensorType& type, double value) {
  Operand one = scalar(value, type.dtype);
  return apply(expand_op, {one}, {{"newShape", Ints(type.shape.begin(), type.shape.end())}});
}

Operands Builder::fold(const Op& op, const Operands& inputs, const Attrs& attrs) {
  Graph scratch;
  Values values;
  std::vector<const Node*> constants;
  for (const Operand& x : inputs) {
    values.push_back(x ? scratch.constant(x.type, data_of(x)) : Value{});
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

Operands Builder::apply_all(const Op& op, const Operands& inputs, Attrs attrs) {
  auto foldable = [](const Operand& x) { return !x || (x.is_constant() && is_small(x.type)); };
  if (std::all_of(inputs.begin(), inputs.end(), foldable)) {
    Operands outputs = fold(op, inputs, attrs);
    if (!outputs.empty()) return outputs;
  }
  Values values;
  for (const Operand& x : inputs) values.push_back(x ? value(x) : Value{});
  Value first = graph_.apply(op, values, std::move(attrs));
  Operands outputs;
  for (size_t i = 0; i < graph_.node(first).outputs.size(); ++i) {
    Value v = first.at(int(i));
    outputs.push_back({v.type(), v, nullptr, {}});
  }
  return outputs;
}

Operand Builder::reshape(const Operand& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (x.is_constant() && shape.count() == x.shape().count())
    return constant({x.dtype(), shape}, data_of(x));
  return apply(reshape_op, {x}, {{"newShape", Ints(shape.begin(), shape.end())}});
}

Operand Builder::transpose(const Operand& x, const std::vector<int>& order) {
  if (std::is_sorted(order.begin(), order.end())) return x;
  if (!x.is_constant()) return apply(transpose_op, {x}, {{"permutation", order}});
  TensorType type{x.dtype(), {}};
  for (int axis : order) type.shape.push_back(x.shape()[axis]);
  return constant(type, x.weight ? x.weight->data(order) : transposed(x.type, *x.data, order));
}

Operand Builder::cast(const Operand& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return apply(cast_op, {x}, {{"type", std::string(to_string(dtype))}});
}

Value Builder::value(const Operand& x) {
  if (!x.is_constant()) return x.value;
  auto data = data_of(x);
  auto known = constants_.find(data.get());
  if (known != constants_.end() && known->second.type() == x.type) return known->second;
  Value v = graph_.constant(x.type, data);
  constants_.insert_or_assign(data.get(), v);
  return v;
}

}  // namespace gesso
