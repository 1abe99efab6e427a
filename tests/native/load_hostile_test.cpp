// Broken and hostile model files: every one is refused in words that name the file and the field,
// and nothing but an Error ever comes out of the loader.
#include <gtest/gtest.h>

#include <random>

#include "tests/native/expect_error.h"
#include "tests/native/load_source.h"

namespace gesso {
namespace {

// y = softmax([x0, x1] [[1, 2, 3], [4, 5, 6]] + [0.5, 0, -0.5]).
Source layers_source() {
  return {
      R"({"format": "layers-model", "modelTopology": {"keras_version": "2.2.4", "model_config": {
    "class_name": "Sequential", "config": {"name": "net", "layers": [
      {"class_name": "Dense", "config": {"name": "one", "units": 3, "activation": "softmax",
        "use_bias": true, "batch_input_shape": [null, 2]}}]}}},
    "weightsManifest": [{"paths": ["a.bin", "b.bin"], "weights": [
      {"name": "one/kernel", "shape": [2, 3], "dtype": "float32"},
      {"name": "one/bias", "shape": [3], "dtype": "float32"}]}]})",
      {{"a.bin", bytes_of<float>({1, 2, 3, 4, 5})},
       {"b.bin", bytes_of<float>({6, 0.5f, 0, -0.5f})}}};
}

// sum = relu(x) + c, as a new converter writes it.
Source graph_source() {
  return {R"({"format": "graph-model", "modelTopology": {"node": [
    {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"},
      "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}}},
    {"name": "c", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}}},
    {"name": "r", "op": "Relu", "input": ["x"], "attr": {"T": {"type": "DT_FLOAT"}}},
    {"name": "sum", "op": "AddV2", "input": ["r:0", "c", "^x"]}]},
    "weightsManifest": [{"paths": ["w.bin"], "weights": [
      {"name": "c", "shape": [2], "dtype": "float32"}]}]})",
          {{"w.bin", bytes_of<float>({10, 20})}}};
}

void expect_refusal(const Source& source, std::string_view text) {
  expect_error([&] { source.load(); }, text);
}

TEST(Load, runs_the_models_that_the_tests_break) {
  auto y = run(layers_source(), {1, 0.5f});
  EXPECT_NEAR(y[0], 0.0900306, 1e-6);
  EXPECT_NEAR(y[1], 0.2447285, 1e-6);
  EXPECT_NEAR(y[2], 0.6652409, 1e-6);
  EXPECT_EQ(run(graph_source(), {-1, 3}), (std::vector<float>{10, 23}));
}

TEST(Load, tells_what_a_model_takes_and_gives) {
  auto model = layers_source().load();
  EXPECT_EQ(model->format(), "tfjs-layers");
  EXPECT_EQ(model->parameters(), 9u);
  ASSERT_EQ(model->inputs().size(), 1u);
  EXPECT_EQ(model->inputs()[0].name, "one_input");
  EXPECT_EQ(model->inputs()[0].shape, (std::vector<int>{-1, 2}));
  ASSERT_EQ(model->outputs().size(), 1u);
  EXPECT_EQ(model->outputs()[0].name, "one");
  EXPECT_EQ(model->outputs()[0].shape, (std::vector<int>{-1, 3}));

  auto graph = graph_source().load();
  EXPECT_EQ(graph->format(), "tfjs-graph");
  EXPECT_EQ(graph->inputs()[0].name, "x");
  EXPECT_EQ(graph->outputs()[0].name, "sum");
  EXPECT_EQ(graph->outputs()[0].shape, (std::vector<int>{-1, 2}));
}

TEST(Load, shares_weights_between_graphs_and_outlives_the_files) {
  auto model = layers_source().load();
  Graph one = model->build({}), many = model->build({{"one_input", {8, 2}}});
  std::vector<const Buffer*> of_one, of_many;
  for (const Node& node : one.nodes())
    if (node.is_constant()) of_one.push_back(node.data.get());
  for (const Node& node : many.nodes())
    if (node.is_constant()) of_many.push_back(node.data.get());
  EXPECT_EQ(of_one.size(), 2u);
  EXPECT_EQ(of_one, of_many);
  model.reset();
  EXPECT_EQ(one.nodes()[1].data->as<float>()[5], 6);
}

TEST(Load, reads_quantised_weights_at_any_offset) {
  Source source = graph_source().change(R"({"name": "c", "shape": [2], "dtype": "float32"})",
                                        R"({"name": "skip", "shape": [3], "dtype": "bool"},
      {"name": "c", "shape": [2], "dtype": "float32",
       "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1}},
      {"name": "half", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}},
      {"name": "two", "shape": [1], "dtype": "int32",
       "quantization": {"dtype": "uint16", "scale": 2, "min": 1}},
      {"name": "byte", "shape": [1], "dtype": "uint8"})");
  source.shards["w.bin"] = join({bytes_of<uint8_t>({1, 0, 2}), bytes_of<uint8_t>({4, 255}),
                                 bytes_of<uint16_t>({0x3C00, 0xC000}), bytes_of<uint16_t>({300}),
                                 bytes_of<uint8_t>({200})});
  EXPECT_EQ(run(source, {0, 0}), (std::vector<float>{1, 126.5f}));
  // 1 and -2 as half precision, behind an odd offset.
  Source half = source.change(R"("name": "c", "shape")", R"("name": "other", "shape")")
                    .change(R"("name": "half")", R"("name": "c")");
  EXPECT_EQ(run(half, {0, 0}), (std::vector<float>{1, -2}));
}

TEST(Load, reads_the_oldest_graphs) {
  Source source =
      graph_source()
          .change(R"("format": "graph-model", )", "")
          .change(
              R"({"name": "r", "op": "Relu", "input": ["x"], "attr": {"T": {"type": "DT_FLOAT"}}})",
              R"({"name": "r", "op": "MirrorPad", "input": ["x", "p"],
        "attr": {"mode": {"s": [82, 69, 70, 76, 69, 67, 84]}, "T": {"type": 1}}},
        {"name": "p", "op": "Const"})")
          .change(R"({"name": "c", "shape": [2], "dtype": "float32"})",
                  R"({"name": "c", "shape": [1], "dtype": "float32"},
        {"name": "p", "shape": [2, 2], "dtype": "int32"})");
  source.shards["w.bin"] = join({bytes_of<float>({10}), bytes_of<int>({0, 0, 1, 0})});
  EXPECT_EQ(run(source, {1, 2}), (std::vector<float>{12, 11, 12}));
}

TEST(Load, refuses_what_is_not_json) {
  Source source = layers_source();
  source.json = "<!DOCTYPE html><title>404</title>";
  expect_refusal(source,
                 "model.json is a web page, not a model.\n"
                 "  begins with  \"<!DOCTYPE html><title>404</title>\"\n"
                 "  Try: check the address: servers answer so when there is no such file");
  source.json = " \n";
  expect_refusal(source, "model.json is empty.\n  bytes  2\n  Try: download the file again");
  source.json = R"({"modelTopology": {"node": [)";
  expect_refusal(source,
                 "model.json is not JSON, or only a part of it.\n"
                 "  at byte  29\n"
                 "  Try: download the file again");
  source.json = R"({"modelTopology": 1e999})";
  expect_refusal(source,
                 "model.json holds a number that is too large.\n"
                 "  at byte  23\n"
                 "  Try: download the file again");
  source.json = std::string(1 << 20, '[');
  expect_refusal(source,
                 "model.json is nested too deeply.\n"
                 "  most levels  100\n"
                 "  Try: a file that a converter wrote");
}

TEST(Load, refuses_other_files) {
  Source source = layers_source();
  source.json = "[1, 2]";
  expect_refusal(source,
                 "model.json must hold an object.\n"
                 "  found  [1, 2]\n"
                 "  Try: the model.json of a TF.js model");
  source.json = R"({"nodes": []})";
  expect_refusal(source,
                 "model.json: modelTopology is missing: this is not a TF.js model.\n"
                 "  found  nothing\n"
                 "  Try: the model.json of a TF.js model");
  source.json = "\x89HDF\r\n\x1a\n";
  expect_refusal(source,
                 "model.json is an HDF5 file of Keras, which cannot be loaded.\n"
                 "  can be loaded  TF.js layers and graph models, TFLite\n"
                 "  Try: convert it with tensorflowjs_converter and load the model.json it writes");
  expect_error([] { load_model({}, "m/model.json"); },
               "m/model.json is not among the model's files.\n"
               "  files  0\n"
               "  Try: the address of a model.json or a .tflite file");
}

TEST(Load, refuses_missing_and_mistyped_fields) {
  expect_refusal(
      layers_source().change(R"("units": 3, )", ""),
      "model.json: modelTopology.model_config.config.layers[0].config.units is missing.\n"
      "  found  nothing\n"
      "  Try: a file that a converter wrote, complete");
  expect_refusal(layers_source().change(R"("units": 3)", R"("units": 2.5)"),
                 "model.json: modelTopology.model_config.config.layers[0].config.units must be an "
                 "integer of 32 bits.\n"
                 "  found  2.5\n"
                 "  Try: a file that a converter wrote");
  expect_refusal(layers_source().change(R"("units": 3)", R"("units": "3")"),
                 "model.json: modelTopology.model_config.config.layers[0].config.units must be an "
                 "integer.\n"
                 "  found  \"3\"\n"
                 "  Try: a file that a converter wrote");
  expect_refusal(layers_source().change(R"("activation": "softmax")", R"("activation": "crelu")"),
                 "model.json: modelTopology.model_config.config.layers[0].config.activation is not "
                 "an activation that can be loaded.\n"
                 "  found  \"crelu\"\n"
                 "  Try: relu, sigmoid, softmax, ...");
  expect_refusal(graph_source().change(R"("op": "Relu", )", ""),
                 "model.json: modelTopology.node[2].op is missing.\n"
                 "  found  nothing\n"
                 "  Try: a file that a converter wrote, complete");
}

TEST(Load, refuses_files_that_do_not_match_the_manifest) {
  Source source = layers_source();
  source.shards.erase("b.bin");
  expect_refusal(source,
                 "model.json: weightsManifest[0].paths[1] names a file that is not there.\n"
                 "  missing  \"b.bin\"\n"
                 "  there are  a.bin, model.json\n"
                 "  Try: download every file that the manifest names");
  source = layers_source();
  source.shards["b.bin"].pop_back();
  expect_refusal(source,
                 "model.json: the files of weightsManifest[0].weights[1] end too early.\n"
                 "  weight  \"one/bias\"\n"
                 "  needs  12 bytes\n"
                 "  left  11 bytes\n"
                 "  Try: download the files again");
  source = layers_source();
  source.shards["b.bin"].emplace_back();
  expect_refusal(source,
                 "model.json: the files of weightsManifest[0].paths hold more than the weights.\n"
                 "  left over  1 bytes\n"
                 "  Try: download the files again, all from the same place");
}

TEST(Load, refuses_paths_that_leave_the_folder) {
  for (const char* path :
       {"../a.bin", "x/../../a.bin", "/etc/passwd", "C:/a.bin", "..\\\\a.bin", ""}) {
    try {
      layers_source().change("\"a.bin\"", '"' + std::string(path) + '"').load();
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_TRUE(
          std::string_view(error.what())
              .starts_with("model.json: weightsManifest[0].paths[0] must name a file in the "
                           "folder of model.json.\n"))
          << error.what();
    }
  }
}

TEST(Load, refuses_impossible_weights) {
  auto weight = [](const char* to) {
    return graph_source().change(R"("shape": [2], "dtype": "float32")", to);
  };
  expect_refusal(
      weight(R"("shape": [2], "dtype": "string")"),
      "model.json: weightsManifest[0].weights[0].dtype is not a type of weights that can "
      "be read.\n"
      "  found  \"string\"\n"
      "  known  float32, float16, int32, uint8, uint16, bool\n"
      "  Try: convert the model again with these types only");
  expect_refusal(weight(R"("shape": [-2], "dtype": "float32")"),
                 "model.json: weightsManifest[0].weights[0].shape[0] cannot be negative.\n"
                 "  found  -2\n"
                 "  Try: a size of 0 or more");
  expect_refusal(weight(R"("shape": [65536, 65536, 65536, 65536], "dtype": "float32")"),
                 "model.json: weightsManifest[0].weights[0].shape has too many elements.\n"
                 "  found  [65536, 65536, 65536, 65536]\n"
                 "  Try: at most 536870912");
  expect_refusal(
      weight(R"("shape": [4294967298], "dtype": "float32")"),
      "model.json: weightsManifest[0].weights[0].shape[0] must be an integer of 32 bits.\n"
      "  found  4294967298\n"
      "  Try: a file that a converter wrote");
  expect_refusal(weight(R"("shape": [1, 1, 1, 1, 1, 1, 1, 1, 2], "dtype": "float32")"),
                 "model.json: weightsManifest[0].weights[0].shape has too many sizes.\n"
                 "  found  a list of 9\n"
                 "  Try: at most 8");
  expect_refusal(
      weight(R"("shape": [2], "dtype": "float32", "quantization": {"dtype": "uint8", "min": 0})"),
      "model.json: weightsManifest[0].weights[0].quantization.scale is missing.\n"
      "  found  nothing\n"
      "  Try: a file that a converter wrote, complete");
  expect_refusal(
      weight(
          R"("shape": [1], "dtype": "float32"}, {"name": "c", "shape": [1], "dtype": "float32")"),
      "model.json: weightsManifest[0].weights[1].name is the name of two weights.\n"
      "  found  \"c\"\n"
      "  Try: a file that a converter wrote");
}

TEST(Load, refuses_weights_of_another_topology) {
  expect_refusal(layers_source().change("[2, 3]", "[3, 2]"),
                 "model.json: the weight \"one/kernel\" does not fit its layer.\n"
                 "  layer  \"one\"\n"
                 "  needs  [?, 3]\n"
                 "  found  [3, 2]\n"
                 "  Try: a topology and weights that were saved together");
  expect_refusal(layers_source().change(R"("use_bias": true)", R"("use_bias": false)"),
                 "model.json: weightsManifest holds weights that no layer needs.\n"
                 "  unused  one/bias\n"
                 "  Try: a topology and weights that were saved together");
  Source less = layers_source().change(R"(,
      {"name": "one/bias", "shape": [3], "dtype": "float32"})",
                                       "");
  less.shards["b.bin"].resize(4);
  expect_refusal(less,
                 "model.json: weightsManifest lacks a weight of the layer \"one\".\n"
                 "  missing  \"one/bias\"\n"
                 "  unused  (none)\n"
                 "  Try: a topology and weights that were saved together");
  expect_refusal(graph_source().change(R"("name": "c", "shape")", R"("name": "d", "shape")"),
                 "model.json: weightsManifest lacks the value of a constant.\n"
                 "  node  \"c\"\n"
                 "  field  modelTopology.node[1]\n"
                 "  Try: a topology and weights that were saved together");
}

TEST(Load, refuses_layers_and_ops_by_name) {
  expect_refusal(layers_source().change("\"Dense\"", "\"ConvLSTM2D\""),
                 "model.json: the layer \"one\" cannot be loaded.\n"
                 "  class  ConvLSTM2D\n"
                 "  field  modelTopology.model_config.config.layers[0]\n"
                 "  Try: a model of Keras' own layers, without Lambda or custom ones");
  expect_refusal(layers_source().change("\"Dense\"", "\"Lambda\""),
                 "model.json: the layer \"one\" cannot be loaded.\n"
                 "  class  Lambda\n"
                 "  field  modelTopology.model_config.config.layers[0]\n"
                 "  Try: a model of Keras' own layers, without Lambda or custom ones");
  expect_refusal(graph_source().change("\"Relu\"", "\"While\""),
                 "model.json: the op \"While\" cannot be loaded.\n"
                 "  node  \"r\"\n"
                 "  others  (none)\n"
                 "  Try: a model without loops and branches");
  expect_refusal(
      graph_source().change("\"Relu\"", "\"Where\"").change("\"AddV2\"", "\"Bucketize\""),
      "model.json: the op \"Where\" cannot be loaded.\n"
      "  node  \"r\"\n"
      "  others  Bucketize\n"
      "  Try: a model of simpler ops, or the part of this one before the node");
}

TEST(Load, refuses_circles_and_loose_ends) {
  expect_refusal(graph_source()
                     .change(R"("input": ["x"])", R"("input": ["sum"])")
                     .change(R"({"name": "r",)",
                             R"({"name": "end", "op": "Relu", "input": ["r"]}, {"name": "r",)"),
                 "model.json: modelTopology.node has nodes that need one another in a circle.\n"
                 "  node  \"r\"\n"
                 "  op  Relu\n"
                 "  Try: a file that a converter wrote");
  expect_refusal(graph_source().change("\"r:0\"", "\"q:0\""),
                 "model.json: modelTopology.node[3].input[0] names a node that does not exist.\n"
                 "  found  \"q:0\"\n"
                 "  Try: the name of a node of the same graph");
  expect_refusal(graph_source().change("\"r:0\"", "\"r:1\""),
                 "model.json: node \"sum\": uses output 1 of \"r\", which cannot be loaded.\n"
                 "  op  AddV2\n"
                 "  input  \n"
                 "  Try: a model that uses other outputs");
  expect_refusal(graph_source().change(R"("name": "r")", R"("name": "x")"),
                 "model.json: modelTopology.node[2].name is the name of two nodes.\n"
                 "  found  \"x\"\n"
                 "  Try: a file that a converter wrote");
}

// A functional model of two layers whose calls the tests tangle.
Source functional_source() {
  return {R"({"modelTopology": {"class_name": "Model", "config": {"name": "net", "layers": [
    {"class_name": "InputLayer", "name": "in", "config": {"batchInputShape": [null, 2]}, "inboundNodes": []},
    {"class_name": "Activation", "name": "a", "config": {"activation": "relu"},
     "inboundNodes": [[["in", 0, 0, {}]]]},
    {"class_name": "Add", "name": "b", "config": {}, "inboundNodes": [[["a", 0, 0, {}], ["in", 0, 0]]]}],
    "inputLayers": [["in", 0, 0]], "outputLayers": [["b", 0, 0]]}}, "weightsManifest": []})",
          {}};
}

TEST(Load, refuses_tangled_layers) {
  EXPECT_EQ(run(functional_source(), {-1, 2}), (std::vector<float>{-1, 4}));
  expect_refusal(functional_source().change(R"([[["in", 0, 0, {}]]])", R"([[["b", 0, 0, {}]]])"),
                 "model.json: modelTopology.config has layers that need one another in a circle, "
                 "such as \"b\".\n"
                 "  found  an object\n"
                 "  Try: a file that a converter wrote");
  expect_refusal(functional_source().change(R"(["a", 0, 0, {}])", R"(["c", 0, 0, {}])"),
                 "model.json: modelTopology.config.layers[2].inboundNodes[0][0] names a layer that "
                 "does not exist.\n"
                 "  found  [\"c\", 0, 0, an object]\n"
                 "  Try: the name of a layer of the same model");
  expect_refusal(functional_source().change(R"(["a", 0, 0, {}])", R"(["a", 1, 0, {}])"),
                 "model.json: modelTopology.config.layers[2].inboundNodes[0][0] names a node that "
                 "does not exist.\n"
                 "  found  [\"a\", 1, 0, an object]\n"
                 "  Try: a node below 1");
  expect_refusal(
      functional_source().change(R"(["a", 0, 0, {}])", R"(["a", 0, 7, {}])"),
      "model.json: modelTopology.config.layers[2].inboundNodes[0][0] names a tensor that "
      "does not exist.\n"
      "  found  [\"a\", 0, 7, an object]\n"
      "  Try: a tensor below 1");
  expect_refusal(
      functional_source().change(R"("name": "b")", R"("name": "a")"),
      "model.json: modelTopology.config.layers[2] has the name of another layer: \"a\".\n"
      "  found  an object\n"
      "  Try: names that differ");
}

TEST(Load, names_the_layer_when_an_operator_refuses) {
  expect_refusal(
      layers_source().change(R"([null, 2])", R"([null, 5])"),
      "model.json: layer \"one\": gemm: the kernel does not fit the last axis of the input.\n"
      "  input  [1, 5]\n"
      "  kernel  [2, 3]\n"
      "  Try: a kernel [in, out], where in is the last size of the input");
}

TEST(Load, refuses_inputs_of_other_sizes) {
  auto model = layers_source().load();
  expect_error([&] { model->build({{"two", {1, 2}}}); },
               "model.json: there is no input \"two\".\n"
               "  inputs  one_input\n"
               "  Try: one of these names");
  expect_error([&] { model->build({{"one_input", {1, 3}}}); },
               "model.json: the input \"one_input\" cannot have this shape.\n"
               "  declared  float32 [?, 2]\n"
               "  given  [1, 3]\n"
               "  Try: the declared sizes; ? may be any");
}

// Changes bytes of model.json and its weights at random; whatever comes of it, the loader either
// gives a model or throws an Error. Texts and numbers are swapped for others that are in place, so
// that many mutants get past the parser.
void expect_only_errors(const Source& whole, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const char* pieces[] = {"null",  "-1",   "0",        "[]",          "{}",
                          "\"\"",  "true", "99999999", "[[1]]",       "1.5",
                          "\"x\"", ",",    "\"same\"", "-2147483648", "[0, 0, 0, 0]"};
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    Source source = whole;
    for (size_t changes = 1 + below(3); changes > 0 && !source.json.empty(); --changes) {
      size_t at = below(source.json.size());
      switch (below(4)) {
        case 0:
          source.json[at] = char(below(256));
          break;
        case 1:
          source.json.resize(at + 1);
          break;
        case 2:
          source.json.erase(at, below(6));
          break;
        default: {
          // A whole value between two separators.
          size_t from = source.json.find_first_of("[:,", at);
          if (from == std::string::npos) break;
          size_t end = source.json.find_first_of(",]}", from + 1);
          if (end == std::string::npos) break;
          source.json.replace(from + 1, end - from - 1, pieces[below(std::size(pieces))]);
        }
      }
    }
    for (auto& [name, bytes] : source.shards)
      if (below(8) == 0) bytes.resize(below(bytes.size() + 2));
    try {
      auto model = source.load();
      model->build({});
    } catch (const Error&) {
      ++refused;
    } catch (const std::exception& error) {
      FAIL() << "not an Error: " << error.what() << "\n" << source.json;
    }
  }
  EXPECT_GT(refused, rounds / 2);
}

TEST(Load, survives_random_damage) {
  expect_only_errors(layers_source(), 1, 10000);
  expect_only_errors(graph_source(), 2, 10000);
  expect_only_errors(functional_source(), 3, 10000);
}

// A model that calls another one twice, that another one twice, and so on.
std::string nested(int levels) {
  std::string inner =
      levels == 0
          ? R"({"class_name": "Activation", "name": "a", "config": {"name": "a", "activation": "relu"})"
          : R"({"class_name": "Functional", "name": "a", "config": )" + nested(levels - 1);
  std::string second = levels == 0 ? "0" : "1", last = levels == 0 ? "1" : "2";
  return R"({"name": "m", "layers": [{"class_name": "InputLayer", "name": "x",
    "config": {"name": "x", "batch_input_shape": [1, 2]}, "inbound_nodes": []}, )" +
         inner + R"(, "inbound_nodes": [[["x", 0, 0, {}]], [["a", )" + second +
         R"(, 0, {}]]]}], "input_layers": [["x", 0, 0]], "output_layers": [["a", )" + last +
         ", 0]]}";
}

TEST(Load, refuses_models_that_multiply_without_end) {
  Source source{R"({"format": "layers-model", "modelTopology": {"model_config": {
    "class_name": "Functional", "config": )" +
                    nested(24) + R"(}}, "weightsManifest": []})",
                {}};
  expect_refusal(source,
                 "model: its layers are called too often.\n  most  65536\n"
                 "  Try: a model with fewer models inside of models");
}

// A graph of constants and one operation on them.
Source constant_graph(const std::string& nodes, const std::string& weights,
                      std::vector<std::byte> bytes) {
  return {R"({"format": "graph-model", "modelTopology": {"node": [)" + nodes +
              R"(]}, "weightsManifest": [{"paths": ["w.bin"], "weights": [)" + weights + "]}]}",
          {{"w.bin", std::move(bytes)}}};
}

TEST(Load, spends_no_time_on_huge_results_without_elements) {
  auto source = constant_graph(
      R"({"name": "k", "op": "Const"}, {"name": "h", "op": "Const"},
         {"name": "y", "op": "ResizeBilinear", "input": ["k", "h"]})",
      R"({"name": "k", "shape": [1, 1, 1, 0], "dtype": "float32"},
         {"name": "h", "shape": [2], "dtype": "int32"})",
      bytes_of<int32_t>({2000000000, 2000000000}));
  EXPECT_EQ(source.load()->outputs().size(), 1u);
}

TEST(Load, spends_no_time_on_the_padding_of_huge_windows) {
  auto source = constant_graph(
      R"({"name": "k", "op": "Const"}, {"name": "y", "op": "AvgPool", "input": ["k"], "attr": {
         "padding": {"s": "U0FNRQ=="}, "ksize": {"list": {"i": ["1", "30000000", "30000000", "1"]}},
         "strides": {"list": {"i": ["1", "1", "1", "1"]}}}})",
      R"({"name": "k", "shape": [1, 4, 4, 1], "dtype": "float32"})", std::vector<std::byte>(64));
  EXPECT_EQ(source.load()->outputs().size(), 1u);
}

TEST(Load, survives_a_number_of_outputs_that_shrinks_with_the_input) {
  auto source = constant_graph(
      R"({"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"},
           "shape": {"shape": {"dim": [{"size": "-1"}]}}}},
         {"name": "k", "op": "Const"}, {"name": "z", "op": "Const"}, {"name": "o", "op": "Const"},
         {"name": "s", "op": "Size", "input": ["x"]},
         {"name": "d", "op": "Sub", "input": ["k", "s"]},
         {"name": "r", "op": "Range", "input": ["z", "d", "o"]},
         {"name": "u", "op": "Unpack", "input": ["r"], "attr": {"axis": {"i": "0"}}})",
      R"({"name": "k", "shape": [], "dtype": "int32"}, {"name": "z", "shape": [], "dtype": "int32"},
         {"name": "o", "shape": [], "dtype": "int32"})",
      bytes_of<int32_t>({5, 0, 1}));
  EXPECT_EQ(source.load()->outputs().size(), 4u);
}

}  // namespace
}  // namespace gesso
