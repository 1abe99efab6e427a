// The layers of models of every format, and models that end at one of them.
#include <gtest/gtest.h>

#include "core/backends/backend.h"
#include "models/load/layers_of.h"
#include "tests/native/expect_error.h"
#include "tests/native/load_source.h"

namespace gesso {
namespace {

using Floats = std::vector<float>;

// d(x) = 2 x + 1; the model is d(relu6(d(x)) + x).
Source twice() {
  return {R"({"modelTopology": {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 1]}, "inbound_nodes": []},
      {"class_name": "Dense", "name": "d", "config": {"units": 1, "activation": "relu6"},
       "inbound_nodes": [[["x", 0, 0, {}]], [["s", 0, 0, {}]]]},
      {"class_name": "Dropout", "name": "z", "config": {"rate": 0.5}, "inbound_nodes": [[["d", 0, 0, {}]]]},
      {"class_name": "Add", "name": "s", "config": {}, "inbound_nodes": [[["z", 0, 0, {}], ["x", 0, 0, {}]]]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["d", 1, 0]]}},
    "weightsManifest": [{"paths": ["w"], "weights": [
      {"name": "d/kernel", "shape": [1, 1], "dtype": "float32"},
      {"name": "d/bias", "shape": [1], "dtype": "float32"}]}]})",
          {{"w", bytes_of<float>({2, 1})}}};
}

Source nodes() {
  return {R"({"modelTopology": {"node": [
    {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": 1}, "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}}},
    {"name": "w", "op": "Const"},
    {"name": "product", "op": "MatMul", "input": ["x", "w"]},
    {"name": "y", "op": "Relu", "input": ["product"]}]},
    "weightsManifest": [{"paths": ["w"], "weights": [{"name": "w", "shape": [2, 3], "dtype": "float32"}]}]})",
          {{"w", bytes_of<float>({1, -1, 0, 0, 1, -1})}}};
}

std::vector<Floats> outputs_of(const Model& model, const Floats& x) {
  auto program = compile(model.build({}));
  auto in = program->input(0);
  std::copy_n(std::as_bytes(std::span(x)).data(), in.size(), in.data());
  program->run();
  std::vector<Floats> all;
  for (size_t i = 0; i < program->outputs().size(); ++i) {
    auto out = program->output(int(i));
    auto numbers = reinterpret_cast<const float*>(out.data());
    all.emplace_back(numbers, numbers + out.size() / sizeof(float));
  }
  return all;
}

std::string list(const std::vector<LayerOf>& layers) {
  std::string text;
  for (const LayerOf& layer : layers) {
    text += phrase({layer.output.name, " ", layer.op});
    for (int size : layer.output.shape) text += ' ' + std::to_string(size);
    text += '\n';
  }
  return text;
}

TEST(Cut, lists_every_call_of_a_layer_and_nothing_that_computes_nothing) {
  EXPECT_EQ(list(layers_of(twice().load())), "d clamp -1 1\ns add -1 1\nd#2 clamp -1 1\n");
}

TEST(Cut, lists_the_nodes_of_a_graph_but_not_its_constants) {
  EXPECT_EQ(list(layers_of(nodes().load())), "product gemm -1 3\ny relu -1 3\n");
}

TEST(Cut, gives_the_value_of_a_layer_as_the_whole_model_computes_it) {
  auto model = std::shared_ptr(twice().load());
  EXPECT_EQ(outputs_of(*cut(model, {"d"}), {1}), (std::vector<Floats>{{3}}));
  EXPECT_EQ(outputs_of(*cut(model, {"s"}), {4}), (std::vector<Floats>{{10}}));
  EXPECT_EQ(outputs_of(*cut(nodes().load(), {"product"}), {1, 2}),
            (std::vector<Floats>{{1, 1, -2}}));
}

TEST(Cut, gives_several_layers_in_the_order_asked_for) {
  auto part = cut(twice().load(), {"d#2", "d"});
  EXPECT_EQ(outputs_of(*part, {1}), (std::vector<Floats>{{6}, {3}}));
  ASSERT_EQ(part->outputs().size(), 2u);
  EXPECT_EQ(part->outputs()[0].name, "d#2");
  EXPECT_EQ(part->outputs()[1].name, "d");
  EXPECT_EQ(part->outputs()[0].shape, (std::vector<int>{-1, 1}));
  EXPECT_EQ(part->inputs()[0].name, "x");
  EXPECT_EQ(part->format(), "tfjs-layers");
  EXPECT_EQ(part->parameters(), 2u);
}

TEST(Cut, keeps_the_whole_model_alive_and_can_be_cut_again) {
  auto model = std::shared_ptr(twice().load());
  auto part = std::shared_ptr(cut(model, {"s"}));
  model.reset();
  EXPECT_EQ(list(layers_of(part)), "d clamp -1 1\ns add -1 1\n");
  EXPECT_EQ(outputs_of(*cut(part, {"d"}), {1}), (std::vector<Floats>{{3}}));
}

TEST(Cut, refuses_layers_that_are_not_there) {
  auto model = std::shared_ptr(twice().load());
  expect_error([&] { cut(model, {"d#3"}); },
               "layers: the model has no layer \"d#3\".\n  layers  3\n  Try: \"d#2\"");
  expect_error([&] { cut(model, {}); },
               "layers: the list of outputs is empty.\n  Try: the name of a layer");
  expect_error([&] { cut(model, {"d", "d"}); },
               "layers: a layer is named twice.\n  layer  \"d\"\n  Try: each name once");
  EXPECT_EQ(outputs_of(*model, {1}), (std::vector<Floats>{{6}}));
}

}  // namespace
}  // namespace gesso
