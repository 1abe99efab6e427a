// Derivatives of what a model says by what it is shown: saliency, adversarial examples.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/graph.h"

namespace gesso {

// Adds to a graph the input "seed", of the type of one of its outputs, and for each of these
// inputs the output "gradient of <input>": the derivatives of sum(seed * output) by it. Fails on
// names that are not there and on inputs that are not float32.
void add_input_gradients(Graph& graph, Text output, std::span<const std::string> inputs);

}  // namespace gesso
