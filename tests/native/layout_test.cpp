// Layouts: the graphs that they follow, the forces, the divergence against a plain t-SNE in double,
// and the grid against all assignments.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/analysis/grid.h"
#include "models/analysis/tsne.h"
#include "models/analysis/umap.h"
#include "tests/native/analysis_data.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

double squared(const Rows& rows, size_t i, size_t j) {
  double sum = 0;
  for (size_t d = 0; d < rows.width(); ++d) {
    double off = double(rows.row(i)[d]) - double(rows.row(j)[d]);
    sum += off * off;
  }
  return sum;
}

// p_ij of all pairs, in double: van der Maaten and Hinton's equations, nothing left out.
std::vector<double> plain_affinities(const Rows& rows, double perplexity) {
  size_t n = rows.count();
  std::vector<double> given(n * n), all(n * n);
  for (size_t i = 0; i < n; ++i) {
    double low = 0, high = INFINITY, precision = 1;
    for (int turn = 0; turn < 200; ++turn) {
      double sum = 0, entropy = 0;
      for (size_t j = 0; j < n; ++j)
        sum += given[i * n + j] = i == j ? 0 : std::exp(-precision * squared(rows, i, j));
      for (size_t j = 0; j < n; ++j) {
        double p = given[i * n + j] /= std::max(sum, 1e-300);
        if (p > 0) entropy -= p * std::log2(p);
      }
      if (sum > 0 && std::exp2(entropy) > perplexity)
        low = precision;
      else
        high = precision;
      precision = std::isinf(high) ? 2 * precision : (low + high) / 2;
    }
  }
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j)
      all[i * n + j] = (given[i * n + j] + given[j * n + i]) / (2 * double(n));
  return all;
}

double divergence(const std::vector<double>& p, const std::vector<double>& y) {
  size_t n = y.size() / 2;
  std::vector<double> q(n * n);
  double total = 0, sum = 0;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) {
      double dx = y[2 * i] - y[2 * j], dy = y[2 * i + 1] - y[2 * j + 1];
      if (i != j) total += q[i * n + j] = 1 / (1 + dx * dx + dy * dy);
    }
  for (size_t k = 0; k < n * n; ++k)
    if (p[k] > 0) sum += p[k] * std::log(p[k] * total / q[k]);
  return sum;
}

// Exact t-SNE in double with the same recipe, from the same start.
std::vector<double> plain_tsne(const Rows& rows, const std::vector<double>& p,
                               const TsneOptions& options) {
  size_t n = rows.count();
  Pca pca("test", rows, 2);
  finish(pca);
  Layout start(n, 2);
  start.begin_with(pca.points(), 2, 1e-4f, options.seed);
  std::vector<double> y(2 * n), update(2 * n), gain(2 * n, 1), slope(2 * n), q(n * n);
  for (size_t i = 0; i < n; ++i)
    for (size_t d = 0; d < 2; ++d) y[2 * i + d] = double(start.axis(d)[i]);
  double rate = std::max(double(n) / options.exaggeration / 4, 50.0);
  for (size_t t = 0; t < options.iterations; ++t) {
    double total = 0;
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        double dx = y[2 * i] - y[2 * j], dy = y[2 * i + 1] - y[2 * j + 1];
        total += q[i * n + j] = i == j ? 0 : 1 / (1 + dx * dx + dy * dy);
      }
    double pulls = t < std::min<size_t>(options.iterations / 4, 250) ? options.exaggeration : 1;
    for (size_t i = 0; i < n; ++i)
      for (size_t d = 0; d < 2; ++d) {
        double sum = 0;
        for (size_t j = 0; j < n; ++j)
          sum += (pulls * p[i * n + j] - q[i * n + j] / total) * q[i * n + j] *
                 (y[2 * i + d] - y[2 * j + d]);
        slope[2 * i + d] = 4 * sum;
      }
    for (size_t k = 0; k < 2 * n; ++k) {
      gain[k] = (slope[k] > 0) != (update[k] > 0) ? gain[k] + 0.2 : std::max(gain[k] * 0.8, 0.01);
      update[k] = (t < 250 ? 0.5 : 0.8) * update[k] - rate * gain[k] * slope[k];
      y[k] += update[k];
    }
    for (size_t d = 0; d < 2; ++d) {
      double mean = 0;
      for (size_t i = 0; i < n; ++i) mean += y[2 * i + d] / double(n);
      for (size_t i = 0; i < n; ++i) y[2 * i + d] -= mean;
    }
  }
  return y;
}

std::vector<double> doubles(const std::vector<float>& numbers) {
  return {numbers.begin(), numbers.end()};
}

TEST(PerplexityGraph, HasThePerplexityThatWasAskedFor) {
  Rows rows = groups_of_rows(60, 5, 3, 1);
  AllNeighbours nearest("test", rows, 59, Metric::euclidean);
  finish(nearest);
  auto maker = NeighbourGraphMaker::of_perplexity(nearest, 60, 12, Metric::euclidean);
  finish(maker);
  const NeighbourGraph& graph = maker.graph();
  std::vector<double> expected = plain_affinities(rows, 12);
  double sum = 0;
  for (size_t i = 0; i < 60; ++i)
    for (size_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
      double p = double(graph.weight[e]);
      sum += p;
      EXPECT_NEAR(p, expected[i * 60 + size_t(graph.to[e])], 1e-6);
    }
  EXPECT_NEAR(sum, 1, 1e-5);
}

TEST(FuzzyGraph, GivesTheNearestAWeightOfOne) {
  Rows rows = groups_of_rows(50, 4, 2, 2);
  AllNeighbours nearest("test", rows, 8, Metric::euclidean);
  finish(nearest);
  auto maker = NeighbourGraphMaker::fuzzy(nearest, 50, Metric::euclidean);
  finish(maker);
  const NeighbourGraph& graph = maker.graph();
  for (size_t i = 0; i < 50; ++i) {
    float most = 0;
    for (size_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
      most = std::max(most, graph.weight[e]);
      EXPECT_GT(graph.weight[e], 0);
      // The same from the other side.
      size_t j = size_t(graph.to[e]);
      bool is_there = false;
      for (size_t back = graph.first[j]; back < graph.first[j + 1]; ++back)
        is_there |= size_t(graph.to[back]) == i && graph.weight[back] == graph.weight[e];
      EXPECT_TRUE(is_there);
    }
    EXPECT_EQ(most, 1);
  }
}

// Each step is some thousand neighbours, however many rows there are.
TEST(NeighbourGraph, IsMadeInSmallSteps) {
  size_t n = 500, k = 90;
  Rows rows = groups_of_rows(n, 4, 5, 12);
  AllNeighbours nearest("test", rows, k, Metric::euclidean);
  finish(nearest);
  for (double perplexity : {0.0, 30.0}) {
    auto maker = perplexity > 0
                     ? NeighbourGraphMaker::of_perplexity(nearest, n, perplexity, Metric::euclidean)
                     : NeighbourGraphMaker::fuzzy(nearest, n, Metric::euclidean);
    size_t steps = 1, before = 0;
    for (; !maker.step(); ++steps) {
      EXPECT_GT(maker.done(), before);
      EXPECT_LE(maker.done() - before, 8192 / k);
      before = maker.done();
    }
    EXPECT_GE(steps, 4 * n * k / 8192);
    EXPECT_EQ(maker.done(), maker.all());
  }
}

TEST(Layouts, RefuseMoreNeighboursThanCanBeKept) {
  auto many = [] { return rows_of(2, std::vector<float>(2 * 65600)); };
  expect_error([&] { Umap(many(), {.neighbors = 65599}); },
               "umap: so many neighbours of so many rows are too much to keep.\n"
               "  rows  65600\n"
               "  neighbours of each  65599\n"
               "  at most together  67108864\n"
               "  Try: at most 1023 neighbours of each, or fewer rows");
  EXPECT_THROW(Tsne(many(), {.perplexity = 21800}), Error);
  EXPECT_THROW(Tsne(many(), {.perplexity = 1e6}), Error);
}

TEST(Repulsion, IsTheSumOverAllPairs) {
  for (size_t dimensions : {2u, 3u}) {
    Layout layout(77, dimensions);
    layout.begin_with({}, 0, 300, 3);
    CellTree tree;
    tree.build(layout);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < 77; ++i) {
      double total = 0, force[3] = {};
      for (size_t j = 0; j < 77; ++j) {
        double off[3] = {}, sum = 1;
        for (size_t d = 0; d < dimensions; ++d) {
          off[d] = double(layout.axis(d)[i]) - double(layout.axis(d)[j]);
          sum += off[d] * off[d];
        }
        if (i == j) continue;
        total += 1 / sum;
        for (size_t d = 0; d < dimensions; ++d) force[d] += off[d] / (sum * sum);
      }
      Push push = exact_push(layout, i), about = tree.push(layout, i);
      EXPECT_NEAR(push.total, total, 1e-5);
      EXPECT_NEAR(about.total, total, 0.05 * total);
      for (size_t d = 0; d < dimensions; ++d) {
        EXPECT_NEAR(push.force[d], force[d], 1e-5);
        worst = std::max(worst, std::abs(about.force[d] - force[d]));
        largest = std::max(largest, std::abs(force[d]));
      }
    }
    EXPECT_LT(worst, 0.05 * largest);
  }
}

TEST(Repulsion, OfATreeTakesPointsThatLieTogether) {
  Layout layout(40, 2);  // all at zero
  CellTree tree;
  tree.build(layout);
  EXPECT_NEAR(tree.push(layout, 3).total, 39, 1e-6);
  EXPECT_EQ(tree.push(layout, 3).force[0], 0);
}

TEST(Tsne, DivergesLittleMoreThanExactTsneInDouble) {
  Rows rows = groups_of_rows(150, 16, 6, 4, 3);
  TsneOptions options{.perplexity = 12, .iterations = 300};
  Tsne tsne(rows, options);
  finish(tsne);
  std::vector<double> p = plain_affinities(rows, 12);
  double ours = divergence(p, doubles(found(tsne, "points")));
  double exact = divergence(p, plain_tsne(rows, p, options));
  RecordProperty("ratio", std::to_string(ours / exact));
  EXPECT_LT(ours, 1.05 * exact);
  EXPECT_NEAR(tsne.progress().loss, ours, 0.05 * ours);
}

// How many of the points that lie nearest to a point are of its group.
double purity(const std::vector<float>& points, size_t dimensions, size_t groups) {
  Rows rows = rows_of(int(dimensions), points);
  AllNeighbours nearest("test", rows, 5, Metric::euclidean);
  finish(nearest);
  size_t same = 0;
  for (size_t i = 0; i < rows.count(); ++i)
    for (const Neighbour& n : nearest.of(i)) same += size_t(n.row) % groups == i % groups;
  return double(same) / double(5 * rows.count());
}

TEST(Tsne, KeepsGroupsTogether) {
  for (Metric metric : {Metric::euclidean, Metric::cosine})
    for (size_t dimensions : {2u, 3u})
      for (bool random_start : {false, true}) {
        TsneOptions options{.perplexity = 10, .iterations = 150, .dimensions = dimensions};
        options.metric = metric;
        options.random_start = random_start;
        Tsne tsne(groups_of_rows(100, 8, 4, 5), options);
        finish(tsne);
        EXPECT_GT(purity(found(tsne, "points"), dimensions, 4), 0.97);
      }
}

TEST(Tsne, RefusesAPerplexityAndSaysWhich) {
  expect_error([] { Tsne(groups_of_rows(50, 3, 2, 1), {.perplexity = 40}); },
               "tsne: the perplexity must be from 1 to a third of the other rows.\n"
               "  perplexity  40\n"
               "  rows  50\n"
               "  at most  16.33\n"
               "  Try: perplexity: 16, or more rows");
  EXPECT_THROW(Tsne(groups_of_rows(50, 3, 2, 1), {.perplexity = 0.5}), Error);
  EXPECT_THROW(Tsne(rows_of(2, {1, 2}), {.perplexity = 1}), Error);
}

TEST(Tsne, TakesRowsThatDoNotDiffer) {
  Tsne tsne(rows_of(2, std::vector<float>(40, 3)), {.perplexity = 3, .iterations = 20});
  finish(tsne);
  for (float x : found(tsne, "points")) EXPECT_TRUE(std::isfinite(x));
}

TEST(Tsne, SaysHowFarItIs) {
  Tsne tsne(groups_of_rows(40, 3, 2, 1), {.perplexity = 5, .iterations = 10});
  EXPECT_TRUE(tsne.progress().is_preparing);
  EXPECT_TRUE(tsne.outputs().empty());
  while (tsne.progress().is_preparing) tsne.step();
  size_t before = tsne.progress().iteration;
  while (!tsne.step()) {
    EXPECT_GE(tsne.progress().iteration, before);
    before = tsne.progress().iteration;
    EXPECT_EQ(found(tsne, "points").size(), 80u);
  }
  EXPECT_EQ(tsne.progress().iteration, 10u);
  EXPECT_TRUE(tsne.step());
}

// The published curve for the usual distances: umap-learn fits a = 1.577, b = 0.895 for 0.1 and 1,
// a = 1.929, b = 0.792 for 0.001 and 1.
TEST(Umap, FitsItsCurve) {
  Curve usual = curve_for(0.1, 1), tight = curve_for(0.001, 1);
  EXPECT_NEAR(usual.a, 1.577, 0.001);
  EXPECT_NEAR(usual.b, 0.895, 0.001);
  EXPECT_NEAR(tight.a, 1.929, 0.001);
  EXPECT_NEAR(tight.b, 0.792, 0.001);
}

TEST(Umap, KeepsGroupsTogether) {
  for (size_t dimensions : {2u, 3u}) {
    Umap umap(groups_of_rows(120, 8, 4, 6),
              {.neighbors = 10, .epochs = 150, .dimensions = dimensions});
    finish(umap);
    EXPECT_GT(purity(found(umap, "points"), dimensions, 4), 0.97);
  }
}

TEST(Umap, TakesEqualRowsAndVeryFew) {
  Umap same(rows_of(2, std::vector<float>(40, 3)), {.neighbors = 5, .epochs = 20});
  finish(same);
  for (float x : found(same, "points")) EXPECT_TRUE(std::isfinite(x));
  for (size_t count : {1u, 2u, 3u}) {
    Umap few(groups_of_rows(count, 3, 1, 1), {.neighbors = 2, .epochs = 5});
    finish(few);
    EXPECT_EQ(found(few, "points").size(), 2 * count);
  }
  expect_error([] { Umap(groups_of_rows(10, 3, 1, 1), {.neighbors = 10}); },
               "umap: there must be from 2 neighbors to all other rows.\n"
               "  neighbors  10\n"
               "  rows  10\n"
               "  Try: neighbors: 9");
}

// The least sum of squared ways, over all ways to place the points.
double least_cost(const std::vector<double>& cost, size_t points, size_t cells) {
  std::vector<size_t> cell(cells);
  std::iota(cell.begin(), cell.end(), size_t{0});
  double least = INFINITY;
  do {
    double sum = 0;
    for (size_t p = 0; p < points; ++p) sum += cost[p * cells + cell[p]];
    least = std::min(least, sum);
  } while (std::next_permutation(cell.begin(), cell.end()));
  return least;
}

double cost_of(const std::vector<float>& points, const std::vector<float>& places, size_t columns,
               size_t rows, std::vector<double>* all = nullptr) {
  size_t n = points.size() / 2;
  double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY}, sum = 0;
  for (size_t k = 0; k < 2 * n; ++k) {
    low[k % 2] = std::min(low[k % 2], double(points[k]));
    high[k % 2] = std::max(high[k % 2], double(points[k]));
  }
  for (size_t p = 0; p < n; ++p) {
    double at[2];
    for (size_t d = 0; d < 2; ++d)
      at[d] = (double(points[2 * p + d]) - low[d]) / (high[d] - low[d]) *
              double((d == 0 ? columns : rows) - 1);
    for (size_t c = 0; all && c < columns * rows; ++c) {
      double dx = at[0] - double(c % columns), dy = at[1] - double(c / columns);
      all->push_back(dx * dx + dy * dy);
    }
    double dx = at[0] - double(places[2 * p]), dy = at[1] - double(places[2 * p + 1]);
    sum += dx * dx + dy * dy;
  }
  return sum;
}

TEST(Grid, MovesPointsAsLittleAsPossible) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    size_t n = 3 + seed % 6;
    std::vector<float> points(2 * n);
    for (float& x : points) x = random.normal();
    Grid grid(rows_of(2, points), 0);
    finish(grid);
    std::vector<float> size = found(grid, "size"), places = found(grid, "points");
    std::vector<double> cost;
    double sum = cost_of(points, places, size_t(size[0]), size_t(size[1]), &cost);
    EXPECT_NEAR(sum, least_cost(cost, n, size_t(size[0] * size[1])), 1e-6);
  }
}

void expect_own_cells(const Grid& grid, size_t count) {
  std::vector<float> cells = found(grid, "cells");
  std::sort(cells.begin(), cells.end());
  ASSERT_EQ(cells.size(), count);
  EXPECT_EQ(std::adjacent_find(cells.begin(), cells.end()), cells.end());
}

TEST(Grid, GivesEachPointACellOfItsOwn) {
  Random random(5);
  for (size_t n : {1u, 2u, 7u, 130u, 1200u}) {
    std::vector<float> points(2 * n);
    for (float& x : points) x = random.normal();
    Grid grid(rows_of(2, points), 0);
    finish(grid);
    expect_own_cells(grid, n);
  }
  Grid same(rows_of(2, std::vector<float>(20, 1)), 5);
  finish(same);
  expect_own_cells(same, 10);
  EXPECT_EQ(found(same, "size"), (std::vector<float>{5, 2}));
}

// More points than are placed exactly: no more than three times the way to the grid that they come
// from, 2 x 0.2^2 for each.
TEST(Grid, OfManyPointsIsCloseToThem) {
  size_t side = 35, n = side * side;
  Random random(6);
  std::vector<float> points;
  for (size_t i = 0; i < n; ++i) {
    points.push_back(float(i % side) + 0.2f * random.normal());
    points.push_back(float(i / side) + 0.2f * random.normal());
  }
  Grid grid(rows_of(2, points), 0);
  finish(grid);
  EXPECT_LT(cost_of(points, found(grid, "points"), side, side) / double(n), 3 * 0.08);
}

TEST(Grid, RefusesWhatItCannotPlace) {
  expect_error([] { Grid(rows_of(3, {1, 2, 3}), 0); },
               "gridOf: a point must have two numbers.\n  numbers  3\n  Try: [[0.2, 0.7]]");
  EXPECT_THROW(Grid(rows_of(2, {1, 2}), 2), Error);
}

}  // namespace
}  // namespace gesso
