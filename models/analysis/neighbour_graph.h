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

// Of t-SNE (van der Maaten and Hinton 2008): p_j|i falls with a Gaussian of the distance, as wide
// as the perplexity asks, 2^entropy; p_ij = (p_j|i + p_i|j) / 2n. The weights sum to 1.
NeighbourGraph perplexity_graph(const AllNeighbours& nearest, size_t rows, double perplexity,
                                Metric metric);

// Of UMAP (McInnes, Healy and Melville 2018), the fuzzy simplicial set: exp(-(d - rho) / sigma)
// where rho is the distance of the nearest and the weights of one row sum to log2(k); both
// directions together a + b - ab.
NeighbourGraph fuzzy_graph(const AllNeighbours& nearest, size_t rows, Metric metric);

}  // namespace gesso
