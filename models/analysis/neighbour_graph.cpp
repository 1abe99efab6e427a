#include "models/analysis/neighbour_graph.h"

#include <algorithm>
#include <cmath>

namespace gesso {
namespace {

constexpr int most_halvings = 64;
constexpr size_t neighbours_at_once = 8192;

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

}  // namespace

NeighbourGraphMaker NeighbourGraphMaker::of_perplexity(const AllNeighbours& nearest, size_t rows,
                                                       double perplexity, Metric metric) {
  return {nearest, rows, perplexity, metric};
}

NeighbourGraphMaker NeighbourGraphMaker::fuzzy(const AllNeighbours& nearest, size_t rows,
                                               Metric metric) {
  return {nearest, rows, 0, metric};
}

NeighbourGraphMaker::NeighbourGraphMaker(const AllNeighbours& nearest, size_t rows,
                                         double perplexity, Metric metric)
    : nearest_(nearest),
      rows_(rows),
      k_(nearest.k()),
      perplexity_(perplexity),
      metric_(metric),
      given_(rows * k_),
      scratch_(k_),
      edges_(rows) {
  graph_.first.push_back(0);
}

bool NeighbourGraphMaker::step() {
  size_t some = std::max<size_t>(neighbours_at_once / std::max<size_t>(k_, 1), 1);
  for (size_t end = std::min(at_ + some, rows_); at_ < end; ++at_) {
    if (phase_ == Phase::measure) measure(at_);
    if (phase_ == Phase::weigh) perplexity_ > 0 ? weigh_by_perplexity(at_) : weigh(at_);
    if (phase_ == Phase::collect) collect(at_);
    if (phase_ == Phase::join) join(at_);
  }
  if (at_ == rows_ && phase_ != Phase::done) {
    phase_ = Phase(int(phase_) + 1);
    at_ = 0;
    if (phase_ == Phase::join) given_ = {};
  }
  return phase_ == Phase::done;
}

// Only the fuzzy one asks for the mean of all distances.
void NeighbourGraphMaker::measure(size_t row) {
  if (perplexity_ > 0) return;
  for (const Neighbour& neighbour : nearest_.of(row))
    mean_of_all_ +=
        std::sqrt(double(squared_from(neighbour.distance, metric_))) / (double(rows_) * double(k_));
}

void NeighbourGraphMaker::weigh_by_perplexity(size_t row) {
  std::span<const Neighbour> nearest = nearest_.of(row);
  std::vector<double>& squared = scratch_;
  double least = double(squared_from(nearest[0].distance, metric_)), mean = 0;
  for (size_t n = 0; n < k_; ++n) {
    squared[n] = double(squared_from(nearest[n].distance, metric_)) - least;
    mean += squared[n] / double(k_);
  }
  double* p = given_.data() + row * k_;
  // Perplexity grows with the variance of the Gaussian, exp(-d^2 / 2 variance).
  auto spread = [&](double variance) {
    double sum = 0, weighted = 0;
    for (size_t n = 0; n < k_; ++n) {
      double scaled = squared[n] / (2 * variance);
      p[n] = std::exp(-scaled);
      sum += p[n];
      weighted += scaled * p[n];
    }
    for (size_t n = 0; n < k_; ++n) p[n] /= sum;
    return std::exp(std::log(sum) + weighted / sum);
  };
  double variance = solve_growing(mean > 0 ? mean / 2 : 1, perplexity_, spread);
  spread(variance);
}

void NeighbourGraphMaker::weigh(size_t row) {
  std::vector<double>& d = scratch_;
  double rho = 0, mean = 0;
  for (size_t n = 0; n < k_; ++n) {
    d[n] = std::sqrt(double(squared_from(nearest_.of(row)[n].distance, metric_)));
    if (rho == 0) rho = d[n];  // that of the nearest row that is another one
    mean += d[n] / double(k_);
  }
  double* w = given_.data() + row * k_;
  auto sum_for = [&](double sigma) {
    double sum = 0;
    for (size_t n = 0; n < k_; ++n) sum += w[n] = d[n] <= rho ? 1 : std::exp(-(d[n] - rho) / sigma);
    return sum;
  };
  double wanted = std::log2(double(std::max<size_t>(k_, 2)));
  double sigma = solve_growing(mean > 0 ? mean : 1, wanted, sum_for);
  double least = 1e-3 * (mean > 0 ? mean : mean_of_all_);
  sum_for(std::max({sigma, least, 1e-300}));
}

void NeighbourGraphMaker::collect(size_t row) {
  for (size_t n = 0; n < k_; ++n) {
    int j = nearest_.of(row)[n].row;
    double given = given_[row * k_ + n];
    edges_[row].push_back({j, given, 0});
    edges_[size_t(j)].push_back({int(row), 0, given});
  }
}

// One edge of the two between each pair, and its weight.
void NeighbourGraphMaker::join(size_t row) {
  std::vector<Edge> list = std::move(edges_[row]);
  std::sort(list.begin(), list.end(), [](const Edge& a, const Edge& b) { return a.to < b.to; });
  for (size_t e = 0; e < list.size(); ++e) {
    Edge edge = list[e];
    if (e + 1 < list.size() && list[e + 1].to == edge.to) {
      ++e;
      edge.out += list[e].out;
      edge.in += list[e].in;
    }
    double weight = perplexity_ > 0 ? (edge.out + edge.in) / (2 * double(rows_))
                                    : edge.out + edge.in - edge.out * edge.in;
    if (weight <= 0) continue;
    graph_.to.push_back(edge.to);
    graph_.weight.push_back(float(weight));
  }
  graph_.first.push_back(graph_.to.size());
}

}  // namespace gesso
