// Batch normalization in training along the last axis, and its derivatives: a few passes over rows
// of channels.
#include <algorithm>
#include <cmath>

#include "core/backends/cpu/simd/kernels.h"
#include "core/simd.h"

namespace gesso::cpu {
namespace {

struct Rows {
  size_t count = 0, channels = 0;
  float epsilon = 0;
};

// No rows where the channels do not lie side by side.
Rows rows_of(const Lowering& l) {
  const Shape& x = l.shape();
  if (positive_axis(l.node.integer("axis"), x.rank()) != x.rank() - 1 || x.count() == 0) return {};
  return {x.count(0, x.rank() - 1), size_t(x.back()), float(l.node.number("epsilon"))};
}

// sums[c] = the sum of term(i, c, load) over all rows, where load(p + i) is a vector of the
// channels from c on of a row. Sums of few rows are summed in turn, which keeps the errors small;
// `part` holds them.
template <class Term>
void sum_rows(const Rows& rows, float* sums, float* part, Term term) {
  constexpr size_t few = 128;
  std::fill_n(sums, rows.channels, 0.0f);
  for (size_t first = 0; first < rows.count; first += few) {
    std::fill_n(part, rows.channels, 0.0f);
    for (size_t r = first; r < std::min(first + few, rows.count); ++r)
      simd::each_vector(rows.channels, [&](size_t c, auto load, auto store) {
        store(part + c, load(part + c) + term(r * rows.channels + c, c, load));
      });
    for (size_t c = 0; c < rows.channels; ++c) sums[c] += part[c];
  }
}

}  // namespace

std::unique_ptr<Step> batch_normalization_training(const Lowering& l) {
  Rows rows = rows_of(l);
  if (rows.count == 0) return nullptr;
  auto run = [rows, has_scale = l.has(1), has_bias = l.has(2)](const Memory& m) {
    const float* x = in(m, 0);
    float *y = out(m), *mean = static_cast<float*>(m.out[1]);
    float *variance = static_cast<float*>(m.out[2]), *factor = static_cast<float*>(m.workspace);
    float share = 1 / float(rows.count);
    sum_rows(rows, mean, factor, [=](size_t i, size_t, auto load) { return load(x + i); });
    for (size_t c = 0; c < rows.channels; ++c) mean[c] *= share;
    sum_rows(rows, variance, factor, [=](size_t i, size_t c, auto load) {
      simd::Floats centered = load(x + i) - load(mean + c);
      return centered * centered;
    });
    float* shift = factor + rows.channels;
    for (size_t c = 0; c < rows.channels; ++c) {
      variance[c] *= share;
      factor[c] = (has_scale ? in(m, 1)[c] : 1) / std::sqrt(variance[c] + rows.epsilon);
      shift[c] = has_bias ? in(m, 2)[c] : 0;
    }
    for (size_t r = 0; r < rows.count; ++r, x += rows.channels, y += rows.channels)
      simd::each_vector(rows.channels, [&](size_t c, auto load, auto store) {
        simd::Floats centered = load(x + c) - load(mean + c);
        store(y + c, simd::madd(centered, load(factor + c), load(shift + c)));
      });
  };
  return loop_step(run, 2 * rows.channels * sizeof(float));
}

std::unique_ptr<Step> batch_normalization_gradient(const Lowering& l) {
  Rows rows = rows_of(l);
  if (rows.count == 0) return nullptr;
  auto run = [rows, has_scale = l.has(4)](const Memory& m) {
    const float *x = in(m, 0), *mean = in(m, 1), *variance = in(m, 2), *dy = in(m, 3);
    float *dx = out(m), *scale = static_cast<float*>(m.out[1]);
    float *bias = static_cast<float*>(m.out[2]), *slope = static_cast<float*>(m.workspace);
    sum_rows(rows, bias, slope, [=](size_t i, size_t, auto load) { return load(dy + i); });
    sum_rows(rows, scale, slope, [=](size_t i, size_t c, auto load) {
      return load(dy + i) * (load(x + i) - load(mean + c));
    });
    // dx = slope * (dy - share - (x - mean) * tilt)
    float *tilt = slope + rows.channels, *share = tilt + rows.channels;
    for (size_t c = 0; c < rows.channels; ++c) {
      float factor = 1 / std::sqrt(variance[c] + rows.epsilon);
      scale[c] *= factor;
      slope[c] = factor * (has_scale ? in(m, 4)[c] : 1);
      share[c] = bias[c] / float(rows.count);
      tilt[c] = scale[c] * factor / float(rows.count);
    }
    size_t n = rows.channels;
    for (size_t r = 0; r < rows.count; ++r, x += n, dy += n, dx += n)
      simd::each_vector(n, [&](size_t c, auto load, auto store) {
        simd::Floats centered = load(x + c) - load(mean + c);
        simd::Floats rest = load(dy + c) - load(share + c) - centered * load(tilt + c);
        store(dx + c, load(slope + c) * rest);
      });
  };
  return loop_step(run, 3 * rows.channels * sizeof(float));
}

}  // namespace gesso::cpu
