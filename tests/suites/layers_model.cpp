#include "tests/suites/layers_model.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace gesso::suites {
namespace {

void skip_class(const std::string& name) {
  if (name.starts_with("ConvLSTM2D") || name == "ConvRNN2D")
    throw Skip{"no layer: convolutions in recurrent layers"};
  if (name.find("3D") != std::string::npos) throw Skip{"no layer: 3-D images"};
}

}  // namespace

void skip_missing_layers(const Json& topology) {
  if (topology.is_string()) return;
  if (topology.is_object())
    for (const char* key : {"class_name", "className"})
      if (auto name = topology.find(key); name != topology.end() && name->is_string())
        skip_class(name->get<std::string>());
  if (topology.is_structured())
    for (const Json& item : topology) skip_missing_layers(item);
}

std::vector<Tensor> tensors(const Json& value) {
  if (!value.is_array()) return {tensor(value)};
  std::vector<Tensor> all;
  for (const Json& item : value) all.push_back(tensor(item));
  return all;
}

void set_weights(LayersModel& model, const Json& weights) {
  auto& parameters = model.weights();
  if (parameters.size() != weights.size())
    throw Wrong{"the model has " + std::to_string(parameters.size()) + " weights, expected " +
                std::to_string(weights.size())};
  std::set<std::string> names;
  for (const Parameter& p : parameters) names.insert(p.name);
  bool named = std::all_of(weights.begin(), weights.end(), [&](const Json& weight) {
    return names.erase(text(member(weight, "name"))) == 1;
  });
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string& name = text(member(weights[i], "name"));
    auto found = std::find_if(parameters.begin(), parameters.end(),
                              [&](const Parameter& p) { return p.name == name; });
    Parameter& parameter = named ? *found : parameters[i];
    Tensor value = tensor(weights[i]);
    if (value.type != parameter.type)
      throw Wrong{parameter.name + " is " + to_string(parameter.type) + ", expected " +
                  to_string(value.type)};
    std::memcpy(parameter.data->data(), value.bytes.data(), value.bytes.size());
  }
}

std::unique_ptr<Model> load(const Json& topology, const Json& weights) {
  std::vector<std::byte> shard;
  Json list = Json::array();
  for (const Json& weight : weights) {
    Tensor value = tensor(weight);
    list.push_back({{"name", member(weight, "name")},
                    {"shape", member(weight, "shape")},
                    {"dtype", member(weight, "dtype")}});
    shard.insert(shard.end(), value.bytes.begin(), value.bytes.end());
  }
  Json manifest = Json::array({{{"paths", {"weights.bin"}}, {"weights", list}}});
  Json json{{"format", "layers-model"}, {"modelTopology", topology}, {"weightsManifest", manifest}};
  std::string text = json.dump();
  Files files{{"model.json", std::as_bytes(std::span(text))}, {"weights.bin", shard}};
  return load_model(files, "model.json");
}

void fit(const Model& model, std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size() && i < model.inputs().size(); ++i) {
    const ModelPort& port = model.inputs()[i];
    Shape shape = inputs[i].type.shape;
    if (shape.rank() == 1 && port.shape.size() == 2 && port.shape[1] == 1) shape.push_back(1);
    inputs[i] = tensor_of(port.dtype, shape, elements(inputs[i]));
  }
}

void check_in_order(const Graph& graph, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& expected, Trial& trial, const std::string& reading) {
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < inputs.size(); ++i)
    named.push_back({graph.inputs().at(i).name, inputs[i]});
  std::vector<Expectation> expectations;
  for (const Tensor& output : expected) expectations.push_back({output, layers_tolerance});
  trial.check(graph, named, expectations, reading);
}

std::map<std::string, Shape> sizes_of(const Model& model, const std::vector<Tensor>& inputs) {
  std::map<std::string, Shape> sizes;
  if (model.inputs().size() != inputs.size())
    throw Wrong{"the model has " + std::to_string(model.inputs().size()) + " inputs, expected " +
                std::to_string(inputs.size())};
  for (size_t i = 0; i < inputs.size(); ++i) sizes[model.inputs()[i].name] = inputs[i].type.shape;
  return sizes;
}

}  // namespace gesso::suites
