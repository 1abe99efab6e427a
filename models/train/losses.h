// How far predictions lie from labels: the losses of Keras, with the formulas of TF.js.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/graph.h"

namespace gesso {

// Where a formula would divide by zero or take its logarithm: Keras' epsilon.
inline constexpr double loss_epsilon = 1e-7;

struct Loss {
  Text name;               // "meanSquaredError"
  std::vector<Text> also;  // shorter and other names: "mse"
  Text summary;

  // Differences [batch, ...] of labels and predictions, both [batch, ..., size]: the last axis is
  // averaged, or summed where it holds the probabilities of classes.
  Value (*of)(Value labels, Value predictions);

  // Labels are indices of classes, of any type, [batch, ...] or [batch, ..., 1]; predictions have
  // one more axis: [batch, ..., classes].
  bool takes_indices = false;
};

std::span<const Loss> all_losses();

// The loss of this name, in camelCase or snake_case, or short: "mse". Fails on others, and names
// the one that is nearest.
const Loss& find_loss(Text name);

// The same differences as loss.of. A crossentropy of what comes from a softmax or a sigmoid is
// computed from the numbers before it, which is faster, and goes on telling right from wrong where
// TF.js' formula has reached its bound of log(loss_epsilon).
Value loss_of(const Loss& loss, Value labels, Value predictions);

// x / |x| along an axis, or over all axes without one; what is shorter than sqrt(loss_epsilon) is
// divided by that. float32.
Value l2_normalize(Value x);
Value l2_normalize(Value x, int axis);

// max(x, 0) - x * labels + log(1 + exp(-|x|)): binary crossentropy of sigmoid(x), by element.
Value sigmoid_cross_entropy_with_logits(Value labels, Value logits);

// -Σ labels * log(softmax(logits)) over the last axis, with TF.js' bounds.
Value categorical_crossentropy_from_logits(Value labels, Value logits);

// Indices [batch, ...] or [batch, ..., 1] as int32 [batch, ...], for predictions of one more axis.
Value class_indices(Value labels, Value predictions);

}  // namespace gesso
