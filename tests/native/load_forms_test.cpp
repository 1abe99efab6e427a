// The forms in which the same model can be written: generations of Keras and of converters,
// models inside models, layouts, names of weights.
#include <gtest/gtest.h>

#include "tests/native/expect_error.h"
#include "tests/native/load_source.h"

namespace gesso {
namespace {

using Floats = std::vector<float>;

// 2 x + 1 as a layer, with weights under any names.
Source line(const std::string& topology, const std::string& kernel, const std::string& bias) {
  return {R"({"modelTopology": )" + topology +
              R"(, "weightsManifest": [{"paths": ["w"], "weights": [
    {"name": ")" +
              kernel + R"(", "shape": [1, 1], "dtype": "float32"},
    {"name": ")" +
              bias + R"(", "shape": [1], "dtype": "float32"}]}]})",
          {{"w", bytes_of<float>({2, 1})}}};
}

const char* const old_sequential =
    R"({"class_name": "Sequential", "keras_version": "2.1.6", "config": [
  {"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 1]}}]})";

TEST(LoadForms, finds_weights_by_name_by_the_end_of_a_name_and_by_order) {
  for (auto [kernel, bias] : {std::pair{"d/kernel", "d/bias"},
                              {"d/kernel:0", "d/bias:0"},
                              {"model_1/scope/d/kernel", "model_1/scope/d/bias"},
                              {"d/cell/kernel", "d/cell/bias"},
                              {"first", "second"}})
    EXPECT_EQ(run(line(old_sequential, kernel, bias), {3}), Floats{7}) << kernel;
}

TEST(LoadForms, leaves_the_weights_of_an_optimizer_alone) {
  Source source = line(old_sequential, "d/kernel", "d/bias")
                      .change(R"("shape": [1], "dtype": "float32"})",
                              R"("shape": [1], "dtype": "float32"},
      {"name": "iter", "shape": [], "dtype": "int32", "group": "optimizer"})");
  source.shards["w"] = join({source.shards["w"], bytes_of<int>({7})});
  EXPECT_EQ(run(source, {3}), Floats{7});
}

TEST(LoadForms, calls_a_layer_twice) {
  // d(d(x) + x), where both calls share the weights.
  EXPECT_EQ(run(line(R"({"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 1]}, "inbound_nodes": []},
      {"class_name": "Dense", "name": "d", "config": {"units": 1},
       "inbound_nodes": [[["x", 0, 0, {}]], [["s", 0, 0, {"training": false}]]]},
      {"class_name": "Add", "name": "s", "config": {}, "inbound_nodes": [[["d", 0, 0, {}], ["x", 0, 0, {}]]]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["d", 1, 0]]}})",
                     "d/kernel", "d/bias"),
                {3}),
            Floats{21});
}

TEST(LoadForms, reads_models_inside_models) {
  // The inner model counts its own definition as node 0, as Keras does; its layer is d.
  std::string inner =
      R"({"class_name": "Sequential", "name": "inner", "config": {"name": "inner", "layers": [
      {"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 1]}},
      {"class_name": "Activation", "config": {"name": "a", "activation": "relu6"}}]})";
  EXPECT_EQ(run(line(R"({"class_name": "Model", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 1]}, "inbound_nodes": []},)" +
                         inner + R"(, "inbound_nodes": [[["x", 0, 0, {}]]]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["inner", 1, 0]]}})",
                     "d/kernel", "d/bias"),
                {3}),
            Floats{6});
  // As the first layer of a sequence, it brings the input along.
  Source source =
      line(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + inner +
               R"(}, {"class_name": "Dropout", "config": {"name": "z", "rate": 0.5}}]}})",
           "inner/d/kernel", "inner/d/bias");
  EXPECT_EQ(run(source, {1}), Floats{3});
  EXPECT_EQ(source.load()->inputs()[0].name, "d_input");
  EXPECT_EQ(source.load()->outputs()[0].name, "z");
}

TEST(LoadForms, reads_keras_3) {
  EXPECT_EQ(
      run(line(
              R"({"keras_version": "3.4.1", "model_config": {"class_name": "Functional", "config": {"name": "m",
      "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [null, 1], "dtype": "float32"}, "inbound_nodes": []},
      {"class_name": "Dense", "name": "d", "config": {"units": 1, "activation":
         {"class_name": "ReLU", "config": {"max_value": 5}},
         "dtype": {"class_name": "DTypePolicy", "config": {"name": "float32"}}},
       "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__",
          "config": {"shape": [null, 1], "dtype": "float32", "keras_history": ["x", 0, 0]}}], "kwargs": {}}]}],
      "input_layers": ["x", 0, 0], "output_layers": ["d", 0, 0]}}})",
              "d/kernel", "d/bias"),
          {3}),
      Floats{5});
}

TEST(LoadForms, applies_a_layer_at_every_time_step) {
  EXPECT_EQ(run(line(R"({"class_name": "Sequential", "config": {"layers": [
      {"class_name": "TimeDistributed", "config": {"name": "t", "batch_input_shape": [null, 3, 1],
       "layer": {"class_name": "Dense", "config": {"name": "d", "units": 1}}}}]}})",
                     "t/kernel", "t/bias"),
                {1, 2, 3}),
            (Floats{3, 5, 7}));
}

TEST(LoadForms, averages_over_the_steps_that_count) {
  Source source{R"({"modelTopology": {"class_name": "Sequential", "config": {"layers": [
      {"class_name": "Masking", "config": {"name": "m", "mask_value": 9, "batch_input_shape": [null, 2, 1]}},
      {"class_name": "GlobalMaxPooling1D", "config": {"name": "g"}}]}}, "weightsManifest": []})",
                {}};
  EXPECT_EQ(run(source, {9, -2}), Floats{0});
  EXPECT_EQ(run(source.change("GlobalMax", "GlobalAverage"), {9, -2}), Floats{-2});
}

TEST(LoadForms, refuses_a_layer_called_as_in_training) {
  expect_error(
      [] {
        line(R"({"class_name": "Model", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 1]}, "inbound_nodes": []},
      {"class_name": "Dense", "name": "d", "config": {"units": 1},
       "inbound_nodes": [[["x", 0, 0, {"training": true}]]]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}})",
             "d/kernel", "d/bias")
            .load();
      },
      "model.json: modelTopology.config.layers[1].inbound_nodes[0][0][3] calls a layer as in "
      "training.\n"
      "  found  an object\n"
      "  Try: export the model with training=False");
}

// One convolution of a 3 x 4 image with 2 channels, filter [2, 3, 2, 1], in either layout.
Source convolution(bool channels_first, const std::string& attrs) {
  Floats filter;
  for (int i = 0; i < 12; ++i) filter.push_back(float(i % 5) - 2);
  return {
      R"({"modelTopology": {"node": [
    {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [)" +
          std::string(channels_first ? R"({"size": 1}, {"size": 2}, {"size": 3}, {"size": 4})"
                                     : R"({"size": 1}, {"size": 3}, {"size": 4}, {"size": 2})") +
          R"(]}}}}, {"name": "f", "op": "Const"}, {"name": "b", "op": "Const"},
    {"name": "y", "op": "_FusedConv2D", "input": ["x", "f", "b"], "attr": {
      "fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdQ=="]}},
      "data_format": {"s": ")" +
          (channels_first ? "TkNIVw==" : "TkhXQw==") + R"("}, )" + attrs + R"(}}]},
    "weightsManifest": [{"paths": ["w"], "weights": [
      {"name": "f", "shape": [2, 3, 2, 1], "dtype": "float32"},
      {"name": "b", "shape": [1], "dtype": "float32"}]}]})",
      {{"w", join({bytes_of(filter), bytes_of<float>({3})})}}};
}

TEST(LoadForms, reads_both_layouts_of_images) {
  Floats last(24), first(24);
  for (size_t i = 0; i < 12; ++i)
    for (size_t c = 0; c < 2; ++c)
      last[2 * i + c] = first[12 * c + i] = float(int(7 * i + 5 * c) % 11) - 5;
  // One channel comes out, so that the results lie alike. Strides are 2 down and 1 across.
  Floats same =
      run(convolution(false,
                      R"("strides": {"list": {"i": [1, 2, 1, 1]}}, "padding": {"s": "U0FNRQ=="})"),
          last);
  EXPECT_EQ(
      run(convolution(true,
                      R"("strides": {"list": {"i": [1, 1, 2, 1]}}, "padding": {"s": "U0FNRQ=="})"),
          first),
      same);
  // "SAME" pads 3 rows with stride 2 by one row below, 4 columns by one on either side.
  std::string given = R"("padding": {"s": "RVhQTElDSVQ="}, "explicit_paddings": {"list": {"i": )";
  EXPECT_EQ(run(convolution(false, R"("strides": {"list": {"i": [1, 2, 1, 1]}}, )" + given +
                                       "[0, 0, 0, 1, 1, 1, 0, 0]}}"),
                last),
            same);
  EXPECT_EQ(run(convolution(true, R"("strides": {"list": {"i": [1, 1, 2, 1]}}, )" + given +
                                      "[0, 0, 0, 0, 0, 1, 1, 1]}}"),
                first),
            same);
  EXPECT_EQ(same.size(), 8u);
}

TEST(LoadForms, computes_shapes_while_it_builds) {
  // reshape(x, [shape(x)[0], -1]) for a batch of any size; the arithmetic leaves no nodes behind.
  Source source{R"({"modelTopology": {"node": [
    {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": 1}, "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "2"}, {"size": "3"}]}}}},
    {"name": "shape", "op": "Shape", "input": ["x"]},
    {"name": "zero", "op": "Const"}, {"name": "one", "op": "Const"}, {"name": "rest", "op": "Const"},
    {"name": "batch", "op": "StridedSlice", "input": ["shape", "zero", "one", "one"], "attr": {"shrink_axis_mask": {"i": "1"}}},
    {"name": "sizes", "op": "Pack", "input": ["batch", "rest"], "attr": {"axis": {"i": "0"}, "N": {"i": "2"}}},
    {"name": "y", "op": "Reshape", "input": ["x", "sizes"]}]},
    "weightsManifest": [{"paths": ["w"], "weights": [{"name": "zero", "shape": [1], "dtype": "int32"},
      {"name": "one", "shape": [1], "dtype": "int32"}, {"name": "rest", "shape": [], "dtype": "int32"}]}]})",
                {{"w", bytes_of<int>({0, 1, -1})}}};
  auto model = source.load();
  EXPECT_EQ(model->outputs()[0].shape, (std::vector<int>{-1, 6}));
  Graph graph = model->build({{"x", {5, 2, 3}}});
  EXPECT_EQ(graph.value(graph.outputs()[0].edge).shape(), (Shape{5, 6}));
  EXPECT_EQ(graph.nodes().size(), 2u);
  expect_error(
      [&] { source.change(R"("input": ["x", "sizes"])", R"("input": ["x", "x"])").load(); },
      "model.json: node \"y\": the shape must be known before the model runs.\n"
      "  op  Reshape\n"
      "  input  [1, 2, 3], [1, 2, 3]\n"
      "  Try: a model whose shapes follow from the sizes of its inputs");
}

TEST(LoadForms, names_inputs_and_outputs_as_the_signature_says_and_in_its_order) {
  Source source{R"({"userDefinedMetadata": {"signature": {
      "inputs": {"b": {"name": "in:0"}},
      "outputs": {"z": {"name": "top:1"}, "a": {"name": "top:0"}, "again": {"name": "top:0"}}}},
    "modelTopology": {"node": [
    {"name": "in", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": "3"}]}}}},
    {"name": "k", "op": "Const"},
    {"name": "top", "op": "TopKV2", "input": ["in", "k"], "attr": {"sorted": {"b": true}}}]},
    "weightsManifest": [{"paths": ["w"], "weights": [{"name": "k", "shape": [], "dtype": "int32"}]}]})",
                {{"w", bytes_of<int>({2})}}};
  auto model = source.load();
  ASSERT_EQ(model->outputs().size(), 2u);
  EXPECT_EQ(model->outputs()[0].name, "top:1");
  EXPECT_EQ(model->outputs()[0].dtype, DType::i32);
  EXPECT_EQ(model->outputs()[1].name, "top");
  EXPECT_EQ(model->inputs()[0].name, "in");
}

}  // namespace
}  // namespace gesso
