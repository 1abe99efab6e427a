#include "models/train/losses.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "core/ops/math.h"
#include "models/train/names.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Value as_float(Value x) {
  return x.dtype() == DType::f32 ? x : cast(x, DType::f32);
}

Value above_zero(Value x) {
  return apply(relu_op, {x});
}

// p within [epsilon, 1 - epsilon].
Value inner_probability(Value p) {
  return clamp(p, loss_epsilon, 1 - loss_epsilon);
}

// mean((t - p)^2).
Value mean_squared_error(Value t, Value p) {
  return mean(square(t - p), {-1});
}

// mean(|t - p|).
Value mean_absolute_error(Value t, Value p) {
  return mean(abs(t - p), {-1});
}

// 100 * mean(|t - p| / |t|).
Value mean_absolute_percentage_error(Value t, Value p) {
  return 100 * mean(abs((t - p) / clamp(abs(t), loss_epsilon, infinity)), {-1});
}

// mean((log(1 + t) - log(1 + p))^2), where negative numbers count as 0.
Value mean_squared_logarithmic_error(Value t, Value p) {
  auto logarithm = [](Value x) { return log(1 + clamp(x, loss_epsilon, infinity)); };
  return mean(square(logarithm(t) - logarithm(p)), {-1});
}

// mean(max(1 - t * p, 0)^2), for labels of -1 and 1.
Value squared_hinge(Value t, Value p) {
  return mean(square(above_zero(1 - t * p)), {-1});
}

// mean(max(1 - t * p, 0)).
Value hinge(Value t, Value p) {
  return mean(above_zero(1 - t * p), {-1});
}

// max(1 + max((1 - t) * p) - Σ t * p, 0): the best wrong class against the right one.
Value categorical_hinge(Value t, Value p) {
  Value wrong = reduce(reduce_max_op, (1 - t) * p, {-1});
  return above_zero(1 + (wrong - sum(t * p, {-1})));
}

// mean(log(cosh(p - t))).
Value logcosh(Value t, Value p) {
  Value d = p - t;
  return mean(d + softplus(-2 * d) - std::numbers::ln2, {-1});
}

// -Σ t * log(p), with the probabilities scaled to sum to 1.
Value categorical_crossentropy(Value t, Value p) {
  Value q = inner_probability(p / sum(p, {-1}, true));
  return -sum(t * log(q), {-1});
}

Value one_hot(Value labels, Value predictions) {
  return apply(one_hot_op, {class_indices(labels, predictions)},
               {{"depth", double(predictions.shape().back())}});
}

// -log(p[t]).
Value sparse_categorical_crossentropy(Value t, Value p) {
  return categorical_crossentropy(one_hot(t, p), inner_probability(p));
}

// -mean(t * log(p) + (1 - t) * log(1 - p)).
Value binary_crossentropy(Value t, Value p) {
  Value q = inner_probability(p);
  return mean(sigmoid_cross_entropy_with_logits(t, log(q / (1 - q))), {-1});
}

// Σ t * log(t / p).
Value kullback_leibler_divergence(Value t, Value p) {
  return sum(t * log(clamp(t, loss_epsilon, 1) / clamp(p, loss_epsilon, 1)), {-1});
}

// mean(p - t * log(p)).
Value poisson(Value t, Value p) {
  return mean(p - t * log(p + loss_epsilon), {-1});
}

// -Σ t * p / (|t| |p|).
Value cosine_proximity(Value t, Value p) {
  return -sum(l2_normalize(t, -1) * l2_normalize(p, -1), {-1});
}

const std::vector<Loss> losses{
    {"binaryCrossentropy",
     {"bce"},
     "-mean(t * log(p) + (1 - t) * log(1 - p))",
     binary_crossentropy},
    {"categoricalCrossentropy", {"cce"}, "-sum(t * log(p))", categorical_crossentropy},
    {"categoricalHinge", {}, "max(1 + max((1 - t) * p) - sum(t * p), 0)", categorical_hinge},
    {"cosineProximity",
     {"cosine", "cosineSimilarity"},
     "-sum(t * p) / (|t| * |p|)",
     cosine_proximity},
    {"hinge", {}, "mean(max(1 - t * p, 0))", hinge},
    {"kullbackLeiblerDivergence",
     {"kld", "klDivergence"},
     "sum(t * log(t / p))",
     kullback_leibler_divergence},
    {"logcosh", {}, "mean(log(cosh(p - t)))", logcosh},
    {"meanAbsoluteError", {"mae"}, "mean(|t - p|)", mean_absolute_error},
    {"meanAbsolutePercentageError",
     {"mape"},
     "100 * mean(|t - p| / |t|)",
     mean_absolute_percentage_error},
    {"meanSquaredError", {"mse"}, "mean((t - p)^2)", mean_squared_error},
    {"meanSquaredLogarithmicError",
     {"msle"},
     "mean((log(1 + t) - log(1 + p))^2)",
     mean_squared_logarithmic_error},
    {"poisson", {}, "mean(p - t * log(p))", poisson},
    {"sparseCategoricalCrossentropy",
     {"scce"},
     "-log(p[t])",
     sparse_categorical_crossentropy,
     true},
    {"squaredHinge", {}, "mean(max(1 - t * p, 0)^2)", squared_hinge},
};

bool is_called(const Loss& loss, Text name) {
  auto same = [&](Text known) { return same_name(name, known); };
  return same(loss.name) || std::any_of(loss.also.begin(), loss.also.end(), same);
}

// What a softmax along the last axis, or a sigmoid, made this from, in the same shape; a default
// Value where another operator made it.
Value logits_of(Value probabilities, const Op& maker) {
  const Graph& graph = *probabilities.graph;
  const Node& node = graph.node(probabilities);
  if (node.op == &reshape_op) {
    Value before = probabilities.graph->value(node.inputs[0]);
    bool keeps_rows = before.shape().rank() > 0 && probabilities.shape().rank() > 0 &&
                      before.shape().back() == probabilities.shape().back();
    Value logits = keeps_rows ? logits_of(before, maker) : Value{};
    return logits ? reshape(logits, probabilities.shape()) : Value{};
  }
  if (node.op != &maker) return {};
  int rank = probabilities.shape().rank();
  if (&maker == &softmax_op && positive_axis(node.integer("axis"), rank) != rank - 1) return {};
  return probabilities.graph->value(node.inputs[0]);
}

// Where a prediction is as right as TF.js can tell, there is nothing to learn: what gradient were
// left would grow to full steps in optimisers that divide by its size.
Value at_rest(Value crossentropy) {
  constexpr double least = 1.192093e-7;  // -log(1 - loss_epsilon) in float32
  return clamp(crossentropy, least, infinity);
}

}  // namespace

std::span<const Loss> all_losses() {
  return losses;
}

const Loss& find_loss(Text name) {
  for (const Loss& loss : losses)
    if (is_called(loss, name)) return loss;
  std::vector<Text> known;
  for (const Loss& loss : losses) known.push_back(loss.name);
  fail(phrase({"loss: there is none called \"", name, "\""}), {{"known", listed(known)}},
       phrase({"\"", nearest(name, known), "\""}));
}

Value loss_of(const Loss& loss, Value labels, Value predictions) {
  bool sparse = loss.of == sparse_categorical_crossentropy;
  if (sparse || loss.of == categorical_crossentropy) {
    if (Value logits = logits_of(predictions, softmax_op)) {
      Value t = sparse ? one_hot(labels, predictions) : as_float(labels);
      return at_rest(apply(softmax_cross_entropy_op, {logits, t}));
    }
  } else if (loss.of == binary_crossentropy) {
    if (Value logits = logits_of(predictions, sigmoid_op))
      return mean(at_rest(sigmoid_cross_entropy_with_logits(as_float(labels), logits)), {-1});
  }
  return loss.of(sparse ? labels : as_float(labels), predictions);
}

Value l2_normalize(Value x) {
  x = as_float(x);
  return x / sqrt(clamp(sum(square(x), {}, true), loss_epsilon, infinity));
}

Value l2_normalize(Value x, int axis) {
  x = as_float(x);
  return x / sqrt(clamp(sum(square(x), {axis}, true), loss_epsilon, infinity));
}

Value sigmoid_cross_entropy_with_logits(Value labels, Value logits) {
  return apply(sigmoid_cross_entropy_op, {logits, labels});
}

Value categorical_crossentropy_from_logits(Value labels, Value logits) {
  Value q = inner_probability(apply(softmax_op, {logits}));
  return -sum(as_float(labels) * log(q), {-1});
}

Value class_indices(Value labels, Value predictions) {
  Shape shape = predictions.shape();
  shape.erase(shape.rank() - 1);
  if (labels.shape().count() != shape.count())
    fail("loss: there must be one index of a class for each row of predictions",
         {{"labels", labels.type()}, {"predictions", predictions.type()}},
         phrase({"labels of shape ", shape, ", or categoricalCrossentropy for one-hot labels"}));
  Value indices = labels.dtype() == DType::i32 ? labels : cast(labels, DType::i32);
  return reshape(indices, shape);
}

}  // namespace gesso
