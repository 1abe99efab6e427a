// Mistakes are refused when a graph is built, in words that teach.
#include "core/graph.h"

#include <gtest/gtest.h>

#include "core/ops/list.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

TEST(Graph, InfersTypesAsNodesAreAdded) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2, 3}});
  Value y = g.apply(transpose_op, {x});
  EXPECT_EQ(to_string(y.type()), "float32 [3, 2]");
}

TEST(Graph, NamesAnUnknownOption) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2}});
  expect_error([&] { g.apply(leaky_relu_op, {x}, {{"slope", 0.1}}); },
               "leakyRelu: there is no option \"slope\".\n"
               "  known  alpha\n"
               "  Try: remove it, or mind its spelling");
}

TEST(Graph, NamesAnOptionOfTheWrongKind) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2}});
  expect_error([&] { g.apply(leaky_relu_op, {x}, {{"alpha", true}}); },
               "leakyRelu: the option alpha has the wrong kind of value.\n"
               "  given  true\n"
               "  default  0.01\n"
               "  Try: a value like the default");
}

TEST(Graph, CountsInputs) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2}});
  expect_error([&] { g.apply(add_op, {x}); },
               "add: the number of inputs is wrong.\n"
               "  a  float32 [2]\n"
               "  Try: add(a, b)");
}

TEST(Graph, NamesTheNodeOfTheModelsFile) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2}});
  g.name_next("block_1/sum");
  expect_error([&] { g.apply(add_op, {x, Value{}}); },
               "add: the input b is missing.\n"
               "  a  float32 [2]\n"
               "  node  block_1/sum\n"
               "  Try: pass a value");
}

TEST(Graph, RefusesTensorsTooLargeForTheMachine) {
  Graph g;
  expect_error([&] { g.input("x", {DType::f32, {70000, 70000}}); },
               "input x: a tensor is too large.\n"
               "  shape  [70000, 70000]\n"
               "  most elements  536870912\n"
               "  Try: a smaller batch or image");
  expect_error([&] { g.input("x", {DType::f32, {1 << 16, 1 << 16, 1 << 16, 1 << 16}}); },
               "input x: a tensor is too large.\n"
               "  shape  [65536, 65536, 65536, 65536]\n"
               "  most elements  536870912\n"
               "  Try: a smaller batch or image");
}

TEST(Graph, RefusesConstantsWithTooFewBytes) {
  Graph g;
  expect_error([&] { g.constant(Shape{3}, std::array{1.0f, 2.0f}); },
               "constant: there are fewer bytes than the type needs.\n"
               "  type  float32 [3]\n"
               "  bytes  8\n"
               "  Try: 12 bytes");
}

TEST(Tensor, RefusesMoreThanEightDimensions) {
  expect_error([] { (void)Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; },
               "shape: a tensor has too many dimensions.\n"
               "  given  9\n"
               "  most  8\n"
               "  Try: merge neighbouring dimensions with reshape");
}

TEST(Tensor, NamesUnknownTypes) {
  expect_error([] { dtype_from("float64"); },
               "dtype: there is no element type \"float64\".\n"
               "  known  float32, int32, uint8, int8, bool\n"
               "  Try: float32");
}

TEST(Ops, AreFoundByTheirNamesAndSayWhatTheyDo) {
  for (const Op* op : all_ops()) {
    EXPECT_EQ(find_op(op->name), op);
    EXPECT_FALSE(op->summary.text.empty()) << op->name;
  }
  EXPECT_EQ(find_op("noSuchOperator"), nullptr);
}

}  // namespace
}  // namespace gesso
