// Rows for the tests of analyses: groups of points around centers, by a seed.
#pragma once

#include <vector>

#include "core/random.h"
#include "models/analysis/rows.h"
#include "models/load/write_json.h"

namespace gesso {

// `count` rows of `width` numbers in `groups` groups: row i is in group i % groups.
inline Rows groups_of_rows(size_t count, size_t width, size_t groups, uint32_t seed,
                           float distance = 8) {
  Random random(seed);
  std::vector<float> centers(groups * width), numbers(count * width);
  for (float& x : centers) x = distance * random.normal() / 2;
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = centers[i / width % groups * width + i % width] + random.normal();
  Rows rows("test", int(width));
  rows.append("test", numbers);
  return rows;
}

inline Rows rows_of(int width, const std::vector<float>& numbers) {
  Rows rows("test", width);
  rows.append("test", numbers);
  return rows;
}

template <class Analysis>
void finish(Analysis& analysis) {
  while (!analysis.step()) {
  }
}

// What an analysis has found under a name.
template <class Analysis>
std::vector<float> found(const Analysis& analysis, std::string_view name) {
  for (const auto& output : analysis.outputs())
    if (output.name == name) return {output.numbers.begin(), output.numbers.end()};
  return {};
}

}  // namespace gesso
