// Cross-entropies of scores and labels, a row or an element at a time.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/backends/cpu/simd/functions.h"
#include "core/backends/cpu/simd/kernels.h"

namespace gesso::cpu {
std::unique_ptr<Step> softmax_cross_entropy(const Lowering& l) {
  size_t classes = size_t(l.shape().back());
  if (classes == 0) return nullptr;
  return loop_step([rows = l.out().shape.count(), classes](const Memory& m) {
    const float *x = in(m, 0), *labels = in(m, 1);
    float* loss = out(m);
    for (size_t row = 0; row < rows; ++row, x += classes, labels += classes) {
      float largest = *std::max_element(x, x + classes);
      std::array<float, 8> sums{};  // of every eighth element, so that they can be vectors
      size_t i = 0;
      for (; i + 8 <= classes; i += 8)
        for (size_t j = 0; j < 8; ++j) sums[j] += fast_exp(x[i + j] - largest);
      for (; i < classes; ++i) sums[i % 8] += fast_exp(x[i] - largest);
      double sum = 0, result = 0;
      for (float s : sums) sum += double(s);
      float log_sum = float(std::log(sum));
      for (i = 0; i < classes; ++i)
        if (labels[i] != 0) result -= double(labels[i] * ((x[i] - largest) - log_sum));
      loss[row] = float(result);
    }
  });
}

std::unique_ptr<Step> sigmoid_cross_entropy(const Lowering& l) {
  return loop_step([n = l.out().shape.count()](const Memory& m) {
    const float *x = in(m, 0), *z = in(m, 1);
    float* y = out(m);
    for (size_t i = 0; i < n; ++i)
      y[i] = (x[i] < 0 ? 0 : x[i]) - x[i] * z[i] + std::log1p(fast_exp(-std::abs(x[i])));
  });
}

}  // namespace gesso::cpu
