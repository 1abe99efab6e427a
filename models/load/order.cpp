#include "models/load/order.h"

#include <cstddef>

namespace gesso {

std::vector<int> run_order(const std::vector<std::vector<int>>& needs, std::span<const int> wanted,
                           int& circle) {
  enum class State : char { unseen, open, done };
  std::vector<State> states(needs.size(), State::unseen);
  std::vector<int> order;
  // Depth first, without recursion: a file may be a chain of any length.
  struct Visit {
    int node;
    size_t next;
  };
  std::vector<Visit> path;
  for (int root : wanted) {
    if (states[size_t(root)] != State::unseen) continue;
    states[size_t(root)] = State::open;
    path.push_back({root, 0});
    while (!path.empty()) {
      auto& [node, next] = path.back();
      const auto& all = needs[size_t(node)];
      if (next == all.size()) {
        states[size_t(node)] = State::done;
        order.push_back(node);
        path.pop_back();
        continue;
      }
      int need = all[next++];
      State& state = states[size_t(need)];
      if (state == State::open) {
        circle = need;
        return {};
      }
      if (state == State::unseen) {
        state = State::open;
        path.push_back({need, 0});
      }
    }
  }
  return order;
}

}  // namespace gesso
