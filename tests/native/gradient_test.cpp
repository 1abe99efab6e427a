// How derivatives are put together: seeds, paths, zeros, orders and refusals. The rules themselves
// are held against finite differences in gradient_rules_test.cpp.
#include "core/gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/backends/backend.h"
#include "core/ops/math.h"
#include "core/reference.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

constexpr TensorType number{DType::f32, {}};

Value vector(Graph& g, std::string name, int size) {
  return g.input(std::move(name), {DType::f32, {size}});
}

// The elements of a value of a graph, in double, for these elements of the graph's inputs.
std::vector<double> evaluate(const Graph& g, Value v,
                             const std::vector<std::vector<double>>& inputs) {
  std::vector<ReferenceTensor> feeds;
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    const TensorType& type = g.nodes()[size_t(g.inputs()[i].edge.id)].outputs[0];
    ReferenceTensor feed{type, std::vector<std::byte>(inputs[i].size() * sizeof(double))};
    std::ranges::copy(inputs[i], feed.as<double>().begin());
    feeds.push_back(std::move(feed));
  }
  auto values = run_reference<double>(g, std::move(feeds));
  auto elements = values[size_t(v.id)][size_t(v.output)].as<double>();
  return {elements.begin(), elements.end()};
}

Value derivative(Value y, Value x) {
  return gradient({y}, {}, {x})[0];
}

void expect_near(const std::vector<double>& result, const std::vector<double>& expected) {
  ASSERT_EQ(result.size(), expected.size());
  for (size_t i = 0; i < result.size(); ++i) EXPECT_NEAR(result[i], expected[i], 1e-6) << i;
}

TEST(Gradient, SumsOverOutputsWithoutSeeds) {
  Graph g;
  Value x = vector(g, "x", 3);
  expect_near(evaluate(g, derivative(square(x), x), {{1, 2, -3}}), {2, 4, -6});
}

TEST(Gradient, WeighsOutputsBySeeds) {
  Graph g;
  Value x = vector(g, "x", 2), seed = vector(g, "seed", 2);
  Value y = exp(x);
  expect_near(evaluate(g, gradient({square(x), y}, {seed, {}}, {x})[0], {{1, 0}, {10, 100}}),
              {20 + std::exp(1), 1});
}

TEST(Gradient, AddsUpAllPaths) {
  Graph g;
  Value x = g.input("x", number);
  Value shared = sin(x);
  Value y = shared * shared + shared * x + x;
  double s = std::sin(0.5), c = std::cos(0.5);
  expect_near(evaluate(g, derivative(y, x), {{0.5}}), {2 * s * c + c * 0.5 + s + 1});
}

TEST(Gradient, AppliesTheRuleOfASharedValueOnce) {
  Graph g;
  Value x = g.input("x", number);
  Value y = x;
  for (int i = 0; i < 30; ++i) y = y + y;  // 2^30 paths
  Value d = derivative(y, x);
  EXPECT_LT(g.nodes().size(), 100u);
  expect_near(evaluate(g, d, {{1}}), {std::exp2(30)});
}

TEST(Gradient, StopsAtValuesInBetween) {
  Graph g;
  Value x = g.input("x", number);
  Value middle = exp(x), y = middle * middle * x;
  Values d = gradient({y}, {}, {middle, x});
  double e = std::exp(2);
  expect_near(evaluate(g, d[0], {{2}}), {2 * e * 2});
  expect_near(evaluate(g, d[1], {{2}}), {2 * 2 * e * e + e * e});
}

TEST(Gradient, IsTheSeedForTheOutputItself) {
  Graph g;
  Value x = vector(g, "x", 2), seed = vector(g, "seed", 2);
  expect_near(evaluate(g, gradient({x}, {seed}, {x})[0], {{1, 2}, {3, 4}}), {3, 4});
}

TEST(Gradient, TakesTheOutputsThatAreUsed) {
  Graph g;
  Value x = vector(g, "x", 4);
  Value pieces = apply(split_op, {x}, {{"splits", Ints{1, 2, 1}}});
  Value y = square(pieces.at(1));
  expect_near(evaluate(g, derivative(y, x), {{1, 2, 3, 4}}), {0, 4, 6, 0});
}

TEST(Gradient, IsZeroForWhatHasNoPart) {
  Graph g;
  Value x = vector(g, "x", 2), other = vector(g, "other", 3);
  Values d = gradient({exp(x)}, {}, {other, x});
  EXPECT_EQ(d[0].type(), other.type());
  expect_near(evaluate(g, d[0], {{1, 2}, {3, 4, 5}}), {0, 0, 0});
  expect_near(evaluate(g, gradient({}, {}, {x})[0], {{1, 2}, {3, 4, 5}}), {0, 0});
  EXPECT_TRUE(gradient({exp(x)}, {}, {}).empty());
}

TEST(Gradient, DoesNotPassThroughIndicesAndConditions) {
  Graph g;
  Value x = vector(g, "x", 3);
  Value condition = greater(x, g.scalar(0));
  Value chosen = where(condition, 2 * x, g.scalar(5));
  Value counted = cast(cast(x, DType::i32), DType::f32);
  expect_near(evaluate(g, derivative(chosen * counted, x), {{1, 2, -3}}), {2, 4, 0});
}

TEST(Gradient, AsksNothingOfOperatorsBesideThePath) {
  Graph g;
  Value x = vector(g, "x", 3);
  Value best = apply(arg_max_op, {x}, {{"axis", 0.0}});
  Value picked = apply(gather_op, {x, best}, {});
  expect_near(evaluate(g, derivative(square(picked), x), {{1, 4, 3}}), {0, 8, 0});
}

TEST(Gradient, OfVariables) {
  Graph g;
  const float weights[] = {2, 3};
  auto state = std::make_shared<Buffer>(sizeof weights);
  std::memcpy(state->data(), weights, sizeof weights);
  Value w = g.variable("w", {DType::f32, {2}}, state), x = vector(g, "x", 2);
  expect_near(evaluate(g, derivative(square(w) * x, w), {{10, 100}}), {40, 600});
}

TEST(Gradient, OfHigherOrders) {
  Graph g;
  Value x = g.input("x", number);
  Value d = tanh(x);
  for (int order = 0; order < 3; ++order) d = derivative(d, x);
  double t = std::tanh(0.3), slope = 1 - t * t;
  expect_near(evaluate(g, d, {{0.3}}), {-2 * slope * (1 - 3 * t * t)});

  Value cube = x * x * x;
  EXPECT_NEAR(evaluate(g, derivative(derivative(derivative(cube, x), x), x), {{2}})[0], 6, 1e-9);
}

TEST(Gradient, OfAGradientPenalty) {
  Graph g;
  Value a = g.input("a", {DType::f32, {1, 2}}), w = g.input("w", {DType::f32, {2, 1}});
  Value slope = derivative(sigmoid(matmul(a, w)), a);
  Value penalty = sum(square(slope));
  // slope = s(1 - s) w with s = sigmoid(a · w); the penalty's derivative by w at a = 0 has only the
  // part from the factor w, since s(1 - s) is largest there.
  expect_near(evaluate(g, derivative(penalty, w), {{0, 0}, {3, -4}}), {6.0 / 16, -8.0 / 16});
}

// The operators that differentiating appends, in order.
std::vector<std::string_view> appended(Graph& g, Value y, const Values& of) {
  size_t before = g.nodes().size();
  gradient({y}, {g.input("dy", y.type())}, of);
  std::vector<std::string_view> names;
  for (size_t id = before; id < g.nodes().size(); ++id)
    if (g.nodes()[id].op) names.push_back(g.nodes()[id].op->name);
  return names;
}

TEST(Gradient, OfProductsNeedsNoTransposedCopies) {
  using Names = std::vector<std::string_view>;
  Graph g;
  Value x = g.input("x", {DType::f32, {4, 5, 3}}), w = g.input("w", {DType::f32, {3, 2}});
  EXPECT_EQ(appended(g, matmul(x, w), {x, w}),
            (Names{"reshape", "gemm", "reshape", "reshape", "reshape", "gemm"}));
  Value rows = g.input("rows", {DType::f32, {4, 3}}), bias = g.input("bias", {DType::f32, {2}});
  Value dense = apply(gemm_op, {rows, w, bias});
  EXPECT_EQ(appended(g, dense, {rows, w, bias}), (Names{"gemm", "gemm", "reduceSum"}));
}

TEST(Gradient, LeavesOutWhatNobodyAsksFor) {
  Graph g;
  Value x = g.input("x", {DType::f32, {4, 3}}), w = g.input("w", {DType::f32, {3, 2}});
  Value y = apply(relu_op, {matmul(x, w)});
  EXPECT_EQ(appended(g, y, {w}), (std::vector<std::string_view>{"clampGradient", "gemm"}));
  EXPECT_EQ(appended(g, y, {y}), std::vector<std::string_view>{});
}

TEST(Gradient, RunsOnTheBackend) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2, 3}}), w = g.input("w", {DType::f32, {3, 2}});
  Value loss = mean(square(apply(relu_op, {matmul(x, w)})));
  Values d = gradient({loss}, {}, {w});
  g.output("dw", d[0]);
  auto program = compile(g);
  auto set = [&](int input, std::vector<float> elements) {
    auto bytes = std::as_bytes(std::span(elements));
    std::ranges::copy(bytes, program->input(input).begin());
  };
  set(0, {1, 2, 3, -1, 0, 1});
  set(1, {1, 0, 0, 1, 1, -2});
  program->run();
  // x w = [[4, -4], [0, -2]]: only the first is above 0; its derivative is 2 * 4 / 4.
  std::vector<float> dw(6);
  std::memcpy(dw.data(), program->output(0).data(), 6 * sizeof(float));
  EXPECT_EQ(dw, (std::vector<float>{2, 0, 4, 0, 6, 0}));
}

const Op opaque_op{
    .name = "opaque",
    .summary = "The input itself, without a rule.",
    .inputs = {"input"},
    .infer = same_type,
    .cpu = identity_op.cpu,
};

TEST(Gradient, NamesTheOperatorThatHasNone) {
  Graph g;
  Value x = vector(g, "x", 2);
  Value y = exp(apply(opaque_op, {x}));
  expect_error([&] { gradient({y}, {}, {x}); },
               "gradient: opaque has none.\n"
               "  Try: derivatives by values that do not pass through it");
  g.name_next("model/block_3/opaque");
  Value named = apply(opaque_op, {square(x)});
  expect_error([&] { gradient({named}, {}, {x}); },
               "gradient: opaque has none.\n"
               "  node  model/block_3/opaque\n"
               "  Try: derivatives by values that do not pass through it");
  EXPECT_NO_THROW(gradient({named}, {}, {named}));
}

TEST(Gradient, RefusesWhatHasNoDerivative) {
  Graph g, other;
  Value x = vector(g, "x", 2), whole = cast(x, DType::i32);
  expect_error([&] { gradient({whole}, {}, {x}); },
               "gradient: only float32 values have one.\n"
               "  given  int32 [2]\n"
               "  Try: a value that is computed with real numbers");
  expect_error([&] { gradient({x}, {}, {whole}); },
               "gradient: only float32 values have one.\n"
               "  given  int32 [2]\n"
               "  Try: a value that is computed with real numbers");
  expect_error([&] { gradient({x}, {}, {Value{}}); },
               "gradient: a value is missing or of another graph.\n"
               "  Try: values that one graph has computed");
  expect_error([&] { gradient({x}, {}, {vector(other, "x", 2)}); },
               "gradient: a value is missing or of another graph.\n"
               "  Try: values that one graph has computed");
}

TEST(Gradient, RefusesSeedsThatDoNotFit) {
  Graph g;
  Value x = vector(g, "x", 2), seed = vector(g, "seed", 3);
  expect_error([&] { gradient({x}, {seed}, {x}); },
               "gradient: a seed has another type than its output.\n"
               "  output  float32 [2]\n"
               "  seed  float32 [3]\n"
               "  Try: a seed of the output's type");
  expect_error([&] { gradient({x}, {x, x}, {x}); },
               "gradient: there are more seeds than outputs.\n"
               "  outputs  1\n"
               "  seeds  2\n"
               "  Try: one seed for each output");
}

}  // namespace
}  // namespace gesso
