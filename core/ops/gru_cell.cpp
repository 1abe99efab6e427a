// gruCell(input, weight, recurrentWeight, hiddenState, ...): one step of gru.
#include "core/ops/gru.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

using namespace recurrent;
namespace in = gru_cell_in;

Types infer(const Call& c) {
  choice_option(c, "layout", {"zrn", "rzn"});
  return {check_cell(c, 3, 2)};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  PlainMath<Real> math;
  Sizes sizes(k.shape(0), k.shape(2));
  GruOptions options(k.node);
  auto memory = gru_cell_memory<Real>([&](int i) { return given(k, i); },
                                      [&](int o) { return wanted(k, o); });
  Gru<PlainMath<Real>>(sizes, options, math).run(memory);
}

Values composed(const Values& x, const Node& node) {
  auto input = [&](size_t i) { return i < x.size() ? x[i] : Value{}; };
  GruOptions at(node);
  Value state = input(in::hidden), recurrent = input(in::recurrent_weight);
  Value recurrent_bias = input(in::recurrent_bias);
  int hidden = state.shape()[1];
  Value from_input = affine(input(in::input), input(in::weight), input(in::bias));
  auto from_state = [&](Value h, int first, int count) {
    Value rows = slice(recurrent, {first * hidden, 0}, {count * hidden, hidden});
    Value bias =
        recurrent_bias ? slice(recurrent_bias, {first * hidden}, {count * hidden}) : Value{};
    return affine(h, rows, bias);
  };
  Value gates = activated(
      at.gate, slice(from_input, {0, 0}, {state.shape()[0], 2 * hidden}) + from_state(state, 0, 2));
  Value z = block(gates, int(at.z), hidden), r = block(gates, int(at.r), hidden);
  int n = int(at.n);
  Value reset = at.reset_after ? r * from_state(state, n, 1) : from_state(r * state, n, 1);
  Value next = activated(at.candidate, block(from_input, n, hidden) + reset);
  return {z * state + (1 - z) * next};
}

Values gradient(const Grad& g) {
  return composed_gradient(g, composed);
}

}  // namespace

constexpr Op gru_cell_op{
    .name = "gruCell",
    .summary = "One step of gated recurrent units: the next hidden state.",
    .inputs = {"input", "weight", "recurrentWeight", "hiddenState", "bias?", "recurrentBias?"},
    .attrs = {{"hiddenSize", 0.0},
              {"resetAfter", true},
              {"layout", "zrn"},
              {"activations", "sigmoid,tanh"}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
