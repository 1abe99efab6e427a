// Random numbers: the published answers of Philox, and that samples are what they claim to be.
#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "core/backends/backend.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

// Random123's kat_vectors.
TEST(Philox, GivesThePublishedAnswers) {
  constexpr uint32_t all = 0xffffffff;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (RandomBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({all, all, all, all}, {all, all}),
            (RandomBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (RandomBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, IsPhiloxInOrder) {
  Random random(7, 3);
  for (uint32_t block = 0; block < 3; ++block)
    for (uint32_t word : philox({block, 0, 0, 0}, {7, 3})) EXPECT_EQ(random.bits(), word);
}

TEST(Random, RepeatsItselfAndNoOther) {
  Random a(1), b(1), other_seed(2), other_stream(1, 1);
  uint32_t first = a.bits();
  EXPECT_EQ(first, b.bits());
  EXPECT_NE(first, other_seed.bits());
  EXPECT_NE(first, other_stream.bits());
}

TEST(Random, UniformNumbersLieInTheUnitInterval) {
  EXPECT_EQ(uniform_from(0), 0);
  EXPECT_EQ(uniform_from(0xffffffff), 1 - 0x1p-24f);
  Random random(11);
  double sum = 0, squares = 0;
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    double u = double(random.uniform());
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / count, 1.0 / 2, 0.005);
  EXPECT_NEAR(squares / count, 1.0 / 3, 0.005);
}

TEST(Random, NormalNumbersHaveMean0AndDeviation1) {
  Random random(12);
  double sum = 0, squares = 0, fourths = 0;
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    double x = double(random.normal());
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  EXPECT_NEAR(sum / count, 0, 0.015);
  EXPECT_NEAR(squares / count, 1, 0.02);
  EXPECT_NEAR(fourths / count, 3, 0.15);
}

// The logarithm and cosine are our own, so that every machine has the same; they must be right too.
TEST(Random, NormalNumbersAreBoxAndMullers) {
  Random random(13);
  std::set<uint32_t> words{0,          0xff,       0x100,      0x1fffffff, 0x20000000, 0x3fffffff,
                           0x40000000, 0x60000000, 0x7fffffff, 0x80000000, 0xa0000000, 0xc0000000,
                           0xe0000000, 0xe0000100, 0xffffff00, 0xffffffff};
  for (int i = 0; i < 50; ++i) words.insert(random.bits());
  for (uint32_t a : words)
    for (uint32_t b : words) {
      double radius = std::sqrt(-2 * std::log(1 - double(uniform_from(a))));
      double expected = radius * std::cos(2 * std::numbers::pi * double(uniform_from(b)));
      ASSERT_NEAR(double(normal_from(a, b)), expected, 1e-7 * radius + 1e-14) << a << ' ' << b;
    }
}

TEST(Random, WholeNumbersComeEquallyOften) {
  Random random(14);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) {
    uint32_t n = random.below(6);
    ASSERT_LT(n, 6u);
    ++counts[n];
  }
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(random.below(1), 0u);
}

// To the last bit, wherever the operator runs.
TEST(RandomUniform, IsPhiloxPlaceByPlace) {
#pragma clang fp contract(off)
  for (int count : {1000, 1001}) {
    Graph g;
    constexpr int32_t state[] = {-77, 5};
    Value seed = g.constant(Shape{2}, std::span<const int32_t>(state));
    Value zero = g.input("zero", {DType::i32, {2}});
    g.output(
        "y",
        g.apply(
            random_uniform_op, {g.apply(add_op, {seed, zero})},
            {{"newShape", Ints{count}}, {"stream", 9.0}, {"minValue", -0.3}, {"maxValue", 0.7}}));
    auto program = compile(g);
    program->run();
    const auto* y = reinterpret_cast<const float*>(program->output(0).data());
    float low = -0.3f, range = 0.7f - low;
    for (uint32_t i = 0; i < uint32_t(count); ++i) {
      RandomBlock block = philox({i / 4, 0, 5, 0}, {uint32_t(-77), 9});
      float product = range * uniform_from(block[i % 4]);
      ASSERT_EQ(y[i], low + product) << i;
    }
  }
}

}  // namespace
}  // namespace gesso
