// reshape(input): the same elements, in the same order, under another shape.
#include <cstring>

#include "core/ops/math.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  Shape shape{std::span(c.node.ints("newShape"))};
  if (std::any_of(shape.begin(), shape.end(), [](int size) { return size < 0; }))
    fail(c, "a size cannot be negative", "write out every size");
  if (shape.count() != c.shape().count())
    fail(c, "the new shape must have as many elements as the input", "sizes with the same product");
  return {{c.dtype(), shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  size_t bytes = k.shape().count() * k.element_size(k.dtype());
  if (bytes > 0) std::memcpy(k.out[0].data, k.in[0].data, bytes);  // no bytes, no addresses
}

Values gradient(const Grad& g) {
  return {reshape(g.dy(), g.x[0].shape())};
}

}  // namespace

constexpr Op reshape_op{
    .name = "reshape",
    .summary = "The same elements in the same order under another shape.",
    .inputs = {"input"},
    .attrs = {{"newShape", no_ints}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .is_view = true,
    .gradient = gradient,
};

}  // namespace gesso
