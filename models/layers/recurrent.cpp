// Layers that carry something from step to step.
#include <algorithm>
#include <utility>

#include "core/ops/list.h"
#include "models/layers/cells.h"
#include "models/layers/context.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

// What a run over a sequence gives: every output, [steps, batch, units], and the last states.
struct Sequence {
  Operand outputs;
  Operands states;
};

// A text is not there yet where it would be read from its end.
void refuse_backwards(const LayerCall& c) {
  if (c.context.carries())
    c.refuse("reads from the end to the beginning, and cannot write",
             "a model whose layers read forwards only");
}

bool goes_backwards(const LayerCall& c) {
  bool backwards = c.config("go_backwards").flag_or(false) != c.layer.backwards;
  if (backwards) refuse_backwards(c);
  return backwards;
}

bool is_stateful(const LayerCall& c) {
  return c.context.carries() || c.config("stateful").flag_or(false);
}

Operand swapped(Builder& b, Operand x) {
  std::vector<int> order{1, 0};
  for (int i = 2; i < x.rank(); ++i) order.push_back(i);
  return b.transpose(x, order);
}

Operand reversed(Builder& b, Operand x, int axis) {
  return b.apply(reverse_op, {x}, {{"axes", Ints{axis}}});
}

// The steps of [steps, ...], each without the axis of steps.
Operands each_step(Builder& b, Operand x) {
  Ints ones(size_t(x.shape()[0]), 1);
  Operands steps = b.apply_all(split_op, {x}, {{"splits", ones}, {"axis", 0.0}});
  Shape shape = x.shape();
  shape.erase(0);
  for (Operand& step : steps) step = b.reshape(step, shape);
  return steps;
}

Operand joined(Builder& b, Operands steps) {
  for (Operand& step : steps) {
    Shape shape = step.shape();
    shape.insert(0, 1);
    step = b.reshape(step, shape);
  }
  return steps.size() == 1 ? steps[0] : b.apply(concat_op, steps, {{"axis", 0.0}});
}

Operands zeros_for(Builder& b, const std::vector<Cell>& cells, int batch) {
  Operands states;
  for (const Cell& cell : cells)
    for (int i = 0; i < cell.states(); ++i)
      states.push_back(b.filled({DType::f32, {batch, cell.units}}, 0));
  return states;
}

// Runs the cells step by step. x is [steps, batch, in], mask [steps, batch] or nothing; where it
// is false, the states and the output stay what they were. No states stand for zeros.
Sequence unroll(const LayerCall& c, std::vector<Cell>& cells, Operand x, Operand mask,
                Operands states) {
  constexpr int most_steps = 4096;
  if (x.shape()[0] > most_steps)
    c.refuse("has too many steps to be run one by one", "GRU or LSTM without recurrent dropout");
  Builder& b = c.b;
  if (states.empty()) states = zeros_for(b, cells, x.shape()[1]);
  Operands projected = each_step(b, cells[0].project(x));
  Operands masks;
  if (mask) masks = each_step(b, b.reshape(mask, {x.shape()[0], x.shape()[1], 1}));
  Operands outputs;
  for (size_t t = 0; t < projected.size(); ++t) {
    b.count_call();
    Operand y;
    Operands next;
    for (Cell& cell : cells) {
      auto from = states.begin() + ptrdiff_t(next.size());
      Operands own(from, from + cell.states());
      own = cell.step(y ? cell.project(y) : projected[t], own);
      y = own[0];
      next.insert(next.end(), own.begin(), own.end());
    }
    if (mask)
      for (size_t i = 0; i < next.size(); ++i)
        next[i] = b.apply(where_op, {masks[t], next[i], states[i]});
    states = next;
    outputs.push_back(states[states.size() - size_t(cells.back().states())]);
  }
  return {joined(b, outputs), states};
}

// The functions of a cell as the operators lstm and gru know them, or nothing where they do not:
// a gate's, the candidate's and, for an LSTM, the output's.
std::string functions_of(const Cell& cell) {
  constexpr std::pair<Text, Text> known[] = {
      {"elu", "elu"},           {"hard_sigmoid", "hardSigmoid"},
      {"linear", "linear"},     {"relu", "relu"},
      {"selu", "selu"},         {"sigmoid", "sigmoid"},
      {"softplus", "softplus"}, {"softsign", "softsign"},
      {"tanh", "tanh"}};
  std::string names;
  for (Text name : {"recurrent_activation", "activation", "activation"}) {
    Field field = cell.call.config(name);
    std::string word = snake_case(field.is_text() ? field.text() : field ? "" : "linear");
    auto found = std::find_if(std::begin(known), std::end(known),
                              [&](const auto& row) { return row.first == word; });
    // Keras 3 has another hard_sigmoid.
    if (found == std::end(known) || (found->first == "hard_sigmoid" && cell.call.layer.keras3))
      return "";
    names += (names.empty() ? "" : ",") + std::string(found->second);
  }
  return cell.kind == CellKind::lstm ? names : names.substr(0, names.rfind(','));
}

// Whether one operator does the whole sequence.
bool is_one_operator(const std::vector<Cell>& cells) {
  return cells.size() == 1 && cells[0].kind != CellKind::simple && !cells[0].dropped_recurrent &&
         !functions_of(cells[0]).empty();
}

// A tensor for the one direction of the operator.
Operand of_one_direction(Builder& b, Operand x) {
  if (!x) return x;
  Shape shape = x.shape();
  shape.insert(0, 1);
  return b.reshape(x, shape);
}

// The same as unroll in one operator; `backwards` runs from the last step to the first.
Sequence run_operator(const LayerCall& c, const Cell& cell, Operand x, Operand mask,
                      const Operands& states, bool backwards) {
  Builder& b = c.b;
  bool is_lstm = cell.kind == CellKind::lstm;
  if (cell.dropped) x = b.apply(mul_op, {x, cell.dropped});
  auto weight = [&](Text name) {
    return of_one_direction(b, b.transpose(cell.call.weight(name), {1, 0}));
  };
  auto [bias, recurrent_bias] = cell.biases();
  bool sequences = c.config("return_sequences").flag_or(false), trains = c.is_training();
  Attrs attrs{{"steps", double(x.shape()[0])},
              {"hiddenSize", double(cell.units)},
              {"returnSequence", sequences || trains},
              {"keepGates", trains},
              {"direction", std::string(backwards ? "backward" : "forward")},
              {"layout", std::string(is_lstm ? "ifgo" : "zrn")},
              {"activations", functions_of(cell)}};
  Operands in{x, weight("kernel"), weight("recurrent_kernel"), of_one_direction(b, bias),
              of_one_direction(b, recurrent_bias)};
  if (is_lstm) in.push_back({});  // no peepholes
  for (int i = 0; i < cell.states(); ++i)
    in.push_back(states.empty() ? Operand{} : of_one_direction(b, states[size_t(i)]));
  in.push_back(mask);
  while (!in.back()) in.pop_back();
  if (!is_lstm) attrs.set("resetAfter", cell.resets_after());
  Operands out = b.apply_all(is_lstm ? lstm_op : gru_op, in, attrs);
  Sequence run;
  Shape state{x.shape()[1], cell.units};
  for (int i = 0; i < cell.states(); ++i) run.states.push_back(b.reshape(out[size_t(i)], state));
  if (sequences) {
    Operand all = out[size_t(cell.states())];
    run.outputs = b.reshape(all, {x.shape()[0], state[0], state[1]});
    if (backwards) run.outputs = reversed(b, run.outputs, 0);
  }
  return run;
}

// The states before the first step, or none where they are zero.
Operands first_states(const LayerCall& c, const std::vector<Cell>& cells, int batch) {
  Operands states;
  size_t given = c.in.size() - 1;
  if (!given && !is_stateful(c)) return states;
  for (const Cell& cell : cells)
    for (int i = 0; i < cell.states(); ++i) {
      size_t n = states.size();
      Shape shape{batch, cell.units};
      if (given > n) {
        if (c.in[n + 1].shape() != shape)
          c.refuse(phrase({"a first state must be ", shape}), "[batch, units]");
        states.push_back(as_float(c.b, c.in[n + 1]));
      } else {
        states.push_back(c.context.state(c.layer, int(n), shape));
      }
    }
  if (given != 0 && given != states.size())
    c.refuse(phrase({"needs ", states.size(), " first states or none"}),
             "as many states as the layer has");
  return states;
}

Operand step_mask(const LayerCall& c) {
  Operand mask = c.mask();
  if (mask && mask.rank() != 2) c.refuse("a mask must be [batch, steps]", "[batch, steps]");
  return mask ? c.b.cast(mask, DType::boolean) : mask;
}

Flows recurrent(const LayerCall& c) {
  Builder& b = c.b;
  const Shape& s = c.x().shape();
  if (s.rank() != 3 || s[1] < 1)
    c.refuse("the input must be a batch of sequences", "[batch, steps, channels]");
  Operand x = swapped(b, as_float(b, c.x())), mask = step_mask(c);
  if (mask) mask = swapped(b, mask);
  std::vector<Cell> cells;
  int in = s[2];
  for (const Layer* layer : cells_of(c.layer)) {
    cells.emplace_back(c, *layer, s[0], in);
    in = cells.back().units;
  }
  bool backwards = goes_backwards(c), is_one = is_one_operator(cells);
  if (backwards && !is_one) {
    x = reversed(b, x, 0);
    if (mask) mask = reversed(b, mask, 0);
  }
  Operands states = first_states(c, cells, s[0]);
  Sequence run = is_one ? run_operator(c, cells[0], x, mask, states, backwards)
                        : unroll(c, cells, x, mask, states);
  if (is_stateful(c))
    for (size_t i = 0; i < run.states.size(); ++i) c.context.keep(c.layer, int(i), run.states[i]);
  Flows flows;
  if (c.config("return_sequences").flag_or(false))
    flows.push_back({swapped(b, run.outputs), c.mask()});
  else
    flows.push_back({run.states[run.states.size() - size_t(cells.back().states())]});
  if (c.config("return_state").flag_or(false))
    for (Operand state : run.states) flows.push_back({state});
  return flows;
}

Operand lone_cell(const LayerCall& c) {
  c.refuse("is a cell and cannot stand alone", "the layer RNN around it");
}

// What the two directions give, as one tensor.
Operand merged(const LayerCall& c, Text mode, Operand x, Operand y) {
  if (mode == "concat") return c.b.apply(concat_op, {x, y}, {{"axis", double(x.rank() - 1)}});
  if (mode == "mul") return c.b.apply(mul_op, {x, y});
  Operand sum = c.b.apply(add_op, {x, y});
  return mode == "sum" ? sum : c.b.apply(linear_op, {sum}, {{"alpha", 0.5}});
}

// How the directions are merged; nothing where both are given.
std::string merge_mode(const Layer& layer) {
  Field field = layer.config.get("merge_mode");
  const Json* given = field.json();
  if (given && !field) return "";
  std::string mode = field.text_or("concat");
  if (mode != "concat" && mode != "sum" && mode != "mul" && mode != "ave")
    field.refuse("is not a way of merging", "concat, sum, mul, ave or null");
  return mode;
}

Flows bidirectional(const LayerCall& c) {
  const Layer &forward = c.layer.inner[0], &backward = c.layer.inner[1];
  Flows one{{c.in[0], c.mask()}}, other = one;
  if ((c.in.size() - 1) % 2 != 0)
    c.refuse("needs as many first states for each direction", "an even number of states");
  size_t half = (c.in.size() - 1) / 2;
  for (size_t i = 0; i < half; ++i) {
    one.push_back({c.in[1 + i]});
    other.push_back({c.in[1 + half + i]});
  }
  one = call_layer(c.context, forward, one);
  other = call_layer(c.context, backward, other);
  bool sequences = forward.config.get("return_sequences").flag_or(false);
  if (sequences) other[0].x = reversed(c.b, other[0].x, 1);
  if (one[0].x.shape() != other[0].x.shape() && merge_mode(c.layer) != "concat" &&
      !merge_mode(c.layer).empty())
    c.refuse("the two directions give different shapes", "layers of as many units");
  Operand mask = sequences ? c.mask() : Operand{};
  std::string mode = merge_mode(c.layer);
  Flows flows;
  if (mode.empty())
    flows = {{one[0].x, mask}, {other[0].x, mask}};
  else
    flows = {{merged(c, mode, one[0].x, other[0].x), mask}};
  flows.insert(flows.end(), one.begin() + 1, one.end());
  flows.insert(flows.end(), other.begin() + 1, other.end());
  return flows;
}

constexpr LayerClass layer(Text name, WeightSpecs (*weights)(const Field&, const Shape&)) {
  return {.name = name, .weights = weights, .many_inputs = true, .write_all = recurrent};
}

constexpr LayerClass cell(Text name, WeightSpecs (*weights)(const Field&, const Shape&)) {
  return {.name = name, .write = lone_cell, .weights = weights};
}

constexpr LayerClass rows[] = {
    {.name = "Bidirectional", .many_inputs = true, .write_all = bidirectional},
    layer("GRU", gru_weights),
    cell("GRUCell", gru_weights),
    layer("LSTM", lstm_weights),
    cell("LSTMCell", lstm_weights),
    layer("RNN", nullptr),
    layer("SimpleRNN", simple_weights),
    cell("SimpleRNNCell", simple_weights),
};

}  // namespace

int outputs_of_recurrent(const Layer& layer) {
  if (layer.class_name == "Bidirectional") {
    int each = layer.inner[0].kind->write_all ? outputs_of_recurrent(layer.inner[0]) - 1 : 0;
    return (merge_mode(layer).empty() ? 2 : 1) + 2 * each;
  }
  return 1 + (layer.config.get("return_state").flag_or(false) ? state_count(layer) : 0);
}

const std::span<const LayerClass> recurrent_layers = rows;

}  // namespace gesso
