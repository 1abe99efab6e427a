// Layers and how they call one another: a Keras model, which may itself be a layer of another.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/layers/layer.h"
#include "models/load/model.h"

namespace gesso {

class Network {
 public:
  // Where a layer gets an input from: an output of a call.
  struct Source {
    int call = 0;
    int output = 0;
  };
  struct Call {
    int layer = -1;  // -1: an input of the network
    std::vector<Source> inputs;
  };

  // `trainable` is false for a model inside of a frozen one.
  Network(const Field& model, bool keras3, bool trainable = true);

  Flows call(LayerContext& context, const Flows& inputs) const;
  const std::string& name() const { return name_; }
  const std::vector<ModelPort>& inputs() const { return inputs_; }
  const std::vector<std::string>& output_names() const { return output_names_; }
  std::vector<Layer>& layers() { return layers_; }

 private:
  void read_sequential(const std::vector<Field>& layers, const Field& config);
  void read_functional(const std::vector<Field>& layers, const Field& config);
  void add_input(ModelPort port);

  std::string file_, name_;
  bool keras3_, trainable_;
  std::vector<Layer> layers_;
  std::vector<Call> calls_;
  std::vector<int> order_;  // of the calls that the outputs need
  std::vector<int> input_calls_;
  std::vector<ModelPort> inputs_;
  std::vector<Source> outputs_;
  std::vector<std::string> output_names_;
};

// Whether a class is that of a model.
bool is_network(std::string_view class_name);

// A layer that computes something and the models it lies in, the outermost first.
using Visit =
    std::function<void(Layer& owner, Layer& layer, const std::vector<std::string>& scope)>;

// Visits every layer that may have weights, in the order of the file: layers, layers inside of
// wrappers (`owner` is the wrapper, and the layer itself otherwise), layers of models inside.
void for_each_layer(Network& network, const Visit& visit);

}  // namespace gesso
