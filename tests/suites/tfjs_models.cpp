// suites/tfjs-models: whole Keras models.
#include <map>

#include "tests/suites/folders.h"
#include "tests/suites/layers_model.h"

namespace gesso::suites {
namespace {

// The same answers as a file of a converter and as a new model that is given the weights.
void predict(const Json& test, Trial& trial) {
  const Json& topology = member(test, "topology");
  const Json& weights = member(test, "weights");
  skip_missing_layers(topology);
  std::vector<Tensor> inputs = tensors(member(test, "inputs"));
  std::vector<Tensor> expected = tensors(member(test, "outputs"));
  auto loaded = load(topology, weights);
  fit(*loaded, inputs);
  check_in_order(loaded->build(sizes_of(*loaded, inputs)), inputs, expected, trial, "loaded");
  auto created = create_model(topology.dump(), 1);
  set_weights(*created, weights);
  check_in_order(created->build(sizes_of(*created, inputs)), inputs, expected, trial, "created");
  auto saved = create_model(created->topology(), 1);
  set_weights(*saved, weights);
  check_in_order(saved->build(sizes_of(*saved, inputs)), inputs, expected, trial, "saved");
}

// "[?, 3] [?, 4]" of a model's inputs or outputs.
std::string shown(const std::vector<ModelPort>& ports) {
  std::string text;
  for (const ModelPort& port : ports) {
    text += '[';
    for (int size : port.shape) text += (size < 0 ? "?" : std::to_string(size)) + ' ';
    text += ']';
  }
  return text;
}

std::string shown(const Json& shapes) {
  std::string text;
  for (const Json& shape : shapes) {
    text += '[';
    for (const Json& size : shape)
      text += (size.is_null() ? "?" : std::to_string(integer(size))) + ' ';
    text += ']';
  }
  return text;
}

void compare(const std::string& what, const std::string& found, const std::string& expected) {
  if (found != expected) throw Wrong{what + ": " + found + ", expected " + expected};
}

// A model has the inputs, outputs and weights that TF.js finds in the same text.
void model_json(const Json& test) {
  const Json& source = member(test, "json");
  skip_missing_layers(source);
  const Json& expect = member(test, "expect");
  auto model = create_model(source.dump(), 1);
  compare("inputs", shown(model->inputs()), shown(member(expect, "inputShapes")));
  compare("outputs", shown(model->outputs()), shown(member(expect, "outputShapes")));
  std::string found, expected;
  for (const Parameter& p : model->weights()) found += p.name + ' ' + to_string(p.type) + "; ";
  for (const Json& weight : member(expect, "weights"))
    expected += text(member(weight, "name")) + ' ' + text(member(weight, "dtype")) + ' ' +
                to_string(Shape(ints(member(weight, "shape")))) + "; ";
  compare("weights", found, expected);
  size_t parameters = 0;
  for (const Json& layer : member(expect, "layers"))
    parameters += size_t(integer(member(layer, "params")));
  compare("parameters", std::to_string(model->parameters()), std::to_string(parameters));
}

}  // namespace

void run_tfjs_model(const std::string& stem, const Json& test, Trial& trial) {
  if (stem == "predict") return predict(test, trial);
  if (stem == "model_json") return model_json(test);
  if (stem == "train") return run_tfjs_training(test);
  fail(stem + ": there is no such set", {}, "predict, model_json or train");
}

}  // namespace gesso::suites
