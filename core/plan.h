// Decides where in one block of memory every buffer of a program lies.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace gesso {

// A buffer that is needed from step `first` to step `last`, both included.
struct Lifetime {
  size_t bytes = 0;
  int first = 0, last = 0;
};

struct Plan {
  std::vector<size_t> offsets;  // one for each lifetime, multiples of Buffer::alignment
  size_t bytes = 0;             // of the whole block
};

// Places the buffers so that those alive at the same step never overlap: largest first, each at
// the lowest offset that is free for its whole lifetime. Greedy by size as in Pisarchyk and Lee,
// "Efficient memory management for deep neural net inference" (2020), section 5.2.
Plan plan(std::span<const Lifetime> lifetimes);

}  // namespace gesso
