// Keras' regularisers: what a loss gains by large weights or activities.
#pragma once

#include "models/load/builder.h"
#include "models/load/json.h"

namespace gesso {

// l1 * sum(|x|) + l2 * sum(x^2), a scalar. `config` is Keras' JSON, {"class_name": "L1L2",
// "config": {"l1": 0.01, "l2": 0.01}}, or a name alone: "l1", "l2", "l1_l2". No Operand where
// both factors are 0.
Operand penalty(Builder& b, Operand x, const Field& config);

// The same with factors given.
Operand penalty(Builder& b, Operand x, double l1, double l2);

}  // namespace gesso
