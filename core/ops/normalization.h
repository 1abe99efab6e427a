// The derivatives that the normalizations share which take mean and variance from their input.
#pragma once

#include "core/ops/math.h"

namespace gesso {

// By the input, the scale and the bias of y = scale * normal + bias, where
// normal = (x - mean) / sqrt(variance + epsilon) and mean and variance are taken over these axes.
// `parameter` is the input's shape with a size of 1 wherever scale and bias do not vary: they are
// given, and their derivatives returned, in it. `scale` may be left out.
struct NormalizationGradient {
  Value x, scale, bias;
};
NormalizationGradient normalization_gradient(const Grad& g, const Ints& axes,
                                             const Shape& parameter, Value scale);

}  // namespace gesso
