#include "models/train/metrics.h"

#include "core/ops/math.h"
#include "models/train/names.h"

namespace gesso {
namespace {

Value as_float(Value x) {
  return x.dtype() == DType::f32 ? x : cast(x, DType::f32);
}

Value arg_max(Value x) {
  return apply(arg_max_op, {x}, {{"axis", -1.0}});
}

// 1 where a number is above one half, 0 elsewhere.
Value rounded(Value x) {
  return as_float(greater(x, x.graph->scalar(0.5)));
}

Value binary_accuracy(Value t, Value p) {
  return mean(as_float(equal(as_float(t), rounded(p))), {-1});
}

Value categorical_accuracy(Value t, Value p) {
  return as_float(equal(arg_max(t), arg_max(p)));
}

Value sparse_categorical_accuracy(Value t, Value p) {
  return as_float(equal(class_indices(t, p), arg_max(p)));
}

Value counted(Value x, Value counts) {
  return counts ? x * counts : x;
}

// How many are 1 among the labels, among the predictions, and in both.
Values positives(Value t, Value p, Value counts) {
  Value labels = counted(rounded(as_float(t)), counts), predictions = counted(rounded(p), counts);
  return {sum(labels), sum(predictions), sum(labels * predictions)};
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

double precision(std::span<const double> sums) {
  return share(sums[2], sums[1]);
}

double recall(std::span<const double> sums) {
  return share(sums[2], sums[0]);
}

// Squares of what is left unexplained; squares of the labels around their mean in the batch; the
// parts from which follow the squares of the batches' means around the mean of all.
Values squares(Value t, Value p, Value counts) {
  t = as_float(t);
  Value count =
      counts ? sum(counted(ones_like(t), counts)) : t.graph->scalar(double(t.shape().count()));
  Value total = sum(counted(t, counts)), mean = total / max(count, t.graph->scalar(1));
  return {sum(counted(square(t - p), counts)), sum(counted(square(t - mean), counts)), total * mean,
          total, count};
}

double r2_score(std::span<const double> sums) {
  double around_mean = sums[1] + sums[2] - sums[3] * sums[3] / sums[4];
  return 1 - sums[0] / around_mean;
}

std::vector<Metric> make_metrics() {
  std::vector<Metric> metrics{
      {"binaryAccuracy",
       {},
       "The share of numbers that are on the right side of one half.",
       binary_accuracy},
      {"categoricalAccuracy",
       {},
       "The share of samples whose likeliest class is right.",
       categorical_accuracy},
      {"sparseCategoricalAccuracy",
       {},
       "The same, where the labels are indices of classes.",
       sparse_categorical_accuracy,
       true},
      {"precision",
       {},
       "The share of true ones among those found.",
       nullptr,
       false,
       positives,
       precision},
      {"recall",
       {},
       "The share of those found among the true ones.",
       nullptr,
       false,
       positives,
       recall},
      {"r2Score",
       {"r2"},
       "The share of the labels' variance that is explained.",
       nullptr,
       false,
       squares,
       r2_score},
  };
  for (const Loss& loss : all_losses())
    metrics.push_back({loss.name, loss.also, loss.summary, loss.of, loss.takes_indices});
  return metrics;
}

Text chosen_kind(Text name, const Loss& loss, int last_size) {
  bool accuracy = same_name(name, "accuracy") || same_name(name, "acc");
  if (!accuracy && !same_name(name, "crossentropy") && !same_name(name, "ce")) return name;
  if (loss.takes_indices)
    return accuracy ? "sparseCategoricalAccuracy" : "sparseCategoricalCrossentropy";
  if (last_size == 1 || loss.name == "binaryCrossentropy")
    return accuracy ? "binaryAccuracy" : "binaryCrossentropy";
  return accuracy ? "categoricalAccuracy" : "categoricalCrossentropy";
}

}  // namespace

std::span<const Metric> all_metrics() {
  static const std::vector<Metric> metrics = make_metrics();
  return metrics;
}

const Metric& find_metric(Text name, const Loss& loss, int last_size) {
  Text kind = chosen_kind(name, loss, last_size);
  std::vector<Text> known{"accuracy"};
  for (const Metric& metric : all_metrics()) {
    auto same = [&](Text other) { return same_name(kind, other); };
    if (same(metric.name) || std::any_of(metric.also.begin(), metric.also.end(), same))
      return metric;
    known.push_back(metric.name);
  }
  fail(phrase({"metric: there is none called \"", name, "\""}), {{"known", listed(known)}},
       phrase({"\"", nearest(name, known), "\""}));
}

}  // namespace gesso
