// What the normalizations share which take mean and variance from their input.
#pragma once

#include "core/backends/webgpu/kernels/reduction.h"

namespace gesso::webgpu {

// The mean and the variance of what lies at kept(o) + reduced(r), for each o. The variance is taken
// around the mean, in a second pass: the mean of squares would cancel. `shift` is what a float
// could not hold of the mean: numbers far from 0 are centred by both.
struct Moments {
  Operand mean, shift, variance;

  Moments(Lowering& l, const Path& kept, const Path& reduced);
  // To outputs of the node.
  Moments(Lowering& l, const Path& kept, const Path& reduced, Operand mean, Operand variance);

  // Declares mean, shift, variance, and the node's epsilon.
  void read(Shader& shader, const Lowering& l) const;
};

}  // namespace gesso::webgpu
