// Principal components: the directions in which rows differ most.
#pragma once

#include <optional>

#include "models/analysis/analysis.h"
#include "models/analysis/eigen.h"

namespace gesso {

// Variances are those of a sample: sums of squares over rows - 1. Each component is turned so that
// the largest of its numbers is positive, the first of several.
//
// Where the smaller side of the rows is 512 or less, or many components are asked for, from all
// eigenvectors of that side's matrix of products; else by iterating on a random subspace (Halko,
// Martinsson and Tropp 2011) until each component's residual is below 2e-5 of the largest
// variance, in at most 100 rounds.
class Pca : public Analysis {
 public:
  // The rows must outlive it. Fails unless 1 <= components <= the smaller of rows and width.
  Pca(Text who, const Rows& rows, size_t components, uint32_t seed = 0);

  bool step() override;
  AnalysisProgress progress() const override;
  std::vector<AnalysisOutput> outputs() const override;

  // Once done: [rows, components].
  std::span<const float> points() const { return points_; }

 private:
  enum class Phase : uint8_t {
    mean,
    center,
    products,
    eigen,
    directions,
    orthonormal,  // the next basis, one vector at a time
    round,        // what the rows make of the basis
    within,       // eigenvectors within it
    turn,         // the basis and its image, as seen from those
    project,
    done,
  };

  size_t rows_count() const { return rows_.count(); }
  void next(Phase phase) {
    phase_ = phase;
    at_ = 0;
  }
  void center_some();
  void products_of_columns();
  void products_of_rows();
  void take_eigenvector();
  void begin_rounds();
  void orthonormalize_one();
  void round_some();
  void turn_one();
  void end_round();
  void project_some();
  void give(size_t component, const std::vector<double>& direction, double variance);

  const Rows& rows_;
  size_t components_;
  uint32_t seed_;
  bool is_dense_, is_wide_;
  Phase phase_ = Phase::mean;
  size_t at_ = 0;  // rows that this phase has seen
  std::vector<double> sums_;
  Rows centered_;
  double total_ = 0;

  std::vector<double> products_;
  std::optional<SymmetricEigen> eigen_;

  size_t basis_size_ = 0, rounds_ = 0;
  Rows basis_;                          // [basis_size, width], orthonormal
  std::vector<double> seen_, between_;  // of a round: X'X basis, and basis' X'X basis
  std::vector<double> turned_, image_;  // both from the eigenvectors; then image_ is the next basis
  std::vector<float> scratch_;

  std::vector<float> mean_, directions_, variance_, share_, points_;
};

std::unique_ptr<Analysis> make_pca(Rows rows, const Field& options);

// Other rows, seen along the components of an analysis that is done.
std::unique_ptr<Analysis> make_project(Rows rows, const Field& options);

}  // namespace gesso
