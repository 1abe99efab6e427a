// Rows and their neighbours against plain sums in double, exact removal, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/analysis/neighbours.h"
#include "tests/native/analysis_data.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

double plain_distance(const Rows& rows, size_t i, size_t j, Metric metric) {
  double squared = 0, ab = 0, aa = 0, bb = 0;
  for (size_t d = 0; d < rows.width(); ++d) {
    double a = double(rows.row(i)[d]), b = double(rows.row(j)[d]);
    squared += (a - b) * (a - b);
    ab += a * b;
    aa += a * a;
    bb += b * b;
  }
  if (metric == Metric::euclidean) return std::sqrt(squared);
  return aa * bb > 0 ? 1 - ab / std::sqrt(aa * bb) : 1;
}

std::unique_ptr<Analysis> analyse(const char* method, Rows rows, const std::string& options) {
  Document document("options", std::as_bytes(std::span(options)), Document::Origin::options);
  auto analysis = make_analysis(method, std::move(rows), document.root());
  finish(*analysis);
  return analysis;
}

TEST(Distances, AreThoseOfPlainSums) {
  for (int width : {1, 3, 4, 7, 16, 131}) {
    Rows rows = groups_of_rows(11, size_t(width), 3, 1);
    for (Metric metric : {Metric::euclidean, Metric::cosine}) {
      std::vector<float> tile(7 * 6);
      distances(rows, 2, 7, rows, 5, 6, metric, tile.data());
      for (size_t q = 0; q < 7; ++q)
        for (size_t r = 0; r < 6; ++r) {
          double expected = plain_distance(rows, 2 + q, 5 + r, metric);
          EXPECT_NEAR(double(distance_from(tile[q * 6 + r], metric)), expected,
                      1e-5 * (1 + expected));
        }
    }
  }
}

TEST(Distances, ArePartOfNoTile) {
  Rows rows = groups_of_rows(9, 37, 2, 2);
  for (Metric metric : {Metric::euclidean, Metric::cosine}) {
    std::vector<float> tile(81);
    distances(rows, 0, 9, rows, 0, 9, metric, tile.data());
    for (size_t q = 0; q < 9; ++q)
      for (size_t r = 0; r < 9; ++r) {
        float alone;
        distances(rows, q, 1, rows, r, 1, metric, &alone);
        EXPECT_EQ(tile[q * 9 + r], alone);
      }
  }
}

TEST(Distances, OfEqualRowsAreZeroAndOfZerosOne) {
  Rows rows = rows_of(3, {0.1f, 0.7f, -3, 0.1f, 0.7f, -3, 0, 0, 0, -0.1f, -0.7f, 3});
  float d[4];
  distances(rows, 0, 1, rows, 0, 4, Metric::cosine, d);
  EXPECT_EQ(d[1], 0);
  EXPECT_EQ(d[2], 1);
  EXPECT_EQ(d[3], 2);
  distances(rows, 0, 1, rows, 0, 4, Metric::euclidean, d);
  EXPECT_EQ(d[1], 0);
}

TEST(Distances, StayFiniteAtTheLargestNumbers) {
  Rows rows = rows_of(4, {1e15f, 1e15f, 1e15f, 1e15f, -1e15f, -1e15f, -1e15f, -1e15f});
  float d[2];
  for (Metric metric : {Metric::euclidean, Metric::cosine}) {
    distances(rows, 0, 1, rows, 0, 2, metric, d);
    EXPECT_TRUE(std::isfinite(d[1]));
    EXPECT_EQ(d[0], 0);
  }
}

TEST(Rows, RefuseWhatIsNoNumberAndStayAsTheyWere) {
  Rows rows = rows_of(2, {1, 2});
  expect_error([&] { rows.append("tsne", std::vector<float>{1, 2, 3, std::nanf("")}); },
               "tsne: every number must be finite, and of size 1e15 at most.\n"
               "  row  1\n"
               "  position  1\n"
               "  given  NaN\n"
               "  Try: leave such rows out, or fill the gap with the mean of the others");
  EXPECT_THROW(rows.append("test", std::vector<float>{INFINITY, 0}), Error);
  EXPECT_THROW(rows.append("test", std::vector<float>{0, 2e15f}), Error);
  EXPECT_THROW(rows.append("test", std::vector<float>{1, 2, 3}), Error);
  EXPECT_EQ(rows.count(), 1u);
  rows.append("test", std::vector<float>{5, 6});
  EXPECT_EQ(rows.row(1)[1], 6);
  expect_error([] { Rows("pca", 0); },
               "pca: a row must have at least one number.\n  numbers  0\n  Try: [[1, 2]]");
}

TEST(Rows, ForgetWithoutATrace) {
  Rows all = groups_of_rows(40, 13, 4, 3), without = rows_of(13, {});
  for (size_t i = 0; i < 40; ++i) {
    std::vector<float> row(all.row(i), all.row(i) + 13);
    Rows one("test", 13);
    if (i % 3 != 1) without.append("test", row, int(i));
  }
  Rows thinned("test", 13);
  for (size_t i = 0; i < 40; ++i)
    thinned.append("test", std::vector<float>(all.row(i), all.row(i) + 13), int(i));
  std::vector<int> gone{1, 1, 99};
  for (int i = 39; i > 1; --i) {
    if (i % 3 == 1) gone.push_back(i);
  }
  EXPECT_EQ(thinned.erase(gone), 13u);
  EXPECT_EQ(thinned.erase(gone), 0u);
  EXPECT_EQ(thinned.count(), 27u);
  for (Metric metric : {Metric::euclidean, Metric::cosine})
    for (size_t q = 0; q < 40; ++q) {
      Rows query = rows_of(13, std::vector<float>(all.row(q), all.row(q) + 13));
      auto a = nearest(thinned, query, 9, metric), b = nearest(without, query, 9, metric);
      ASSERT_EQ(a.size(), b.size());
      for (size_t n = 0; n < a.size(); ++n) {
        EXPECT_EQ(thinned.id(size_t(a[n].row)), without.id(size_t(b[n].row)));
        EXPECT_EQ(a[n].distance, b[n].distance);
      }
    }
}

TEST(Nearest, AreInOrderAndTiesGoToTheFirst) {
  Rows rows = rows_of(1, {5, 1, 3, 1, 9}), query = rows_of(1, {2});
  std::vector<int> order;
  for (const Neighbour& n : nearest(rows, query, 99, Metric::euclidean)) order.push_back(n.row);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 0, 4}));
  EXPECT_TRUE(nearest(Rows("test", 1), query, 3, Metric::euclidean).empty());
}

TEST(AllNeighbours, AreThoseOfEachRowAlone) {
  for (size_t count : {1u, 2u, 5u, 150u}) {
    Rows rows = groups_of_rows(count, 19, 5, 4);
    for (Metric metric : {Metric::euclidean, Metric::cosine}) {
      AllNeighbours all("test", rows, 7, metric);
      finish(all);
      EXPECT_EQ(all.k(), std::min<size_t>(7, count - 1));
      for (size_t i = 0; i < count; ++i) {
        Rows query = rows_of(19, std::vector<float>(rows.row(i), rows.row(i) + 19));
        auto expected = nearest(rows, query, count, metric);
        std::erase_if(expected, [&](const Neighbour& n) { return size_t(n.row) == i; });
        for (size_t n = 0; n < all.k(); ++n) {
          EXPECT_EQ(all.of(i)[n].row, expected[n].row);
          EXPECT_EQ(all.of(i)[n].distance, expected[n].distance);
        }
      }
    }
  }
}

// Where size_t has 32 bits, rows x k would come out as a small number.
TEST(AllNeighbours, RefuseMoreThanCanBeKept) {
  Rows rows("test", 1);
  rows.append("test", std::vector<float>(65600));
  expect_error([&] { AllNeighbours("nearestNeighbours", rows, 65599, Metric::euclidean); },
               "nearestNeighbours: so many neighbours of so many rows are too much to keep.\n"
               "  rows  65600\n"
               "  neighbours of each  65599\n"
               "  at most together  67108864\n"
               "  Try: at most 1023 neighbours of each, or fewer rows");
}

TEST(Duplicates, AreThePairsWithinADistance) {
  Rows rows = rows_of(1, {0, 10, 0.5f, 20, 10, 20.25f});
  auto near = analyse("duplicates", rows, R"({"within": 0.5})");
  EXPECT_EQ(found(*near, "pairs"), (std::vector<float>{1, 4, 3, 5, 0, 2}));
  EXPECT_EQ(found(*near, "distances"), (std::vector<float>{0, 0.25f, 0.5f}));
  near = analyse("duplicates", rows, R"({"within": 0.5, "most": 1})");
  EXPECT_EQ(found(*near, "pairs"), (std::vector<float>{1, 4}));
  EXPECT_EQ(found(*near, "found"), (std::vector<float>{3}));
}

// However many there are of the one kind, the other is not crowded out.
TEST(Duplicates, OfTwoGroupsAreKeptApart) {
  Rows rows = rows_of(1, {0, 0, 0, 0, 10, 10.25f});
  auto near =
      analyse("duplicates", rows, R"({"within": 0.5, "most": 2, "groups": [0, 0, 0, 0, 0, 1]})");
  EXPECT_EQ(found(*near, "pairs"), (std::vector<float>{0, 1, 0, 2}));
  EXPECT_EQ(found(*near, "found"), (std::vector<float>{6}));
  EXPECT_EQ(found(*near, "apart"), (std::vector<float>{4, 5}));
  EXPECT_EQ(found(*near, "apart_distances"), (std::vector<float>{0.25f}));
  EXPECT_EQ(found(*near, "apart_found"), (std::vector<float>{1}));
  EXPECT_THROW(analyse("duplicates", rows, R"({"within": 0.5, "groups": [0]})"), Error);
}

TEST(Analysis, RefusesWhatItDoesNotKnow) {
  expect_error([] { analyse("cluster", rows_of(1, {1}), "{}"); },
               "analyse: there is no such method.\n"
               "  method  cluster\n"
               "  Try: one that the interface lists");
  EXPECT_THROW(analyse("neighbours", rows_of(1, {1}), R"({"k": 0})"), Error);
  EXPECT_THROW(analyse("neighbours", rows_of(1, {1}), R"({"k": 3, "metric": "taxi"})"), Error);
  EXPECT_THROW(analyse("duplicates", rows_of(1, {1}), R"({"within": -1})"), Error);
}

}  // namespace
}  // namespace gesso
