// The planner never lets two buffers that are alive at once share memory.
#include "core/plan.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "core/tensor.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

TEST(Plan, GivesNothingForNothing) {
  EXPECT_EQ(plan({}).bytes, 0u);
}

TEST(Plan, SharesMemoryBetweenBuffersOfDifferentTimes) {
  const Lifetime chain[] = {{1000, 0, 1}, {1000, 1, 2}, {1000, 2, 3}, {1000, 3, 4}};
  Plan p = plan(chain);
  EXPECT_EQ(p.offsets[0], p.offsets[2]);
  EXPECT_EQ(p.offsets[1], p.offsets[3]);
  EXPECT_LT(p.bytes, 2400u);
}

TEST(Plan, KeepsLivingBuffersApartAlignedAndWithRoomToReadAhead) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> lifetimes;
    for (int i = 0; i < 40; ++i) {
      int first = int(random() % 20);
      lifetimes.push_back({random() % 5000, first, first + int(random() % 6)});
    }
    Plan p = plan(lifetimes);
    for (size_t i = 0; i < lifetimes.size(); ++i) {
      EXPECT_EQ(p.offsets[i] % Buffer::alignment, 0u);
      EXPECT_LE(p.offsets[i] + lifetimes[i].bytes + Buffer::read_ahead, p.bytes);
      for (size_t j = 0; j < i; ++j) {
        const Lifetime &a = lifetimes[i], &b = lifetimes[j];
        if (a.last < b.first || b.last < a.first) continue;
        bool apart = p.offsets[i] + a.bytes + Buffer::read_ahead <= p.offsets[j] ||
                     p.offsets[j] + b.bytes + Buffer::read_ahead <= p.offsets[i];
        EXPECT_TRUE(apart) << i << " and " << j << " overlap";
      }
    }
  }
}

TEST(Plan, RefusesMoreMemoryThanCanBeAddressed) {
  constexpr size_t large = std::numeric_limits<size_t>::max() / 16 * 7;
  const Lifetime two[] = {{large, 0, 1}, {large, 1, 2}};
  expect_error([&] { plan(two); },
               "memory: the tensors of the model do not fit together.\n"
               "  the one too many, in bytes  " +
                   std::to_string(large) + "\n  Try: a smaller batch or image");
  const Lifetime apart[] = {{large, 0, 1}, {large, 2, 3}};
  EXPECT_EQ(plan(apart).offsets[1], 0u);
}

}  // namespace
}  // namespace gesso
