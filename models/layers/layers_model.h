// Keras models: one definition of their layers for loading, inference, initialising and training.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/layers/states.h"
#include "models/load/file_model.h"
#include "models/load/json.h"
#include "models/load/weights.h"

namespace gesso {

class Builder;
class Network;
class Operand;
struct Layer;

// A weight of a layer.
struct Parameter {
  std::string name;              // "dense_1/kernel", as saved files call it
  TensorType type;               // float32
  std::shared_ptr<Buffer> data;  // shared by every program of the model
  bool trainable = true;         // false: moving statistics and frozen layers
  std::string constraint;        // JSON of Keras' constraint, empty for none: see constraints.h
};

// What the call of a model in a graph has added to it.
struct TrainingCall {
  Values outputs;     // in the order of model.outputs()
  Values masks;       // of the outputs: bool [batch, steps], a default Value where there is none
  Values parameters;  // the variable of each of weights(), in that order
  Values penalties;   // scalars to add to the loss: regularisers of weights and activities
};

// A model of Keras' layers. Its topology is what model.json has under modelTopology: a Sequential
// or functional model, with names in snake_case or camelCase.
class LayersModel final : public FileModel {
 public:
  // Without `weights` every weight is made by its layer's initialiser, with random numbers that
  // follow from the seed. Fails, naming the layer, its class and the shapes, on a topology that is
  // not complete and supported, and on weights that do not belong to it.
  LayersModel(std::shared_ptr<const Document> document, const Field& topology,
              std::shared_ptr<const Weights> weights, uint32_t seed);
  ~LayersModel() override;

  std::string_view format() const override { return "tfjs-layers"; }
  size_t parameters() const override;

  // The weights, in memory that may be written. From the first call on, build() reads them as they
  // are at that moment; until then it may keep them in the layout that its programs need only.
  std::vector<Parameter>& weights();

  // Freezes the layer of this name with all that lies inside of it, or lets it learn again; a
  // frozen batch normalization keeps to its moving averages. The topology tells it from now on.
  // Fails, naming the nearest, where there is no such layer with weights.
  void set_trainable(std::string_view layer, bool trainable);

  // How often set_trainable() was called: calls written before are those of another model.
  int freezes() const { return int(frozen_.size()); }

  // Appends the model as it is called in training: dropout and noise, batch statistics, moving
  // averages assigned. `random` is int32 [2], {seed, step}. The inputs are in the order of
  // inputs(), of any shapes that the model accepts. `masks`, where given, says which of their time
  // steps count: bool [batch, steps], a default Value for an input without.
  TrainingCall call_for_training(Graph& graph, const Values& inputs, Value random,
                                 const Values& masks = {});

  // Appends the model as it is called in inference, with the weights as variables. Stateful layers
  // remember in `states`, or where run() does.
  TrainingCall call_for_inference(Graph& graph, const Values& inputs, const Values& masks = {},
                                  States* states = nullptr);

  // Appends the model as it goes through a text, one step in each run: every recurrent layer goes
  // on from `states`. The weights are constants, as they are now. Fails where a layer needs more of
  // the text than what it has remembered.
  Value call_for_writing(Graph& graph, Value input, States& states) const;

  // What stateful recurrent layers remember; reset() makes it zero again.
  States& states() { return *states_; }

  // The topology as it is saved, in snake_case and with defaults written out.
  std::string topology() const;

 private:
  // Where a weight belongs, and what it is now.
  struct Place {
    std::string name;
    Layer* layer;
    size_t slot;
    const Weight* weight;
  };

  void plan();
  void create(uint32_t seed);
  void take(const Weights& weights);
  void number_places();
  static bool is_trained(const Place& place);
  void write(Graph& graph, const std::vector<Shape>& sizes) const override;
  Operand constant(Builder& b, const Layer& layer, size_t slot) const;
  TrainingCall call(Graph& graph, const Values& inputs, Value random, const Values& masks,
                    States& states);

  std::shared_ptr<const Document> document_;  // the layers read their configurations from it
  Field topology_;                            // in that file
  std::shared_ptr<const Weights> loaded_;
  std::vector<std::unique_ptr<Weight>> created_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<States> states_;
  std::vector<std::pair<std::string, bool>> frozen_;  // what set_trainable() was told
  std::vector<Place> places_;                         // of the weights, in their order
  std::vector<Parameter> parameters_;                 // the same, once somebody has asked
};

// A new model from a topology, as text. `seed` decides its first weights.
std::unique_ptr<LayersModel> create_model(std::string_view topology, uint32_t seed);

}  // namespace gesso
