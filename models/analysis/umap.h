// UMAP: a layout that keeps neighbours together and groups apart (McInnes, Healy, Melville 2018).
#pragma once

#include <optional>

#include "core/random.h"
#include "models/analysis/neighbour_graph.h"
#include "models/analysis/pca.h"

namespace gesso {

struct UmapOptions {
  size_t neighbors = 15;      // how many rows count as near
  size_t epochs = 0;          // 0: 500 for up to 10,000 rows, else 200
  double min_distance = 0.1;  // how close the points of a group may lie
  double spread = 1;          // how far groups lie apart
  double learning_rate = 1;
  size_t negatives = 5;   // points that are pushed away for each one that is pulled
  size_t dimensions = 2;  // or 3
  Metric metric = Metric::euclidean;
  uint32_t seed = 0;
};

// 1 / (1 + a d^2b), the curve nearest to 1 where d < min_distance, exp(-(d - min_distance) /
// spread) beyond: least squares at 300 distances from 0 to 3 x spread.
struct Curve {
  double a, b;
};
Curve curve_for(double min_distance, double spread);

// Stochastic gradient descent on the cross-entropy of the fuzzy graph, by sampled edges, from the
// principal components.
class Umap : public Analysis {
 public:
  // Fails unless 2 <= neighbors < rows; one row alone lies at zero.
  Umap(Rows rows, const UmapOptions& options);

  bool step() override;
  AnalysisProgress progress() const override;
  std::vector<AnalysisOutput> outputs() const override;

 private:
  enum class Phase : uint8_t { neighbours, graph, components, descent, done };

  void begin_descent();
  void descend_some();
  template <size_t D>
  void descend(size_t edge, float rate);

  Rows rows_;
  UmapOptions options_;
  Curve curve_;
  Phase phase_ = Phase::neighbours;
  AllNeighbours nearest_;
  std::optional<NeighbourGraphMaker> maker_;
  std::optional<Pca> pca_;

  struct Edge {
    int from, to;
    float every;      // epochs from one sample of this edge to the next
    float next;       // the epoch of the next one,
    float next_push;  // and of the next point that is pushed away
  };
  std::vector<Edge> edges_;
  Random random_;
  size_t epoch_ = 0, at_ = 0;
  std::vector<float> points_;  // [rows, dimensions]
};

std::unique_ptr<Analysis> make_umap(Rows rows, const Field& options);

}  // namespace gesso
