// In which order the nodes of a file can run.
#pragma once

#include <span>
#include <vector>

namespace gesso {

// Nodes reached from `wanted`, each after all that it needs: needs[i] are the nodes that node i
// needs. Where nodes need one another in a circle there is no order; `circle` then holds one of
// these nodes and the result is empty.
std::vector<int> run_order(const std::vector<std::vector<int>>& needs, std::span<const int> wanted,
                           int& circle);

}  // namespace gesso
