// The derivative of a gather: rows added to where they were picked, as embeddings learn.
#include <algorithm>

#include "core/backends/cpu/simd/kernels.h"
#include "core/ops/indices.h"

namespace gesso::cpu {

std::unique_ptr<Step> gather_gradient(const Lowering& l) {
  const Shape& shape = l.out().shape;
  int axis = positive_axis(l.node.integer("axis"), shape.rank()), size = shape[axis];
  size_t outer = shape.count(0, axis), run = shape.count(axis + 1, shape.rank());
  return loop_step([=, picked = l.shape(1).count()](const Memory& m) {
    auto* indices = static_cast<const int32_t*>(m.in[1]);
    const float* dy = in(m, 0);
    float* dx = out(m);
    std::fill_n(dx, outer * size_t(size) * run, 0.0f);
    for (size_t o = 0; o < outer; ++o, dx += size_t(size) * run)
      for (size_t i = 0; i < picked; ++i, dy += run) {
        float* row = dx + size_t(clamp_index(indices[i], size)) * run;
        for (size_t j = 0; j < run; ++j) row[j] += dy[j];
      }
  });
}

}  // namespace gesso::cpu
