// Threads: what they compute is what one thread computes, bit by bit.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>

#include "core/backends/backend.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

// Leaves one thread behind, as it was.
class Threads : public testing::Test {
 protected:
  void TearDown() override { set_threads(1); }
};

using Bytes = std::vector<std::byte>;

Bytes run(Program& program) {
  std::span<std::byte> image = program.input(0);
  auto* floats = reinterpret_cast<float*>(image.data());
  for (size_t i = 0; i < image.size() / sizeof(float); ++i) floats[i] = float(i % 11) / 8 - 0.5f;
  program.run();
  Bytes all;
  for (int o = 0; o < int(program.outputs().size()); ++o)
    all.insert(all.end(), program.output(o).begin(), program.output(o).end());
  return all;
}

Value weights(Graph& graph, const Shape& shape) {
  std::vector<float> values(shape.count());
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i % 7) * 0.125f - 0.375f;
  return graph.constant(shape, values);
}

// Every kind of work that XNNPACK divides, large enough that it does.
Graph network() {
  Graph g;
  Value x = g.input("image", {DType::f32, {2, 33, 31, 16}});
  Value conv = g.apply(conv2d_op, {x, weights(g, {40, 3, 3, 16})}, {{"padding", Ints{1, 1, 1, 1}}});
  g.output("convolution", conv);
  Value depthwise = g.apply(conv2d_op, {conv, weights(g, {40, 5, 5, 1})},
                            {{"groups", 40}, {"strides", Ints{2, 2}}});
  g.output("depthwise", depthwise);
  g.output("transposed convolution",
           g.apply(conv_transpose2d_op, {depthwise, weights(g, {8, 3, 3, 40})}));
  Value rows = g.apply(reshape_op, {conv}, {{"newShape", Ints{2046, 40}}});
  g.output("product", g.apply(gemm_op, {rows, weights(g, {40, 60})}));
  g.output("sum", g.apply(add_op, {conv, conv}));
  g.output("sigmoid", g.apply(sigmoid_op, {conv}));
  g.output("softmax", g.apply(softmax_op, {rows}));
  g.output("mean", g.apply(reduce_mean_op, {conv}, {{"axes", Ints{1, 2}}}));
  g.output("transposed", g.apply(transpose_op, {conv}, {{"permutation", Ints{0, 3, 1, 2}}}));
  g.output("larger", g.apply(resample2d_op, {conv}, {{"mode", "linear"}, {"sizes", Ints{66, 62}}}));
  g.output("padded",
           g.apply(pad_op, {conv},
                   {{"beginningPadding", Ints{0, 2, 2, 0}}, {"endingPadding", Ints{0, 2, 2, 0}}}));
  return g;
}

TEST_F(Threads, AreOneAtFirstAndAsManyAsAskedFor) {
  EXPECT_EQ(thread_count(), 1);
  set_threads(3);
#ifdef __EMSCRIPTEN__
  EXPECT_EQ(thread_count(), 1);  // this build has none
#else
  EXPECT_EQ(thread_count(), 3);
#endif
  for (int none : {1, 0, -1}) {
    set_threads(none);
    EXPECT_EQ(thread_count(), 1);
  }
}

TEST_F(Threads, DoNotChangeResults) {
  Bytes alone = run(*compile(network()));
  for (int count : {2, 3, 5}) {
    set_threads(count);
    auto program = compile(network());
    EXPECT_EQ(run(*program), alone) << count << " threads";
    EXPECT_EQ(run(*program), alone) << count << " threads, again";
  }
}

TEST_F(Threads, StayWithTheProgramsThatHaveThem) {
  Bytes alone = run(*compile(network()));
  set_threads(2);
  auto with_two = compile(network());
  set_threads(1);
  auto with_one = compile(network());
  EXPECT_EQ(run(*with_two), alone);
  EXPECT_EQ(run(*with_one), alone);
}

}  // namespace
}  // namespace gesso
