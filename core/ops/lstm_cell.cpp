// lstmCell(input, weight, recurrentWeight, hiddenState, cellState, ...): one step of lstm.
#include "core/ops/lstm.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

using namespace recurrent;
namespace in = lstm_cell_in;

Types infer(const Call& c) {
  choice_option(c, "layout", {"iofg", "ifgo"});
  TensorType state = check_cell(c, 4, 3);
  check_shape(c, in::peephole, {3 * state.shape[1]}, "the shape [3 * hiddenSize]");
  return {state, state};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  PlainMath<Real> math;
  Sizes sizes(k.shape(0), k.shape(2));
  LstmOptions options(k.node);
  auto memory = lstm_cell_memory<Real>([&](int i) { return given(k, i); },
                                       [&](int o) { return wanted(k, o); });
  Lstm<PlainMath<Real>>(sizes, options, math).run(memory);
}

Values composed(const Values& x, const Node& node) {
  auto input = [&](size_t i) { return i < x.size() ? x[i] : Value{}; };
  LstmOptions at(node);
  Value cell = input(in::cell), peephole = input(in::peephole);
  int hidden = cell.shape()[1];
  Value sums = affine(input(in::input), input(in::weight), input(in::bias)) +
               affine(input(in::hidden), input(in::recurrent_weight), input(in::recurrent_bias));
  auto gate = [&](size_t place, int peephole_block) {
    Value sum = block(sums, int(place), hidden);
    if (peephole) sum = sum + block(peephole, peephole_block, hidden) * cell;
    return activated(at.gate, sum);
  };
  Value i = gate(at.i, 0), o = gate(at.o, 1), f = gate(at.f, 2);
  Value g = activated(at.candidate, block(sums, int(at.g), hidden));
  Value next = f * cell + i * g;
  return {o * activated(at.output, next), next};
}

Values gradient(const Grad& g) {
  return composed_gradient(g, composed);
}

}  // namespace

constexpr Op lstm_cell_op{
    .name = "lstmCell",
    .summary = "One step of long short-term memory: the next hidden and cell states.",
    .inputs = {"input", "weight", "recurrentWeight", "hiddenState", "cellState", "bias?",
               "recurrentBias?", "peepholeWeight?"},
    .attrs = {{"hiddenSize", 0.0}, {"layout", "iofg"}, {"activations", "sigmoid,tanh,tanh"}},
    .infer = infer,
    .cpu = CpuKernel::oracle(cpu<float>, cpu<double>),
    .gradient = gradient,
};

}  // namespace gesso
