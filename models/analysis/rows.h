// Rows of numbers of one width, in the order in which they were added, each with an id of its own.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/text.h"

namespace gesso {

// Largest size of a number: squares of it, summed over a row of a million, are still finite floats.
inline constexpr float largest_number = 1e15f;

// Rows are padded with zeros to whole vectors, so that loops over them have no remainder. What is
// computed of one row never depends on another one: taking a row out leaves no trace.
class Rows {
 public:
  // `who` begins messages. Fails on a width below 1.
  Rows(Text who, int width);

  size_t count() const { return ids_.size(); }
  size_t width() const { return width_; }
  size_t stride() const { return stride_; }  // numbers from one row to the next
  const float* row(size_t i) const { return numbers_.data() + i * stride_; }
  float* row(size_t i) { return numbers_.data() + i * stride_; }
  int id(size_t i) const { return ids_[i]; }
  float square(size_t i) const { return squares_[i]; }  // the sum of its squares

  // Adds rows [count, width], with the ids first_id, first_id + 1, ... All of them or, where a
  // number is not finite or its size is above largest_number, none.
  void append(Text who, std::span<const float> numbers, int first_id = 0);

  // Adds a row of zeros to be written to, and measured then.
  float* append_empty(int id = 0);
  void measure(size_t i);  // after a change of a row: its square

  // Takes out all rows with these ids in one pass; ids that no row has are passed over. Gives how
  // many were taken out. The others keep their order.
  size_t erase(std::span<const int> ids);
  void clear();

 private:
  size_t width_, stride_;
  std::vector<float> numbers_, squares_;
  std::vector<int> ids_;
};

}  // namespace gesso
