#include "models/analysis/tsne.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "models/load/write_json.h"

namespace gesso {
namespace {

constexpr float first_deviation = 1e-4f;
constexpr size_t most_exaggerated = 250, slow_until = 250;
constexpr size_t loss_every = 25;
constexpr size_t pairs_at_once = 1 << 20;

const TsneOptions& checked(const TsneOptions& options, size_t rows) {
  double most = (double(rows) - 1) / 3;
  if (!(options.perplexity >= 1 && options.perplexity <= most))
    fail("tsne: the perplexity must be from 1 to a third of the other rows",
         {{"perplexity", json_number(options.perplexity)},
          {"rows", rows},
          {"at most", json_number(std::floor(std::max(most, 0.0) * 100) / 100)}},
         most < 1 ? "at least 4 rows" : phrase({"perplexity: ", int64_t(most), ", or more rows"}));
  return options;
}

}  // namespace

Tsne::Tsne(Rows rows, const TsneOptions& options)
    : rows_(std::move(rows)),
      options_(checked(options, rows_.count())),
      calm_from_(std::min(options.iterations / 4, most_exaggerated)),
      nearest_("tsne", rows_, size_t(3 * options.perplexity), options.metric),
      layout_(rows_.count(), options.dimensions) {}

bool Tsne::step() {
  switch (phase_) {
    case Phase::neighbours:
      if (!nearest_.step()) break;
      maker_.emplace(NeighbourGraphMaker::of_perplexity(nearest_, rows_.count(),
                                                        options_.perplexity, options_.metric));
      phase_ = Phase::graph;
      break;
    case Phase::graph:
      if (!maker_->step()) break;
      graph_ = std::move(maker_->graph());
      maker_.reset();
      if (options_.random_start) {
        begin_descent();
        break;
      }
      pca_.emplace("tsne", rows_, std::min({options_.dimensions, rows_.count(), rows_.width()}),
                   options_.seed);
      phase_ = Phase::components;
      break;
    case Phase::components:
      if (pca_->step()) begin_descent();
      break;
    case Phase::descent:
      push_some();
      break;
    case Phase::done:
      break;
  }
  return phase_ == Phase::done;
}

void Tsne::begin_descent() {
  size_t columns = std::min(options_.dimensions, rows_.width());
  if (pca_)
    layout_.begin_with(pca_->points(), columns, first_deviation, options_.seed);
  else
    layout_.begin_with({}, 0, 100 * first_deviation, options_.seed);
  pca_.reset();
  rows_.clear();
  size_t n = layout_.count();
  pushes_.resize(n);
  update_.assign(n * options_.dimensions, 0);
  gain_.assign(n * options_.dimensions, 1);
  phase_ = Phase::descent;
}

void Tsne::push_some() {
  size_t n = layout_.count();
  bool is_exact = n <= most_exact;
  if (at_ == 0) {
    total_ = 0;
    if (!is_exact) tree_.build(layout_);
  }
  size_t some = std::max<size_t>(pairs_at_once / (is_exact ? n : 512), 1);
  for (size_t end = std::min(at_ + some, n); at_ < end; ++at_) {
    pushes_[at_] = is_exact ? exact_push(layout_, at_) : tree_.push(layout_, at_);
    total_ += pushes_[at_].total;
  }
  if (at_ < n) return;
  at_ = 0;
  end_iteration();
}

// Fills the first part of dC/dy_i = 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2), what
// pulls; gives C = sum p log(p / q) where it is asked for.
template <size_t D>
double Tsne::pull(std::vector<double>& gradient, bool with_loss) const {
  double loss = 0;
  for (size_t i = 0; i < layout_.count(); ++i) {
    std::array<float, D> force{};
    for (size_t e = graph_.first[i]; e < graph_.first[i + 1]; ++e) {
      size_t j = size_t(graph_.to[e]);
      std::array<float, D> off{};
      float squared = 1;
      for (size_t d = 0; d < D; ++d) {
        off[d] = layout_.axis(d)[i] - layout_.axis(d)[j];
        squared += off[d] * off[d];
      }
      float p = graph_.weight[e], factor = p / squared;
      for (size_t d = 0; d < D; ++d) force[d] += factor * off[d];
      if (with_loss) loss += double(p) * std::log(double(p) * total_ * double(squared));
    }
    for (size_t d = 0; d < D; ++d) gradient[i * D + d] = double(force[d]);
  }
  return loss;
}

void Tsne::end_iteration() {
  size_t n = layout_.count(), dimensions = options_.dimensions;
  bool is_last = iteration_ == options_.iterations;
  bool with_loss = is_last || iteration_ % loss_every == 0;
  std::vector<double> gradient(n * dimensions);
  total_ = std::max(total_, 1e-300);
  double loss = dimensions == 3 ? pull<3>(gradient, with_loss) : pull<2>(gradient, with_loss);
  if (with_loss) loss_ = loss;
  if (is_last) {
    phase_ = Phase::done;
    return;
  }
  double pulls = is_exaggerated() ? options_.exaggeration : 1;
  double momentum = iteration_ < slow_until ? 0.5 : 0.8;
  double rate = options_.learning_rate > 0 ? options_.learning_rate
                                           : std::max(double(n) / options_.exaggeration / 4, 50.0);
  for (size_t i = 0; i < n; ++i)
    for (size_t d = 0; d < dimensions; ++d) {
      size_t at = i * dimensions + d;
      double slope = 4 * (pulls * gradient[at] - pushes_[i].force[d] / total_);
      bool goes_on = (slope > 0) != (update_[at] > 0);
      gain_[at] = goes_on ? gain_[at] + 0.2 : std::max(gain_[at] * 0.8, 0.01);
      update_[at] = momentum * update_[at] - rate * gain_[at] * slope;
      layout_.axis(d)[i] += float(update_[at]);
    }
  layout_.center();
  ++iteration_;
}

AnalysisProgress Tsne::progress() const {
  if (phase_ == Phase::neighbours) return nearest_.progress();
  if (phase_ == Phase::graph) return {true, maker_->done(), maker_->all()};
  if (phase_ == Phase::components) return pca_->progress();
  return {false, iteration_, options_.iterations, loss_};
}

std::vector<AnalysisOutput> Tsne::outputs() const {
  if (phase_ < Phase::descent) return {};
  layout_.write(points_);
  return {{"points", {int(layout_.count()), int(options_.dimensions)}, points_}};
}

std::unique_ptr<Analysis> make_tsne(Rows rows, const Field& options) {
  double n = double(rows.count());
  TsneOptions read;
  read.perplexity =
      options.get("perplexity").number_or(std::clamp((n - 1) / 3, 1.0, read.perplexity));
  read.iterations = size_t(std::max(options.get("iterations").integer_or(1000), 0));
  read.learning_rate = options.get("learning_rate").number_or(0);
  read.exaggeration = options.get("exaggeration").number_or(read.exaggeration);
  read.dimensions = size_t(std::clamp(options.get("dimensions").integer_or(2), 2, 3));
  read.metric = metric_from(options);
  read.random_start = options.get("initial").text_or("pca") == "random";
  read.seed = seed_from(options);
  if (!(read.exaggeration >= 1))
    options.get("exaggeration").refuse("must be at least 1", "exaggeration: 12");
  return std::make_unique<Tsne>(std::move(rows), read);
}

}  // namespace gesso
