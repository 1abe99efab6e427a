// Computes single nodes while graphs are built: what is known then need not be computed later.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/graph.h"

namespace gesso {

// The outputs of a node whose inputs are the given constants, in order; null for one left out.
std::vector<std::shared_ptr<const Buffer>> evaluate(const Node& node,
                                                    std::span<const Node* const> constants);

}  // namespace gesso
