// Points of a plane, each moved to a cell of its own in a grid.
#pragma once

#include "models/analysis/analysis.h"

namespace gesso {

// The cells of a grid of `columns` and as many rows as needed, which lies over the points: each
// axis from the least to the largest coordinate. For up to 1,000 points the sum of squared ways is
// the least there is (the assignment problem, solved by shortest augmenting paths: Jonker and
// Volgenant 1987). For more, points are sorted into rows of the grid and within each, then
// exchanged with those in neighbouring cells as long as that makes the sum smaller.
class Grid : public Analysis {
 public:
  static constexpr size_t most_exact = 1000;

  // `points` are rows of two numbers; columns 0: such that the grid is about square. Fails on
  // points that are not, and where there are more columns than points.
  Grid(Rows points, size_t columns);

  bool step() override;
  AnalysisProgress progress() const override;
  std::vector<AnalysisOutput> outputs() const override;

 private:
  double cost(size_t point, size_t cell) const;
  void assign(size_t point);
  void sort_in();
  bool exchange_row();
  void finish();

  size_t count_, columns_, rows_, cells_;
  std::vector<double> x_, y_;  // in cells
  size_t at_ = 0, round_ = 0;
  bool is_exact_, is_done_ = false, has_changed_ = false;
  std::vector<int> point_in_;                // of each cell, -1: none
  std::vector<double> point_price_, price_;  // the dual numbers
  std::vector<float> cell_of_, places_, size_;
};

std::unique_ptr<Analysis> make_grid(Rows rows, const Field& options);

}  // namespace gesso
