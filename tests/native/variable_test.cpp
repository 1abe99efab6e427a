// Variables: memory that programs read and write, and what may be assigned to it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/backends/backend.h"
#include "core/gradient.h"
#include "core/ops/math.h"
#include "core/passes.h"
#include "tests/native/expect_error.h"
#include "tests/webgpu/runs_here.h"

namespace gesso {
namespace {

std::shared_ptr<Buffer> buffer(const std::vector<float>& elements) {
  auto made = std::make_shared<Buffer>(elements.size() * sizeof(float));
  std::copy(elements.begin(), elements.end(), made->as<float>().begin());
  return made;
}

std::vector<float> read(const Buffer& from) {
  auto elements = from.as<float>();
  return {elements.begin(), elements.end()};
}

std::vector<float> read(const Program& program, int output = 0) {
  auto bytes = program.output(output);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Value variable(Graph& g, const std::string& name, const std::shared_ptr<Buffer>& state) {
  return g.variable(name, {DType::f32, {int(state->size() / sizeof(float))}}, state);
}

using Floats = std::vector<float>;

// One step of gradient descent: w - 0.5 * w.
Value halved(Graph& g, Value w) {
  return g.apply(sgd_op, {w, w, g.scalar(0.5)});
}

TEST(Variables, KeepWhatTheyAreAssigned) {
  auto w = buffer({1, 2, 3, 4});
  Graph g;
  Value v = variable(g, "w", w);
  g.assign(v, v + 1);
  auto program = compile(g);
  program->run();
  EXPECT_EQ(read(*w), (Floats{2, 3, 4, 5}));
  program->run();
  EXPECT_EQ(read(*w), (Floats{3, 4, 5, 6}));
}

TEST(Variables, AreSharedByPrograms) {
  auto w = buffer({1, 2});
  Graph training, inference;
  Value v = variable(training, "w", w);
  training.assign(v, halved(training, v));
  inference.output("y", variable(inference, "w", w) * 10);
  auto train = compile(training), infer = compile(inference);
  infer->run();
  EXPECT_EQ(read(*infer), (Floats{10, 20}));
  train->run();
  infer->run();
  EXPECT_EQ(read(*infer), (Floats{5, 10}));
}

TEST(Variables, LiveAsLongAsAProgramThatUsesThem) {
  auto w = buffer({8});
  Graph g;
  Value v = variable(g, "w", w);
  g.assign(v, halved(g, v));
  g.output("w", v);
  auto program = compile(g);
  w.reset();
  program->run();
  EXPECT_EQ(read(*program), Floats{4});
}

TEST(Variables, AreUpdatedWhereTheyLie) {
  if (!runs_here()) GTEST_SKIP() << "the kernels are those of another backend";
  auto w = buffer(Floats(10000, 1));
  Graph g;
  Value v = variable(g, "w", w), gradient = g.input("gradient", v.type());
  g.assign(v, g.apply(sgd_op, {v, gradient, g.scalar(1)}));
  auto program = compile(g);
  EXPECT_LT(program->memory().arena, 40000u + 1000) << "room for the gradient only";
  ASSERT_EQ(program->steps().size(), 1u);
  EXPECT_EQ(program->steps()[0].kernel, "simd");
  program->run();
  EXPECT_EQ(read(*w), Floats(10000, 1));
}

TEST(Variables, AreUpdatedWhereTheyLieWithTheStateOfTheOptimizer) {
  auto w = buffer(Floats(1000, 1)), mean = buffer(Floats(1000)), variance = buffer(Floats(1000));
  Graph g;
  Values states{variable(g, "w", w), variable(g, "mean", mean), variable(g, "variance", variance)};
  Value gradient = g.input("gradient", states[0].type());
  Value adam = g.apply(adam_op, {states[0], states[1], states[2], gradient, g.scalar(0.125),
                                 g.scalar(1, DType::i32)});
  for (int i = 0; i < 3; ++i) g.assign(states[size_t(i)], adam.at(i));
  auto program = compile(g);
  EXPECT_LT(program->memory().arena, 4000u + 1000);
  std::ranges::fill(std::span(reinterpret_cast<float*>(program->input(0).data()), 1000), 2.0f);
  program->run();
  EXPECT_NEAR(double(read(*w)[999]), 0.875, 1e-6);
  EXPECT_NEAR(double(read(*mean)[999]), 0.2, 1e-6);
  EXPECT_NEAR(double(read(*variance)[999]), 0.004, 1e-6);
}

TEST(Variables, AreNotOverwrittenWhileTheyAreRead) {
  auto w = buffer({4, 6});
  Graph g;
  Value v = variable(g, "w", w);
  g.assign(v, halved(g, v));
  g.output("before", v * 10);  // added later, computed later
  auto program = compile(g);
  program->run();
  EXPECT_EQ(read(*program), (Floats{40, 60}));
  EXPECT_EQ(read(*w), (Floats{2, 3}));
  program->run();
  EXPECT_EQ(read(*program), (Floats{20, 30}));
}

TEST(Variables, AreNotOverwrittenWhileTheyAreReadUnderAnotherShape) {
  auto w = buffer({4, 6});
  Graph g;
  Value v = variable(g, "w", w);
  Value column = reshape(v, {2, 1});
  g.assign(v, halved(g, v));
  g.output("before", column * 10);
  auto program = compile(g);
  program->run();
  EXPECT_EQ(read(*program), (Floats{40, 60}));
  EXPECT_EQ(read(*w), (Floats{2, 3}));
}

TEST(Variables, CanBeOutputsThatShowWhatTheyHoldAfterwards) {
  auto w = buffer({4});
  Graph g;
  Value v = variable(g, "w", w);
  g.output("w", v);
  g.assign(v, v + 1);
  auto program = compile(g);
  program->run();
  EXPECT_EQ(read(*program), Floats{5});
}

TEST(Variables, CanChangePlaces) {
  auto a = buffer({1, 2}), b = buffer({3, 4}), c = buffer({5, 6});
  Graph g;
  Value x = variable(g, "a", a), y = variable(g, "b", b), z = variable(g, "c", c);
  g.assign(x, y);
  g.assign(y, z);
  g.assign(z, x);
  auto program = compile(g);
  program->run();
  EXPECT_EQ(read(*a), (Floats{3, 4}));
  EXPECT_EQ(read(*b), (Floats{5, 6}));
  EXPECT_EQ(read(*c), (Floats{1, 2}));
}

TEST(Variables, CanChangePlacesUnderAnotherShape) {
  auto a = buffer({1, 2}), b = buffer({3, 4});
  Graph g;
  Value x = variable(g, "a", a), y = g.variable("b", {DType::f32, {2, 1}}, b);
  g.assign(x, reshape(y, {2}));
  g.assign(y, reshape(x, {2, 1}));
  compile(g)->run();
  EXPECT_EQ(read(*a), (Floats{3, 4}));
  EXPECT_EQ(read(*b), (Floats{1, 2}));
}

// The last weights are kept beside those that the same run changes.
TEST(Variables, CanKeepWhatAnotherHeldBefore) {
  auto w = buffer({4, 6}), last = buffer({0, 0});
  Graph g;
  Value v = variable(g, "w", w);
  g.assign(variable(g, "last", last), v);
  g.assign(v, halved(g, v));
  compile(g)->run();
  EXPECT_EQ(read(*last), (Floats{4, 6}));
  EXPECT_EQ(read(*w), (Floats{2, 3}));
}

TEST(Variables, CanShareAValue) {
  auto w = buffer({4, 6}), copy = buffer({0, 0});
  Graph g;
  Value v = variable(g, "w", w), next = halved(g, v);
  g.assign(v, next);
  g.assign(variable(g, "copy", copy), next);
  g.output("next", next);
  auto program = compile(g);
  program->run();
  EXPECT_EQ(read(*w), (Floats{2, 3}));
  EXPECT_EQ(read(*copy), (Floats{2, 3}));
  EXPECT_EQ(read(*program), (Floats{2, 3}));
}

TEST(Variables, CanBeAssignedInputsAndConstants) {
  auto a = buffer({1}), b = buffer({2});
  Graph g;
  g.assign(variable(g, "a", a), g.input("x", {DType::f32, {1}}));
  g.assign(variable(g, "b", b), g.constant({1}, Floats{9}));
  auto program = compile(g);
  *reinterpret_cast<float*>(program->input(0).data()) = 7;
  program->run();
  EXPECT_EQ(read(*a), Floats{7});
  EXPECT_EQ(read(*b), Floats{9});
}

TEST(Variables, CanBeEmptyAndOfOtherTypes) {
  auto counter = std::make_shared<Buffer>(sizeof(int32_t)), nothing = std::make_shared<Buffer>(0);
  Graph g;
  Value count = g.variable("count", {DType::i32, {}}, counter), none = variable(g, "none", nothing);
  g.assign(count, count + g.scalar(1, DType::i32));
  g.assign(none, halved(g, none));
  auto program = compile(g);
  for (int i = 0; i < 3; ++i) program->run();
  EXPECT_EQ(counter->as<int32_t>()[0], 3);
}

// Nothing that is computed from a variable may be computed once and for all.
TEST(Variables, SurviveThePasses) {
  auto w = buffer({1, 2}), unused = buffer({3});
  Graph g;
  Value v = variable(g, "w", w), x = g.input("x", {DType::f32, {3, 2}});
  variable(g, "unused", unused);
  Value y = g.apply(relu_op, {g.apply(identity_op, {x * v})});
  g.output("y", y);
  g.assign(v, g.apply(identity_op, {v * 2}));
  Graph optimized = optimize(g);
  ASSERT_EQ(optimized.assignments().size(), 1u);
  const Assignment& a = optimized.assignments()[0];
  const Node& kept = optimized.nodes()[size_t(a.variable.id)];
  EXPECT_EQ(kept.state, w);
  EXPECT_EQ(kept.name, "w");
  EXPECT_EQ(optimized.nodes()[size_t(a.value.id)].op, &linear_op);
  for (const Node& node : optimized.nodes()) EXPECT_NE(node.state, unused) << "nobody uses it";
}

// Minimises log(1 + exp(x)) - x / 4, whose lowest place has sigmoid(x) = 1 / 4.
TEST(Variables, CanBeDifferentiatedByAndTrained) {
  auto w = buffer({0, 1});
  Graph g;
  Value v = variable(g, "w", w);
  Value loss = g.apply(sigmoid_cross_entropy_op, {v, full_like(v, 0.25)});
  Value dw = gradient({loss}, {}, {v})[0];
  g.assign(v, g.apply(sgd_op, {v, dw, g.scalar(2)}));
  g.output("loss", loss);
  auto program = compile(g);
  program->run();
  EXPECT_NEAR(double(read(*program)[0]), std::log(2), 1e-6);
  EXPECT_EQ(read(*w)[0], -0.5f);
  for (int i = 0; i < 60; ++i) program->run();
  for (float x : read(*w)) EXPECT_NEAR(double(x), -std::log(3), 1e-5);
}

TEST(Variables, RefuseTooLittleMemory) {
  Graph g;
  expect_error([&] { g.variable("kernel", {DType::f32, {2, 3}}, buffer({1, 2})); },
               "variable: there are fewer bytes than the type needs.\n"
               "  variable  kernel\n"
               "  type  float32 [2, 3]\n"
               "  bytes  8\n"
               "  Try: 24 bytes");
  expect_error([&] { g.variable("kernel", {DType::f32, {1}}, nullptr); },
               "variable: there are fewer bytes than the type needs.\n"
               "  variable  kernel\n"
               "  type  float32 [1]\n"
               "  bytes  0\n"
               "  Try: 4 bytes");
}

TEST(Assignments, RefuseWhatIsNoVariable) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2}});
  expect_error([&] { g.assign(x, x); },
               "assign: only a variable can be assigned to.\n"
               "  given  float32 [2]\n"
               "  Try: graph.variable(name, type, state)");
}

TEST(Assignments, RefuseAnotherType) {
  Graph g;
  Value v = variable(g, "w", buffer({1, 2}));
  expect_error([&] { g.assign(v, g.scalar(1)); },
               "assign: the value has another type than the variable.\n"
               "  variable  w\n"
               "  its type  float32 [2]\n"
               "  value  float32 []\n"
               "  Try: a value of the variable's type");
}

TEST(Assignments, RefuseASecondValue) {
  Graph g;
  Value v = variable(g, "w", buffer({1, 2}));
  g.assign(v, v + 1);
  expect_error([&] { g.assign(v, v + 2); },
               "assign: the variable has been assigned already.\n"
               "  variable  w\n"
               "  Try: one value for each run");
}

}  // namespace
}  // namespace gesso
