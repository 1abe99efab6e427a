// What pooling and its derivatives share.
#pragma once

#include "core/ops/window.h"

namespace gesso {

// The window along one side of an image. Without windowDimensions it is the whole image.
inline Window pool_window(const Node& node, Side side, const Shape& input) {
  int taps = node.has("windowDimensions") ? node.ints("windowDimensions")[size_t(side)]
                                          : input[1 + int(side)];
  return window_of(node, side, taps);
}

}  // namespace gesso
