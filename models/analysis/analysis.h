// What can be found in rows of numbers. Each analysis works in small steps, so that it can be
// watched and stopped.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/analysis/rows.h"
#include "models/load/json.h"

namespace gesso {

// How far an analysis is. While `is_preparing`, there is nothing to look at yet.
struct AnalysisProgress {
  bool is_preparing;
  size_t iteration, of;
  double loss = std::numeric_limits<double>::quiet_NaN();  // NaN: there is none, or not yet
};

// Numbers that an analysis has found. Whole ones are exact: they are below 2^24.
struct AnalysisOutput {
  std::string name;
  std::vector<int> shape;
  std::span<const float> numbers;  // until the next step
};

class Analysis {
 public:
  virtual ~Analysis() = default;

  // A little work, a few milliseconds of it. Gives whether all is done.
  virtual bool step() = 0;
  virtual AnalysisProgress progress() const = 0;

  // Of a layout that is under way, its positions; of others, nothing before all is done.
  virtual std::vector<AnalysisOutput> outputs() const = 0;

  // Steps until all is done or the time is over. Gives whether all is done.
  bool run(double milliseconds);
};

// The analysis of this name. Fails on options that do not fit the rows, and on too few rows.
//   neighbours  {k, metric}: indices and distances, [rows, k], nearest first
//   duplicates  {within, most, metric, groups}: pairs [kept, 2] and distances, nearest first, and
//   how
//               many were found; with a group for each row those of one group, and as apart,
//               apart_distances and apart_found those of two
//   pca         {components, seed}: points, components, mean, variance, share
//   project     {components, mean}: points
//   kmeans      {k, iterations, restarts, seed}: clusters [rows], centers, inertia
//   tsne        {perplexity, iterations, learning_rate, exaggeration, dimensions, metric, initial,
//               seed}: points
//   umap        {neighbors, epochs, min_distance, spread, dimensions, metric, seed, ...}: points
//   grid        {columns}: cells [rows], points in cells
std::unique_ptr<Analysis> make_analysis(std::string_view method, Rows rows, const Field& options);

}  // namespace gesso
