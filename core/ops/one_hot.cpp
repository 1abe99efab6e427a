// oneHot(indices): for each index a row of `depth` elements, all offValue but the one it names.
// Indices outside of [0, depth) name none.
#include "core/ops/list.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  require_indices(c, 0);
  int depth = whole_option(c, "depth");
  if (depth < 1) fail(c, "depth must be at least 1", "the number of classes");
  if (c.shape().rank() == Shape::max_rank)
    fail(c, phrase({"the output would have more than ", Shape::max_rank, " dimensions"}),
         "reshape the indices to fewer dimensions");
  DType dtype = dtype_from(c.node.text("type"));
  require_fits(c, "onValue", dtype);
  require_fits(c, "offValue", dtype);
  Shape shape = c.shape();
  shape.push_back(depth);
  return {{dtype, shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  int depth = k.out_shape().back();
  auto indices = k.template input<int32_t>();
  k.visit(k.out[0].type.dtype, [&](auto zero) {
    using T = decltype(zero);
    auto on = T(k.node.number("onValue")), off = T(k.node.number("offValue"));
    auto y = k.template output<T>();
    std::fill(y.begin(), y.end(), off);
    for (size_t i = 0; i < indices.size(); ++i)
      if (indices[i] >= 0 && indices[i] < depth) y[i * size_t(depth) + size_t(indices[i])] = on;
  });
}

}  // namespace

constexpr Op one_hot_op{
    .name = "oneHot",
    .summary = "A row for each index, with onValue at the index and offValue elsewhere.",
    .inputs = {"indices"},
    .attrs = {{"depth", 1.0}, {"onValue", 1.0}, {"offValue", 0.0}, {"type", "float32"}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
};

}  // namespace gesso
