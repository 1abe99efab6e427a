// Layers that carry something from step to step.
#include <algorithm>

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

bool goes_backwards(const LayerCall& c) {
  return c.config("go_backwards").flag_or(false) != c.layer.backwards;
}

Operand swapped(Builder& b, const Operand& x) {
  std::vector<int> order{1, 0};
  for (int i = 2; i < x.rank(); ++i) order.push_back(i);
  return b.transpose(x, order);
}

Operand reversed(Builder& b, const Operand& x, int axis) {
  return b.apply(reverse_op, {x}, {{"axes", Ints{axis}}});
}

// The steps of [steps, ...], each without the axis of steps.
Operands each_step(Builder& b, const Operand& x) {
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

// Runs the cells step by step. x is [steps, batch, in], mask [steps, batch] or nothing; where it
// is false, the states and the output stay what they were.
Sequence unroll(Builder& b, std::vector<Cell>& cells, const Operand& x, const Operand& mask,
                Operands states) {
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

Operands first_states(const LayerCall& c, const std::vector<Cell>& cells, int batch) {
  Operands states;
  size_t given = c.in.size() - 1;
  bool stateful = c.config("stateful").flag_or(false);
  for (const Cell& cell : cells)
    for (int i = 0; i < cell.states(); ++i) {
      size_t n = states.size();
      Shape shape{batch, cell.units};
      if (given > n) {
        if (c.in[n + 1].shape() != shape)
          c.refuse("a first state must be " + to_string(shape), "[batch, units]");
        states.push_back(as_float(c.b, c.in[n + 1]));
      } else if (stateful) {
        states.push_back(c.context.state(c.layer, int(n), shape));
      } else {
        states.push_back(c.b.filled({DType::f32, shape}, 0));
      }
    }
  if (given != 0 && given != states.size())
    c.refuse("needs " + std::to_string(states.size()) + " first states or none",
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
  Operand steps_that_count = mask ? swapped(b, mask) : Operand{};
  if (goes_backwards(c)) {
    x = reversed(b, x, 0);
    if (mask) steps_that_count = reversed(b, steps_that_count, 0);
  }
  std::vector<Cell> cells;
  int in = s[2];
  for (const Layer* layer : cells_of(c.layer)) {
    cells.emplace_back(c, *layer, s[0], in);
    in = cells.back().units;
  }
  Sequence run = unroll(b, cells, x, steps_that_count, first_states(c, cells, s[0]));
  if (c.config("stateful").flag_or(false))
    for (size_t i = 0; i < run.states.size(); ++i) c.context.keep(c.layer, int(i), run.states[i]);
  Flows flows;
  if (c.config("return_sequences").flag_or(false))
    flows.push_back({swapped(b, run.outputs), c.mask()});
  else
    flows.push_back({run.states[run.states.size() - size_t(cells.back().states())]});
  if (c.config("return_state").flag_or(false))
    for (const Operand& state : run.states) flows.push_back({state});
  return flows;
}

Operand lone_cell(const LayerCall& c) {
  c.refuse("is a cell and cannot stand alone", "the layer RNN around it");
}

// What the two directions give, as one tensor.
Operand merged(const LayerCall& c, std::string_view mode, const Operand& x, const Operand& y) {
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

constexpr LayerClass layer(std::string_view name,
                           WeightSpecs (*weights)(const Field&, const Shape&)) {
  return {.name = name, .weights = weights, .many_inputs = true, .write_all = recurrent};
}

constexpr LayerClass cell(std::string_view name,
                          WeightSpecs (*weights)(const Field&, const Shape&)) {
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
