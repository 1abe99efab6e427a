#include "core/passes.h"

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "core/evaluate.h"
#include "core/ops/list.h"
#include "core/ops/window.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// How often each output of each node is used, the graph's own outputs included.
class Uses {
 public:
  explicit Uses(const Graph& graph) {
    for (const Node& node : graph.nodes()) {
      counts_.emplace_back(node.outputs.size(), 0);
      for (Edge e : node.inputs) add(e);
    }
    for (const Port& port : graph.outputs()) add(port.edge);
    for (const Assignment& a : graph.assignments()) add(a.value);
  }
  int of(Edge e) const { return counts_[size_t(e.id)][size_t(e.output)]; }

 private:
  void add(Edge e) {
    if (e.id >= 0) ++counts_[size_t(e.id)][size_t(e.output)];
  }
  std::vector<std::vector<int>> counts_;
};

// A copy of a graph in the making. A pass asks it what has become of the old graph's values.
class Rewrite {
 public:
  explicit Rewrite(const Graph& graph) : from(graph), uses(graph) {}

  Value now(Edge e) { return e.id < 0 ? Value{} : now_[size_t(e.id)][size_t(e.output)]; }

  // What feeds an input of an old node: the new node, if nothing else uses its value.
  const Node* sole_producer(const Node& user, int input) {
    Edge e = user.inputs[size_t(input)];
    return e.id >= 0 && uses.of(e) == 1 ? &to.node(now(e)) : nullptr;
  }

  Values inputs_of(const Node& node) {
    Values values;
    for (Edge e : node.inputs) values.push_back(now(e));
    return values;
  }

  // The inputs of a node that is already in the new graph.
  Values inputs_in_new(const Node& node) {
    Values values;
    for (Edge e : node.inputs) values.push_back(to.value(e));
    return values;
  }

  Values copy(const Node& node) {
    if (node.is_input()) return {to.input(node.name, node.outputs[0])};
    if (node.is_constant()) return {to.constant(node.outputs[0], node.data)};
    if (node.is_variable()) return {to.variable(node.name, node.outputs[0], node.state)};
    Value first = to.apply(*node.op, inputs_of(node), node.attrs);
    Values outputs;
    for (int o = 0; o < int(node.outputs.size()); ++o) outputs.push_back(first.at(o));
    return outputs;
  }

  void add(Values outputs) { now_.push_back(std::move(outputs)); }

  void finish() {
    for (const Port& port : from.outputs()) to.output(port.name, now(port.edge));
    for (const Assignment& a : from.assignments()) to.assign(now(a.variable), now(a.value));
  }

  const Graph& from;
  const Uses uses;
  Graph to;

 private:
  std::vector<Values> now_;
};

// Rebuilds a graph node by node. `rule` gives the new outputs of an old node, or none to copy it.
template <class Rule>
Graph rewrite(const Graph& graph, Rule rule) {
  Rewrite r(graph);
  for (const Node& node : graph.nodes()) {
    r.to.name_next(node.name);
    Values outputs = node.op ? rule(r, node) : Values{};
    r.add(outputs.empty() ? r.copy(node) : std::move(outputs));
  }
  r.finish();
  return drop_dead(r.to);
}

bool is_constant(Value v) {
  return v && v.graph->node(v).is_constant();
}

std::span<const float> elements(Value constant) {
  return constant.graph->node(constant).data->as<float>().first(constant.shape().count());
}

bool is_identity_permutation(const Ints& permutation) {
  for (size_t i = 0; i < permutation.size(); ++i)
    if (permutation[i] != int(i)) return false;
  return true;
}

Ints permutation_of(const Node& transpose) {
  if (transpose.has("permutation")) return transpose.ints("permutation");
  Ints reversed(size_t(transpose.outputs[0].shape.rank()));
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return reversed;
}

Values drop_identity(Rewrite& r, const Node& node) {
  const Op* op = node.op;
  if (op == &identity_op) return {r.now(node.inputs[0])};
  if (op != &reshape_op && op != &cast_op && op != &transpose_op) return {};
  Value x = r.now(node.inputs[0]);
  if (op == &reshape_op && r.to.node(x).op == &reshape_op) x = r.inputs_in_new(r.to.node(x))[0];
  if (op != &transpose_op) {
    if (x.type() == node.outputs[0]) return {x};
    return {r.to.apply(*op, {x}, node.attrs)};
  }
  Ints permutation = permutation_of(node);
  if (const Node& before = r.to.node(x); before.op == &transpose_op) {
    Ints first = permutation_of(before);
    for (int& axis : permutation) axis = first[size_t(axis)];
    x = r.inputs_in_new(before)[0];
  }
  if (is_identity_permutation(permutation)) return {x};
  return {r.to.apply(transpose_op, {x}, {{"permutation", permutation}})};
}

// Constants that are repeated rather than computed stay as they are when the copies would be large.
constexpr size_t largest_folded = 1 << 22;

// Whether computing a node now, with the plain kernel, could take longer than a person waits.
bool is_much_work(const Node& node, const Values& inputs) {
  bool sums = node.op->has_option("windowDimensions") || node.op == &conv2d_op ||
              node.op == &conv_transpose2d_op || node.op == &gemm_op || node.op == &matmul_op;
  if (!sums) return false;
  const Shape& terms = inputs[inputs.size() > 1 ? 1 : 0].shape();
  constexpr double most_products = 1 << 26;
  return double(node.outputs[0].shape.count()) * double(terms.count()) > most_products;
}

Values fold_constant(Rewrite& r, const Node& node) {
  size_t bytes = 0;
  for (const TensorType& type : node.outputs) bytes += type.bytes();
  Values inputs = r.inputs_of(node);
  for (Value v : inputs)
    if (v && !is_constant(v)) return {};
  size_t given = 0;
  for (Value v : inputs) given += v ? v.type().bytes() : 0;
  if (bytes > std::max(given, largest_folded) || is_much_work(node, inputs)) return {};
  if (node.op->is_view) return {r.to.constant(node.outputs[0], r.to.node(inputs[0]).data)};
  if (!node.op->cpu.f32) return {};

  std::vector<const Node*> constants;
  for (Value v : inputs) constants.push_back(v ? &r.to.node(v) : nullptr);
  auto buffers = evaluate(node, constants);
  Values outputs;
  for (size_t o = 0; o < buffers.size(); ++o)
    outputs.push_back(r.to.constant(node.outputs[o], buffers[o]));
  return outputs;
}

// The elements of a constant that has one element per channel of x, or one for all of them.
std::vector<float> per_channel(Value constant, const Shape& x) {
  const Shape& shape = constant.shape();
  size_t count = shape.count();
  bool fits = shape.rank() <= x.rank() &&
              (count == 1 || (count == size_t(x.back()) && shape.back() == x.back()));
  if (!fits || constant.dtype() != DType::f32) return {};
  auto values = elements(constant);
  if (count == 1) return std::vector<float>(size_t(x.back()), values[0]);
  return {values.begin(), values.end()};
}

bool has_open_clamp(const Node& node) {
  return node.number("minValue") == -infinity && node.number("maxValue") == infinity;
}

// Whether a node of the new graph is a linear map with constant weights that nothing bounds yet.
bool is_weighted_sum(Rewrite& r, const Node& node) {
  if (node.op == &conv2d_op || node.op == &conv_transpose2d_op || node.op == &gemm_op) {
    Values in = r.inputs_in_new(node);
    if (!is_constant(in[1]) || (in.size() > 2 && in[2] && !is_constant(in[2]))) return false;
    if (node.op == &gemm_op && (node.number("alpha") != 1 || node.number("beta") != 1))
      return false;
    return has_open_clamp(node);
  }
  if (node.op != &matmul_op) return false;
  Values in = r.inputs_in_new(node);
  return is_constant(in[1]) && in[0].shape().rank() == 2 && in[1].shape().rank() == 2;
}

Values lower_one_batch_norm(Rewrite& r, const Node& node) {
  if (node.op != &batch_normalization_op) return {};
  Values in = r.inputs_of(node);
  in.resize(5);
  Value x = in[0];
  for (size_t i = 1; i < 5; ++i)
    if (in[i] && !is_constant(in[i])) return {};
  const Node* before = r.sole_producer(node, 0);
  bool channels_last =
      positive_axis(node.integer("axis"), x.shape().rank()) == x.shape().rank() - 1;
  if (!before || !is_weighted_sum(r, *before) || !channels_last) return {};
  size_t channels = size_t(x.shape().back());
  std::vector<float> scale(channels), shift(channels);
  for (size_t c = 0; c < channels; ++c) {
    double s = in[3] ? double(elements(in[3])[c]) : 1.0;
    s /= std::sqrt(double(elements(in[2])[c]) + node.number("epsilon"));
    double bias = in[4] ? double(elements(in[4])[c]) : 0.0;
    scale[c] = float(s);
    shift[c] = float(bias - double(elements(in[1])[c]) * s);
  }
  Shape along{int(channels)};
  Value product = r.to.apply(mul_op, {x, r.to.constant(along, scale)});
  return {r.to.apply(add_op, {product, r.to.constant(along, shift)})};
}

// The weights with the channel c of the result scaled by scale[c].
Value scaled_weights(Rewrite& r, const Node& node, Value weights, const std::vector<float>& scale) {
  auto old = elements(weights);
  std::vector<float> scaled(old.begin(), old.end());
  bool channels_last = node.op == &matmul_op || (node.op == &gemm_op && !node.flag("bTranspose"));
  size_t run = channels_last ? 1 : scaled.size() / scale.size();
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= scale[i / run % scale.size()];
  return r.to.constant(weights.shape(), scaled);
}

Values fold_one_affine(Rewrite& r, const Node& node) {
  if (node.op != &mul_op && node.op != &add_op) return {};
  int sum_at = -1;  // which input is the weighted sum
  for (int i : {0, 1}) {
    const Node* before = r.sole_producer(node, i);
    if (before && is_weighted_sum(r, *before) && is_constant(r.now(node.inputs[size_t(1 - i)])))
      sum_at = i;
  }
  if (sum_at < 0) return {};
  Value sum = r.now(node.inputs[size_t(sum_at)]);
  const Node& before = r.to.node(sum);
  std::vector<float> factor = per_channel(r.now(node.inputs[size_t(1 - sum_at)]), sum.shape());
  if (factor.empty() || sum.shape() != node.outputs[0].shape) return {};

  Values in = r.inputs_in_new(before);
  in.resize(3);
  std::vector<float> bias =
      in[2] ? per_channel(in[2], sum.shape()) : std::vector<float>(factor.size());
  if (bias.empty()) return {};
  if (node.op == &mul_op) {
    in[1] = scaled_weights(r, before, in[1], factor);
    std::transform(bias.begin(), bias.end(), factor.begin(), bias.begin(), std::multiplies<>());
  } else {
    std::transform(bias.begin(), bias.end(), factor.begin(), bias.begin(), std::plus<>());
  }
  if (in[2] || node.op == &add_op) in[2] = r.to.constant(Shape{int(bias.size())}, bias);
  bool to_gemm = before.op == &matmul_op;
  return {r.to.apply(to_gemm ? gemm_op : *before.op, in, before.attrs)};
}

bool has_clamp(const Op* op) {
  return op && op->has_option("minValue") && op != &clamp_op;
}

Values fuse_one_activation(Rewrite& r, const Node& node) {
  if (node.op != &relu_op && node.op != &clamp_op) return {};
  const Node* before = r.sole_producer(node, 0);
  if (!before || !has_clamp(before->op) || node.outputs[0].dtype != DType::f32) return {};
  double low = node.op == &relu_op ? 0 : node.number("minValue");
  double high = node.op == &relu_op ? infinity : node.number("maxValue");
  low = std::max(low, before->number("minValue"));
  high = std::min(high, before->number("maxValue"));
  if (!(low < high)) return {};
  Attrs attrs = before->attrs;
  attrs.set("minValue", low);
  attrs.set("maxValue", high);
  return {r.to.apply(*before->op, r.inputs_in_new(*before), attrs)};
}

Values merge_one_pad(Rewrite& r, const Node& node) {
  if (node.op != &conv2d_op) return {};
  const Node* pad = r.sole_producer(node, 0);
  if (!pad || pad->op != &pad_op || pad->text("mode") != "constant" || pad->number("value") != 0)
    return {};
  const Ints &before = pad->ints("beginningPadding"), &after = pad->ints("endingPadding");
  if (before[0] || before[3] || after[0] || after[3]) return {};
  for (int pixels : {before[1], before[2], after[1], after[2]})
    if (pixels > most_window_pixels) return {};
  Ints padding = node.ints("padding");
  padding[0] += before[1];
  padding[1] += after[1];
  padding[2] += before[2];
  padding[3] += after[2];
  if (*std::max_element(padding.begin(), padding.end()) > most_window_pixels) return {};
  Attrs attrs = node.attrs;
  attrs.set("padding", padding);
  Values in = r.inputs_of(node);
  in[0] = r.inputs_in_new(*pad)[0];
  return {r.to.apply(conv2d_op, in, attrs)};
}

}  // namespace

Graph drop_dead(const Graph& graph) {
  std::vector<bool> live(graph.nodes().size(), false);
  for (const Port& port : graph.inputs()) live[size_t(port.edge.id)] = true;
  for (const Port& port : graph.outputs()) live[size_t(port.edge.id)] = true;
  for (const Assignment& a : graph.assignments())
    live[size_t(a.variable.id)] = live[size_t(a.value.id)] = true;
  for (size_t id = live.size(); id-- > 0;)
    if (live[id])
      for (Edge e : graph.nodes()[id].inputs)
        if (e.id >= 0) live[size_t(e.id)] = true;
  Rewrite r(graph);
  for (size_t id = 0; id < live.size(); ++id) {
    const Node& node = graph.nodes()[id];
    r.to.name_next(node.name);
    r.add(live[id] ? r.copy(node) : Values{});
  }
  r.finish();
  return std::move(r.to);
}

Graph drop_identities(const Graph& graph) {
  return rewrite(graph, drop_identity);
}

Graph fold_constants(const Graph& graph) {
  return rewrite(graph, fold_constant);
}

Graph lower_batch_norm(const Graph& graph) {
  return rewrite(graph, lower_one_batch_norm);
}

Graph fold_affine(const Graph& graph) {
  return rewrite(graph, fold_one_affine);
}

Graph fuse_activation(const Graph& graph) {
  return rewrite(graph, fuse_one_activation);
}

Graph merge_pad(const Graph& graph) {
  return rewrite(graph, merge_one_pad);
}

Graph optimize(const Graph& graph) {
  Graph result = drop_identities(graph);
  for (auto pass : {fold_constants, lower_batch_norm, merge_pad, fold_affine, fuse_activation})
    result = pass(result);
  return result;
}

}  // namespace gesso
