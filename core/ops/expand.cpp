// expand(input): the input repeated along its axes of size 1, and along new ones in front.
#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/strided.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  auto sizes = ints_option(c, "newShape");
  const Shape& from = c.shape();
  if (int(sizes.size()) > Shape::max_rank)
    fail(c, "newShape has too many dimensions", phrase({Shape::max_rank, " dimensions or fewer"}));
  Shape shape{sizes};
  int added = shape.rank() - from.rank();
  bool fits = added >= 0;
  for (int i = 0; fits && i < from.rank(); ++i) fits = from[i] == 1 || from[i] == shape[i + added];
  if (!fits)
    fail(c, "newShape must end like the input's, save where the input has size 1",
         "reshape the input first, so that it has size 1 wherever it is to be repeated");
  return {{c.dtype(), shape}};
}

template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape &from = k.shape(), &to = k.out_shape();
  int added = to.rank() - from.rank();
  auto steps = strides_of(from);
  Walk walk;
  for (int i = 0; i < to.rank(); ++i) {
    bool repeated = i < added || from[i - added] == 1;
    walk.add(size_t(to[i]), repeated ? 0 : ptrdiff_t(steps[size_t(i - added)]));
  }
  walk.copy(k.in[0].data, k.out[0].data, k.element_size(k.dtype()));
}

// dx = the sum over the repetitions.
Values gradient(const Grad& g) {
  return {sum_to(g.dy(), g.x[0].shape())};
}

}  // namespace

constexpr Op expand_op{
    .name = "expand",
    .summary = "Repeats its input along axes of size 1, as broadcasting does.",
    .inputs = {"input"},
    .attrs = {{"newShape", no_ints}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
