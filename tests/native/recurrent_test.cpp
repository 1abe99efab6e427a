// Fused operators of training against the same written in smaller operators: recurrences unrolled
// from cells, cross-entropies from softmax and sigmoid, with their derivatives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/backends/backend.h"
#include "core/gradient.h"
#include "core/ops/math.h"
#include "core/random.h"
#include "core/reference.h"
#include "tests/webgpu/runs_here.h"

namespace gesso {
namespace {

// A graph of which values are computed in double, and by the backend.
class Comparison {
 public:
  Value random(const Shape& shape, float low = -1, float high = 1) {
    ReferenceTensor made{{DType::f32, shape}, std::vector<std::byte>(shape.count() * 8)};
    for (double& x : made.as<double>()) x = double(low + (high - low) * random_.uniform());
    feeds_.push_back(std::move(made));
    return graph.input("input " + std::to_string(feeds_.size()), {DType::f32, shape});
  }

  // Both lists hold the same numbers, in double and when the program runs.
  void expect_equal(const Values& fused, const Values& composed) {
    ASSERT_EQ(fused.size(), composed.size());
    for (Value v : fused) graph.output("fused", v);
    for (Value v : composed) graph.output("composed", v);
    auto values = run_reference<double>(graph, feeds_);
    auto program = compile(graph);
    feed(*program);
    program->run();
    for (size_t i = 0; i < fused.size(); ++i) {
      ASSERT_EQ(to_string(fused[i].type()), to_string(composed[i].type())) << i;
      auto a = values[size_t(fused[i].id)][size_t(fused[i].output)].as<double>();
      auto b = values[size_t(composed[i].id)][size_t(composed[i].output)].as<double>();
      const auto* run = reinterpret_cast<const float*>(program->output(int(i)).data());
      for (size_t j = 0; j < a.size(); ++j) {
        ASSERT_NEAR(a[j], b[j], 1e-11 * (1 + std::abs(b[j]))) << "value " << i << " at " << j;
        ASSERT_NEAR(double(run[j]), b[j], 1e-4 * (1 + std::abs(b[j]))) << i << " at " << j;
      }
    }
  }

  // The same for the derivatives by these values of Σ seed * output.
  void expect_equal_gradients(const Values& fused, const Values& composed, const Values& of) {
    Values seeds;
    for (Value v : fused) seeds.push_back(random(v.shape()));
    expect_equal(gradient(fused, seeds, of), gradient(composed, seeds, of));
  }

  Graph graph;

 private:
  void feed(Program& program) {
    for (size_t i = 0; i < feeds_.size(); ++i) {
      auto from = feeds_[i].as<double>();
      std::ranges::copy(from, reinterpret_cast<float*>(program.input(int(i)).data()));
    }
  }

  Random random_{21};
  std::vector<ReferenceTensor> feeds_;
};

constexpr int steps = 4, batch = 3, inputs = 5, hidden = 6;

Value step_of(Value x, int t) {
  return reshape(slice(x, {t, 0, 0}, {1, batch, inputs}), {batch, inputs});
}

Value without_direction(Value x) {
  Shape shape = x.shape();
  shape.erase(0);
  return reshape(x, shape);
}

// Everything that a recurrence of one direction reads.
struct Recurrence {
  Comparison c;
  int gates;
  Value x, weight, recurrent, bias, recurrent_bias, state;

  explicit Recurrence(int gate_count) : gates(gate_count) {
    x = c.random({steps, batch, inputs});
    weight = c.random({1, gates * hidden, inputs});
    recurrent = c.random({1, gates * hidden, hidden});
    bias = c.random({1, gates * hidden});
    recurrent_bias = c.random({1, gates * hidden});
    state = c.random({1, batch, hidden});
  }
};

struct Unrolled {
  Values states;   // the last ones
  Value sequence;  // as the operator gives it
};

Unrolled unroll(const Recurrence& r, const Op& cell, bool backward, Values states,
                const Attrs& attrs) {
  Values sequence(steps), weights;
  for (Value v : {r.weight, r.recurrent}) weights.push_back(without_direction(v));
  for (int n = 0; n < steps; ++n) {
    int t = backward ? steps - 1 - n : n;
    Values in{step_of(r.x, t), weights[0], weights[1]};
    in.insert(in.end(), states.begin(), states.end());
    in.push_back(without_direction(r.bias));
    in.push_back(without_direction(r.recurrent_bias));
    Value next = apply(cell, in, attrs);
    for (size_t i = 0; i < states.size(); ++i) states[i] = next.at(int(i));
    sequence[size_t(t)] = reshape(states[0], {1, 1, batch, hidden});
  }
  for (Value& state : states) state = reshape(state, {1, batch, hidden});
  return {states, concat(sequence, 0)};
}

TEST(Lstm, IsItsCellStepAfterStep) {
  for (const char* direction : {"forward", "backward"}) {
    Recurrence r(4);
    Value cell = r.c.random({1, batch, hidden});
    Value y =
        apply(lstm_op, {r.x, r.weight, r.recurrent, r.bias, r.recurrent_bias, {}, r.state, cell},
              {{"returnSequence", true}, {"direction", direction}, {"keepGates", true}});
    Unrolled u = unroll(r, lstm_cell_op, direction == std::string("backward"),
                        {without_direction(r.state), without_direction(cell)}, {});
    Values fused{y, y.at(1), y.at(2)}, composed{u.states[0], u.states[1], u.sequence};
    Values of{r.x, r.weight, r.recurrent, r.bias, r.recurrent_bias, r.state, cell};
    r.c.expect_equal_gradients(fused, composed, of);
  }
}

TEST(Gru, IsItsCellStepAfterStep) {
  for (const char* direction : {"forward", "backward"})
    for (bool reset_after : {false, true}) {
      Recurrence r(3);
      Value y = apply(gru_op, {r.x, r.weight, r.recurrent, r.bias, r.recurrent_bias, r.state},
                      {{"returnSequence", true},
                       {"direction", direction},
                       {"resetAfter", reset_after},
                       {"keepGates", true}});
      Unrolled u = unroll(r, gru_cell_op, direction == std::string("backward"),
                          {without_direction(r.state)}, {{"resetAfter", reset_after}});
      Values of{r.x, r.weight, r.recurrent, r.bias, r.recurrent_bias, r.state};
      r.c.expect_equal_gradients({y, y.at(1)}, {u.states[0], u.sequence}, of);
    }
}

// Sizes at which kernels share the work in other ways than at small ones, and that nothing divides.
void expect_large_agree(const Op& op, int gates, int width, const Attrs& options) {
  constexpr int rows = 81, from = 37, time = 3;
  Comparison c;
  Values given{c.random({time, rows, from}), c.random({2, gates * width, from}, -0.2f, 0.2f),
               c.random({2, gates * width, width}, -0.2f, 0.2f), c.random({2, gates * width})};
  Attrs attrs = options;
  attrs.set("direction", "both");
  attrs.set("returnSequence", true);
  Value y = apply(op, given, attrs);
  Values outputs{y, y.at(1)}, seeds{c.random(y.shape()), c.random(y.at(1).shape())};
  Values all = gradient(outputs, seeds, given);
  all.insert(all.end(), outputs.begin(), outputs.end());
  c.expect_equal(all, all);
}

TEST(Lstm, LargeOnesAgreeWithTheReference) {
  expect_large_agree(lstm_op, 4, 104, {});
}

TEST(Gru, LargeOnesAgreeWithTheReference) {
  expect_large_agree(gru_op, 3, 104, {{"resetAfter", true}});
  expect_large_agree(gru_op, 3, 52, {{"resetAfter", false}});
}

int count(const Graph& graph, const Op& op) {
  return int(std::ranges::count_if(graph.nodes(), [&](const Node& n) { return n.op == &op; }));
}

TEST(Lstm, RunsOnceWhereItKeepsItsGates) {
  for (bool keeps : {true, false}) {
    Recurrence r(4);
    Value y = apply(lstm_op, {r.x, r.weight, r.recurrent},
                    {{"returnSequence", true}, {"keepGates", keeps}});
    gradient({y}, {}, {r.weight});
    EXPECT_EQ(count(r.c.graph, lstm_op), keeps ? 1 : 2);
  }
}

TEST(Lstm, LeavesOutWhatNobodyWants) {
  Recurrence r(4);
  Value y = apply(lstm_op, {r.x, r.weight, r.recurrent, r.bias});
  gradient({y}, {}, {r.weight, r.bias});
  auto node = std::ranges::find(r.c.graph.nodes(), &lstm_gradient_op, &Node::op);
  EXPECT_EQ(to_string(node->outputs[0].shape), "[0]");
  EXPECT_EQ(to_string(node->outputs[1].shape), "[1, 24, 5]");
  EXPECT_EQ(to_string(node->outputs[4].shape), "[0]") << "there is no peephole";
}

TEST(Lstm, RunsInAKernelOfOurs) {
  if (!runs_here()) GTEST_SKIP() << "the kernels are those of another backend";
  Recurrence r(4);
  Value mask = r.c.graph.input("mask", {DType::boolean, {steps, batch}});
  Value y = apply(lstm_op, {r.x, r.weight, r.recurrent, {}, {}, {}, {}, {}, mask});
  r.c.graph.output("d", gradient({y}, {}, {r.weight})[0]);
  auto program = compile(r.c.graph);
  for (const StepInfo& step : program->steps())
    if (step.op.starts_with("lstm")) EXPECT_EQ(step.kernel, "simd") << step.op;
}

// What is masked at the end changes nothing, and costs nothing to leave out.
TEST(Lstm, MaskedStepsDoNotCount) {
  Comparison c;
  Value x = c.random({steps, batch, inputs});
  Value weight = c.random({1, 4 * hidden, inputs}), recurrent = c.random({1, 4 * hidden, hidden});
  std::vector<float> counts(size_t(steps * batch), 1);
  std::fill_n(counts.begin() + 2 * batch, 2 * batch, 0.0f);
  Value mask = cast(c.graph.constant(Shape{steps, batch}, counts), DType::boolean);
  Value masked = apply(lstm_op, {x, weight, recurrent, {}, {}, {}, {}, {}, mask});
  Value shorter = apply(lstm_op, {slice(x, {0, 0, 0}, {2, batch, inputs}), weight, recurrent});
  c.expect_equal_gradients({masked, masked.at(1)}, {shorter, shorter.at(1)},
                           {x, weight, recurrent});
}

TEST(SoftmaxCrossEntropy, IsTheLogarithmOfASoftmax) {
  Comparison c;
  Value x = c.random({3, 4, 7}, -5, 5), labels = c.random({3, 4, 7}, 0, 1);
  Value fused = apply(softmax_cross_entropy_op, {x, labels});
  Value composed = -sum(labels * log(apply(softmax_op, {x})), {-1});
  c.expect_equal_gradients({fused}, {composed}, {x, labels});
}

TEST(SoftmaxCrossEntropy, HasFiniteDerivativesFarFromTheLabels) {
  Graph g;
  Value x = g.constant(Shape{1, 3}, std::vector<float>{1000, 0, -1000});
  Value labels = g.constant(Shape{1, 3}, std::vector<float>{0, 0, 1});
  Value v = x + g.input("zero", {DType::f32, {}});
  g.output("d", gradient({apply(softmax_cross_entropy_op, {v, labels})}, {}, {v})[0]);
  auto program = compile(g);
  program->run();
  const auto* d = reinterpret_cast<const float*>(program->output(0).data());
  EXPECT_EQ(d[0], 1);
  EXPECT_EQ(d[1], 0);
  EXPECT_EQ(d[2], -1);
}

TEST(SigmoidCrossEntropy, IsTheLogarithmOfASigmoid) {
  Comparison c;
  Value x = c.random({5, 7}, -5, 5), labels = c.random({5, 7}, 0, 1);
  Value fused = apply(sigmoid_cross_entropy_op, {x, labels}), p = sigmoid(x);
  Value composed = -(labels * log(p)) - (1 - labels) * log(1 - p);
  c.expect_equal_gradients({fused}, {composed}, {x, labels});
}

}  // namespace
}  // namespace gesso
