// t-SNE: a layout in which near rows lie near (van der Maaten and Hinton 2008).
#pragma once

#include <optional>

#include "models/analysis/neighbour_graph.h"
#include "models/analysis/pca.h"
#include "models/analysis/repulsion.h"

namespace gesso {

struct TsneOptions {
  double perplexity = 30;  // how many rows count as near, about
  size_t iterations = 1000;
  double learning_rate = 0;  // 0: rows / exaggeration / 4, at least 50
  double exaggeration = 12;  // of what pulls, in the first quarter, 250 iterations at most
  size_t dimensions = 2;     // or 3
  Metric metric = Metric::euclidean;
  bool random_start = false;  // else from the principal components
  uint32_t seed = 0;
};

// Gradient descent on the Kullback-Leibler divergence between the perplexity graph of the 3 x
// perplexity nearest rows and q_ij ~ 1 / (1 + |y_i - y_j|^2), with momentum 0.5, then 0.8, and a
// gain for every number. What pushes is computed exactly for up to 4,000 rows, else by a tree.
class Tsne : public Analysis {
 public:
  static constexpr size_t most_exact = 4000;

  // Fails on a perplexity below 1 or above a third of the other rows.
  Tsne(Rows rows, const TsneOptions& options);

  bool step() override;
  AnalysisProgress progress() const override;
  std::vector<AnalysisOutput> outputs() const override;

 private:
  enum class Phase : uint8_t { neighbours, graph, components, descent, done };

  bool is_exaggerated() const { return iteration_ < calm_from_; }
  void begin_descent();
  void push_some();
  void end_iteration();
  template <size_t D>
  double pull(std::vector<double>& gradient, bool with_loss) const;

  Rows rows_;
  TsneOptions options_;
  size_t calm_from_;
  Phase phase_ = Phase::neighbours;
  AllNeighbours nearest_;
  std::optional<NeighbourGraphMaker> maker_;
  std::optional<Pca> pca_;
  NeighbourGraph graph_;

  Layout layout_;
  CellTree tree_;
  size_t iteration_ = 0, at_ = 0;  // points that have been pushed in this iteration
  double total_ = 0;               // of all q so far
  std::vector<Push> pushes_;
  std::vector<double> update_, gain_;  // [points, dimensions]
  double loss_ = std::numeric_limits<double>::quiet_NaN();
  mutable std::vector<float> points_;
};

std::unique_ptr<Analysis> make_tsne(Rows rows, const Field& options);

}  // namespace gesso
