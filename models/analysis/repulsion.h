// How strongly points push each other away in t-SNE: q = 1 / (1 + d^2) between each two.
#pragma once

#include <array>
#include <vector>

#include "models/analysis/layout.h"

namespace gesso {

// What all other points do to one: the sum of q, and the sum of q^2 (y_i - y_j).
struct Push {
  double total = 0;
  std::array<double, Layout::most_dimensions> force{};
};

// All pairs, one vector of points at a time.
Push exact_push(const Layout& layout, size_t point);

// A tree of cells, each halved in every dimension, in which far cells count as one point (Barnes
// and Hut 1986): those whose width is below `angle` of their distance.
class CellTree {
 public:
  static constexpr float angle = 0.5f;

  void build(const Layout& layout);
  Push push(const Layout& layout, size_t point) const;

 private:
  struct Cell {
    std::array<float, Layout::most_dimensions> center;  // the mean of its points
    float width;
    uint32_t first, count;  // its points in order_
    uint32_t after;         // the cell that follows when this one is not opened
    bool is_leaf;
  };

  void add(const Layout& layout, uint32_t first, uint32_t end, int depth);

  size_t dimensions_ = 0;
  std::vector<Cell> cells_;
  std::vector<uint32_t> order_;
  std::vector<std::array<float, Layout::most_dimensions>> points_;  // in order_
};

}  // namespace gesso
