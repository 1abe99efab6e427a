#include "core/plan.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/tensor.h"

namespace gesso {
namespace {

// Half of what an address can name, so that no sum of two sizes wraps around.
constexpr size_t most_bytes = std::numeric_limits<size_t>::max() / 2;

[[noreturn]] void refuse(size_t bytes) {
  fail("memory: the tensors of the model do not fit together",
       {{"the one too many, in bytes", bytes}}, "a smaller batch or image");
}

size_t padded(size_t bytes) {
  if (bytes > most_bytes - 2 * Buffer::alignment - Buffer::read_ahead) refuse(bytes);
  return (bytes + Buffer::read_ahead + Buffer::alignment - 1) / Buffer::alignment *
         Buffer::alignment;
}

bool overlap(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

Plan plan(std::span<const Lifetime> lifetimes) {
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(lifetimes[b].bytes, a) < std::pair(lifetimes[a].bytes, b);
  });

  Plan result{std::vector<size_t>(lifetimes.size()), 0};
  std::vector<size_t> placed;  // sorted by offset
  for (size_t i : order) {
    size_t offset = 0;
    size_t size = padded(lifetimes[i].bytes);
    for (size_t j : placed) {
      if (!overlap(lifetimes[i], lifetimes[j])) continue;
      if (offset + size <= result.offsets[j]) break;
      offset = std::max(offset, result.offsets[j] + padded(lifetimes[j].bytes));
    }
    if (offset > most_bytes - size) refuse(lifetimes[i].bytes);
    result.offsets[i] = offset;
    result.bytes = std::max(result.bytes, offset + size);
    auto at = std::upper_bound(placed.begin(), placed.end(), offset,
                               [&](size_t o, size_t j) { return o < result.offsets[j]; });
    placed.insert(at, i);
  }
  return result;
}

}  // namespace gesso
