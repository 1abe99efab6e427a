// Eigenvectors, principal components and clusters: that they are what they claim to be.
#include "models/analysis/pca.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/analysis/kmeans.h"
#include "tests/native/analysis_data.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

TEST(SymmetricEigen, GivesVectorsThatTheMatrixOnlyScales) {
  for (size_t n : {1u, 2u, 3u, 10u, 57u}) {
    Random random{uint32_t(n)};
    std::vector<double> a(n * n);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = double(random.normal());
    SymmetricEigen eigen(a, n);
    finish(eigen);
    double trace = 0, sum = 0;
    for (size_t k = 0; k < n; ++k) {
      trace += a[k * n + k];
      sum += eigen.value(k);
      if (k > 0) EXPECT_GE(eigen.value(k - 1), eigen.value(k));
      for (size_t i = 0; i < n; ++i) {
        double image = 0;
        for (size_t j = 0; j < n; ++j) image += a[i * n + j] * eigen.vector(k)[j];
        EXPECT_NEAR(image, eigen.value(k) * eigen.vector(k)[i], 1e-11 * double(n));
      }
      for (size_t other = 0; other <= k; ++other) {
        double product = 0;
        for (size_t i = 0; i < n; ++i) product += eigen.vector(k)[i] * eigen.vector(other)[i];
        EXPECT_NEAR(product, other == k ? 1 : 0, 1e-12);
      }
    }
    EXPECT_NEAR(sum, trace, 1e-11 * double(n));
  }
}

TEST(SymmetricEigen, TakesDiagonalAndEqualValues) {
  SymmetricEigen zeros(std::vector<double>(9), 3);
  finish(zeros);
  EXPECT_EQ(zeros.value(0), 0);
  SymmetricEigen diagonal({2, 0, 0, 0, 5, 0, 0, 0, 2}, 3);
  finish(diagonal);
  EXPECT_EQ(diagonal.value(0), 5);
  EXPECT_EQ(std::abs(diagonal.vector(0)[1]), 1);
  EXPECT_EQ(diagonal.value(2), 2);
}

// The variance of rows along a direction, in double.
double variance_along(const Rows& rows, const float* direction) {
  std::vector<double> along(rows.count());
  double mean = 0;
  for (size_t i = 0; i < rows.count(); ++i) {
    for (size_t d = 0; d < rows.width(); ++d)
      along[i] += double(rows.row(i)[d]) * double(direction[d]);
    mean += along[i] / double(rows.count());
  }
  double sum = 0;
  for (double x : along) sum += (x - mean) * (x - mean);
  return sum / double(rows.count() - 1);
}

void expect_principal(const Rows& rows, size_t k, double tolerance) {
  Pca pca("pca", rows, k);
  finish(pca);
  std::vector<float> directions = found(pca, "components"), variance = found(pca, "variance"),
                     points = found(pca, "points"), mean = found(pca, "mean"),
                     share = found(pca, "share");
  ASSERT_EQ(points.size(), rows.count() * k);
  double sum_of_shares = 0;
  for (size_t c = 0; c < k; ++c) {
    const float* v = directions.data() + c * rows.width();
    EXPECT_NEAR(variance_along(rows, v), double(variance[c]), tolerance * double(variance[0]));
    if (c > 0) EXPECT_LE(variance[c], variance[c - 1] * 1.0001f);
    sum_of_shares += double(share[c]);
    for (size_t other = 0; other <= c; ++other) {
      double product = 0;
      for (size_t i = 0; i < rows.width(); ++i)
        product += double(v[i]) * double(directions[other * rows.width() + i]);
      EXPECT_NEAR(product, other == c ? 1 : 0, 1e-5);
    }
    auto largest = std::max_element(v, v + rows.width(),
                                    [](float a, float b) { return std::abs(a) < std::abs(b); });
    EXPECT_GT(*largest, 0);
    for (size_t r = 0; r < rows.count(); r += 7) {
      double along = 0;
      for (size_t i = 0; i < rows.width(); ++i)
        along += (double(rows.row(r)[i]) - double(mean[i])) * double(v[i]);
      EXPECT_NEAR(double(points[r * k + c]), along, 1e-3);
    }
  }
  EXPECT_LE(sum_of_shares, 1.00001);
  EXPECT_GT(sum_of_shares, 0);
}

TEST(Pca, FindsTheDirectionsOfMostVariance) {
  expect_principal(groups_of_rows(90, 12, 4, 5), 5, 1e-5);   // more rows than columns
  expect_principal(groups_of_rows(25, 140, 4, 6), 5, 1e-5);  // more columns than rows
}

// The direction that no other one has more variance than: a plain power iteration in double.
TEST(Pca, AgreesWithThePowerIterationOnWideAndLongRows) {
  Rows rows = groups_of_rows(600, 530, 5, 7, 6);
  expect_principal(rows, 3, 1e-4);
  Pca pca("pca", rows, 3);
  finish(pca);
  size_t width = rows.width();
  std::vector<double> mean(width), v(width, 1);
  for (size_t i = 0; i < rows.count(); ++i)
    for (size_t d = 0; d < width; ++d) mean[d] += double(rows.row(i)[d]) / double(rows.count());
  double length = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<double> next(width);
    for (size_t i = 0; i < rows.count(); ++i) {
      double along = 0;
      for (size_t d = 0; d < width; ++d) along += (double(rows.row(i)[d]) - mean[d]) * v[d];
      for (size_t d = 0; d < width; ++d) next[d] += along * (double(rows.row(i)[d]) - mean[d]);
    }
    length = 0;
    for (double x : next) length += x * x;
    length = std::sqrt(length);
    for (size_t d = 0; d < width; ++d) v[d] = next[d] / length;
  }
  double product = 0;
  std::vector<float> directions = found(pca, "components");
  for (size_t d = 0; d < width; ++d) product += v[d] * double(directions[d]);
  EXPECT_NEAR(std::abs(product), 1, 1e-3);
  EXPECT_NEAR(double(found(pca, "variance")[0]), length / double(rows.count() - 1),
              1e-3 * length / double(rows.count()));
}

// A round is not one step: its eigenvectors are found, and each vector of the basis turned and made
// orthonormal, in a step of its own.
TEST(Pca, GoesInSmallSteps) {
  Rows rows = groups_of_rows(600, 530, 5, 7, 6);
  Pca pca("pca", rows, 3);
  size_t basis = 2 * 3 + 8, in_round = 0;
  while (!pca.step())
    if (pca.progress().iteration == 0 && pca.progress().of == 100) ++in_round;
  EXPECT_GE(in_round, basis + 600 / 64 + 3 * basis + basis - 1);
}

TEST(Pca, TakesRowsThatDoNotDiffer) {
  Rows rows = rows_of(3, {1, 2, 3, 1, 2, 3, 1, 2, 3});
  Pca same("pca", rows, 2);
  finish(same);
  EXPECT_EQ(found(same, "points"), std::vector<float>(6));
  EXPECT_EQ(found(same, "variance"), std::vector<float>(2));
  Rows one = rows_of(3, {1, 2, 3});
  Pca alone("pca", one, 1);
  finish(alone);
  EXPECT_EQ(found(alone, "points"), std::vector<float>(1));
}

TEST(Pca, RefusesMoreComponentsThanThereAre) {
  Rows rows = rows_of(3, {1, 2, 3, 4, 5, 6});
  expect_error([&] { Pca("pca", rows, 3); },
               "pca: there cannot be so many components.\n"
               "  components  3\n"
               "  rows  2\n"
               "  numbers in a row  3\n"
               "  Try: components: 2, or fewer");
  EXPECT_THROW(Pca("pca", rows, 0), Error);
  EXPECT_THROW(Pca("pca", Rows("pca", 3), 1), Error);
}

TEST(KMeans, FindsGroups) {
  Rows rows = groups_of_rows(120, 6, 4, 8, 12);
  KMeans kmeans(rows, {.k = 4});
  finish(kmeans);
  std::vector<float> clusters = found(kmeans, "clusters");
  for (size_t i = 4; i < 120; ++i) EXPECT_EQ(clusters[i], clusters[i % 4]);
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_NE(clusters[i], clusters[j]);
  // The inertia and the centers, by hand.
  std::vector<float> centers = found(kmeans, "centers");
  double inertia = 0;
  for (size_t i = 0; i < 120; ++i)
    for (size_t d = 0; d < 6; ++d) {
      double off = double(rows.row(i)[d]) - double(centers[size_t(clusters[i]) * 6 + d]);
      inertia += off * off;
    }
  EXPECT_NEAR(double(found(kmeans, "inertia")[0]), inertia, 1e-4 * inertia);
}

TEST(KMeans, IsTheSameForTheSameSeed) {
  auto clusters = [](uint32_t seed) {
    KMeans kmeans(groups_of_rows(60, 3, 6, 9, 1), {.k = 5, .restarts = 1, .seed = seed});
    finish(kmeans);
    return found(kmeans, "clusters");
  };
  EXPECT_EQ(clusters(1), clusters(1));
  EXPECT_NE(clusters(1), clusters(2));
}

TEST(KMeans, TakesEqualRowsAndRefusesTooFew) {
  KMeans same(rows_of(2, {1, 1, 1, 1, 1, 1}), {.k = 2});
  finish(same);
  EXPECT_EQ(found(same, "inertia"), std::vector<float>{0});
  KMeans each(rows_of(1, {1, 5, 9}), {.k = 3});
  finish(each);
  EXPECT_EQ(found(each, "inertia"), std::vector<float>{0});
  expect_error([] { KMeans(rows_of(1, {1, 2}), {.k = 3}); },
               "kmeans: there must be at least one row for each cluster.\n"
               "  k  3\n"
               "  rows  2\n"
               "  Try: a k from 1 to the number of rows");
}

}  // namespace
}  // namespace gesso
