// topK(input): the k largest elements along the last axis, largest first, and their indices.
// Equal elements keep their order; NaN counts as larger than any number, so that it shows.
#include <cmath>
#include <numeric>

#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  if (c.shape().rank() == 0) fail(c, "a scalar has no axis to search", "reshape the input to [1]");
  int k = whole_option(c, "k");
  if (k < 0 || k > c.shape().back())
    fail(c, "k must not be more than the input has along its last axis",
         phrase({"a number from 0 to ", c.shape().back()}));
  Shape shape = c.shape();
  shape.back() = k;
  return {{c.dtype(), shape}, {DType::i32, shape}};
}

// Whether element i of x comes before element j.
template <class T>
bool before(const T* x, int32_t i, int32_t j) {
  if constexpr (std::is_floating_point_v<T>) {
    bool i_nan = std::isnan(x[i]), j_nan = std::isnan(x[j]);
    if (i_nan || j_nan) return i_nan && (!j_nan || i < j);
  }
  return x[i] > x[j] || (x[i] == x[j] && i < j);
}

template <class Real>
void cpu(Kernel<Real>& kernel) {
  size_t size = size_t(kernel.shape().back()), k = size_t(kernel.out_shape().back());
  if (k == 0) return;
  int32_t* best = kernel.template output<int32_t>(1).data();
  kernel.visit(kernel.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* x = kernel.template input<T>().data();
    T* values = kernel.template output<T>().data();
    for (size_t rows = kernel.shape().count() / size; rows > 0; --rows) {
      auto precedes = [x](int32_t i, int32_t j) { return before(x, i, j); };
      // The k best so far are a heap with the last of them in front.
      std::iota(best, best + k, 0);
      std::make_heap(best, best + k, precedes);
      for (size_t i = k; i < size; ++i) {
        if (!precedes(int32_t(i), best[0])) continue;
        std::pop_heap(best, best + k, precedes);
        best[k - 1] = int32_t(i);
        std::push_heap(best, best + k, precedes);
      }
      std::sort_heap(best, best + k, precedes);
      for (size_t i = 0; i < k; ++i) values[i] = x[best[i]];
      x += size;
      values += k;
      best += k;
    }
  });
}

// dx = dy where the indices point, 0 elsewhere.
Values gradient(const Grad& g) {
  return {apply(scatter_elements_op, {zeros_like(g.x[0]), g.y[1], g.dy()}, {{"axis", -1.0}})};
}

}  // namespace

constexpr Op top_k_op{
    .name = "topK",
    .summary = "The k largest elements along the last axis, largest first, and their indices.",
    .inputs = {"input"},
    .attrs = {{"k", 1.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
