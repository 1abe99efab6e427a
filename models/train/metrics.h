// What people want to know about predictions while a model learns: the metrics of Keras and TF.js.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "models/train/losses.h"

namespace gesso {

// A metric is a mean over the samples, or it follows from sums over all of them.
struct Metric {
  Text name;               // "categoricalAccuracy"
  std::vector<Text> also;  // shorter and other names
  Text summary;

  // Labels and predictions as a Loss has them. The mean over the samples is that of [batch, ...].
  Value (*of)(Value labels, Value predictions) = nullptr;
  bool takes_indices = false;

  // Or: float32 scalars to be added up over the batches, and what they amount to. `counts`, where
  // given, is 1 for what counts and 0 elsewhere, and stretches to the size of the labels.
  Values (*sums)(Value labels, Value predictions, Value counts) = nullptr;
  double (*finish)(std::span<const double> sums) = nullptr;
};

std::span<const Metric> all_metrics();

// The metric of this name, in camelCase or snake_case, or short: "mse". Every loss is a metric
// too. "accuracy" and "crossentropy" (short: "acc", "ce") mean, as in Keras, the kind that suits
// the loss of an output and the size of its last axis. Fails on others, and names the one that is
// nearest.
const Metric& find_metric(Text name, const Loss& loss, int last_size);

}  // namespace gesso
