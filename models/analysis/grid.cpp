#include "models/analysis/grid.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace gesso {
namespace {

constexpr size_t most_rounds = 100;

// Coordinates of one axis, from 0 to `cells` - 1.
std::vector<double> spread_over(const Rows& points, size_t axis, size_t cells) {
  std::vector<double> all;
  for (size_t i = 0; i < points.count(); ++i) all.push_back(double(points.row(i)[axis]));
  if (all.empty()) return all;
  auto [low, high] = std::minmax_element(all.begin(), all.end());
  double least = *low, extent = *high - *low;
  for (double& x : all)
    x = extent > 0 ? (x - least) / extent * double(cells - 1) : double(cells - 1) / 2;
  return all;
}

}  // namespace

Grid::Grid(Rows points, size_t columns) : count_(points.count()), is_exact_(count_ <= most_exact) {
  if (points.width() != 2)
    fail("gridOf: a point must have two numbers", {{"numbers", points.width()}}, "[[0.2, 0.7]]");
  if (columns > count_ && count_ > 0)
    fail("gridOf: there are more columns than points", {{"columns", columns}, {"points", count_}},
         "fewer columns");
  columns_ = columns > 0 ? columns : size_t(std::ceil(std::sqrt(double(count_))));
  rows_ = columns_ > 0 ? (count_ + columns_ - 1) / columns_ : 0;
  cells_ = rows_ * columns_;
  x_ = spread_over(points, 0, columns_);
  y_ = spread_over(points, 1, rows_);
  point_in_.assign(cells_, -1);
  point_price_.assign(count_, 0);
  price_.assign(cells_, 0);
  if (count_ == 0) finish();
}

double Grid::cost(size_t point, size_t cell) const {
  double dx = x_[point] - double(cell % columns_), dy = y_[point] - double(cell / columns_);
  return dx * dx + dy * dy;
}

bool Grid::step() {
  if (is_done_) return true;
  if (is_exact_) {
    assign(at_);
    if (++at_ == count_) finish();
    return is_done_;
  }
  if (round_ == 0) {
    sort_in();
    round_ = 1;
  } else if (exchange_row()) {
    finish();
  }
  return is_done_;
}

// Finds a place for one more point. The others may move: along the cheapest of all ways, in prices
// at which no point that has a place would rather have another.
void Grid::assign(size_t point) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> way(cells_, infinity);  // the cheapest known to each cell,
  std::vector<int> from(cells_, -1);          // and the cell before it
  std::vector<char> is_settled(cells_);
  int cell = -1;
  double paid = 0;
  for (size_t p = point;;) {
    int next = -1;
    double least = infinity;
    for (size_t c = 0; c < cells_; ++c) {
      if (is_settled[c]) continue;
      double through = paid + cost(p, c) - point_price_[p] - price_[c];
      if (through < way[c]) {
        way[c] = through;
        from[c] = cell;
      }
      if (way[c] < least) {
        least = way[c];
        next = int(c);
      }
    }
    paid = least;
    cell = next;
    is_settled[size_t(cell)] = 1;
    if (point_in_[size_t(cell)] < 0) break;
    p = size_t(point_in_[size_t(cell)]);
  }
  point_price_[point] += paid;
  for (size_t c = 0; c < cells_; ++c)
    if (is_settled[c] && int(c) != cell) {
      price_[c] -= paid - way[c];
      point_price_[size_t(point_in_[c])] += paid - way[c];
    }
  for (; from[size_t(cell)] >= 0; cell = from[size_t(cell)])
    point_in_[size_t(cell)] = point_in_[size_t(from[size_t(cell)])];
  point_in_[size_t(cell)] = int(point);
}

void Grid::sort_in() {
  std::vector<int> order(count_);
  std::iota(order.begin(), order.end(), 0);
  auto by = [](const std::vector<double>& axis) {
    return [&axis](int a, int b) {
      double x = axis[size_t(a)], y = axis[size_t(b)];
      return x < y || (x == y && a < b);
    };
  };
  std::sort(order.begin(), order.end(), by(y_));
  for (size_t row = 0; row < rows_; ++row) {
    auto first = order.begin() + std::ptrdiff_t(row * columns_);
    auto last = order.begin() + std::ptrdiff_t(std::min((row + 1) * columns_, count_));
    std::sort(first, last, by(x_));
    std::copy(first, last, point_in_.begin() + std::ptrdiff_t(row * columns_));
  }
}

// Exchanges along one row of the grid; gives whether that was the end.
bool Grid::exchange_row() {
  size_t row = at_;
  for (size_t column = 0; column < columns_; ++column)
    for (auto [right, down] : {std::pair{1, 0}, {0, 1}, {1, 1}, {-1, 1}}) {
      std::ptrdiff_t other_column = std::ptrdiff_t(column) + right;
      size_t other_row = row + size_t(down);
      if (other_column < 0 || other_column >= std::ptrdiff_t(columns_) || other_row >= rows_)
        continue;
      size_t a = row * columns_ + column, b = other_row * columns_ + size_t(other_column);
      auto paid = [&](int point, size_t cell) { return point < 0 ? 0 : cost(size_t(point), cell); };
      int p = point_in_[a], q = point_in_[b];
      if (paid(p, b) + paid(q, a) >= paid(p, a) + paid(q, b) - 1e-9) continue;
      std::swap(point_in_[a], point_in_[b]);
      has_changed_ = true;
    }
  if (++at_ < rows_) return false;
  at_ = 0;
  bool is_last = !has_changed_ || round_ == most_rounds;
  has_changed_ = false;
  ++round_;
  return is_last;
}

void Grid::finish() {
  cell_of_.resize(count_);
  places_.resize(2 * count_);
  for (size_t c = 0; c < cells_; ++c) {
    if (point_in_[c] < 0) continue;
    size_t point = size_t(point_in_[c]);
    cell_of_[point] = float(c);
    places_[2 * point] = float(c % columns_);
    places_[2 * point + 1] = float(c / columns_);
  }
  size_ = {float(columns_), float(rows_)};
  is_done_ = true;
}

AnalysisProgress Grid::progress() const {
  if (is_exact_) return {true, at_, count_};
  return {true, std::min(round_, most_rounds), most_rounds};
}

std::vector<AnalysisOutput> Grid::outputs() const {
  if (!is_done_) return {};
  return {{"cells", {int(count_)}, cell_of_},
          {"points", {int(count_), 2}, places_},
          {"size", {2}, size_}};
}

std::unique_ptr<Analysis> make_grid(Rows rows, const Field& options) {
  int columns = std::max(options.get("columns").integer_or(0), 0);
  return std::make_unique<Grid>(std::move(rows), size_t(columns));
}

}  // namespace gesso
