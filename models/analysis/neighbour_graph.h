// Graphs of near rows, for layouts that keep near what is near.
#pragma once

#include <vector>

#include "models/analysis/neighbours.h"

namespace gesso {

// Weights between rows, symmetric, each pair in both directions: those of row i are from first[i]
// to first[i + 1].
struct NeighbourGraph {
  std::vector<size_t> first;
  std::vector<int> to;
  std::vector<float> weight;

  size_t edges() const { return to.size(); }
};

// A graph in the making: what each row gives to its neighbours, then what both directions make.
class NeighbourGraphMaker {
 public:
  // Of t-SNE (van der Maaten and Hinton 2008): p_j|i falls with a Gaussian of the distance, as wide
  // as the perplexity asks, 2^entropy; p_ij = (p_j|i + p_i|j) / 2n. The weights sum to 1.
  static NeighbourGraphMaker of_perplexity(const AllNeighbours& nearest, size_t rows,
                                           double perplexity, Metric metric);

  // Of UMAP (McInnes, Healy and Melville 2018), the fuzzy simplicial set: exp(-(d - rho) / sigma)
  // where rho is the distance of the nearest and the weights of one row sum to log2(k); both
  // directions together a + b - ab.
  static NeighbourGraphMaker fuzzy(const AllNeighbours& nearest, size_t rows, Metric metric);

  bool step();  // some rows; gives whether all is done
  size_t done() const { return size_t(phase_) * rows_ + at_; }
  size_t all() const { return size_t(Phase::done) * rows_; }

  NeighbourGraph& graph() { return graph_; }

 private:
  enum class Phase : uint8_t { measure, weigh, collect, join, done };
  struct Edge {
    int to;
    double out, in;
  };

  // The neighbours must outlive it. Perplexity 0 is the fuzzy one.
  NeighbourGraphMaker(const AllNeighbours& nearest, size_t rows, double perplexity, Metric metric);

  void measure(size_t row);
  void weigh(size_t row);
  void weigh_by_perplexity(size_t row);
  void collect(size_t row);
  void join(size_t row);

  const AllNeighbours& nearest_;
  size_t rows_, k_;
  double perplexity_;
  Metric metric_;
  Phase phase_ = Phase::measure;
  size_t at_ = 0;  // rows that this phase has seen
  double mean_of_all_ = 0;
  std::vector<double> given_, scratch_;  // [rows, k] to neighbours; [k] of one row
  std::vector<std::vector<Edge>> edges_;
  NeighbourGraph graph_;
};

}  // namespace gesso
