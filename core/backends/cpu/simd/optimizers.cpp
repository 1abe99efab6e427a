// The updates of optimisers: one pass over a weight and all that is remembered of it.
#include "core/ops/optimizers.h"

#include "core/backends/cpu/simd/kernels.h"

// Builds without optimisation, or with a square root that sets errno, cannot.
#pragma clang diagnostic ignored "-Wpass-failed"

namespace gesso::cpu {
namespace {

template <class Rule>
std::unique_ptr<Step> update(const Lowering& l) {
  constexpr size_t count = Rule::states;
  Node options;
  options.attrs = l.node.attrs;
  return loop_step([n = l.out().shape.count(), options](const Memory& m) {
    bool counts = m.in.size() > count + 2;
    Rule made(options, *in(m, int(count) + 1),
              counts ? *static_cast<const int32_t*>(m.in[count + 2]) : 1);
    const Rule rule = made;  // whose address nobody has: its numbers stay in registers
    std::array<const float*, count> x;
    std::array<float*, count> y;
    for (size_t s = 0; s < count; ++s) {
      x[s] = static_cast<const float*>(m.in[s]);
      y[s] = static_cast<float*>(m.out[s]);
    }
    const float* gradient = in(m, int(count));
    // Outputs are other memory than inputs, or the same element by element: order does not matter.
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < n; ++i) {
      std::array<float, count> s;
      for (size_t j = 0; j < count; ++j) s[j] = x[j][i];
      rule(s, gradient[i]);
      for (size_t j = 0; j < count; ++j) y[j][i] = s[j];
    }
  });
}

}  // namespace

std::unique_ptr<Step> adadelta(const Lowering& l) {
  return update<optimizers::Adadelta<float>>(l);
}

std::unique_ptr<Step> adagrad(const Lowering& l) {
  return update<optimizers::Adagrad<float>>(l);
}

std::unique_ptr<Step> adam(const Lowering& l) {
  return update<optimizers::Adam<float>>(l);
}

std::unique_ptr<Step> adamax(const Lowering& l) {
  return update<optimizers::Adamax<float>>(l);
}

std::unique_ptr<Step> momentum(const Lowering& l) {
  return update<optimizers::Momentum<float>>(l);
}

std::unique_ptr<Step> rms_prop(const Lowering& l) {
  return update<optimizers::RmsProp<float>>(l);
}

std::unique_ptr<Step> sgd(const Lowering& l) {
  return update<optimizers::Sgd<float>>(l);
}

}  // namespace gesso::cpu
