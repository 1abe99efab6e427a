// The layers that a model of any format consists of, and models that end at one of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/load/model.h"

namespace gesso {

// A layer, a node or a tensor that is computed.
struct LayerOf {
  std::string_view op;  // the operator that gives its value
  // The value. Its name is what the file calls the layer; one that is called several times is there
  // once for each call: "dense", "dense#2". Sizes that follow from an open one are -1.
  ModelPort output;
};

// All that follows from the inputs, in the order of computation. Fails on a model with an input of
// any shape.
std::vector<LayerOf> layers_of(std::shared_ptr<const Model> model);

// The model up to these layers: their values are its outputs, under their names and in this order.
// It shares the weights of `model`, and keeps it. Fails, with the nearest name, where there is no
// such layer, and where one is named twice or none at all.
std::unique_ptr<Model> cut(std::shared_ptr<const Model> model, std::vector<std::string> layers);

}  // namespace gesso
