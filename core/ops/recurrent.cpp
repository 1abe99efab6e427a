#include "core/ops/recurrent.h"

#include <array>

#include "core/gradient.h"
#include "core/ops/math.h"

namespace gesso::recurrent {
namespace {

constexpr std::array<Text, 9> names{"elu",     "hardSigmoid", "linear",   "relu", "selu",
                                    "sigmoid", "softplus",    "softsign", "tanh"};

std::string number_text(size_t number) {
  return std::to_string(number);
}

void check_activations(const Call& c, size_t count) {
  auto given = activations_from(c.node.text("activations"));
  if (given.size() == count) return;
  std::string known;
  for (Text name : names) known += (known.empty() ? "" : ", ") + std::string(name);
  fail(c,
       given.empty() ? "activations holds an unknown name"
                     : "activations must name " + number_text(count) + " functions",
       phrase({number_text(count), " of ", known, ", with commas between them"}));
}

// An option that repeats a size of the inputs. 0: it was left out.
void check_size(const Call& c, Text option, int size, Text where) {
  if (!c.op.has_option(option)) return;
  int given = whole_option(c, option);
  if (given != 0 && given != size)
    fail(c, phrase({option, " must be ", where}), std::to_string(size));
}

void check_floats(const Call& c) {
  for (int i = 0; i < int(c.in.size()); ++i)
    if (input_name(c.op, i) != "mask") check_dtype(c, i, floats);
}

std::string gates_text(int gates) {
  return std::to_string(gates) + " * hiddenSize";
}

// Refuses a recurrent weight that does not end in [gates * hiddenSize, hiddenSize]; gives
// hiddenSize.
int check_recurrent_weight(const Call& c, int rank, int gates, const std::string& form) {
  const Shape& shape = c.shape(2);
  bool fits = shape.rank() == rank && shape.back() > 0 &&
              int64_t{shape[rank - 2]} == int64_t{gates} * shape.back();
  if (!fits)
    fail(c, phrase({"recurrentWeight must have the shape ", form}),
         phrase({gates, " gates of hiddenSize rows each"}));
  check_size(c, "hiddenSize", shape.back(), "the last size of recurrentWeight");
  return shape.back();
}

}  // namespace

std::vector<Activation> activations_from(Text list) {
  std::vector<Activation> result;
  for (std::string_view rest = list;;) {
    size_t comma = rest.find(',');
    auto found = std::find(names.begin(), names.end(), rest.substr(0, comma));
    if (found == names.end()) return {};
    result.push_back(Activation(found - names.begin()));
    if (comma == rest.npos) return result;
    rest.remove_prefix(comma + 1);
  }
}

Value activated(Activation f, const Value& x) {
  switch (f) {
    case Activation::elu:
      return apply(elu_op, {x});
    case Activation::hard_sigmoid:
      return apply(hard_sigmoid_op, {x}, {{"alpha", 0.2}, {"beta", 0.5}});
    case Activation::linear:
      return x;
    case Activation::relu:
      return apply(relu_op, {x});
    case Activation::selu:
      return apply(selu_op, {x});
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::softplus:
      return softplus(x);
    case Activation::softsign:
      return apply(softsign_op, {x});
    case Activation::tanh:
      return tanh(x);
  }
  return x;
}

Sizes check_sequence(const Call& c, int gates, size_t functions) {
  check_floats(c);
  if (c.shape(0).rank() != 3)
    fail(c, "input must have the shape [steps, batch, inputSize]", "a tensor with 3 dimensions");
  int directions = choice_option(c, "direction", {"forward", "backward", "both"}) == 2 ? 2 : 1;
  std::string rows = "[directions, " + gates_text(gates);
  int hidden = check_recurrent_weight(c, 3, gates, rows + ", hiddenSize]");
  const Shape &x = c.shape(0), &recurrent = c.shape(2);
  if (recurrent[0] != directions)
    fail(c, "recurrentWeight must have a part for each direction",
         directions == 2 ? "a first size of 2" : "a first size of 1, or direction \"both\"");
  if (x[0] == 0) fail(c, "there must be at least one step", "an input with a first size above 0");
  check_size(c, "steps", x[0], "the first size of input");
  check_shape(c, 1, {directions, gates * hidden, x[2]}, "the shape " + rows + ", inputSize]");
  check_activations(c, functions);
  return Sizes(x, recurrent, c.node);
}

void check_bias(const Call& c, int i, const Sizes& s, int gates) {
  check_shape(c, i, shape_of({s.directions, size_t(gates) * s.hidden}),
              "the shape [directions, " + gates_text(gates) + "]");
}

TensorType check_cell(const Call& c, int gates, size_t functions) {
  check_floats(c);
  if (c.shape(0).rank() != 2)
    fail(c, "input must have the shape [batch, inputSize]", "a tensor with 2 dimensions");
  std::string rows = '[' + gates_text(gates);
  int hidden = check_recurrent_weight(c, 2, gates, rows + ", hiddenSize]");
  const Shape& x = c.shape(0);
  check_shape(c, 1, {gates * hidden, x[1]}, "the shape " + rows + ", inputSize]");
  check_activations(c, functions);
  for (int i = 3; i < int(c.in.size()); ++i) {
    std::string name = input_name(c.op, i);
    if (name.ends_with("State"))
      check_shape(c, i, {x[0], hidden}, "the shape [batch, hiddenSize]");
    else if (name.ends_with("ias"))
      check_shape(c, i, {gates * hidden}, "the shape " + rows + "]");
  }
  return {DType::f32, {x[0], hidden}};
}

Values composed_gradient(const Grad& g, Values (*compose)(const Values&, const Node&)) {
  // Through inputs of its own, so that one which is computed from another counts as a number.
  Values own, of, results(g.x.size());
  for (Value x : g.x) own.push_back(x ? apply(identity_op, {x}) : x);
  Values all = compose(own, g.node), outputs, seeds;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!g.dys[i]) continue;
    outputs.push_back(all[i]);
    seeds.push_back(g.dys[i]);
  }
  for (size_t i = 0; i < own.size(); ++i)
    if (g.wants(int(i))) of.push_back(own[i]);
  Values derivatives = gradient(outputs, seeds, of);
  for (size_t i = own.size(); i-- > 0;) {
    if (!g.wants(int(i))) continue;
    results[i] = derivatives.back();
    derivatives.pop_back();
  }
  return results;
}

Value affine(const Value& x, const Value& weight, const Value& bias) {
  Values inputs{x, weight};
  if (bias) inputs.push_back(bias);
  return apply(gemm_op, inputs, {{"bTranspose", true}});
}

Value block(const Value& x, int n, int hidden) {
  if (x.shape().rank() == 1) return slice(x, {n * hidden}, {hidden});
  return slice(x, {0, n * hidden}, {x.shape()[0], hidden});
}

void check_state(const Call& c, int i, const Sizes& s) {
  check_shape(c, i, shape_of({s.directions, s.batch, s.hidden}),
              "the shape [directions, batch, hiddenSize]");
}

void check_mask(const Call& c, int i, const Sizes& s) {
  check_dtype(c, i, truths);
  check_shape(c, i, shape_of({s.steps, s.batch}), "the shape [steps, batch]");
}

}  // namespace gesso::recurrent
