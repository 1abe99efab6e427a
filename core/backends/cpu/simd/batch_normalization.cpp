// Batch normalization along the last axis, where no convolution before it could take it in.
#include <cmath>

#include "core/backends/cpu/simd/kernels.h"

namespace gesso::cpu {

std::unique_ptr<Step> batch_normalization(const Lowering& l) {
  const Shape& x = l.shape();
  if (positive_axis(l.node.integer("axis"), x.rank()) != x.rank() - 1) return nullptr;
  size_t channels = size_t(x.back());
  size_t rows = channels ? x.count() / channels : 0;
  float epsilon = float(l.node.number("epsilon"));
  auto loop = [channels, rows, epsilon](const Memory& m) {
    const float *px = in(m, 0), *mean = in(m, 1), *variance = in(m, 2);
    const float* scale = m.in.size() > 3 ? in(m, 3) : nullptr;
    const float* bias = m.in.size() > 4 ? in(m, 4) : nullptr;
    float* py = out(m);
    float* factor = static_cast<float*>(m.workspace);
    float* shift = factor + channels;
    for (size_t c = 0; c < channels; ++c) {
      factor[c] = (scale ? scale[c] : 1) / std::sqrt(variance[c] + epsilon);
      shift[c] = bias ? bias[c] : 0;
    }
    for (size_t r = 0; r < rows; ++r, px += channels, py += channels)
      for (size_t c = 0; c < channels; ++c) py[c] = (px[c] - mean[c]) * factor[c] + shift[c];
  };
  return loop_step(loop, 2 * channels * sizeof(float));
}

}  // namespace gesso::cpu
