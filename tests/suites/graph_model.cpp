#include "tests/suites/graph_model.h"

#include <algorithm>

#include "models/load/model.h"

namespace gesso::suites {
namespace {

std::string type_name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "DT_FLOAT";
    case DType::i32:
      return "DT_INT32";
    case DType::u8:
      return "DT_UINT8";
    case DType::i8:
      return "DT_INT8";
    case DType::boolean:
      return "DT_BOOL";
  }
  return {};
}

std::string base64(const std::string& bytes) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j)
      text += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
  }
  return text;
}

Json shape_json(const Shape& shape) {
  Json dims = Json::array();
  for (int size : shape) dims.push_back({{"size", std::to_string(size)}});
  return {{"dim", dims}};
}

Json sizes_json(const Shape& shape) {
  return Json(std::vector<int>(shape.begin(), shape.end()));
}

// What a converter writes beside the topology: which tensors go in and come out. Without it only
// the first output of a node such as SplitV would be read.
Json signature(const GraphModel& model) {
  Json inputs = Json::object(), outputs = Json::object();
  for (const NamedTensor& input : model.inputs)
    inputs[input.name] = {{"name", input.name + ":0"},
                          {"dtype", type_name(input.tensor.type.dtype)},
                          {"tensorShape", shape_json(input.tensor.type.shape)}};
  for (const std::string& output : model.outputs)
    outputs[output] = {{"name", output.find(':') == std::string::npos ? output + ":0" : output}};
  return {{"inputs", inputs}, {"outputs", outputs}};
}

Json model_json(const GraphModel& model) {
  Json weights = Json::array();
  for (const NamedTensor& weight : model.weights)
    weights.push_back({{"name", weight.name},
                       {"shape", sizes_json(weight.tensor.type.shape)},
                       {"dtype", to_string(weight.tensor.type.dtype)}});
  Json manifest = Json::array({{{"paths", {"weights.bin"}}, {"weights", weights}}});
  return {
      {"format", "graph-model"},
      {"signature", signature(model)},
      {"modelTopology",
       {{"node", model.nodes}, {"library", Json::object()}, {"versions", {{"producer", 1395}}}}},
      {"weightsManifest", manifest}};
}

}  // namespace

Json attr_type(DType dtype) {
  return {{"type", type_name(dtype)}};
}

Json attr_int(int value) {
  return {{"i", std::to_string(value)}};
}

Json attr_float(double value) {
  return {{"f", value}};
}

Json attr_bool(bool value) {
  return {{"b", value}};
}

Json attr_text(const std::string& text) {
  return {{"s", base64(text)}};
}

Json attr_ints(const Ints& list) {
  Json texts = Json::array();
  for (int value : list) texts.push_back(std::to_string(value));
  return {{"list", {{"i", texts}}}};
}

Json attr_texts(const std::vector<std::string>& list) {
  Json texts = Json::array();
  for (const std::string& text : list) texts.push_back(base64(text));
  return {{"list", {{"s", texts}}}};
}

std::string GraphModel::placeholder(const std::string& name, const Tensor& tensor) {
  nodes.push_back({{"name", name},
                   {"op", "Placeholder"},
                   {"attr",
                    {{"dtype", attr_type(tensor.type.dtype)},
                     {"shape", {{"shape", shape_json(tensor.type.shape)}}}}}});
  inputs.push_back({name, tensor});
  return name;
}

std::string GraphModel::constant(const std::string& name, const Tensor& tensor) {
  Json type = attr_type(tensor.type.dtype);
  nodes.push_back(
      {{"name", name},
       {"op", "Const"},
       {"attr",
        {{"dtype", type},
         {"value",
          {{"tensor",
            {{"dtype", type["type"]}, {"tensorShape", shape_json(tensor.type.shape)}}}}}}}});
  weights.push_back({name, tensor});
  return name;
}

std::string GraphModel::constant(const Ints& elements) {
  return constant(
      "const" + std::to_string(nodes.size()),
      tensor_of(DType::i32, {int(elements.size())}, {elements.begin(), elements.end()}));
}

std::string GraphModel::scalar(double value, DType dtype) {
  return constant("const" + std::to_string(nodes.size()), tensor_of(dtype, {}, {value}));
}

std::string GraphModel::node(const std::string& op, const std::vector<std::string>& node_inputs,
                             Json attrs) {
  std::string name = "node" + std::to_string(nodes.size());
  nodes.push_back({{"name", name}, {"op", op}, {"input", node_inputs}, {"attr", std::move(attrs)}});
  return name;
}

Graph load(const GraphModel& model) {
  std::string topology = model_json(model).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::byte> weights;
  for (const NamedTensor& weight : model.weights)
    weights.insert(weights.end(), weight.tensor.bytes.begin(), weight.tensor.bytes.end());
  Files files{{"model.json", std::as_bytes(std::span(topology))}, {"weights.bin", weights}};
  std::unique_ptr<Model> loaded = load_model(files, "model.json");
  std::map<std::string, Shape> shapes;
  for (const NamedTensor& input : model.inputs) shapes[input.name] = input.tensor.type.shape;
  return loaded->build(shapes);
}

void check(const GraphModel& model, const std::vector<Tensor>& expected, Trial& trial) {
  if (model.outputs.size() != expected.size())
    fail("case: a model's outputs must be as many as what is expected",
         {{"outputs", std::to_string(model.outputs.size())},
          {"expected", std::to_string(expected.size())}},
         "one name for each");
  Graph graph = load(model);
  // By name where the loader keeps the names, else in the order of the case.
  std::vector<Expectation> ordered;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    auto named = std::find(model.outputs.begin(), model.outputs.end(), graph.outputs()[i].name);
    size_t at = named == model.outputs.end() ? i : size_t(named - model.outputs.begin());
    if (at < expected.size()) ordered.push_back({expected[at], tfjs_tolerance});
  }
  trial.check(graph, model.inputs, ordered);
}

}  // namespace gesso::suites
