#include "models/analysis/rows.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "models/analysis/distances.h"
#include "models/load/write_json.h"

namespace gesso {

Rows::Rows(Text who, int width)
    : width_(size_t(width)), stride_((width_ + simd::lanes - 1) / simd::lanes * simd::lanes) {
  if (width < 1)
    fail(phrase({who, ": a row must have at least one number"}), {{"numbers", width}}, "[[1, 2]]");
}

void Rows::append(Text who, std::span<const float> numbers, int first_id) {
  if (numbers.size() % width_ != 0)
    fail(phrase({who, ": the rows are not whole"}),
         {{"numbers", numbers.size()}, {"width", width_}}, "rows of equal length");
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (std::abs(numbers[i]) <= largest_number) continue;
    std::string number = std::isnan(numbers[i]) ? "NaN" : json_number(double(numbers[i]));
    if (std::isinf(numbers[i])) number = numbers[i] < 0 ? "-Infinity" : "Infinity";
    fail(phrase({who, ": every number must be finite, and of size 1e15 at most"}),
         {{"row", i / width_}, {"position", i % width_}, {"given", number}},
         "leave such rows out, or fill the gap with the mean of the others");
  }
  size_t added = numbers.size() / width_;
  numbers_.resize((count() + added) * stride_);
  for (size_t i = 0; i < added; ++i) {
    std::copy_n(numbers.data() + i * width_, width_, append_empty(first_id + int(i)));
    measure(count() - 1);
  }
}

float* Rows::append_empty(int id) {
  numbers_.resize(std::max(numbers_.size(), (count() + 1) * stride_));
  squares_.resize(count() + 1);
  ids_.push_back(id);
  return row(count() - 1);
}

void Rows::measure(size_t i) {
  const float* x = row(i);
  squares_[i] = dot(x, x, stride_);
}

size_t Rows::erase(std::span<const int> ids) {
  std::vector<int> gone(ids.begin(), ids.end());
  std::sort(gone.begin(), gone.end());
  size_t before = count(), kept = 0;
  for (size_t i = 0; i < before; ++i) {
    if (std::binary_search(gone.begin(), gone.end(), ids_[i])) continue;
    if (kept < i) {
      ids_[kept] = ids_[i];
      squares_[kept] = squares_[i];
      std::copy_n(row(i), stride_, row(kept));
    }
    ++kept;
  }
  ids_.resize(kept);
  squares_.resize(kept);
  numbers_.resize(kept * stride_);
  return before - kept;
}

void Rows::clear() {
  numbers_ = {};
  squares_ = {};
  ids_ = {};
}

}  // namespace gesso
