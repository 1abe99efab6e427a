// Samples in memory, and the order in which training goes through them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "core/text.h"

namespace gesso {

// What one input, target or weight is, for all samples: a row each.
class Rows {
 public:
  Rows() = default;  // none

  // Rows of this type, zeroed. They may be kept as bytes where they are used as floats or int32,
  // so that images take a quarter of the memory. Fails on other types, naming `what`.
  Rows(Text what, const TensorType& row, DType kept, size_t samples);

  explicit operator bool() const { return samples_ > 0; }
  size_t samples() const { return samples_; }
  const TensorType& row() const { return row_; }
  DType kept() const { return kept_; }
  size_t size() const { return samples_ * row_.shape.count() * size_of(kept_); }
  std::span<std::byte> bytes() { return {data_.data(), size()}; }

  // Writes these samples, one after the other and as the type of a row, to where there is room.
  void gather(std::span<const uint32_t> samples, std::byte* to) const;

 private:
  TensorType row_;
  DType kept_ = DType::f32;
  size_t samples_ = 0;
  Buffer data_;
};

// Samples with what a model should make of them. Where there are no weights, each counts 1.
struct DataSet {
  std::vector<Rows> inputs, targets, weights;

  // How many there are. Fails when there are none, or when `inputs` and `targets`, which have
  // these names, do not have the same number.
  size_t samples(std::span<const std::string> input_names,
                 std::span<const std::string> target_names) const;
};

// The numbers [first, first + count), shuffled if asked for: every order equally likely, each epoch
// its own, the same on every platform (Fisher and Yates 1938).
std::vector<uint32_t> order_of(uint32_t first, uint32_t count, bool shuffle, uint32_t seed,
                               uint32_t epoch);

}  // namespace gesso
