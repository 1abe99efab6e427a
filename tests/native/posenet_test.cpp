// People are found where maps were made of them.
#include "models/pose/posenet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

constexpr int size = 17, stride = 16;
constexpr auto parts = size_t(posenet_part_count), edges = size_t(posenet_edge_count);

using Figure = std::array<PosePoint, posenet_part_count>;

// Maps like those of a network that sees perfectly.
struct Scene {
  std::vector<float> heatmaps = std::vector<float>(size * size * parts);
  std::vector<float> offsets = std::vector<float>(size * size * parts * 2);
  std::vector<float> forward = std::vector<float>(size * size * edges * 2);
  std::vector<float> backward = std::vector<float>(size * size * edges * 2);

  PoseMaps maps() const { return {size, size, stride, heatmaps, offsets, forward, backward}; }

  static size_t cell(const PosePoint& p) {
    auto nearest = [](float pixels) {
      return std::clamp(int(std::lround(pixels / stride)), 0, size - 1);
    };
    return size_t(nearest(p.y) * size + nearest(p.x));
  }

  void add(const Figure& figure) {
    for (size_t part = 0; part < parts; ++part) {
      const PosePoint& p = figure[part];
      size_t at = cell(p);
      heatmaps[at * parts + part] = p.score;
      offsets[at * 2 * parts + part] = p.y - float(at / size * stride);
      offsets[at * 2 * parts + parts + part] = p.x - float(at % size * stride);
    }
    for (size_t edge = 0; edge < edges; ++edge) {
      const PosePoint& from = figure[size_t(posenet_edges[edge].from)];
      const PosePoint& to = figure[size_t(posenet_edges[edge].to)];
      lead(forward, edge, from, to);
      lead(backward, edge, to, from);
    }
  }

 private:
  static void lead(std::vector<float>& map, size_t edge, const PosePoint& a, const PosePoint& b) {
    map[cell(a) * 2 * edges + edge] = b.y - a.y;
    map[cell(a) * 2 * edges + edges + edge] = b.x - a.x;
  }
};

// Somebody who stands upright, with the nose at x and y.
Figure person(float x, float y, float score = 0.9f) {
  constexpr float places[][2] = {
      {0, 0},    {4, -5},   {-4, -5},   {10, -3},  {-10, -3},  {18, 25},
      {-18, 25}, {26, 55},  {-26, 55},  {30, 85},  {-30, 85},  {12, 90},
      {-12, 90}, {14, 130}, {-14, 130}, {15, 170}, {-15, 170},
  };
  Figure figure;
  for (size_t part = 0; part < parts; ++part)
    figure[part] = {x + places[part][0], y + places[part][1], score - 0.01f * float(part)};
  return figure;
}

void expect_near(const Figure& found, const Figure& expected) {
  for (size_t part = 0; part < parts; ++part) {
    SCOPED_TRACE(posenet_parts[part]);
    EXPECT_NEAR(found[part].x, expected[part].x, 1e-3);
    EXPECT_NEAR(found[part].y, expected[part].y, 1e-3);
    EXPECT_NEAR(found[part].score, expected[part].score, 1e-6);
  }
}

TEST(PoseNet, edges_reach_every_part_once) {
  std::array<int, posenet_part_count> reached{};
  for (auto [from, to] : posenet_edges) ++reached[size_t(to)];
  EXPECT_EQ(reached[0], 0);
  for (size_t part = 1; part < parts; ++part) EXPECT_EQ(reached[part], 1) << posenet_parts[part];
}

TEST(PoseNet, one_person_is_where_the_maps_say) {
  Scene scene;
  Figure figure = person(101.5f, 40.25f);
  scene.add(figure);
  DecodedPose pose = decode_one_pose(scene.maps());
  expect_near(pose.points, figure);
  EXPECT_NEAR(pose.score, 0.9 - 0.01 * 8, 1e-5);
  auto poses = decode_poses(scene.maps(), {});
  ASSERT_EQ(poses.size(), 1u);
  expect_near(poses[0].points, figure);
  EXPECT_NEAR(poses[0].score, pose.score, 1e-5);
}

TEST(PoseNet, a_person_is_found_from_any_part) {
  for (size_t part = 0; part < parts; ++part) {
    Scene scene;
    Figure figure = person(120, 30, 0.4f);
    figure[part].score = 0.8f;  // the only one that is sure enough
    scene.add(figure);
    auto poses = decode_poses(scene.maps(), {});
    ASSERT_EQ(poses.size(), 1u) << posenet_parts[part];
    expect_near(poses[0].points, figure);
  }
}

TEST(PoseNet, several_people_come_surest_first_and_as_many_as_wanted) {
  Scene scene;
  Figure left = person(60, 40, 0.85f), right = person(190, 60, 0.95f);
  scene.add(left);
  scene.add(right);
  auto poses = decode_poses(scene.maps(), {});
  ASSERT_EQ(poses.size(), 2u);
  expect_near(poses[0].points, right);
  expect_near(poses[1].points, left);
  EXPECT_EQ(decode_poses(scene.maps(), {.most = 1}).size(), 1u);
  EXPECT_EQ(decode_poses(scene.maps(), {.part_score = 0.9f}).size(), 1u);
  EXPECT_TRUE(decode_poses(scene.maps(), {.part_score = 0.99f}).empty());
}

TEST(PoseNet, what_two_people_share_counts_for_the_surer_one) {
  Scene scene;
  Figure left = person(100, 40, 0.95f), right = person(130, 40, 0.85f);
  right[9] = left[9];  // a hand that both seem to have
  scene.add(right);
  scene.add(left);
  auto poses = decode_poses(scene.maps(), {});
  ASSERT_EQ(poses.size(), 2u);
  double all = 0;
  for (const PosePoint& p : poses[1].points) all += p.score;
  EXPECT_NEAR(poses[1].score, (all - poses[1].points[9].score) / parts, 1e-5);
}

TEST(PoseNet, nobody_gives_no_poses_and_one_that_nothing_speaks_for) {
  Scene scene;
  EXPECT_TRUE(decode_poses(scene.maps(), {}).empty());
  EXPECT_EQ(decode_one_pose(scene.maps()).score, 0);
}

TEST(PoseNet, any_numbers_are_survived) {
  std::mt19937 random(5);
  constexpr float wild[] = {0,
                            1,
                            -1e30f,
                            1e30f,
                            std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  Scene scene;
  for (auto* map : {&scene.heatmaps, &scene.offsets, &scene.forward, &scene.backward})
    for (float& x : *map) x = wild[random() % std::size(wild)];
  EXPECT_LE(decode_poses(scene.maps(), {.most = 10}).size(), 10u);
  decode_one_pose(scene.maps());
}

TEST(PoseNet, maps_are_found_among_outputs) {
  Scene scene;
  Figure figure = person(101.5f, 40.25f);
  scene.add(figure);
  std::vector<float> logits = scene.heatmaps;
  for (float& x : logits) x = std::log(x / (1 - x));
  std::vector<float> segments(size * size);
  std::vector<PoseOutput> outputs = {
      {"float_segments", {1, size, size, 1}, segments},
      {"displacement_bwd_2", {1, size, size, 32}, scene.backward},
      {"displacement_fwd_2", {1, size, size, 32}, scene.forward},
      {"offset_2", {1, size, size, 34}, scene.offsets},
      {"heatmap_2", {1, size, size, 17}, logits},
  };
  std::vector<float> scores;
  PoseMaps maps = pose_maps(outputs, 257, scores);
  EXPECT_EQ(maps.stride, stride);
  auto poses = decode_poses(maps, {});
  ASSERT_EQ(poses.size(), 1u);
  expect_near(poses[0].points, figure);
  outputs[1].name = "displacement_2";
  expect_error([&] { pose_maps(outputs, 257, scores); },
               "pose: the network has no such output.\n"
               "  missing  backward displacements\n"
               "  channels  32\n"
               "  in its name  bwd\n"
               "  Try: a PoseNet, whose outputs are heatmaps, offsets and two displacements");
}

TEST(PoseNet, maps_of_other_sizes_are_refused) {
  Scene scene;
  scene.offsets.pop_back();
  expect_error([&] { decode_one_pose(scene.maps()); },
               "pose: the maps of the network do not belong together.\n"
               "  map  offsets\n"
               "  numbers  9825\n"
               "  height  17\n"
               "  width  17\n"
               "  channels  34\n"
               "  stride  16\n"
               "  Try: a PoseNet whose four outputs have one size");
}

}  // namespace
}  // namespace gesso
