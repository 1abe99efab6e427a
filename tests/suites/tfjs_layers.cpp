// suites/tfjs-layers: one Keras layer, called once.
#include "tests/suites/folders.h"
#include "tests/suites/layers_model.h"

namespace gesso::suites {
namespace {

Json input_layer(const std::string& name, const Tensor& x) {
  Json shape = Json::array();
  for (int size : x.type.shape) shape.push_back(size);
  Json config{{"name", name},
              {"batch_input_shape", shape},
              {"dtype", std::string(to_string(x.type.dtype))}};
  return {{"name", name},
          {"class_name", "InputLayer"},
          {"config", config},
          {"inbound_nodes", Json::array()}};
}

// A functional model of one layer, which is called with all inputs.
Json model_of(const Json& test, const std::vector<Tensor>& inputs, size_t outputs) {
  Json layers = Json::array(), nodes = Json::array(), results = Json::array();
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::string name = "input_" + std::to_string(i);
    layers.push_back(input_layer(name, inputs[i]));
    nodes.push_back(Json::array({name, 0, 0}));
  }
  const std::string& name = text(member(member(test, "config"), "name"));
  layers.push_back({{"name", name},
                    {"class_name", member(test, "className")},
                    {"config", member(test, "config")},
                    {"inbound_nodes", Json::array({nodes})}});
  for (size_t i = 0; i < outputs; ++i) results.push_back(Json::array({name, 0, i}));
  return {{"class_name", "Model"},
          {"config",
           {{"name", "model"},
            {"layers", layers},
            {"input_layers", nodes},
            {"output_layers", results}}}};
}

// How a case calls its layer, beside with what.
struct Arguments {
  bool training = false;
  std::vector<Tensor> masks, states;
};

Arguments arguments(const Json& kwargs) {
  Arguments a;
  for (const auto& [name, value] : kwargs.items()) {
    if (name == "training") a.training = flag(value);
    if (name == "mask") a.masks = tensors(value);
    if (name == "initialState") a.states = tensors(value);
    if (name == "countWeights") throw Skip{"no argument: weights of counts"};
  }
  return a;
}

}  // namespace

void run_tfjs_layer(const std::string&, const Json& test, Trial& trial) {
  skip_missing_layers(test);
  Arguments a = arguments(member(test, "kwargs"));
  std::vector<Tensor> inputs = tensors(member(test, "inputs"));
  inputs.insert(inputs.end(), a.states.begin(), a.states.end());
  std::vector<Tensor> expected = tensors(member(test, "outputs"));
  auto model = create_model(model_of(test, inputs, expected.size()).dump(), 1);
  set_weights(*model, member(test, "weights"));
  if (!a.training && a.masks.empty())
    check_in_order(model->build(sizes_of(*model, inputs)), inputs, expected, trial,
                   "weights as constants");
  Graph graph;
  Values values, masks;
  for (size_t i = 0; i < inputs.size(); ++i)
    values.push_back(graph.input("input_" + std::to_string(i), inputs[i].type));
  std::vector<Tensor> feeds = inputs;
  for (const Tensor& mask : a.masks) {
    masks.push_back(graph.input("mask_" + std::to_string(masks.size()), mask.type));
    feeds.push_back(mask);
  }
  std::vector<int32_t> seed_and_step{1, 0};
  Value random = graph.constant({2}, std::span<const int32_t>(seed_and_step));
  TrainingCall call = a.training ? model->call_for_training(graph, values, random, masks)
                                 : model->call_for_inference(graph, values, masks);
  for (size_t i = 0; i < call.outputs.size(); ++i)
    graph.output("output_" + std::to_string(i), call.outputs[i]);
  check_in_order(graph, feeds, expected, trial, "weights as variables");
}

}  // namespace gesso::suites
