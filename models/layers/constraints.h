// Keras' constraints: what a weight is brought back to after each update.
#pragma once

#include "core/graph.h"
#include "models/load/json.h"

namespace gesso {

// The weight nearest to this one that a constraint allows. `config` is Keras' JSON:
// {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}}, or the name alone.
//   NonNeg       w where it is above 0, 0 elsewhere
//   UnitNorm     w / (norm + 1e-7)
//   MaxNorm      w * clamp(norm, 0, max) / (norm + 1e-7)
//   MinMaxNorm   w * (rate * clamp(norm, min, max) + (1 - rate) * norm) / (norm + 1e-7)
// The norm is sqrt(sum(w^2)) over `axis`, one number or several.
Value constrain(Value weight, const Field& config);

// The same for the text of Parameter::constraint.
Value constrain(Value weight, const std::string& constraint);

}  // namespace gesso
