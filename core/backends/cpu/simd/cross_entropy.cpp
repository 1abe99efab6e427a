// Cross-entropies of scores and labels, a row or an element at a time.
#include <cmath>
#include <limits>

#include "core/backends/cpu/simd/kernels.h"
#include "core/backends/cpu/simd/math.h"

namespace gesso::cpu {
namespace {

using simd::Floats;
using simd::lanes;

float largest_of(const float* x, size_t count) {
  Floats most = simd::splat(-std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    Floats v = simd::load(x + i);
    most = v > most ? v : most;
  }
  float largest = simd::max(most);
  for (; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

// The sum of exp(x - largest).
float sum_of_powers(const float* x, size_t count, float largest) {
  Floats sum{};
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) sum += simd::exp(simd::load(x + i) - largest);
  Floats rest = simd::exp(simd::load_first(x + i, count - i) - largest);
  for (size_t j = 0; j < count - i; ++j) sum[j] += rest[j];
  return simd::sum(sum);
}

}  // namespace

std::unique_ptr<Step> softmax_cross_entropy(const Lowering& l) {
  size_t classes = size_t(l.shape().back());
  return loop_step([rows = l.out().shape.count(), classes](const Memory& m) {
    const float *x = in(m, 0), *labels = in(m, 1);
    float* loss = out(m);
    for (size_t row = 0; row < rows; ++row, x += classes, labels += classes) {
      float largest = largest_of(x, classes);
      float log_sum = std::log(sum_of_powers(x, classes, largest));
      double sum = 0;
      for (size_t i = 0; i < classes; ++i)
        if (labels[i] != 0) sum -= double(labels[i]) * double((x[i] - largest) - log_sum);
      loss[row] = float(sum);
    }
  });
}

std::unique_ptr<Step> sigmoid_cross_entropy(const Lowering& l) {
  return loop_step([n = l.out().shape.count()](const Memory& m) {
    auto loss = [](Floats x, Floats z) {
      Floats power = simd::exp(-simd::abs(x));
      // log(1 + power), which for a small power is the power itself.
      Floats sum = 1 + power;
      Floats tail = sum == 1 ? power : simd::log(sum) * (power / (sum - 1));
      return (x < 0 ? Floats{} : x) - x * z + tail;
    };
    const float *x = in(m, 0), *z = in(m, 1);
    float* y = out(m);
    size_t i = 0;
    for (; i + lanes <= n; i += lanes)
      simd::store(y + i, loss(simd::load(x + i), simd::load(z + i)));
    simd::store_first(y + i, loss(simd::load_first(x + i, n - i), simd::load_first(z + i, n - i)),
                      n - i);
  });
}

}  // namespace gesso::cpu
