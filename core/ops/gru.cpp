// gru(input, weight, recurrentWeight, ...): gated recurrent units over a whole sequence, as WebNN
// has them, and their derivatives through time.
#include "core/ops/gru.h"

#include "core/ops/math.h"

namespace gesso {
namespace {

using namespace recurrent;
namespace in = gru_in;
namespace out = gru_out;
namespace grad = gru_gradient_in;

constexpr int gate_count = 3, function_count = 2;

Sizes check(const Call& c, int hidden, int mask) {
  choice_option(c, "layout", {"zrn", "rzn"});
  Sizes s = check_sequence(c, gate_count, function_count);
  check_state(c, hidden, s);
  check_mask(c, mask, s);
  return s;
}

Types infer(const Call& c) {
  Sizes s = check(c, in::hidden, in::mask);
  check_bias(c, in::bias, s, gate_count);
  check_bias(c, in::recurrent_bias, s, gate_count);
  Types types{{DType::f32, shape_of({s.directions, s.batch, s.hidden})}};
  bool sequence = c.node.flag("returnSequence"), keeps = c.node.flag("keepGates");
  if (keeps && !sequence)
    fail(c, "keepGates needs the states of every step too", "returnSequence: true");
  if (sequence) types.push_back({DType::f32, shape_of({s.steps, s.directions, s.batch, s.hidden})});
  if (keeps)
    types.push_back({DType::f32, shape_of({s.directions, s.steps, s.batch, 4 * s.hidden})});
  return types;
}

template <class Real>
void cpu(Kernel<Real>& k) {
  PlainMath<Real> math;
  Sizes sizes(k.shape(0), k.shape(2), k.node);
  GruOptions options(k.node);
  auto memory =
      gru_memory<Real>([&](int i) { return given(k, i); }, [&](int o) { return wanted(k, o); });
  Gru<PlainMath<Real>>(sizes, options, math).run(memory);
}

// The node's outputs with all that the way back needs; computed once more where they lack it.
Values kept_outputs(const Grad& g) {
  if (g.node.flag("keepGates")) return g.y;
  Attrs attrs = g.node.attrs;
  attrs.set("returnSequence", true);
  attrs.set("keepGates", true);
  Value first = apply(gru_op, g.x, attrs);
  return {first, first.at(out::sequence), first.at(out::gates)};
}

Values gradient(const Grad& g) {
  Values kept = kept_outputs(g), x = g.x, dys = g.dys;
  x.resize(in::mask + 1);
  dys.resize(out::gates + 1);
  bool by_weights = g.wants(in::weight) || g.wants(in::recurrent_weight) || g.wants(in::bias) ||
                    g.wants(in::recurrent_bias);
  Values inputs{x[in::input],        x[in::weight],    x[in::recurrent_weight],
                kept[out::sequence], kept[out::gates], x[in::hidden],
                x[in::mask]};
  inputs.insert(inputs.end(), dys.begin(), dys.end());
  while (!inputs.back()) inputs.pop_back();
  Attrs attrs{{"forInput", g.wants(in::input)},
              {"forWeights", by_weights},
              {"resetAfter", g.node.flag("resetAfter")}};
  for (const char* option : {"direction", "layout", "activations"})
    attrs[option] = g.node.text(option);
  Value d = apply(gru_gradient_op, inputs, attrs);
  Values derivatives{d, d.at(1), d.at(2), d.at(3), d.at(4), d.at(5)};
  derivatives.resize(g.x.size());
  return derivatives;
}

Types infer_gradient(const Call& c) {
  Sizes s = check(c, grad::hidden, grad::mask);
  Shape sequence = shape_of({s.steps, s.directions, s.batch, s.hidden});
  Shape gates = shape_of({s.directions, s.steps, s.batch, 4 * s.hidden});
  for (int i : {int(grad::sequence), int(grad::d_sequence)})
    check_shape(c, i, sequence, "the shape [steps, directions, batch, hiddenSize]");
  for (int i : {int(grad::gates), int(grad::d_gates)})
    check_shape(c, i, gates, "the shape [directions, steps, batch, 4 * hiddenSize]");
  check_state(c, grad::d_hidden, s);

  Shape bias = shape_of({s.directions, 3 * s.hidden}), none{0};
  bool weights = c.node.flag("forWeights");
  auto if_wanted = [&](bool wanted, const Shape& shape) {
    return TensorType{DType::f32, wanted ? shape : none};
  };
  return {if_wanted(c.node.flag("forInput"), c.shape(0)),
          if_wanted(weights, c.shape(1)),
          if_wanted(weights, c.shape(2)),
          if_wanted(weights, bias),
          if_wanted(weights, bias),
          {DType::f32, shape_of({s.directions, s.batch, s.hidden})}};
}

template <class Real>
void cpu_gradient(Kernel<Real>& k) {
  PlainMath<Real> math;
  Sizes sizes(k.shape(0), k.shape(2), k.node);
  GruOptions options(k.node);
  auto memory = gru_gradient_memory<Real>([&](int i) { return given(k, i); },
                                          [&](int o) { return wanted(k, o); });
  GruGradient<PlainMath<Real>>(sizes, options, math).run(memory);
}

}  // namespace

constexpr Op gru_op{
    .name = "gru",
    .summary =
        "Gated recurrent units over a sequence: the last hidden state, and with returnSequence "
        "every one. Where the mask is false a step does not count.",
    .inputs = {"input", "weight", "recurrentWeight", "bias?", "recurrentBias?",
               "initialHiddenState?", "mask?"},
    .attrs = {{"steps", 0.0},
              {"hiddenSize", 0.0},
              {"resetAfter", true},
              {"returnSequence", false},
              {"direction", "forward"},
              {"layout", "zrn"},
              {"activations", "sigmoid,tanh"},
              {"keepGates", false}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

constexpr Op gru_gradient_op{
    .name = "gruGradient",
    .summary =
        "The derivatives by gru's input, weights, biases and initial state, from what keepGates "
        "kept and those by its outputs.",
    .inputs = {"input", "weight", "recurrentWeight", "sequence", "gates", "initialHiddenState?",
               "mask?", "dHidden?", "dSequence?", "dGates?"},
    .attrs = {{"resetAfter", true},
              {"direction", "forward"},
              {"layout", "zrn"},
              {"activations", "sigmoid,tanh"},
              {"forInput", true},
              {"forWeights", true}},
    .infer = infer_gradient,
    .cpu = CpuKernel::oracle(cpu_gradient<float>, cpu_gradient<double>),
};

}  // namespace gesso
