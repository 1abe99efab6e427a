// One update of one weight by each optimiser: sgd, momentum, adam, adamax, rmsProp, adagrad and
// adadelta. The inputs are the weight, what the optimiser remembers of it, the gradient, the
// learning rate and, for those that count, the step; the outputs are the new weight and memory.
#include "core/ops/optimizers.h"

#include "core/ops/accept.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

template <template <class> class Rule>
constexpr int states = int(Rule<float>::states);

void require_between_0_and_1(const Call& c, Text name) {
  double value = c.node.number(name);
  if (!(value >= 0 && value < 1))
    fail(c, phrase({name, " must be at least 0 and below 1"}),
         "0.9: the share of the past that is kept");
}

void check_options(const Call& c) {
  for (Text share : {"beta1", "beta2", "decay", "momentum", "rho"})
    if (c.op.has_option(share)) require_between_0_and_1(c, share);
  if (c.op.has_option("epsilon")) check_epsilon(c);
  if (c.op.has_option("weightDecay") && !(c.node.number("weightDecay") >= 0))
    fail(c, "weightDecay must not be negative", "a small number like 0.01");
}

template <template <class> class Rule>
Types infer(const Call& c) {
  int gradient = states<Rule>, rate = gradient + 1, step = gradient + 2;
  for (int i = 0; i <= rate; ++i) check_dtype(c, i, floats);
  for (int i = 1; i <= gradient; ++i) check_shape(c, i, c.shape(0), "the shape of the weight");
  check_shape(c, rate, {}, "no dimensions");
  if (c.has(step)) {
    require_indices(c, step);
    check_shape(c, step, {}, "no dimensions");
  }
  check_options(c);
  return Types(size_t(gradient), c.in[0]);
}

template <class Real, template <class> class Rule>
void update(Kernel<Real>& k) {
  constexpr int count = states<Rule>;
  bool counts = k.has(count + 2);
  Rule<Real> rule(k.node, double(k.input(count + 1)[0]),
                  counts ? k.template input<int32_t>(count + 2)[0] : 1);
  auto gradient = k.input(count);
  for (size_t i = 0; i < gradient.size(); ++i) {
    std::array<Real, count> s;
    for (int n = 0; n < count; ++n) s[size_t(n)] = k.input(n)[i];
    rule(s, gradient[i]);
    for (int n = 0; n < count; ++n) k.output(n)[i] = s[size_t(n)];
  }
}

template <template <class> class Rule>
constexpr CpuKernel kernel = CpuKernel::oracle(update<float, Rule>, update<double, Rule>);

}  // namespace

constexpr Op adadelta_op{
    .name = "adadelta",
    .summary = "A weight after one step of Adadelta: steps as long as those before it.",
    .inputs = {"weight", "accumulatedGradient", "accumulatedUpdate", "gradient", "rate"},
    .attrs = {{"rho", 0.95}, {"epsilon", 1e-7}},
    .infer = infer<optimizers::Adadelta>,
    .cpu = kernel<optimizers::Adadelta>,
    .in_place = states<optimizers::Adadelta>,
};

constexpr Op adagrad_op{
    .name = "adagrad",
    .summary = "A weight after one step of Adagrad: shorter where gradients have been large.",
    .inputs = {"weight", "accumulator", "gradient", "rate"},
    .attrs = {{"epsilon", 1e-7}},
    .infer = infer<optimizers::Adagrad>,
    .cpu = kernel<optimizers::Adagrad>,
    .in_place = states<optimizers::Adagrad>,
};

constexpr Op adam_op{
    .name = "adam",
    .summary =
        "A weight after one step of Adam: along the mean gradient, over its deviation. `step` "
        "counts from 1; a weightDecay makes it AdamW.",
    .inputs = {"weight", "mean", "variance", "gradient", "rate", "step"},
    .attrs = {{"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-7}, {"weightDecay", 0.0}},
    .infer = infer<optimizers::Adam>,
    .cpu = kernel<optimizers::Adam>,
    .in_place = states<optimizers::Adam>,
};

constexpr Op adamax_op{
    .name = "adamax",
    .summary =
        "A weight after one step of Adamax: along the mean gradient, over its largest size. "
        "`step` counts from 1.",
    .inputs = {"weight", "mean", "norm", "gradient", "rate", "step"},
    .attrs = {{"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-7}},
    .infer = infer<optimizers::Adamax>,
    .cpu = kernel<optimizers::Adamax>,
    .in_place = states<optimizers::Adamax>,
};

constexpr Op momentum_op{
    .name = "momentum",
    .summary = "A weight after one step of gradient descent with momentum.",
    .inputs = {"weight", "velocity", "gradient", "rate"},
    .attrs = {{"momentum", 0.9}, {"nesterov", false}},
    .infer = infer<optimizers::Momentum>,
    .cpu = kernel<optimizers::Momentum>,
    .in_place = states<optimizers::Momentum>,
};

constexpr Op rms_prop_op{
    .name = "rmsProp",
    .summary = "A weight after one step of RMSProp: along the gradient, over its recent size.",
    .inputs = {"weight", "meanSquare", "velocity", "meanGradient", "gradient", "rate"},
    .attrs = {{"decay", 0.9}, {"momentum", 0.0}, {"epsilon", 1e-7}, {"centered", false}},
    .infer = infer<optimizers::RmsProp>,
    .cpu = kernel<optimizers::RmsProp>,
    .in_place = states<optimizers::RmsProp>,
};

constexpr Op sgd_op{
    .name = "sgd",
    .summary = "A weight after one step of gradient descent: weight - rate * gradient.",
    .inputs = {"weight", "gradient", "rate"},
    .infer = infer<optimizers::Sgd>,
    .cpu = kernel<optimizers::Sgd>,
    .in_place = states<optimizers::Sgd>,
};

}  // namespace gesso
