// batchNormalizationTraining(input, scale?, bias?): batch normalization by the mean and the
// variance of the input itself, which are further outputs. batchNormalizationGradient(input, mean,
// variance, dy, scale?): its derivatives by input, scale and bias. Ioffe and Szegedy 2015.
#include <cmath>

#include "core/gradient.h"
#include "core/ops/accept.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

// The input as [outer, channels, inner].
struct Layout {
  size_t outer, channels, inner;

  Layout(const Node& node, const Shape& x) {
    int axis = positive_axis(node.integer("axis"), x.rank());
    outer = x.count(0, axis);
    channels = size_t(x[axis]);
    inner = x.count(axis + 1, x.rank());
  }
  size_t count() const { return outer * inner; }  // of each channel

  // Calls f(i) for the elements of a channel.
  template <class F>
  void each(size_t channel, F f) const {
    for (size_t o = 0; o < outer; ++o)
      for (size_t i = 0; i < inner; ++i) f((o * channels + channel) * inner + i);
  }
};

void require_elements(const Call& c, int axis) {
  const Shape& x = c.shape();
  if (x.count(0, axis) * x.count(axis + 1, x.rank()) == 0)
    fail(c, "a batch without elements has no mean", "at least one element for each channel");
}

Types infer_training(const Call& c) {
  require_float(c);
  check_epsilon(c);
  int axis = axis_option(c);
  require_elements(c, axis);
  Shape channels{c.shape()[axis]};
  for (int i : {1, 2}) check_shape(c, i, channels, "one number for each channel");
  return {c.in[0], {DType::f32, channels}, {DType::f32, channels}};
}

Types infer_gradient(const Call& c) {
  require_float(c);
  check_epsilon(c);
  int axis = axis_option(c);
  require_elements(c, axis);
  Shape channels{c.shape()[axis]};
  for (int i : {1, 2, 4}) check_shape(c, i, channels, "one number for each channel");
  check_shape(c, 3, c.shape(), "the shape of the input");
  return {c.in[0], {DType::f32, channels}, {DType::f32, channels}};
}

template <class Real>
void train(Kernel<Real>& k) {
  Layout layout(k.node, k.shape());
  const Real* x = k.input().data();
  Real* y = k.output().data();
  for (size_t c = 0; c < layout.channels; ++c) {
    double sum = 0, squares = 0, count = double(layout.count());
    layout.each(c, [&](size_t i) { sum += double(x[i]); });
    double mean = sum / count;
    layout.each(c, [&](size_t i) { squares += (double(x[i]) - mean) * (double(x[i]) - mean); });
    double variance = squares / count;
    double scale = k.has(1) ? double(k.input(1)[c]) : 1;
    double factor = scale / std::sqrt(variance + k.node.number("epsilon"));
    double bias = k.has(2) ? double(k.input(2)[c]) : 0;
    layout.each(c, [&](size_t i) { y[i] = Real((double(x[i]) - mean) * factor + bias); });
    k.output(1)[c] = Real(mean);
    k.output(2)[c] = Real(variance);
  }
}

// With f = 1 / sqrt(variance + epsilon) and normal = (x - mean) * f:
//   dx = scale * f * (dy - mean(dy) - normal * mean(dy * normal))
//   dScale = sum(dy * normal), dBias = sum(dy)
template <class Real>
void differentiate(Kernel<Real>& k) {
  Layout layout(k.node, k.shape());
  const Real *x = k.input(0).data(), *dy = k.input(3).data();
  Real* dx = k.output().data();
  for (size_t c = 0; c < layout.channels; ++c) {
    double mean = double(k.input(1)[c]), bias = 0, scale = 0, count = double(layout.count());
    double factor = 1 / std::sqrt(double(k.input(2)[c]) + k.node.number("epsilon"));
    auto normal = [&](size_t i) { return (double(x[i]) - mean) * factor; };
    layout.each(c, [&](size_t i) {
      bias += double(dy[i]);
      scale += double(dy[i]) * normal(i);
    });
    double slope = factor * (k.has(4) ? double(k.input(4)[c]) : 1);
    layout.each(c, [&](size_t i) {
      dx[i] = Real(slope * (double(dy[i]) - (bias + normal(i) * scale) / count));
    });
    k.output(1)[c] = Real(scale);
    k.output(2)[c] = Real(bias);
  }
}

// The axes over which means are taken, and the shape of a channel's numbers among them.
struct Channels {
  Ints axes;
  Shape shape;
  double count;

  Channels(const Node& node, const Shape& x) : shape(Shape::filled(x.rank(), 1)) {
    int axis = positive_axis(node.integer("axis"), x.rank());
    for (int i = 0; i < x.rank(); ++i)
      if (i != axis) axes.push_back(i);
    shape[axis] = x[axis];
    count = double(x.count()) / x[axis];
  }
  Value sum(Value x) const { return sum_to(x, shape); }
  Value spread(Value x) const { return reshape(x, shape); }
};

Attrs options_of(const Node& node) {
  return {{"axis", node.number("axis")}, {"epsilon", node.number("epsilon")}};
}

// Mean and variance have derivatives of their own: 1 / n, and 2 (x - mean) / n.
Values gradient_of_training(const Grad& g) {
  Value x = g.x[0];
  Channels channels(g.node, x.shape());
  Values d(3);
  if (g.dys[0]) {
    Values inputs{x, g.y[1], g.y[2], g.dys[0]};
    if (g.has(1)) inputs.push_back(g.x[1]);
    Value first = apply(batch_normalization_gradient_op, inputs, options_of(g.node));
    d = {first, first.at(1), first.at(2)};
    d.resize(g.x.size());
  }
  if (!g.wants(0)) return d;
  auto add = [&](Value part) { d[0] = d[0] ? d[0] + part : part; };
  if (g.dys[1]) add(expand(channels.spread(g.dys[1] / channels.count), x.shape()));
  if (g.dys[2]) {
    Value centered = x - channels.spread(g.y[1]);
    add(centered * channels.spread(g.dys[2] * (2 / channels.count)));
  }
  return d;
}

// The gradient, composed of operators.
Values composed(const Node& node, const Values& in) {
  Channels channels(node, in[0].shape());
  Value dy = in[3];
  Value factor = rsqrt(channels.spread(in[2]) + node.number("epsilon"));
  Value normal = (in[0] - channels.spread(in[1])) * factor;
  Value scale = channels.sum(dy * normal), bias = channels.sum(dy);
  Value slope = in.size() > 4 ? factor * channels.spread(in[4]) : factor;
  const Shape& flat = in[1].shape();
  return {slope * (dy - (bias + normal * scale) / channels.count), reshape(scale, flat),
          reshape(bias, flat)};
}

// By differentiating what it is composed of. Copies of the inputs stand for them, so that one
// which is computed from another counts as a number of its own.
Values gradient_of_gradient(const Grad& g) {
  Values inputs, outputs, seeds;
  for (Value x : g.x)
    if (x) inputs.push_back(apply(identity_op, {x}));
  Values all = composed(g.node, inputs);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!g.dys[i]) continue;
    outputs.push_back(all[i]);
    seeds.push_back(g.dys[i]);
  }
  return gradient(outputs, seeds, inputs);
}

}  // namespace

constexpr Op batch_normalization_gradient_op{
    .name = "batchNormalizationGradient",
    .summary =
        "The derivatives of batchNormalizationTraining by input, scale and bias, given the mean "
        "and variance that it found.",
    .inputs = {"input", "mean", "variance", "dy", "scale?"},
    .attrs = {{"axis", -1.0}, {"epsilon", 1e-5}},
    .infer = infer_gradient,
    .cpu = {differentiate<float>, differentiate<double>},
    .gradient = gradient_of_gradient,
};

constexpr Op batch_normalization_training_op{
    .name = "batchNormalizationTraining",
    .summary =
        "Batch normalization by the mean and variance of the input along all other axes, which "
        "are the second and third output.",
    .inputs = {"input", "scale?", "bias?"},
    .attrs = {{"axis", -1.0}, {"epsilon", 1e-5}},
    .infer = infer_training,
    .cpu = {train<float>, train<double>},
    .gradient = gradient_of_training,
};

}  // namespace gesso
