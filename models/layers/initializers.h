// Keras' initialisers: the first weights of a layer.
#pragma once

#include <memory>

#include "core/tensor.h"
#include "models/load/json.h"

namespace gesso {

// Where an initialiser's random numbers come from: streams of one seed are independent.
struct RandomSource {
  uint32_t seed = 0;
  uint32_t stream = 0;
};

// New elements for a weight of this shape. `config` is Keras' JSON, {"class_name": "HeNormal",
// "config": {"seed": 1}}, or a name alone; where there is none, `otherwise` is the name. An
// initialiser with a seed of its own does not use `source`.
//
// Known are zeros, ones, constant, random_uniform, random_normal, truncated_normal (within two
// deviations), variance_scaling, glorot, he and lecun in their uniform and normal forms,
// orthogonal (Saxe et al. 2014) and identity. A variance is scale / n, where n is the number of
// inputs (fan_in) or outputs (fan_out) of one element of the result, or their mean.
std::shared_ptr<Buffer> initial_weight(const Field& config, Text otherwise, const Shape& shape,
                                       RandomSource source);

}  // namespace gesso
