// Chooses what comes next.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gesso {

struct SamplingOptions {
  double temperature = 1;  // logits are divided by it; 0: the most probable, of equals the first
  int top_k = 0;           // only so many of the most probable; 0: all
  double top_p = 1;        // only the most probable that together have this probability
  uint32_t random = 0;     // a seed
};

// The probability with which each is chosen: one at least is above 0, and their sum is 1. Of equals
// the first count as more probable. Fails when a logit is NaN, or none is finite.
std::vector<double> probabilities(std::span<const float> logits, const SamplingOptions& sampling);

// The first whose probability, added to those before, exceeds a number from 0 to below 1.
int choose(std::span<const double> probabilities, double number);

}  // namespace gesso
