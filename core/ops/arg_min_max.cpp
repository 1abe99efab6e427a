// argMin and argMax: where along an axis the least or greatest element is.
#include "core/ops/accept.h"
#include "core/ops/list.h"
#include "core/ops/loops.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  int axis = axis_option(c);
  choice_option(c, "outputDataType", {"int32"});
  Shape shape = c.shape();
  if (shape[axis] == 0) fail(c, "the axis has no elements", "an axis of size 1 or more");
  if (c.node.flag("keepDimensions"))
    shape[axis] = 1;
  else
    shape.erase(axis);
  return {{DType::i32, shape}};
}

// The first of equals wins, and NaN loses against every number.
template <bool least, class Real>
void cpu(Kernel<Real>& k) {
  int axis = positive_axis(k.node.integer("axis"), k.shape().rank());
  size_t size = size_t(k.shape()[axis]), step = strides_of(k.shape())[size_t(axis)];
  int32_t* out = k.template output<int32_t>().data();
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    loops_over(~(1u << axis), k.shape()).each([&](auto at) {
      const T* x = k.template input<T>().data() + at[0];
      size_t best = 0;
      for (size_t i = 1; i < size; ++i) {
        T rival = x[i * step], champion = x[best * step];
        bool wins = least ? rival < champion : rival > champion;
        if (wins || (champion != champion && rival == rival)) best = i;
      }
      *out++ = int32_t(best);
    });
  });
}

constexpr Options options{{"axis", 0.0}, {"keepDimensions", false}, {"outputDataType", "int32"}};

}  // namespace

constexpr Op arg_max_op{
    .name = "argMax",
    .summary = "The index of the greatest element along an axis: the first, if several are.",
    .inputs = {"input"},
    .attrs = options,
    .infer = infer,
    .cpu = {cpu<false, float>, cpu<false, double>},
};

constexpr Op arg_min_op{
    .name = "argMin",
    .summary = "The index of the least element along an axis: the first, if several are.",
    .inputs = {"input"},
    .attrs = options,
    .infer = infer,
    .cpu = {cpu<true, float>, cpu<true, double>},
};

}  // namespace gesso
