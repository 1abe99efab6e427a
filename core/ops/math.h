// Operators as functions, so that loaders, passes and rules read like the formula.
#pragma once

#include "core/ops/list.h"

namespace gesso {

inline Value apply(const Op& op, const Values& in, Attrs attrs = {}) {
  return in[0].graph->apply(op, in, std::move(attrs));
}

inline Value reshape(Value x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return apply(reshape_op, {x}, {{"newShape", Ints(shape.begin(), shape.end())}});
}

}  // namespace gesso
