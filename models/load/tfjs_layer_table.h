// What each Keras layer class means: one row per class.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/load/builder.h"
#include "models/load/json.h"

namespace gesso {

struct Layer;
struct LayerClass;
class Network;

// A weight that a layer needs. A layer knows some sizes of its weights from its configuration;
// -1 stands for the others, and no sizes at all for a weight of any rank.
struct WeightSpec {
  std::string_view name;  // as Keras calls it: "kernel"
  std::vector<int> sizes = {};
  std::string_view other_name = {};  // in other versions of Keras
  bool optional = false;
};

// What a row sees: a layer that is called once with these inputs.
struct LayerCall {
  Builder& b;
  const Layer& layer;
  Operands in;

  const Operand& x() const { return in[0]; }
  Field config(std::string_view name) const;
  // An enumeration in snake_case, whichever way the file spells it.
  std::string word(std::string_view name, std::string_view otherwise) const;
  // Two sizes from [h, w], [n] or n.
  Ints pair(std::string_view name, Ints otherwise) const;
  // The weight of this name, or no Operand where the layer has none.
  Operand weight(std::string_view name) const;
  // Refuses the model because of this layer.
  [[noreturn]] void refuse(std::string_view what, std::string_view hint) const;
};

struct LayerClass {
  std::string_view name;
  Operand (*write)(const LayerCall& call);
  std::vector<WeightSpec> (*weights)(const Field& config) = nullptr;
  bool needs_mask = false;  // the result would depend on a mask, which we do not compute
  bool many_inputs = false;
};

struct Layer {
  std::string name;
  std::string class_name;
  Field config;
  const LayerClass* kind = nullptr;    // null for a model inside the model
  std::shared_ptr<Network> network;    // such a model
  std::unique_ptr<Layer> inner;        // what TimeDistributed wraps
  std::vector<WeightSpec> specs;       // the weights it needs,
  std::vector<const Weight*> weights;  // and has
  bool keras3 = false;                 // saved by Keras 3
};

// The row of a class, or null.
const LayerClass* find_layer_class(std::string_view name);

// Calls a layer that is not an input layer. Errors name the layer.
Operands call_layer(Builder& b, const Layer& layer, const Operands& inputs);

}  // namespace gesso
