// k-means: groups of rows around centers.
#pragma once

#include "core/random.h"
#include "models/analysis/analysis.h"

namespace gesso {

struct KMeansOptions {
  size_t k;
  size_t iterations = 100;  // of Lloyd's algorithm, at most, in each start
  size_t restarts = 4;      // starts; the one of the lowest inertia counts
  uint32_t seed = 0;
};

// Lloyd's algorithm from centers that k-means++ chooses (Arthur and Vassilvitskii 2007). A center
// that no row is nearest to moves to the row that is farthest from its own. Euclidean.
class KMeans : public Analysis {
 public:
  // Fails unless 1 <= k <= rows.
  KMeans(Rows rows, const KMeansOptions& options);

  bool step() override;
  AnalysisProgress progress() const override;
  std::vector<AnalysisOutput> outputs() const override;

 private:
  enum class Phase : uint8_t { choose, assign, done };

  void begin_start();
  void choose_some();
  void add_center(size_t row);
  void assign_some();
  void move_centers();
  void end_start();

  Rows rows_;
  KMeansOptions options_;
  Random random_;
  Phase phase_ = Phase::choose;
  size_t at_ = 0, start_ = 0, iteration_ = 0;
  Rows centers_;
  std::vector<float> measured_;
  std::vector<float> nearest_;  // squared distance of each row to its center
  std::vector<int> cluster_;
  bool has_changed_ = false;

  double best_inertia_ = 0;
  std::vector<float> best_clusters_, best_centers_, best_{0};
};

std::unique_ptr<Analysis> make_kmeans(Rows rows, const Field& options);

}  // namespace gesso
