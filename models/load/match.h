// Finds out which stored weight belongs to which layer.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/layers/layer.h"
#include "models/load/weights.h"

namespace gesso {

// A weight that a layer of the model waits for.
struct Wanted {
  Layer* layer;
  size_t slot;                     // which of the layer's specifications
  std::vector<std::string> names;  // by which the file may call it, the most precise first
  const Weight* found = nullptr;
};

// Every weight that the layers of a network have specifications of, in the order of the layers.
std::vector<Wanted> wanted_weights(Network& network);

// Fills in `found`: by the full name, then by the end of the name where only one weight has it,
// then, if the file's names mean nothing, by order and shape. An optional weight may stay without.
// Fails, naming `file`, where weights are missing, left over or of another shape.
void match(const std::string& file, const Weights& weights, std::vector<Wanted>& wanted);

}  // namespace gesso
