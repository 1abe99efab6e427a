#include "models/text/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace gesso {
namespace {

// Leaves the most probable ones, as many as top_k and top_p allow.
void restrict_to_most_probable(std::vector<double>& p, const SamplingOptions& sampling) {
  std::vector<size_t> others(p.size());
  std::iota(others.begin(), others.end(), size_t{0});
  size_t count = others.size();
  if (sampling.top_k > 0) count = std::min(count, size_t(sampling.top_k));
  auto is_behind = [&](size_t a, size_t b) { return p[a] != p[b] ? p[a] < p[b] : a > b; };
  std::make_heap(others.begin(), others.end(), is_behind);
  std::vector<std::pair<size_t, double>> left;
  double sum = 0;
  for (; count > 0; --count) {
    std::pop_heap(others.begin(), others.end(), is_behind);
    left.emplace_back(others.back(), p[others.back()]);
    sum += left.back().second;
    others.pop_back();
  }
  std::fill(p.begin(), p.end(), 0.0);
  double wanted = sum * sampling.top_p;
  for (auto [i, probability] : left) {
    p[i] = probability;
    wanted -= probability;
    if (wanted <= 0) break;
  }
}

}  // namespace

std::vector<double> probabilities(std::span<const float> logits, const SamplingOptions& sampling) {
  size_t first = size_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  double most = logits[first];
  bool has_nan = std::any_of(logits.begin(), logits.end(), [](float x) { return std::isnan(x); });
  if (has_nan || !std::isfinite(most))
    fail("generate: what the model computes are no numbers", {},
         "weights from before they became infinite or NaN; to train with a smaller learning rate "
         "or clipping");
  std::vector<double> p(logits.size());
  if (sampling.temperature <= 0) {
    p[first] = 1;
    return p;
  }
  for (size_t i = 0; i < p.size(); ++i) p[i] = std::exp((logits[i] - most) / sampling.temperature);
  if (sampling.top_k > 0 || sampling.top_p < 1) restrict_to_most_probable(p, sampling);
  double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& one : p) one /= sum;
  return p;
}

int choose(std::span<const double> probabilities, double number) {
  size_t last = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] <= 0) continue;
    last = i;
    number -= probabilities[i];
    if (number < 0) break;
  }
  return int(last);
}

}  // namespace gesso
