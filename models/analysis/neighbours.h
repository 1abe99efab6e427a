// Which rows are nearest: to one row, and for all rows at once. Ties go to the row added first.
#pragma once

#include <cstdint>

#include "models/analysis/analysis.h"
#include "models/analysis/distances.h"

namespace gesso {

struct Neighbour {
  int row = -1;
  float distance = std::numeric_limits<float>::infinity();  // as distances() measures it

  friend bool operator<(const Neighbour& a, const Neighbour& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
  }
};

// The k rows nearest to the first row of `query`, nearest first; all, where there are fewer.
std::vector<Neighbour> nearest(const Rows& rows, const Rows& query, size_t k, Metric metric);

// Every pair of rows, tile by tile, so that rows come from the cache.
class Pairs {
 public:
  Pairs(size_t count, size_t stride);

  // The distances of one tile: calls found(i, j, distance) for each of its pairs i < j. Gives
  // whether that was the last one.
  template <class Found>
  bool step(const Rows& rows, Metric metric, Found found) {
    if (a_ >= count_) return true;
    size_t a_count = std::min(side_, count_ - a_), b_count = std::min(side_, count_ - b_);
    distances(rows, a_, a_count, rows, b_, b_count, metric, tile_.data());
    for (size_t q = 0; q < a_count; ++q)
      for (size_t r = a_ == b_ ? q + 1 : 0; r < b_count; ++r)
        found(a_ + q, b_ + r, tile_[q * b_count + r]);
    return advance();
  }

  size_t done() const { return done_; }
  size_t all() const { return all_; }

 private:
  bool advance();

  size_t count_, side_;
  size_t a_ = 0, b_ = 0, done_ = 0, all_;
  std::vector<float> tile_;
};

// The k nearest of every row, itself left out.
class AllNeighbours : public Analysis {
 public:
  // Neighbours of all rows together, half a GB of them.
  static constexpr uint64_t most = uint64_t{1} << 26;

  // k above the number of other rows is that number. `who` begins messages; fails where rows x k is
  // above `most`, before anything is allocated.
  AllNeighbours(Text who, const Rows& rows, size_t k, Metric metric);

  bool step() override;
  AnalysisProgress progress() const override { return {true, pairs_.done(), pairs_.all()}; }
  std::vector<AnalysisOutput> outputs() const override { return {}; }

  size_t k() const { return k_; }
  std::span<const Neighbour> of(size_t row) const { return {best_.data() + row * k_, k_}; }

 private:
  void offer(size_t row, Neighbour neighbour);

  const Rows& rows_;
  size_t k_;
  Metric metric_;
  Pairs pairs_;
  std::vector<Neighbour> best_;  // [rows, k], nearest first
};

std::unique_ptr<Analysis> make_neighbours(Rows rows, const Field& options);
std::unique_ptr<Analysis> make_duplicates(Rows rows, const Field& options);

Metric metric_from(const Field& options);  // euclidean where none is named
uint32_t seed_from(const Field& options);  // 0 where none is named

}  // namespace gesso
