#include "models/analysis/repulsion.h"

#include <algorithm>
#include <numeric>

namespace gesso {
namespace {

using simd::Floats;

constexpr uint32_t leaf_size = 8;
constexpr int most_depth = 48;

// Sums of floats are emptied into doubles so often that no digits are lost.
constexpr size_t floats_at_once = 4096;

template <size_t D>
Push exact(const Layout& layout, size_t point) {
  Floats here[D];
  for (size_t d = 0; d < D; ++d) here[d] = simd::splat(layout.axis(d)[point]);
  Push push;
  for (size_t begin = 0; begin < layout.stride(); begin += floats_at_once) {
    size_t end = std::min(begin + floats_at_once, layout.stride());
    Floats total{}, force[D] = {};
    for (size_t i = begin; i < end; i += simd::lanes) {
      Floats squared = simd::splat(1), off[D];
      for (size_t d = 0; d < D; ++d) {
        off[d] = here[d] - simd::load(layout.axis(d) + i);
        squared = simd::madd(off[d], off[d], squared);
      }
      Floats q = 1 / squared;
      total += q;
      q *= q;
      for (size_t d = 0; d < D; ++d) force[d] = simd::madd(q, off[d], force[d]);
    }
    push.total += double(simd::sum(total));
    for (size_t d = 0; d < D; ++d) push.force[d] += double(simd::sum(force[d]));
  }
  push.total -= 1;  // the point itself
  return push;
}

}  // namespace

Push exact_push(const Layout& layout, size_t point) {
  return layout.dimensions() == 3 ? exact<3>(layout, point) : exact<2>(layout, point);
}

void CellTree::build(const Layout& layout) {
  dimensions_ = layout.dimensions();
  cells_.clear();
  order_.resize(layout.count());
  std::iota(order_.begin(), order_.end(), 0u);
  if (!order_.empty()) add(layout, 0, uint32_t(order_.size()), 0);
  points_.resize(order_.size());
  for (size_t i = 0; i < order_.size(); ++i)
    for (size_t d = 0; d < dimensions_; ++d) points_[i][d] = layout.axis(d)[order_[i]];
}

void CellTree::add(const Layout& layout, uint32_t first, uint32_t end, int depth) {
  Cell cell{
      .center = {}, .width = 0, .first = first, .count = end - first, .after = 0, .is_leaf = true};
  std::array<float, Layout::most_dimensions> middle{};
  for (size_t d = 0; d < dimensions_; ++d) {
    const float* axis = layout.axis(d);
    float low = axis[order_[first]], high = low;
    double sum = 0;
    for (uint32_t i = first; i < end; ++i) {
      float x = axis[order_[i]];
      low = std::min(low, x);
      high = std::max(high, x);
      sum += double(x);
    }
    cell.center[d] = float(sum / double(end - first));
    cell.width = std::max(cell.width, high - low);
    middle[d] = low + (high - low) / 2;
  }
  cell.is_leaf = end - first <= leaf_size || cell.width == 0 || depth == most_depth;
  size_t number = cells_.size();
  cells_.push_back(cell);
  if (!cell.is_leaf) {
    // Halves, quarters, eighths: one dimension after the other.
    std::array<uint32_t, (1 << Layout::most_dimensions) + 1> bounds{first, end};
    size_t parts = 1;
    for (size_t d = 0; d < dimensions_; ++d) {
      const float* axis = layout.axis(d);
      for (size_t p = parts; p-- > 0;) {
        auto begin = order_.begin() + bounds[p], last = order_.begin() + bounds[p + 1];
        auto half = std::partition(begin, last, [&](uint32_t i) { return axis[i] < middle[d]; });
        bounds[2 * p + 2] = bounds[p + 1];
        bounds[2 * p + 1] = uint32_t(half - order_.begin());
        bounds[2 * p] = bounds[p];
      }
      parts *= 2;
    }
    for (size_t p = 0; p < parts; ++p)
      if (bounds[p] < bounds[p + 1]) add(layout, bounds[p], bounds[p + 1], depth + 1);
  }
  cells_[number].after = uint32_t(cells_.size());
}

Push CellTree::push(const Layout& layout, size_t point) const {
  std::array<float, Layout::most_dimensions> here{};
  for (size_t d = 0; d < dimensions_; ++d) here[d] = layout.axis(d)[point];
  Push push;
  auto from = [&](const std::array<float, Layout::most_dimensions>& other, float count) {
    float squared = 1;
    for (size_t d = 0; d < dimensions_; ++d) {
      float off = here[d] - other[d];
      squared += off * off;
    }
    float q = 1 / squared;
    push.total += double(count * q);
    for (size_t d = 0; d < dimensions_; ++d)
      push.force[d] += double(count * q * q * (here[d] - other[d]));
  };
  for (size_t c = 0; c < cells_.size();) {
    const Cell& cell = cells_[c];
    float squared = 0;
    for (size_t d = 0; d < dimensions_; ++d) {
      float off = here[d] - cell.center[d];
      squared += off * off;
    }
    if (cell.width * cell.width < angle * angle * squared) {
      from(cell.center, float(cell.count));
      c = cell.after;
    } else if (cell.is_leaf) {
      for (uint32_t i = cell.first; i < cell.first + cell.count; ++i) from(points_[i], 1);
      c = cell.after;
    } else {
      ++c;
    }
  }
  push.total -= 1;  // the point itself, whose leaf was opened or has no width
  return push;
}

}  // namespace gesso
