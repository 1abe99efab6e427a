// expand, a run of memory at a time.
#include "core/ops/broadcast.h"

#include <algorithm>
#include <cstring>

#include "core/backends/cpu/simd/kernels.h"

namespace gesso::cpu {

std::unique_ptr<Step> expand(const Lowering& l) {
  auto loops = broadcast_loops(l.out().shape, l.shape());
  return loop_step([loops](const Memory& m) {
    loops.run([x = in(m, 0), y = out(m)](auto at, size_t count, auto steps) {
      if (steps[1] == 0)
        std::fill_n(y + at[0], count, x[at[1]]);
      else
        std::memcpy(y + at[0], x + at[1], count * sizeof(float));
    });
  });
}

}  // namespace gesso::cpu
