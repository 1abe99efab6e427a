// What a compiled program promises: results, memory, and which kernels do the work.
#include "core/backends/backend.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <numeric>

#include "core/ops/list.h"
#include "tests/webgpu/runs_here.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GESSO_COUNTS_ALLOCATIONS
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace gesso {
namespace {

Value weights(Graph& graph, const Shape& shape) {
  std::vector<float> values(shape.count());
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i % 7) * 0.125f - 0.375f;
  return graph.constant(shape, values);
}

std::span<float> floats(std::span<std::byte> bytes) {
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::vector<float> read(const Program& program, int output = 0) {
  auto bytes = program.output(output);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// A small network with every kind of step: packed weights, a view, a reference kernel.
Graph network() {
  Graph g;
  Value x = g.input("image", {DType::f32, {1, 8, 8, 3}});
  Value y = g.apply(conv2d_op, {x, weights(g, {4, 3, 3, 3})}, {{"padding", Ints{1, 1, 1, 1}}});
  y = g.apply(max_pool2d_op, {g.apply(relu_op, {y})},
              {{"windowDimensions", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  y = g.apply(reverse_op, {y}, {{"axes", Ints{1}}});
  y = g.apply(reshape_op, {y}, {{"newShape", Ints{1, 64}}});
  y = g.apply(gemm_op, {y, weights(g, {64, 5})});
  g.output("logits", y);
  g.output("probabilities", g.apply(softmax_op, {y}));
  return g;
}

TEST(Program, NamesItsInputsAndOutputs) {
  auto program = compile(network());
  ASSERT_EQ(program->inputs().size(), 1u);
  EXPECT_EQ(program->inputs()[0].name, "image");
  EXPECT_EQ(to_string(program->inputs()[0].type), "float32 [1, 8, 8, 3]");
  ASSERT_EQ(program->outputs().size(), 2u);
  EXPECT_EQ(program->outputs()[1].name, "probabilities");
}

TEST(Program, SaysWhichKernelRunsEachStep) {
  if (!runs_here()) GTEST_SKIP() << "the kernels are those of another backend";
  std::map<std::string_view, std::string_view> kernels;
  auto program = compile(network());
  for (const StepInfo& step : program->steps()) kernels[step.op] = step.kernel;
  EXPECT_EQ(kernels["conv2d"], "xnnpack");
  EXPECT_EQ(kernels["gemm"], "xnnpack");
  EXPECT_EQ(kernels["softmax"], "xnnpack");
  EXPECT_EQ(kernels["reverse"], "reference");
  EXPECT_FALSE(kernels.contains("relu")) << "a relu after a convolution costs nothing";
}

TEST(Program, KeepsInputsAndRepeatsItself) {
  auto program = compile(network());
  std::ranges::fill(floats(program->input(0)), 0.5f);
  program->run();
  auto first = read(*program, 1);
  program->run();
  EXPECT_EQ(read(*program, 1), first);
  std::ranges::fill(floats(program->input(0)), -0.5f);
  program->run();
  EXPECT_NE(read(*program, 1), first);
}

TEST(Program, OutlivesItsGraph) {
  std::unique_ptr<Program> program;
  {
    Graph g;
    Value x = g.input("x", {DType::f32, {3}});
    g.output("y",
             g.apply(cumulative_sum_op, {g.apply(mul_op, {x, weights(g, {3})})}, {{"axis", 0.0}}));
    program = compile(g);
  }
  std::ranges::fill(floats(program->input(0)), 1.0f);
  program->run();
  EXPECT_EQ(read(*program), (std::vector<float>{-0.375f, -0.625f, -0.75f}));
}

TEST(Program, GivesInputsAndConstantsAsOutputs) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2, 2}});
  g.output("same", x);
  g.output("flat", g.apply(reshape_op, {x}, {{"newShape", Ints{4}}}));
  g.output("constant", weights(g, {2}));
  auto program = compile(g);
  std::ranges::fill(floats(program->input(0)), 2.0f);
  program->run();
  EXPECT_EQ(read(*program, 0), std::vector<float>(4, 2.0f));
  EXPECT_EQ(read(*program, 1), std::vector<float>(4, 2.0f));
  EXPECT_EQ(read(*program, 2), (std::vector<float>{-0.375f, -0.25f}));
}

TEST(Program, RunsOnNothing) {
  Graph g;
  Value x = g.input("x", {DType::f32, {0, 3}});
  g.output("y", g.apply(tanh_op, {x}));
  g.output("sum", g.apply(reduce_sum_op, {x}));
  auto program = compile(g);
  program->run();
  EXPECT_EQ(program->output(0).size(), 0u);
  EXPECT_EQ(read(*program, 1), std::vector<float>{0});
}

TEST(Program, SharesMemoryBetweenStepsOfALongChain) {
  Graph g;
  Value x = g.input("x", {DType::f32, {100000}});
  for (int i = 0; i < 20; ++i) x = g.apply(tanh_op, {x});
  g.output("y", x);
  EXPECT_LT(compile(g)->memory().arena, 4u * 400000);
}

TEST(Program, WritesOverWhatNobodyReadsAgain) {
  Graph g;
  Value x = g.apply(neg_op, {g.input("x", {DType::f32, {100000}})});
  for (int i = 0; i < 20; ++i) x = g.apply(tanh_op, {x});
  g.output("y", x);
  EXPECT_LT(compile(g)->memory().arena, 2u * 401000) << "room for the input and one more";
}

TEST(Program, KeepsWhatIsReadAgain) {
  Graph g;
  Value x = g.input("x", {DType::f32, {3}});
  Value negative = g.apply(neg_op, {x});
  Value cut = g.apply(relu_op, {negative});
  Value view = g.apply(reshape_op, {negative}, {{"newShape", Ints{3, 1}}});
  g.output("cut", cut);
  g.output("square", g.apply(square_op, {view}));
  g.output("x", g.apply(linear_op, {x}, {{"alpha", 2.0}}));
  auto program = compile(g);
  std::ranges::copy(std::vector<float>{1, -2, 3}, floats(program->input(0)).begin());
  for (int run = 0; run < 2; ++run) {
    program->run();
    EXPECT_EQ(read(*program, 0), (std::vector<float>{0, 2, 0}));
    EXPECT_EQ(read(*program, 1), (std::vector<float>{1, 4, 9}));
    EXPECT_EQ(read(*program, 2), (std::vector<float>{2, -4, 6}));
  }
}

TEST(Program, SaysHowLongEachStepTook) {
  if (!runs_here()) GTEST_SKIP() << "only this processor times its steps";
  auto program = compile(network());
  std::vector<double> seconds(program->steps().size());
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  for (int run = 0; run < 100; ++run) program->profile(seconds);
  double whole = std::chrono::duration<double>(Clock::now() - start).count();
  for (double s : seconds) EXPECT_GT(s, 0) << "100 runs are longer than a tick of any clock";
  EXPECT_LE(std::accumulate(seconds.begin(), seconds.end(), 0.0), whole);
  auto first = read(*program);
  program->run();
  EXPECT_EQ(read(*program), first);
}

TEST(Program, SaysWhatEachStepGives) {
  auto program = compile(network());
  std::map<std::string_view, std::string> given;
  for (const StepInfo& step : program->steps()) given[step.op] = to_string(step.type);
  EXPECT_EQ(given["conv2d"], "float32 [1, 8, 8, 4]");
  EXPECT_EQ(given["softmax"], "float32 [1, 5]");
}

TEST(Program, SaysWhereItsBytesLie) {
  if (!runs_here()) GTEST_SKIP() << "nothing is packed elsewhere";
  Graph g;
  Value x = g.input("x", {DType::f32, {1, 64}});
  Value packed = g.apply(gemm_op, {x, weights(g, {64, 32})});
  g.output("y", g.apply(div_op, {weights(g, {32}), packed}));
  ProgramMemory memory = compile(g)->memory();
  EXPECT_GE(memory.arena, (64 + 32) * sizeof(float));
  EXPECT_GE(memory.packed, 64 * 32 * sizeof(float));
  EXPECT_LT(memory.packed, 2 * 64 * 32 * sizeof(float));
  EXPECT_EQ(memory.shared, 32 * sizeof(float)) << "packed weights are not read again";

  Graph plain;
  plain.output("y", plain.apply(tanh_op, {plain.input("x", {DType::f32, {8}})}));
  EXPECT_EQ(compile(plain)->memory().packed, 0u);
}

#ifdef GESSO_COUNTS_ALLOCATIONS
std::atomic<int> allocations = 0;

void count_allocation(const volatile void*, size_t) {
  ++allocations;
}
void ignore_free(const volatile void*) {}

TEST(Program, AllocatesNothingWhileItRuns) {
  static const bool installed =
      __sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free) > 0;
  ASSERT_TRUE(installed);
  auto program = compile(network());
  int before = allocations;
  program->run();
  EXPECT_EQ(allocations - before, 0);
}
#endif

}  // namespace
}  // namespace gesso
