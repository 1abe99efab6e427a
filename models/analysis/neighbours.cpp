#include "models/analysis/neighbours.h"

#include <algorithm>

namespace gesso {
namespace {

// Tiles of rows of which two fit into a cache of 256 KB.
size_t side_for(size_t stride) {
  return std::clamp<size_t>(32768 / stride, 4, 128) / 4 * 4;
}

class Neighbours : public Analysis {
 public:
  Neighbours(Rows rows, size_t k, Metric metric)
      : rows_(std::move(rows)), metric_(metric), all_("nearestNeighbours", rows_, k, metric) {}

  bool step() override {
    if (!all_.step()) return false;
    if (!indices_.empty()) return true;
    for (size_t i = 0; i < rows_.count(); ++i)
      for (const Neighbour& n : all_.of(i)) {
        indices_.push_back(float(n.row));
        distances_.push_back(distance_from(n.distance, metric_));
      }
    return true;
  }
  AnalysisProgress progress() const override { return all_.progress(); }
  std::vector<AnalysisOutput> outputs() const override {
    std::vector<int> shape{int(rows_.count()), int(all_.k())};
    return {{"indices", shape, indices_}, {"distances", shape, distances_}};
  }

 private:
  Rows rows_;
  Metric metric_;
  AllNeighbours all_;
  std::vector<float> indices_, distances_;
};

// Pairs that are near, the nearest first: up to `most`, and how many there are. Where rows have
// groups, those of two groups are kept apart from those of one.
class Duplicates : public Analysis {
 public:
  Duplicates(Rows rows, float within, size_t most, Metric metric, std::vector<int> groups)
      : rows_(std::move(rows)),
        within_(metric == Metric::euclidean ? within * within : within),
        most_(most),
        metric_(metric),
        groups_(std::move(groups)),
        pairs_(rows_.count(), rows_.stride()) {}

  bool step() override {
    if (is_done_) return true;
    bool last = pairs_.step(rows_, metric_, [&](size_t i, size_t j, float distance) {
      if (distance > within_) return;
      Found& found = groups_.empty() || groups_[i] == groups_[j] ? alike_ : apart_;
      ++found.count;
      found.near.push_back({distance, int(i), int(j)});
    });
    for (Found* found : {&alike_, &apart_}) {
      if (found->near.size() > 2 * most_ || last) keep_nearest(*found);
      if (last) tell(*found);
    }
    return is_done_ = last;
  }
  AnalysisProgress progress() const override { return {true, pairs_.done(), pairs_.all()}; }
  std::vector<AnalysisOutput> outputs() const override {
    int count = int(alike_.distances.size()), apart = int(apart_.distances.size());
    std::vector<AnalysisOutput> all{{"pairs", {count, 2}, alike_.rows},
                                    {"distances", {count}, alike_.distances},
                                    {"found", {1}, alike_.told}};
    if (groups_.empty()) return all;
    all.push_back({"apart", {apart, 2}, apart_.rows});
    all.push_back({"apart_distances", {apart}, apart_.distances});
    all.push_back({"apart_found", {1}, apart_.told});
    return all;
  }

 private:
  struct Pair {
    float distance;
    int i, j;
    auto operator<=>(const Pair&) const = default;
  };

  struct Found {
    size_t count = 0;
    std::vector<Pair> near;
    std::vector<float> rows, distances, told{0};
  };

  void keep_nearest(Found& found) const {
    std::sort(found.near.begin(), found.near.end());
    if (found.near.size() > most_) found.near.resize(most_);
  }
  void tell(Found& found) const {
    for (const Pair& pair : found.near) {
      found.rows.insert(found.rows.end(), {float(pair.i), float(pair.j)});
      found.distances.push_back(distance_from(pair.distance, metric_));
    }
    found.told[0] = float(found.count);
  }

  Rows rows_;
  float within_;
  size_t most_;
  Metric metric_;
  std::vector<int> groups_;  // of the rows, by number; empty: there are none
  Pairs pairs_;
  bool is_done_ = false;
  Found alike_, apart_;
};

}  // namespace

Metric metric_from(const Field& options) {
  Field metric = options.get("metric");
  if (!metric || metric.text() == "euclidean") return Metric::euclidean;
  if (metric.text() == "cosine") return Metric::cosine;
  metric.refuse("is no such metric", "euclidean or cosine");
}

uint32_t seed_from(const Field& options) {
  return uint32_t(std::clamp(options.get("seed").number_or(0), 0.0, 4294967295.0));
}

std::vector<Neighbour> nearest(const Rows& rows, const Rows& query, size_t k, Metric metric) {
  std::vector<float> measured(rows.count());
  if (!measured.empty()) distances(query, 0, 1, rows, 0, rows.count(), metric, measured.data());
  std::vector<Neighbour> all;
  for (size_t i = 0; i < measured.size(); ++i) all.push_back({int(i), measured[i]});
  auto end = all.begin() + std::ptrdiff_t(std::min(k, all.size()));
  std::partial_sort(all.begin(), end, all.end());
  all.erase(end, all.end());
  return all;
}

Pairs::Pairs(size_t count, size_t stride)
    : count_(count), side_(side_for(stride)), tile_(side_ * side_) {
  size_t tiles = (count + side_ - 1) / side_;
  all_ = tiles * (tiles + 1) / 2;
}

bool Pairs::advance() {
  ++done_;
  b_ += side_;
  if (b_ >= count_) b_ = a_ += side_;
  return a_ >= count_;
}

AllNeighbours::AllNeighbours(Text who, const Rows& rows, size_t k, Metric metric)
    : rows_(rows),
      k_(std::min(k, rows.count() - std::min<size_t>(rows.count(), 1))),
      metric_(metric),
      pairs_(rows.count(), rows.stride()) {
  // In 64 bits: where WebAssembly lives, size_t has 32.
  if (uint64_t{rows.count()} * k_ > most)
    fail(phrase({who, ": so many neighbours of so many rows are too much to keep"}),
         {{"rows", rows.count()}, {"neighbours of each", k_}, {"at most together", most}},
         phrase({"at most ", most / rows.count(), " neighbours of each, or fewer rows"}));
  best_.resize(rows.count() * k_);
}

bool AllNeighbours::step() {
  if (k_ == 0) return true;
  return pairs_.step(rows_, metric_, [&](size_t i, size_t j, float distance) {
    offer(i, {int(j), distance});
    offer(j, {int(i), distance});
  });
}

void AllNeighbours::offer(size_t row, Neighbour neighbour) {
  Neighbour *first = best_.data() + row * k_, *place = first + k_ - 1;
  if (!(neighbour < *place)) return;
  for (; place > first && neighbour < place[-1]; --place) *place = place[-1];
  *place = neighbour;
}

std::unique_ptr<Analysis> make_neighbours(Rows rows, const Field& options) {
  int k = options.at("k").integer();
  if (k < 1) options.at("k").refuse("must be at least 1", "k: 10");
  return std::make_unique<Neighbours>(std::move(rows), size_t(k), metric_from(options));
}

std::unique_ptr<Analysis> make_duplicates(Rows rows, const Field& options) {
  double within = options.at("within").number();
  int most = options.get("most").integer_or(1000);
  if (!(within >= 0)) options.at("within").refuse("must not be negative", "within: 0.01");
  if (most < 1) options.at("most").refuse("must be at least 1", "most: 1000");
  std::vector<int> groups;
  if (Field given = options.get("groups")) {
    for (const Field& item : given.items()) groups.push_back(item.integer());
    if (groups.size() != rows.count()) given.refuse("must have a number for each row", "[0, 0, 1]");
  }
  return std::make_unique<Duplicates>(std::move(rows), float(within), size_t(most),
                                      metric_from(options), std::move(groups));
}

}  // namespace gesso
