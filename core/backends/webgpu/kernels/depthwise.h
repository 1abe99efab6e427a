// Convolutions in which every channel has one filter of its own.
#pragma once

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

inline bool is_depthwise(const Shape& filter, int groups) {
  return groups > 1 && filter[0] == groups && filter[3] == 1;
}

void depthwise(Lowering& l);
void depthwise_input_gradient(Lowering& l);

}  // namespace gesso::webgpu
