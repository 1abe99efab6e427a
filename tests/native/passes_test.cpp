// Every pass keeps the values of the outputs and does what it is for.
#include "core/passes.h"

#include <gtest/gtest.h>

#include <random>

#include "core/ops/list.h"
#include "core/reference.h"

namespace gesso {
namespace {

class Builder {
 public:
  Value input(const Shape& shape) { return graph.input("x", {DType::f32, shape}); }

  Value constant(const Shape& shape, float low = -1, float high = 1) {
    std::vector<float> values(shape.count());
    std::uniform_real_distribution<float> uniform(low, high);
    for (float& v : values) v = uniform(random_);
    return graph.constant(shape, values);
  }

  Value batch_norm(Value x) {
    Shape channels{x.shape().back()};
    return graph.apply(batch_normalization_op, {x, constant(channels), constant(channels, 0.5f, 2),
                                                constant(channels), constant(channels)});
  }

  Graph graph;

 private:
  std::mt19937 random_{11};
};

std::vector<double> output_of(const Graph& graph) {
  std::vector<ReferenceTensor> inputs;
  for (const Port& port : graph.inputs()) {
    const TensorType& type = graph.nodes()[size_t(port.edge.id)].outputs[0];
    std::vector<float> values(type.shape.count());
    for (size_t i = 0; i < values.size(); ++i) values[i] = float(std::sin(double(i) * 1.7));
    inputs.push_back(to_reference<double>(type, std::as_bytes(std::span(values))));
  }
  auto values = run_reference<double>(graph, std::move(inputs));
  Edge e = graph.outputs()[0].edge;
  auto result = values[size_t(e.id)][size_t(e.output)].as<double>();
  return {result.begin(), result.end()};
}

std::vector<std::string_view> ops_of(const Graph& graph) {
  std::vector<std::string_view> names;
  for (const Node& node : graph.nodes())
    if (node.op) names.push_back(node.op->name);
  return names;
}

using Names = std::vector<std::string_view>;

void expect_pass(Graph (*pass)(const Graph&), Builder& b, Value y, const Names& ops_after) {
  b.graph.output("y", y);
  Graph after = pass(b.graph);
  EXPECT_EQ(ops_of(after), ops_after);
  auto expected = output_of(b.graph), given = output_of(after);
  ASSERT_EQ(given.size(), expected.size());
  for (size_t i = 0; i < given.size(); ++i) ASSERT_NEAR(given[i], expected[i], 2e-6);
}

TEST(Passes, DropDeadRemovesWhatNobodyReads) {
  Builder b;
  Value x = b.input({2, 3});
  b.graph.apply(exp_op, {x});
  expect_pass(drop_dead, b, b.graph.apply(tanh_op, {x}), {"tanh"});
}

TEST(Passes, DropIdentitiesRemovesWhatChangesNothing) {
  Builder b;
  Value x = b.input({2, 3});
  Value y = b.graph.apply(identity_op, {x});
  y = b.graph.apply(cast_op, {y}, {{"type", "float32"}});
  y = b.graph.apply(reshape_op, {y}, {{"newShape", Ints{2, 3}}});
  y = b.graph.apply(transpose_op, {y}, {{"permutation", Ints{0, 1}}});
  expect_pass(drop_identities, b, b.graph.apply(tanh_op, {y}), {"tanh"});
}

TEST(Passes, DropIdentitiesCancelsTransposesThatUndoEachOther) {
  Builder b;
  Value y = b.graph.apply(transpose_op, {b.input({2, 3, 4})}, {{"permutation", Ints{2, 0, 1}}});
  y = b.graph.apply(transpose_op, {y}, {{"permutation", Ints{1, 2, 0}}});
  expect_pass(drop_identities, b, y, {});
}

TEST(Passes, DropIdentitiesJoinsTransposesAndReshapes) {
  Builder b;
  Value y = b.graph.apply(transpose_op, {b.input({2, 3, 4})}, {{"permutation", Ints{2, 0, 1}}});
  y = b.graph.apply(transpose_op, {y}, {{"permutation", Ints{2, 1, 0}}});
  y = b.graph.apply(reshape_op, {y}, {{"newShape", Ints{6, 4}}});
  y = b.graph.apply(reshape_op, {y}, {{"newShape", Ints{24}}});
  expect_pass(drop_identities, b, y, {"transpose", "reshape"});
}

TEST(Passes, FoldConstantsComputesWhatIsKnown) {
  Builder b;
  Value x = b.input({2, 3});
  Value c = b.graph.apply(exp_op, {b.graph.apply(neg_op, {b.constant({3})})});
  expect_pass(fold_constants, b, b.graph.apply(mul_op, {x, c}), {"mul"});
}

TEST(Passes, FoldConstantsLeavesLargeRepetitionsAlone) {
  Builder b;
  Value big = b.graph.apply(expand_op, {b.constant({1})}, {{"newShape", Ints{2000000}}});
  b.graph.output("y", big);
  EXPECT_EQ(ops_of(fold_constants(b.graph)), Names{"expand"});
}

TEST(Passes, LowerBatchNormWritesAProductAndASumBehindAConvolution) {
  Builder b;
  Value y = b.graph.apply(conv2d_op, {b.input({1, 3, 3, 2}), b.constant({5, 1, 1, 2})});
  expect_pass(lower_batch_norm, b, b.batch_norm(y), {"conv2d", "mul", "add"});
}

TEST(Passes, LowerBatchNormKeepsOneThatCannotBeFolded) {
  Builder b;
  expect_pass(lower_batch_norm, b, b.batch_norm(b.input({1, 3, 3, 5})), {"batchNormalization"});
}

TEST(Passes, LowerBatchNormKeepsAnotherAxis) {
  Builder b;
  Value x = b.graph.apply(conv2d_op, {b.input({2, 5, 3, 2}), b.constant({3, 1, 1, 2})});
  Value y = b.graph.apply(batch_normalization_op, {x, b.constant({5}), b.constant({5}, 0.5f, 2)},
                          {{"axis", 1.0}});
  expect_pass(lower_batch_norm, b, y, {"conv2d", "batchNormalization"});
}

TEST(Passes, OptimizeFoldsPadBatchNormAndActivationIntoConvolution) {
  Builder b;
  Ints before{0, 1, 0, 0}, after{0, 0, 2, 0};
  Value y = b.graph.apply(pad_op, {b.input({1, 7, 7, 3})},
                          {{"beginningPadding", before}, {"endingPadding", after}});
  y = b.graph.apply(conv2d_op, {y, b.constant({5, 3, 3, 3}), b.constant({5})});
  y = b.graph.apply(relu_op, {b.batch_norm(y)});
  expect_pass(optimize, b, y, {"conv2d"});
}

TEST(Passes, OptimizeFoldsBatchNormIntoDepthwiseAndTransposedConvolution) {
  Builder b;
  Value y = b.graph.apply(conv2d_op, {b.input({1, 5, 5, 4}), b.constant({8, 3, 3, 1})},
                          {{"groups", 4.0}});
  y = b.batch_norm(y);
  y = b.batch_norm(b.graph.apply(conv_transpose2d_op, {y, b.constant({3, 2, 2, 8})}));
  expect_pass(optimize, b, y, {"conv2d", "convTranspose2d"});
}

TEST(Passes, OptimizeMakesADenseLayerOneGemm) {
  Builder b;
  Value y = b.graph.apply(matmul_op, {b.input({4, 7}), b.constant({7, 3})});
  y = b.graph.apply(add_op, {b.constant({3}), y});
  y = b.graph.apply(clamp_op, {y}, {{"minValue", 0.0}, {"maxValue", 6.0}});
  expect_pass(optimize, b, y, {"gemm"});
}

TEST(Passes, OptimizeScalesTheColumnsOfAGemm) {
  for (bool transposed : {false, true}) {
    Builder b;
    Value w = b.constant(transposed ? Shape{3, 7} : Shape{7, 3});
    Value y =
        b.graph.apply(gemm_op, {b.input({4, 7}), w, b.constant({3})}, {{"bTranspose", transposed}});
    y = b.graph.apply(mul_op, {y, b.constant({3})});
    expect_pass(optimize, b, y, {"gemm"});
  }
}

TEST(Passes, OptimizeKeepsAConvolutionWhoseValueIsAlsoReadElsewhere) {
  Builder b;
  Value conv = b.graph.apply(conv2d_op, {b.input({1, 4, 4, 2}), b.constant({2, 1, 1, 2})});
  Value y = b.graph.apply(add_op, {conv, b.graph.apply(relu_op, {conv})});
  expect_pass(optimize, b, y, {"conv2d", "relu", "add"});
}

TEST(Passes, OptimizeDoesNotMovePaddingAcrossAnActivation) {
  Builder b;
  Ints one{0, 1, 1, 0};
  Value y = b.graph.apply(pad_op, {b.input({1, 4, 4, 2})},
                          {{"beginningPadding", one}, {"endingPadding", one}, {"value", 1.0}});
  y = b.graph.apply(conv2d_op, {y, b.constant({2, 3, 3, 2})});
  expect_pass(optimize, b, y, {"pad", "conv2d"});
}

TEST(Passes, OptimizeFusesTheNarrowerOfTwoClamps) {
  Builder b;
  Value y = b.graph.apply(conv2d_op, {b.input({1, 4, 4, 2}), b.constant({2, 1, 1, 2})});
  y = b.graph.apply(relu_op, {y});
  y = b.graph.apply(clamp_op, {y}, {{"minValue", -1.0}, {"maxValue", 0.5}});
  expect_pass(optimize, b, y, {"conv2d"});
}

}  // namespace
}  // namespace gesso
