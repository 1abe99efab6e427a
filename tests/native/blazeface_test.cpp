// Faces are found where the network's numbers were made of them.
#include "models/face/blazeface.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

constexpr int size = 128;
constexpr size_t anchors = 16 * 16 * 2 + 8 * 8 * 6, numbers = 17;

float logit(float score) {
  return std::log(score / (1 - score));
}

// What a network says that sees no face, but for those that are added.
struct Answer {
  std::vector<float> predictions = std::vector<float>(anchors * numbers, -20.0f);

  // A face of a size, in pixels, around the anchor of a cell of the coarse grid.
  void add(int x, int y, int k, float side, float score, float right = 0) {
    size_t anchor = 16 * 16 * 2 + size_t((y * 8 + x) * 6 + k);
    float* out = &predictions[anchor * numbers];
    out[0] = logit(score);
    out[1] = right;
    out[2] = 0;
    out[3] = out[4] = side;
    for (int point = 0; point < blazeface_point_count; ++point) {
      out[5 + 2 * point] = float(point);
      out[6 + 2 * point] = -float(point);
    }
  }
};

TEST(BlazeFace, a_face_is_where_its_anchor_and_the_numbers_say) {
  Answer answer;
  answer.add(3, 2, 4, 32, 0.9f);
  auto faces = decode_faces(answer.predictions, size, {});
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].score, 0.9, 1e-6);
  EXPECT_FLOAT_EQ(faces[0].start.x, (3.5f * 16 - 16) / size);
  EXPECT_FLOAT_EQ(faces[0].start.y, (2.5f * 16 - 16) / size);
  EXPECT_FLOAT_EQ(faces[0].end.x, (3.5f * 16 + 16) / size);
  EXPECT_FLOAT_EQ(faces[0].end.y, (2.5f * 16 + 16) / size);
  for (size_t point = 0; point < blazeface_point_count; ++point) {
    EXPECT_FLOAT_EQ(faces[0].points[point].x, (3.5f * 16 + float(point)) / size);
    EXPECT_FLOAT_EQ(faces[0].points[point].y, (2.5f * 16 - float(point)) / size);
  }
}

TEST(BlazeFace, the_fine_grid_comes_first) {
  Answer answer;
  answer.predictions[(size_t(5 * 16 + 9) * 2 + 1) * numbers] = logit(0.9f);
  for (size_t i = 1; i < numbers; ++i)
    answer.predictions[(size_t(5 * 16 + 9) * 2 + 1) * numbers + i] = 0;
  auto faces = decode_faces(answer.predictions, size, {});
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_FLOAT_EQ(faces[0].points[0].x, 9.5f * 8 / size);
  EXPECT_FLOAT_EQ(faces[0].points[0].y, 5.5f * 8 / size);
}

TEST(BlazeFace, boxes_that_overlap_are_one_face_the_surest) {
  Answer answer;
  answer.add(3, 3, 0, 32, 0.8f);
  answer.add(3, 3, 1, 32, 0.95f, 4);
  answer.add(6, 3, 0, 32, 0.9f);
  auto faces = decode_faces(answer.predictions, size, {});
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_NEAR(faces[0].score, 0.95, 1e-6);
  EXPECT_NEAR(faces[1].score, 0.9, 1e-6);
  EXPECT_EQ(decode_faces(answer.predictions, size, {.overlap = 0.99f}).size(), 3u);
  EXPECT_EQ(decode_faces(answer.predictions, size, {.most = 1}).size(), 1u);
  EXPECT_EQ(decode_faces(answer.predictions, size, {.score = 0.92f}).size(), 1u);
}

TEST(BlazeFace, no_face_gives_none) {
  EXPECT_TRUE(decode_faces(Answer().predictions, size, {}).empty());
}

TEST(BlazeFace, any_numbers_are_survived) {
  std::mt19937 random(5);
  constexpr float wild[] = {0,
                            90,
                            -1e30f,
                            1e30f,
                            std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> predictions(anchors * numbers);
  for (float& x : predictions) x = wild[random() % std::size(wild)];
  for (const DetectedFace& face : decode_faces(predictions, size, {}))
    EXPECT_TRUE(std::isfinite(face.start.x) && std::isfinite(face.points[5].y));
}

TEST(BlazeFace, another_number_of_boxes_is_refused) {
  std::vector<float> predictions(100);
  expect_error([&] { decode_faces(predictions, size, {}); },
               "face: the network gives another number of boxes than BlazeFace.\n"
               "  numbers  100\n"
               "  needed  15232\n"
               "  size of its input  128\n"
               "  Try: a BlazeFace with 17 numbers for every anchor");
}

}  // namespace
}  // namespace gesso
