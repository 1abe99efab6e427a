// Topologies in the form in which they are saved: snake_case, with defaults written out.
#pragma once

#include "models/load/json.h"

namespace gesso {

// The topology of a model as TF.js and Keras read it: {"class_name", "config", ...}. Names of
// fields and of choices ("channelsLast") become snake_case, and every layer, cell, initialiser and
// regulariser says what it would do by default.
Json complete_topology(const Json& topology);

// Writes into a topology whether the layer of this name, with all inside of it, is trained.
void set_trainable_in(Json& topology, std::string_view layer, bool trainable);

}  // namespace gesso
