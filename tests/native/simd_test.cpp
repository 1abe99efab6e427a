// The vector functions against the C library in double, over the whole range of floats.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/backends/cpu/simd/math.h"

namespace gesso {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// How many floats lie between a result and what it should be; none between NaN and NaN.
double units_off(double expected, float result) {
  float nearest = float(expected);
  if (std::isnan(nearest) || std::isnan(result))
    return std::isnan(nearest) && std::isnan(result) ? 0 : infinity;
  if (nearest == result) return 0;
  if (std::isinf(nearest) || std::isinf(result)) return infinity;
  double unit = std::nextafter(std::abs(nearest), infinity) - std::abs(nearest);
  return std::abs(expected - double(result)) / unit;
}

void expect_close(simd::Floats (*function)(simd::Floats), double (*exact)(double), double limit,
                  std::initializer_list<float> more) {
  float worst_x = 0;
  double worst = 0;
  auto check = [&](float x) {
    double off = units_off(exact(double(x)), function(simd::splat(x))[simd::lanes - 1]);
    if (off > worst) worst = off, worst_x = x;
  };
  for (uint32_t bits = 0; bits < 0x7f800000; bits += 3001) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    check(x);
    check(-x);
  }
  for (float x : more) check(x);
  for (float x : {0.0f, -0.0f, infinity, -infinity, std::nanf("")}) check(x);
  EXPECT_LE(worst, limit) << "at " << worst_x << ": " << function(simd::splat(worst_x))[0]
                          << ", not " << exact(double(worst_x));
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST(SimdMath, ExpIsWithinTwoUnits) {
  expect_close(simd::exp, std::exp, 2, {88.7228f, 88.7229f, -87.3366f, -103.97f, -103.98f});
}

TEST(SimdMath, SigmoidIsWithinTwoUnits) {
  expect_close(simd::sigmoid, sigmoid, 2.5, {-88, -100, 17});
}

TEST(SimdMath, TanhIsWithinThreeUnits) {
  expect_close(simd::tanh, std::tanh, 3, {0.17f, 0.18f, 9, 9.02f, 9.9f});
}

TEST(SimdMath, LogIsWithinTwoUnits) {
  expect_close(simd::log, std::log, 2, {0.99999f, 1, 1.00001f, 0.70710678f, 1.41421356f});
}

TEST(SimdMath, ZerosKeepTheirSign) {
  EXPECT_TRUE(std::signbit(simd::tanh(simd::splat(-0.0f))[0]));
  EXPECT_FALSE(std::signbit(simd::tanh(simd::splat(0.0f))[0]));
}

TEST(Simd, LoadsAndStoresParts) {
  float from[simd::lanes], to[simd::lanes];
  for (size_t i = 0; i < simd::lanes; ++i) from[i] = float(i + 1), to[i] = -1;
  EXPECT_EQ(simd::sum(simd::load_first(from, 3)), 6);
  EXPECT_EQ(simd::max(simd::load(from)), float(simd::lanes));
  simd::store_first(to, simd::load(from), 2);
  EXPECT_EQ(to[1], 2);
  EXPECT_EQ(to[2], -1);
}

}  // namespace
}  // namespace gesso
