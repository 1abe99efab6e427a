// lstm(input, weight, recurrentWeight, ...): long short-term memory over a whole sequence, as WebNN
// has it, and its derivatives through time.
#include "core/ops/lstm.h"

#include "core/ops/math.h"

namespace gesso {
namespace {

using namespace recurrent;

namespace in = lstm_in;
namespace out = lstm_out;
namespace grad = lstm_gradient_in;

constexpr int gate_count = 4, function_count = 3;

Sizes check(const Call& c, int peephole, int hidden, int cell, int mask) {
  choice_option(c, "layout", {"iofg", "ifgo"});
  Sizes s = check_sequence(c, gate_count, function_count);
  check_shape(c, peephole, shape_of({s.directions, 3 * s.hidden}),
              "the shape [directions, 3 * hiddenSize]");
  check_state(c, hidden, s);
  check_state(c, cell, s);
  check_mask(c, mask, s);
  return s;
}

Types infer(const Call& c) {
  Sizes s = check(c, in::peephole, in::hidden, in::cell, in::mask);
  check_bias(c, in::bias, s, gate_count);
  check_bias(c, in::recurrent_bias, s, gate_count);
  TensorType state{DType::f32, shape_of({s.directions, s.batch, s.hidden})};
  Types types{state, state};
  bool sequence = c.node.flag("returnSequence"), keeps = c.node.flag("keepGates");
  if (keeps && !sequence)
    fail(c, "keepGates needs the states of every step too", "returnSequence: true");
  if (sequence) types.push_back({DType::f32, shape_of({s.steps, s.directions, s.batch, s.hidden})});
  if (keeps) {
    types.push_back({DType::f32, shape_of({s.directions, s.steps, s.batch, 4 * s.hidden})});
    types.push_back({DType::f32, shape_of({s.directions, s.steps, s.batch, s.hidden})});
  }
  return types;
}

template <class Real>
void cpu(Kernel<Real>& k) {
  PlainMath<Real> math;
  Sizes sizes(k.shape(0), k.shape(2), k.node);
  LstmOptions options(k.node);
  auto memory =
      lstm_memory<Real>([&](int i) { return given(k, i); }, [&](int o) { return wanted(k, o); });
  Lstm<PlainMath<Real>>(sizes, options, math).run(memory);
}

// The node's outputs with all that the way back needs; computed once more where they lack it.
Values kept_outputs(const Grad& g) {
  if (g.node.flag("keepGates")) return g.y;
  Attrs attrs = g.node.attrs;
  attrs.set("returnSequence", true);
  attrs.set("keepGates", true);
  Value first = apply(lstm_op, g.x, attrs);
  Values outputs;
  for (int o : {out::hidden, out::cell, out::sequence, out::gates, out::cells})
    outputs.push_back(first.at(o));
  return outputs;
}

Values gradient(const Grad& g) {
  Values kept = kept_outputs(g), x = g.x, dys = g.dys;
  x.resize(in::mask + 1);
  dys.resize(out::cells + 1);
  bool by_weights = g.wants(in::weight) || g.wants(in::recurrent_weight) || g.wants(in::bias) ||
                    g.wants(in::recurrent_bias) || g.wants(in::peephole);
  Values inputs{x[in::input],     x[in::weight],    x[in::recurrent_weight], kept[out::sequence],
                kept[out::gates], kept[out::cells], x[in::peephole],         x[in::hidden],
                x[in::cell],      x[in::mask]};
  inputs.insert(inputs.end(), dys.begin(), dys.end());
  while (!inputs.back()) inputs.pop_back();
  Attrs attrs{{"forInput", g.wants(in::input)}, {"forWeights", by_weights}};
  for (const char* option : {"direction", "layout", "activations"})
    attrs[option] = g.node.text(option);
  Value d = apply(lstm_gradient_op, inputs, attrs);
  Values derivatives{d, d.at(1), d.at(2), d.at(3), d.at(3), d.at(4), d.at(5), d.at(6)};
  derivatives.resize(g.x.size());
  return derivatives;
}

Types infer_gradient(const Call& c) {
  Sizes s = check(c, grad::peephole, grad::hidden, grad::cell, grad::mask);
  Shape sequence = shape_of({s.steps, s.directions, s.batch, s.hidden});
  Shape gates = shape_of({s.directions, s.steps, s.batch, 4 * s.hidden});
  Shape cells = shape_of({s.directions, s.steps, s.batch, s.hidden});
  for (int i : {int(grad::sequence), int(grad::d_sequence)})
    check_shape(c, i, sequence, "the shape [steps, directions, batch, hiddenSize]");
  for (int i : {int(grad::gates), int(grad::d_gates)})
    check_shape(c, i, gates, "the shape [directions, steps, batch, 4 * hiddenSize]");
  for (int i : {int(grad::cells), int(grad::d_cells)})
    check_shape(c, i, cells, "the shape [directions, steps, batch, hiddenSize]");
  check_state(c, grad::d_hidden, s);
  check_state(c, grad::d_cell, s);

  Shape state = shape_of({s.directions, s.batch, s.hidden}), none{0};
  bool weights = c.node.flag("forWeights");
  auto if_wanted = [&](bool wanted, const Shape& shape) {
    return TensorType{DType::f32, wanted ? shape : none};
  };
  return {if_wanted(c.node.flag("forInput"), c.shape(0)),
          if_wanted(weights, c.shape(1)),
          if_wanted(weights, c.shape(2)),
          if_wanted(weights, shape_of({s.directions, 4 * s.hidden})),
          if_wanted(weights && c.has(grad::peephole), shape_of({s.directions, 3 * s.hidden})),
          {DType::f32, state},
          {DType::f32, state}};
}

template <class Real>
void cpu_gradient(Kernel<Real>& k) {
  PlainMath<Real> math;
  Sizes sizes(k.shape(0), k.shape(2), k.node);
  LstmOptions options(k.node);
  auto memory = lstm_gradient_memory<Real>([&](int i) { return given(k, i); },
                                           [&](int o) { return wanted(k, o); });
  LstmGradient<PlainMath<Real>>(sizes, options, math).run(memory);
}

}  // namespace

constexpr Op lstm_op{
    .name = "lstm",
    .summary =
        "Long short-term memory over a sequence: the last hidden and cell states, and with "
        "returnSequence every hidden state. Where the mask is false a step does not count.",
    .inputs = {"input", "weight", "recurrentWeight", "bias?", "recurrentBias?", "peepholeWeight?",
               "initialHiddenState?", "initialCellState?", "mask?"},
    .attrs = {{"steps", 0.0},
              {"hiddenSize", 0.0},
              {"returnSequence", false},
              {"direction", "forward"},
              {"layout", "iofg"},
              {"activations", "sigmoid,tanh,tanh"},
              {"keepGates", false}},
    .infer = infer,
    .cpu = CpuKernel::oracle(cpu<float>, cpu<double>),
    .gradient = gradient,
};

constexpr Op lstm_gradient_op{
    .name = "lstmGradient",
    .summary =
        "The derivatives by lstm's input, weights, bias, peephole weight and initial states, from "
        "what keepGates kept and those by its outputs.",
    .inputs = {"input", "weight", "recurrentWeight", "sequence", "gates", "cells",
               "peepholeWeight?", "initialHiddenState?", "initialCellState?", "mask?", "dHidden?",
               "dCell?", "dSequence?", "dGates?", "dCells?"},
    .attrs = {{"direction", "forward"},
              {"layout", "iofg"},
              {"activations", "sigmoid,tanh,tanh"},
              {"forInput", true},
              {"forWeights", true}},
    .infer = infer_gradient,
    .cpu = CpuKernel::oracle(cpu_gradient<float>, cpu_gradient<double>),
};

}  // namespace gesso
