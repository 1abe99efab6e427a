#include "models/analysis/pca.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "models/analysis/distances.h"
#include "models/analysis/neighbours.h"

namespace gesso {
namespace {

constexpr size_t most_exact = 512;
constexpr size_t most_rounds = 100;
constexpr double residual_wanted = 2e-5;
constexpr size_t some = 64;  // rows in one step

class OwnPca : public Analysis {
 public:
  OwnPca(Rows rows, size_t components, uint32_t seed)
      : rows_(std::move(rows)), pca_("pca", rows_, components, seed) {}
  bool step() override { return pca_.step(); }
  AnalysisProgress progress() const override { return pca_.progress(); }
  std::vector<AnalysisOutput> outputs() const override { return pca_.outputs(); }

 private:
  Rows rows_;
  Pca pca_;
};

class Project : public Analysis {
 public:
  Project(Rows rows, Rows directions, std::vector<float> mean)
      : rows_(std::move(rows)),
        directions_(std::move(directions)),
        mean_(std::move(mean)),
        points_(rows_.count() * directions_.count()) {}

  bool step() override {
    size_t end = std::min(at_ + some, rows_.count()), count = directions_.count();
    for (; at_ < end; ++at_) {
      float* x = rows_.row(at_);
      for (size_t i = 0; i < rows_.width(); ++i) x[i] -= mean_[i];
      for (size_t c = 0; c < count; ++c)
        points_[at_ * count + c] = dot(x, directions_.row(c), rows_.stride());
    }
    return at_ == rows_.count();
  }
  AnalysisProgress progress() const override { return {true, at_, rows_.count()}; }
  std::vector<AnalysisOutput> outputs() const override {
    return {{"points", {int(rows_.count()), int(directions_.count())}, points_}};
  }

 private:
  Rows rows_, directions_;
  std::vector<float> mean_, points_;
  size_t at_ = 0;
};

std::vector<float> numbers_of(const Field& list) {
  std::vector<float> numbers;
  for (const Field& item : list.items()) numbers.push_back(float(item.number()));
  return numbers;
}

}  // namespace

Pca::Pca(Text who, const Rows& rows, size_t components, uint32_t seed)
    : rows_(rows),
      components_(components),
      seed_(seed),
      is_wide_(rows.width() > rows.count()),
      sums_(rows.width()),
      centered_(who, int(rows.width())),
      basis_(who, int(rows.width())) {
  size_t smaller = std::min(rows.count(), rows.width());
  if (components < 1 || components > smaller)
    fail(phrase({who, ": there cannot be so many components"}),
         {{"components", components}, {"rows", rows.count()}, {"numbers in a row", rows.width()}},
         smaller < 1 ? "at least one row" : phrase({"components: ", smaller, ", or fewer"}));
  basis_size_ = 2 * components + 8;
  is_dense_ = smaller <= most_exact || 2 * basis_size_ > smaller;
  directions_.resize(components * rows.width());
  variance_.resize(components);
  share_.resize(components);
  points_.resize(rows.count() * components);
}

bool Pca::step() {
  switch (phase_) {
    case Phase::mean:
    case Phase::center:
      center_some();
      break;
    case Phase::products:
      is_wide_ ? products_of_rows() : products_of_columns();
      break;
    case Phase::eigen:
      if (eigen_->step()) next(Phase::directions);
      break;
    case Phase::directions:
      take_eigenvector();
      break;
    case Phase::orthonormal:
      orthonormalize_one();
      break;
    case Phase::round:
      round_some();
      break;
    case Phase::within:
      if (eigen_->step()) next(Phase::turn);
      break;
    case Phase::turn:
      turn_one();
      break;
    case Phase::project:
      project_some();
      break;
    case Phase::done:
      break;
  }
  return phase_ == Phase::done;
}

void Pca::center_some() {
  size_t n = rows_count(), end = std::min(at_ + some, n), width = rows_.width();
  for (; at_ < end; ++at_) {
    const float* x = rows_.row(at_);
    if (phase_ == Phase::mean) {
      for (size_t i = 0; i < width; ++i) sums_[i] += double(x[i]);
      continue;
    }
    float* y = centered_.append_empty();
    for (size_t i = 0; i < width; ++i) {
      double d = double(x[i]) - sums_[i];
      total_ += d * d;
      y[i] = float(d);
    }
  }
  if (at_ < n) return;
  if (phase_ == Phase::mean) {
    for (double& sum : sums_) sum /= double(n);
    mean_.assign(sums_.begin(), sums_.end());
    return next(Phase::center);
  }
  if (!is_dense_) return begin_rounds();
  size_t side = is_wide_ ? n : width;
  products_.assign(side * side, 0);
  next(Phase::products);
}

// sum over rows of x_i x_j, [width, width]; four rows at a time, so that the matrix is walked less.
void Pca::products_of_columns() {
  size_t n = rows_count(), width = rows_.width(), end = std::min(at_ + 4, n);
  std::vector<double> x(4 * width);
  for (size_t r = 0; at_ + r < end; ++r)
    std::copy_n(centered_.row(at_ + r), width, x.begin() + std::ptrdiff_t(r * width));
  const double *a = x.data(), *b = a + width, *c = b + width, *d = c + width;
  for (size_t i = 0; i < width; ++i) {
    double* out = products_.data() + i * width;
    for (size_t j = i; j < width; ++j)
      out[j] += a[i] * a[j] + b[i] * b[j] + c[i] * c[j] + d[i] * d[j];
  }
  at_ = end;
  if (at_ < n) return;
  for (size_t i = 0; i < width; ++i)
    for (size_t j = 0; j < i; ++j) products_[i * width + j] = products_[j * width + i];
  eigen_.emplace(std::move(products_), width);
  next(Phase::eigen);
}

// The products of rows with each other, [rows, rows].
void Pca::products_of_rows() {
  size_t n = rows_count(), width = rows_.width();
  const float* x = centered_.row(at_);
  for (size_t j = at_; j < n; ++j) {
    const float* y = centered_.row(j);
    double sum = 0;
    for (size_t i = 0; i < width; ++i) sum += double(x[i]) * double(y[i]);
    products_[at_ * n + j] = products_[j * n + at_] = sum;
  }
  if (++at_ < n) return;
  eigen_.emplace(std::move(products_), n);
  next(Phase::eigen);
}

void Pca::take_eigenvector() {
  size_t n = rows_count(), width = rows_.width();
  double value = std::max(eigen_->value(at_), 0.0);
  const double* v = eigen_->vector(at_);
  std::vector<double> direction(width);
  if (!is_wide_) {
    direction.assign(v, v + width);
  } else {
    // X'v, of the length sqrt(value): nothing where these rows do not differ any more.
    for (size_t r = 0; r < n; ++r)
      for (size_t i = 0; i < width; ++i) direction[i] += v[r] * double(centered_.row(r)[i]);
    double length = 0;
    for (double x : direction) length += x * x;
    bool is_nothing = value <= 1e-12 * std::max(eigen_->value(0), 0.0) || length == 0;
    for (double& x : direction) x = is_nothing ? 0 : x / std::sqrt(length);
  }
  give(at_, direction, value);
  if (++at_ < components_) return;
  eigen_.reset();
  next(Phase::project);
}

void Pca::begin_rounds() {
  size_t width = rows_.width();
  Random random(seed_);
  image_.resize(basis_size_ * width);
  for (double& x : image_) x = double(random.normal());
  for (size_t c = 0; c < basis_size_; ++c) basis_.append_empty();
  next(Phase::orthonormal);
}

// Gram and Schmidt's way, twice, which is enough: image_ becomes the basis. A vector that was in
// the span of those before it becomes zeros.
void Pca::orthonormalize_one() {
  size_t width = rows_.width();
  double* x = image_.data() + at_ * width;
  auto product = [&](const double* a, const double* b) {
    double sum = 0;
    for (size_t i = 0; i < width; ++i) sum += a[i] * b[i];
    return sum;
  };
  double before = std::sqrt(product(x, x));
  for (int time = 0; time < 2; ++time)
    for (size_t b = 0; b < at_; ++b) {
      const double* y = image_.data() + b * width;
      double along = product(x, y);
      for (size_t i = 0; i < width; ++i) x[i] -= along * y[i];
    }
  double length = std::sqrt(product(x, x));
  bool is_nothing = length <= 1e-12 * before || length == 0;
  for (size_t i = 0; i < width; ++i) x[i] = is_nothing ? 0 : x[i] / length;
  std::copy_n(x, width, basis_.row(at_));
  if (++at_ < basis_size_) return;
  seen_.assign(basis_size_ * width, 0);
  between_.assign(basis_size_ * basis_size_, 0);
  next(Phase::round);
}

// Adds what some rows x give: X'X basis grows by x (x basis), basis' X'X basis by (x basis)^2.
void Pca::round_some() {
  size_t n = rows_count(), width = rows_.width(), size = basis_size_;
  size_t count = std::min(some, n - at_);
  scratch_.resize(some * size + basis_.stride());
  float *along = scratch_.data(), *sum = along + some * size;
  for (size_t r = 0; r < count; ++r)
    for (size_t c = 0; c < size; ++c)
      along[r * size + c] = dot(centered_.row(at_ + r), basis_.row(c), basis_.stride());
  for (size_t c = 0; c < size; ++c) {
    std::fill_n(sum, basis_.stride(), 0.0f);
    for (size_t r = 0; r < count; ++r) {
      simd::Floats factor = simd::splat(along[r * size + c]);
      const float* x = centered_.row(at_ + r);
      for (size_t i = 0; i < basis_.stride(); i += simd::lanes)
        simd::store(sum + i, simd::madd(factor, simd::load(x + i), simd::load(sum + i)));
    }
    double* seen = seen_.data() + c * width;
    for (size_t i = 0; i < width; ++i) seen[i] += double(sum[i]);
    for (size_t r = 0; r < count; ++r)
      for (size_t b = 0; b < size; ++b)
        between_[c * size + b] += double(along[r * size + c]) * double(along[r * size + b]);
  }
  at_ += count;
  if (at_ < n) return;
  eigen_.emplace(between_, size);
  turned_.assign(size * width, 0);
  image_.assign(size * width, 0);
  next(Phase::within);
}

// What the basis and its image look like from one of the eigenvectors within it.
void Pca::turn_one() {
  size_t width = rows_.width(), size = basis_size_;
  double *turned = turned_.data() + at_ * width, *image = image_.data() + at_ * width;
  for (size_t b = 0; b < size; ++b) {
    double factor = eigen_->vector(at_)[b];
    for (size_t i = 0; i < width; ++i) {
      turned[i] += factor * double(basis_.row(b)[i]);
      image[i] += factor * seen_[b * width + i];
    }
  }
  if (++at_ == size) end_round();
}

void Pca::end_round() {
  size_t width = rows_.width();
  double worst = 0;
  for (size_t c = 0; c < components_; ++c) {
    double squares = 0;
    for (size_t i = 0; i < width; ++i) {
      double off = image_[c * width + i] - eigen_->value(c) * turned_[c * width + i];
      squares += off * off;
    }
    worst = std::max(worst, std::sqrt(squares));
  }
  bool is_last = worst <= residual_wanted * eigen_->value(0) || ++rounds_ == most_rounds;
  if (is_last)
    for (size_t c = 0; c < components_; ++c) {
      auto first = turned_.begin() + std::ptrdiff_t(c * width);
      give(c, {first, first + std::ptrdiff_t(width)}, std::max(eigen_->value(c), 0.0));
    }
  eigen_.reset();
  next(is_last ? Phase::project : Phase::orthonormal);
}

void Pca::give(size_t c, const std::vector<double>& direction, double squares) {
  size_t width = rows_.width();
  size_t largest = 0;
  for (size_t i = 1; i < width; ++i)
    if (std::abs(direction[i]) > std::abs(direction[largest]) * (1 + 1e-6)) largest = i;
  double sign = direction[largest] < 0 ? -1 : 1;
  for (size_t i = 0; i < width; ++i) directions_[c * width + i] = float(sign * direction[i]);
  variance_[c] = float(squares / double(std::max<size_t>(rows_count(), 2) - 1));
  share_[c] = total_ > 0 ? float(squares / total_) : 0;
}

void Pca::project_some() {
  size_t n = rows_count(), width = rows_.width(), end = std::min(at_ + some, n);
  for (; at_ < end; ++at_)
    for (size_t c = 0; c < components_; ++c) {
      const float *x = centered_.row(at_), *direction = directions_.data() + c * width;
      double sum = 0;
      for (size_t i = 0; i < width; ++i) sum += double(x[i]) * double(direction[i]);
      points_[at_ * components_ + c] = float(sum);
    }
  if (at_ < n) return;
  centered_.clear();
  next(Phase::done);
}

AnalysisProgress Pca::progress() const {
  // Rounds are not known beforehand: what is told is how much of the whole way is certain.
  size_t n = rows_count();
  if (phase_ == Phase::eigen) return {true, eigen_->done(), eigen_->all()};
  if (phase_ >= Phase::orthonormal && phase_ <= Phase::turn) return {true, rounds_, most_rounds};
  if (phase_ == Phase::directions) return {true, at_, components_};
  return {true, phase_ == Phase::done ? n : at_, n};
}

std::vector<AnalysisOutput> Pca::outputs() const {
  if (phase_ != Phase::done) return {};
  int n = int(rows_count()), k = int(components_), width = int(rows_.width());
  return {{"points", {n, k}, points_},
          {"components", {k, width}, directions_},
          {"mean", {width}, mean_},
          {"variance", {k}, variance_},
          {"share", {k}, share_}};
}

std::unique_ptr<Analysis> make_pca(Rows rows, const Field& options) {
  int components = std::max(options.at("components").integer(), 0);
  return std::make_unique<OwnPca>(std::move(rows), size_t(components), seed_from(options));
}

std::unique_ptr<Analysis> make_project(Rows rows, const Field& options) {
  int width = int(rows.width());
  std::vector<float> mean = numbers_of(options.at("mean"));
  std::vector<float> numbers = numbers_of(options.at("components"));
  Rows directions("transform", width);
  if (mean.size() != rows.width() || numbers.size() % rows.width() != 0)
    fail("transform: the rows have another width than those of the analysis",
         {{"analysed", mean.size()}, {"given", width}}, "rows of the same kind");
  directions.append("transform", numbers);
  return std::make_unique<Project>(std::move(rows), std::move(directions), std::move(mean));
}

}  // namespace gesso
