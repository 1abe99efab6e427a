#include "models/analysis/kmeans.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "models/analysis/distances.h"
#include "models/analysis/neighbours.h"

namespace gesso {
namespace {

constexpr size_t some = 128;  // rows in one step

}  // namespace

KMeans::KMeans(Rows rows, const KMeansOptions& options)
    : rows_(std::move(rows)),
      options_(options),
      random_(options.seed),
      centers_("kmeans", int(rows_.width())),
      nearest_(rows_.count()),
      cluster_(rows_.count()) {
  if (options.k < 1 || options.k > rows_.count())
    fail("kmeans: there must be at least one row for each cluster",
         {{"k", options.k}, {"rows", rows_.count()}}, "a k from 1 to the number of rows");
  begin_start();
}

void KMeans::begin_start() {
  centers_.clear();
  iteration_ = 0;
  has_changed_ = false;
  std::fill(nearest_.begin(), nearest_.end(), std::numeric_limits<float>::infinity());
  std::fill(cluster_.begin(), cluster_.end(), -1);
  add_center(random_.below(uint32_t(rows_.count())));
  phase_ = Phase::choose;
}

void KMeans::add_center(size_t row) {
  std::copy_n(rows_.row(row), rows_.width(), centers_.append_empty());
  at_ = 0;
}

bool KMeans::step() {
  if (phase_ == Phase::choose) choose_some();
  if (phase_ == Phase::assign) assign_some();
  return phase_ == Phase::done;
}

// The next center is a row, by chance: the probability grows with its squared distance to the
// nearest center so far.
void KMeans::choose_some() {
  size_t n = rows_.count(), count = std::min(some, n - at_), last = centers_.count() - 1;
  measured_.resize(count);
  distances(centers_, last, 1, rows_, at_, count, Metric::euclidean, measured_.data());
  for (size_t i = 0; i < count; ++i) nearest_[at_ + i] = std::min(nearest_[at_ + i], measured_[i]);
  at_ += count;
  if (at_ < n) return;
  if (centers_.count() == options_.k) {
    at_ = 0;
    phase_ = Phase::assign;
    return;
  }
  double total = std::accumulate(nearest_.begin(), nearest_.end(), 0.0);
  double left = double(random_.uniform()) * total;
  size_t chosen = total > 0 ? n : random_.below(uint32_t(n));  // rows may all be equal
  for (size_t i = 0; i < n && chosen == n; ++i)
    if ((left -= double(nearest_[i])) < 0) chosen = i;
  if (chosen == n)
    chosen = size_t(std::max_element(nearest_.begin(), nearest_.end()) - nearest_.begin());
  add_center(chosen);
}

void KMeans::assign_some() {
  size_t n = rows_.count(), k = options_.k, count = std::min(some, n - at_);
  measured_.resize(count * k);
  distances(rows_, at_, count, centers_, 0, k, Metric::euclidean, measured_.data());
  for (size_t i = 0; i < count; ++i) {
    const float* row = measured_.data() + i * k;
    auto best = std::min_element(row, row + k);
    has_changed_ |= cluster_[at_ + i] != int(best - row);
    cluster_[at_ + i] = int(best - row);
    nearest_[at_ + i] = *best;
  }
  at_ += count;
  if (at_ < n) return;
  if (!has_changed_ || iteration_ == options_.iterations) return end_start();
  ++iteration_;
  at_ = 0;
  has_changed_ = false;
  move_centers();
}

void KMeans::move_centers() {
  size_t n = rows_.count(), k = options_.k, width = rows_.width();
  std::vector<double> sums(k * width);
  std::vector<size_t> counts(k);
  for (size_t i = 0; i < n; ++i) {
    size_t c = size_t(cluster_[i]);
    ++counts[c];
    for (size_t j = 0; j < width; ++j) sums[c * width + j] += double(rows_.row(i)[j]);
  }
  for (size_t c = 0; c < k; ++c) {
    float* center = centers_.row(c);
    for (size_t j = 0; j < width && counts[c] > 0; ++j)
      center[j] = float(sums[c * width + j] / double(counts[c]));
    if (counts[c] > 0) continue;
    auto farthest = std::max_element(nearest_.begin(), nearest_.end());
    std::copy_n(rows_.row(size_t(farthest - nearest_.begin())), width, center);
    *farthest = 0;  // the next empty cluster takes another row
    has_changed_ = true;
  }
}

void KMeans::end_start() {
  size_t k = options_.k, width = rows_.width();
  double inertia = std::accumulate(nearest_.begin(), nearest_.end(), 0.0);
  if (start_ == 0 || inertia < best_inertia_) {
    best_inertia_ = inertia;
    best_[0] = float(inertia);
    best_clusters_.assign(cluster_.begin(), cluster_.end());
    best_centers_.resize(k * width);
    for (size_t c = 0; c < k; ++c)
      std::copy_n(centers_.row(c), width, best_centers_.begin() + std::ptrdiff_t(c * width));
  }
  if (++start_ == std::max<size_t>(options_.restarts, 1)) {
    phase_ = Phase::done;
    return;
  }
  begin_start();
}

AnalysisProgress KMeans::progress() const {
  size_t starts = std::max<size_t>(options_.restarts, 1);
  return {true, start_, starts,
          start_ > 0 ? best_inertia_ : std::numeric_limits<double>::quiet_NaN()};
}

std::vector<AnalysisOutput> KMeans::outputs() const {
  if (phase_ != Phase::done) return {};
  return {{"clusters", {int(rows_.count())}, best_clusters_},
          {"centers", {int(options_.k), int(rows_.width())}, best_centers_},
          {"inertia", {1}, best_}};
}

std::unique_ptr<Analysis> make_kmeans(Rows rows, const Field& options) {
  KMeansOptions read{.k = size_t(std::max(options.at("k").integer(), 0))};
  read.iterations = size_t(std::max(options.get("iterations").integer_or(100), 1));
  read.restarts = size_t(std::max(options.get("restarts").integer_or(4), 1));
  read.seed = seed_from(options);
  return std::make_unique<KMeans>(std::move(rows), read);
}

}  // namespace gesso
