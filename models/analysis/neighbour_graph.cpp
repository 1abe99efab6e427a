#include "models/analysis/neighbour_graph.h"

#include <algorithm>
#include <cmath>

namespace gesso {
namespace {

constexpr int most_halvings = 64;

// A number x > 0 for which the growing f(x) is `wanted`, or the end of the range where there is
// none. `x` is where to begin.
template <class F>
double solve_growing(double x, double wanted, F f) {
  double low = 0, high = std::numeric_limits<double>::infinity();
  for (int i = 0; i < most_halvings; ++i) {
    double off = f(x) - wanted;
    if (std::abs(off) < 1e-6 * wanted) break;
    (off > 0 ? high : low) = x;
    x = std::isinf(high) ? 2 * x : (low + high) / 2;
  }
  return x;
}

// The graph of weights that each row gives to its neighbours; `both` makes one of two directions.
template <class Both>
NeighbourGraph symmetric(const AllNeighbours& nearest, size_t rows,
                         const std::vector<double>& given, Both both) {
  struct Edge {
    int to;
    double out, in;
  };
  std::vector<std::vector<Edge>> edges(rows);
  size_t k = nearest.k();
  for (size_t i = 0; i < rows; ++i)
    for (size_t n = 0; n < k; ++n) {
      int j = nearest.of(i)[n].row;
      edges[i].push_back({j, given[i * k + n], 0});
      edges[size_t(j)].push_back({int(i), 0, given[i * k + n]});
    }
  NeighbourGraph graph;
  graph.first.push_back(0);
  for (std::vector<Edge>& list : edges) {
    std::sort(list.begin(), list.end(), [](const Edge& a, const Edge& b) { return a.to < b.to; });
    for (size_t e = 0; e < list.size(); ++e) {
      Edge edge = list[e];
      if (e + 1 < list.size() && list[e + 1].to == edge.to) {
        ++e;
        edge.out += list[e].out;
        edge.in += list[e].in;
      }
      double weight = both(edge.out, edge.in);
      if (weight <= 0) continue;
      graph.to.push_back(edge.to);
      graph.weight.push_back(float(weight));
    }
    graph.first.push_back(graph.to.size());
  }
  return graph;
}

}  // namespace

NeighbourGraph perplexity_graph(const AllNeighbours& nearest, size_t rows, double perplexity,
                                Metric metric) {
  size_t k = nearest.k();
  std::vector<double> given(rows * k), squared(k);
  for (size_t i = 0; i < rows; ++i) {
    double least = double(squared_from(nearest.of(i)[0].distance, metric)), mean = 0;
    for (size_t n = 0; n < k; ++n) {
      squared[n] = double(squared_from(nearest.of(i)[n].distance, metric)) - least;
      mean += squared[n] / double(k);
    }
    double* p = given.data() + i * k;
    // Perplexity grows with the variance of the Gaussian, exp(-d^2 / 2 variance).
    auto spread = [&](double variance) {
      double sum = 0, weighted = 0;
      for (size_t n = 0; n < k; ++n) {
        double scaled = squared[n] / (2 * variance);
        p[n] = std::exp(-scaled);
        sum += p[n];
        weighted += scaled * p[n];
      }
      for (size_t n = 0; n < k; ++n) p[n] /= sum;
      return std::exp(std::log(sum) + weighted / sum);
    };
    double variance = solve_growing(mean > 0 ? mean / 2 : 1, perplexity, spread);
    spread(variance);
  }
  double scale = 1 / (2 * double(rows));
  return symmetric(nearest, rows, given,
                   [scale](double out, double in) { return (out + in) * scale; });
}

NeighbourGraph fuzzy_graph(const AllNeighbours& nearest, size_t rows, Metric metric) {
  size_t k = nearest.k();
  std::vector<double> given(rows * k), distance(rows * k);
  double mean_of_all = 0;
  for (size_t i = 0; i < rows; ++i)
    for (size_t n = 0; n < k; ++n) {
      double squared = double(squared_from(nearest.of(i)[n].distance, metric));
      distance[i * k + n] = std::sqrt(squared);
      mean_of_all += distance[i * k + n] / double(rows * k);
    }
  double wanted = std::log2(double(std::max<size_t>(k, 2)));
  for (size_t i = 0; i < rows; ++i) {
    const double* d = distance.data() + i * k;
    double rho = 0, mean = 0;
    for (size_t n = 0; n < k; ++n) {
      if (rho == 0) rho = d[n];  // that of the nearest row that is another one
      mean += d[n] / double(k);
    }
    double* w = given.data() + i * k;
    auto sum_for = [&](double sigma) {
      double sum = 0;
      for (size_t n = 0; n < k; ++n)
        sum += w[n] = d[n] <= rho ? 1 : std::exp(-(d[n] - rho) / sigma);
      return sum;
    };
    double sigma = solve_growing(mean > 0 ? mean : 1, wanted, sum_for);
    double least = 1e-3 * (mean > 0 ? mean : mean_of_all);
    sum_for(std::max({sigma, least, 1e-300}));
  }
  return symmetric(nearest, rows, given, [](double out, double in) { return out + in - out * in; });
}

}  // namespace gesso
