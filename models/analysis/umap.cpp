#include "models/analysis/umap.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "models/analysis/layout.h"

namespace gesso {
namespace {

constexpr float first_extent = 10;  // the largest coordinate at the beginning
constexpr float noise = 1e-3f;      // so that equal rows can part
constexpr float most_gradient = 4;  // of one sample, in each dimension
constexpr size_t edges_at_once = 8192;

size_t epochs_for(const UmapOptions& options, size_t rows) {
  if (options.epochs > 0) return options.epochs;
  return rows <= 10000 ? 500 : 200;
}

const UmapOptions& checked(const UmapOptions& options, size_t rows) {
  if (rows > 2 && (options.neighbors < 2 || options.neighbors >= rows))
    fail("umap: there must be from 2 neighbors to all other rows",
         {{"neighbors", options.neighbors}, {"rows", rows}},
         phrase({"neighbors: ", std::min<size_t>(rows - 1, 15)}));
  return options;
}

}  // namespace

Curve curve_for(double min_distance, double spread) {
  constexpr int samples = 300;
  double a = 1.5, b = 1, damping = 1e-3;
  auto each = [&](auto f) {
    for (int i = 0; i < samples; ++i) {
      double d = 3 * spread * i / (samples - 1);
      double wanted = d < min_distance ? 1 : std::exp(-(d - min_distance) / spread);
      f(d, wanted);
    }
  };
  auto error_of = [&](double try_a, double try_b) {
    double sum = 0;
    each([&](double d, double wanted) {
      double off = 1 / (1 + try_a * std::pow(d, 2 * try_b)) - wanted;
      sum += off * off;
    });
    return sum;
  };
  double error = error_of(a, b);
  // Levenberg and Marquardt's way.
  for (int round = 0; round < 200; ++round) {
    double aa = 0, ab = 0, bb = 0, ga = 0, gb = 0;
    each([&](double d, double wanted) {
      if (d == 0) return;
      double power = std::pow(d, 2 * b), value = 1 / (1 + a * power);
      double by_a = -value * value * power, by_b = by_a * a * 2 * std::log(d);
      aa += by_a * by_a;
      ab += by_a * by_b;
      bb += by_b * by_b;
      ga += by_a * (value - wanted);
      gb += by_b * (value - wanted);
    });
    aa *= 1 + damping;
    bb *= 1 + damping;
    double determinant = aa * bb - ab * ab;
    if (!(std::abs(determinant) > 0)) break;
    double next_a = a - (bb * ga - ab * gb) / determinant;
    double next_b = b - (aa * gb - ab * ga) / determinant;
    double next = next_a > 0 && next_b > 0 ? error_of(next_a, next_b) : error + 1;
    if (next > error) {
      damping *= 10;
      if (damping > 1e12) break;
      continue;
    }
    bool is_settled = error - next < 1e-14 * error;
    a = next_a;
    b = next_b;
    error = next;
    damping = std::max(damping / 10, 1e-12);
    if (is_settled) break;
  }
  return {a, b};
}

Umap::Umap(Rows rows, const UmapOptions& options)
    : rows_(std::move(rows)),
      options_(checked(options, rows_.count())),
      curve_(curve_for(options.min_distance, options.spread)),
      nearest_("umap", rows_, options.neighbors, options.metric),
      random_(options.seed) {}

bool Umap::step() {
  switch (phase_) {
    case Phase::neighbours:
      if (!nearest_.step()) break;
      maker_.emplace(NeighbourGraphMaker::fuzzy(nearest_, rows_.count(), options_.metric));
      phase_ = Phase::graph;
      break;
    case Phase::graph:
      if (!maker_->step()) break;
      pca_.emplace("umap", rows_, std::min({options_.dimensions, rows_.count(), rows_.width()}),
                   options_.seed);
      phase_ = Phase::components;
      break;
    case Phase::components:
      if (pca_->step()) begin_descent();
      break;
    case Phase::descent:
      descend_some();
      break;
    case Phase::done:
      break;
  }
  return phase_ == Phase::done;
}

void Umap::begin_descent() {
  size_t n = rows_.count(), epochs = epochs_for(options_, n), dimensions = options_.dimensions;
  const NeighbourGraph& graph = maker_->graph();
  float most = 0;
  for (float weight : graph.weight) most = std::max(most, weight);
  for (size_t i = 0; i < n; ++i)
    for (size_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
      float every = most / graph.weight[e];
      if (every > float(epochs)) continue;
      float push = every / float(std::max<size_t>(options_.negatives, 1));
      edges_.push_back({int(i), graph.to[e], every, every, push});
    }
  Layout layout(n, dimensions);
  size_t columns = std::min({dimensions, n, rows_.width()});
  layout.begin_with(pca_->points(), columns, 1, options_.seed);
  layout.write(points_);
  float extent = 0;
  for (float x : points_) extent = std::max(extent, std::abs(x));
  float scale = extent > 0 ? first_extent / extent : 1;
  for (float& x : points_) x = n > 1 ? x * scale + noise * random_.normal() : 0;
  maker_.reset();
  pca_.reset();
  rows_.clear();
  phase_ = Phase::descent;
}

template <size_t D>
void Umap::descend(size_t number, float rate) {
  Edge& edge = edges_[number];
  if (edge.next > float(epoch_)) return;
  const float a = float(curve_.a), b = float(curve_.b);
  float* here = points_.data() + size_t(edge.from) * D;
  auto move = [&](const float* there, float factor, float* other) {
    for (size_t d = 0; d < D; ++d) {
      float step = rate * std::clamp(factor * (here[d] - there[d]), -most_gradient, most_gradient);
      here[d] += step;
      if (other) other[d] -= step;
    }
  };
  auto squared_to = [&](const float* there) {
    float sum = 0;
    for (size_t d = 0; d < D; ++d) sum += (here[d] - there[d]) * (here[d] - there[d]);
    return sum;
  };
  float* there = points_.data() + size_t(edge.to) * D;
  if (float squared = squared_to(there); squared > 0) {
    float power = std::pow(squared, b);
    move(there, -2 * a * b * power / (squared * (1 + a * power)), there);
  }
  edge.next += edge.every;

  if (options_.negatives == 0) return;
  float push_every = edge.every / float(options_.negatives);
  int count = int((float(epoch_) - edge.next_push) / push_every);
  size_t n = points_.size() / D;
  for (int i = 0; i < count; ++i) {
    size_t other = random_.below(uint32_t(n));
    if (other == size_t(edge.from)) continue;
    const float* away = points_.data() + other * D;
    float squared = squared_to(away);
    float factor = squared > 0 ? 2 * b / ((0.001f + squared) * (1 + a * std::pow(squared, b))) : 0;
    move(away, factor, nullptr);
  }
  edge.next_push += float(count) * push_every;
}

void Umap::descend_some() {
  size_t epochs = epochs_for(options_, points_.size() / options_.dimensions);
  float rate = float(options_.learning_rate) * (1 - float(epoch_) / float(epochs));
  size_t end = std::min(at_ + edges_at_once, edges_.size());
  for (; at_ < end; ++at_) options_.dimensions == 3 ? descend<3>(at_, rate) : descend<2>(at_, rate);
  if (at_ < edges_.size()) return;
  at_ = 0;
  if (++epoch_ >= epochs || edges_.empty()) phase_ = Phase::done;
}

AnalysisProgress Umap::progress() const {
  if (phase_ == Phase::neighbours) return nearest_.progress();
  if (phase_ == Phase::graph) return {true, maker_->done(), maker_->all()};
  if (phase_ == Phase::components) return pca_->progress();
  return {false, epoch_, epochs_for(options_, points_.size() / options_.dimensions)};
}

std::vector<AnalysisOutput> Umap::outputs() const {
  if (phase_ < Phase::descent) return {};
  int dimensions = int(options_.dimensions);
  return {{"points", {int(points_.size()) / dimensions, dimensions}, points_}};
}

std::unique_ptr<Analysis> make_umap(Rows rows, const Field& options) {
  int n = int(rows.count());
  UmapOptions read;
  int neighbors = options.get("neighbors").integer_or(std::clamp(n - 1, 1, 15));
  read.neighbors = size_t(std::max(neighbors, 0));
  read.epochs = size_t(std::max(options.get("epochs").integer_or(0), 0));
  read.min_distance = options.get("min_distance").number_or(read.min_distance);
  read.spread = options.get("spread").number_or(read.spread);
  read.learning_rate = options.get("learning_rate").number_or(read.learning_rate);
  read.negatives = size_t(std::max(options.get("negatives").integer_or(5), 0));
  read.dimensions = size_t(std::clamp(options.get("dimensions").integer_or(2), 2, 3));
  read.metric = metric_from(options);
  read.seed = seed_from(options);
  if (!(read.spread > 0)) options.get("spread").refuse("must be above 0", "spread: 1");
  if (!(read.min_distance >= 0 && read.min_distance <= read.spread))
    options.get("min_distance").refuse("must be from 0 to the spread", "minDistance: 0.1");
  return std::make_unique<Umap>(std::move(rows), read);
}

}  // namespace gesso
