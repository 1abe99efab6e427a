// What a Keras layer is: its class, its configuration, its weights, and a call of it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/load/builder.h"
#include "models/load/json.h"

namespace gesso {

class LayerContext;
struct Layer;
class Network;

// A weight that a layer has. Sizes that follow from an input which is not known yet are -1; no
// sizes at all stand for a weight of any rank.
struct WeightSpec {
  Text name;  // as Keras calls it: "kernel"
  std::vector<int> sizes = {};
  Text initializer = "glorot_uniform";  // where the configuration names none
  Text settings = {};                   // "kernel" for kernel_initializer, ...; empty: the name
  bool trainable = true;                // false: moving statistics
  Text other_name = {};                 // in other versions of Keras
  bool optional = false;                // a file may lack it; a new layer does not have it
  int ones_from = 0, ones_to = 0;       // elements that begin as 1: the forget gate's bias
};
using WeightSpecs = std::vector<WeightSpec>;

// A tensor on its way from layer to layer, and which of its time steps count: bool [batch, steps],
// or no Operand where all of them do.
struct Flow {
  Operand x;
  Operand mask = {};
};
using Flows = std::vector<Flow>;

// What a row of the table sees: a layer that is called once with these inputs.
struct LayerCall {
  LayerContext& context;
  Builder& b;
  const Layer& layer;
  Operands in;
  Operands masks;  // of the inputs

  Operand x() const { return in[0]; }
  Operand mask() const { return masks[0]; }
  Field config(Text name) const;
  // An enumeration in snake_case, whichever way the file spells it.
  std::string word(Text name, Text otherwise) const;
  // Two sizes from [h, w], [n] or n.
  Ints pair(Text name, Ints otherwise) const;
  // A number of one dimension: n or [n].
  int single(Text name, int otherwise) const;
  // One axis of the input, alone or in a list, counted from the front.
  int axis(int otherwise) const;
  // The weight of this name, or no Operand where the layer has none.
  Operand weight(Text name) const;
  // x after the layer's "activation", or after the one that another field names.
  Operand activate(Operand x, Text field = "activation") const;
  // Whether the model is called as in training.
  bool is_training() const;
  // Refuses the model because of this layer.
  [[noreturn]] void refuse(Text what, Text hint) const;
};

// One row: what a class computes, which weights it has, and what becomes of a mask. A class
// without a mask rule ends the mask, as in Keras 3.
struct LayerClass {
  Text name;
  Operand (*write)(const LayerCall& call) = nullptr;
  WeightSpecs (*weights)(const Field& config, const Shape& input) = nullptr;
  Operand (*mask)(const LayerCall& call) = nullptr;
  bool many_inputs = false;
  Flows (*write_all)(const LayerCall& call) = nullptr;  // instead of write and mask
  // Whether it needs several time steps at once, and does not remember those before.
  bool spans_steps = false;
};

struct Layer {
  std::string name;
  std::string class_name;
  Field config;
  bool keras3 = false;                    // saved by Keras 3
  bool trainable = true;                  // false: frozen, or part of a frozen model
  const LayerClass* kind = nullptr;       // null for a model inside the model
  std::shared_ptr<Network> network = {};  // such a model
  std::vector<Layer> inner = {};          // what a wrapper wraps; the cells of an RNN
  std::string scope = {};         // an inner layer's part of the names of weights, or nothing
  bool backwards = false;         // runs in the other direction than it says
  WeightSpecs specs = {};         // the weights it has,
  std::vector<int> weights = {};  // and their places in the model; -1 for one it lacks
};

// The row of a class, or null.
const LayerClass* find_layer_class(Text name);

// How many outputs a layer of this configuration has.
int outputs_of(const Layer& layer);
int outputs_of_recurrent(const Layer& layer);

// Calls a layer that is not an input layer. Errors name the layer.
Flows call_layer(LayerContext& context, const Layer& layer, const Flows& inputs);

// Rules for masks: the first input's; the steps that count in every input.
Operand same_mask(const LayerCall& call);
Operand common_mask(const LayerCall& call);

// The size of an axis, which may be counted from the end, or -1 where the shape is not known.
int size_at(const Shape& shape, int axis);

bool is_channels_first(const LayerCall& call);
bool is_channels_first(const Field& config);

// The families of layers, which the table joins.
extern const std::span<const LayerClass> activation_layers;
extern const std::span<const LayerClass> convolution_layers;
extern const std::span<const LayerClass> core_layers;
extern const std::span<const LayerClass> merge_layers;
extern const std::span<const LayerClass> noise_layers;
extern const std::span<const LayerClass> normalization_layers;
extern const std::span<const LayerClass> pooling_layers;
extern const std::span<const LayerClass> preprocessing_layers;
extern const std::span<const LayerClass> recurrent_layers;
extern const std::span<const LayerClass> wrapper_layers;

}  // namespace gesso
