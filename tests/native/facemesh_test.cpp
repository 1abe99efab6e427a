// The square in which a face lies upright, and points where the network's numbers have them.
#include "models/face/facemesh.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

constexpr size_t right_eye = 0, left_eye = 1;
constexpr size_t right_corner = 33, left_corner = 263;

// A face with its box, and its eyes on a line through the middle that is turned clockwise.
DetectedFace face(float left, float top, float right, float bottom, float angle = 0) {
  DetectedFace face;
  face.start = {left, top};
  face.end = {right, bottom};
  float x = (left + right) / 2, y = (top + bottom) / 2;
  face.points[right_eye] = {x - 10 * std::cos(angle), y - 10 * std::sin(angle)};
  face.points[left_eye] = {x + 10 * std::cos(angle), y + 10 * std::sin(angle)};
  return face;
}

TEST(FaceMesh, a_square_is_half_as_large_again_as_the_face) {
  FaceSquare square = square_of(face(100, 50, 180, 150));
  EXPECT_DOUBLE_EQ(square.x, 140);
  EXPECT_DOUBLE_EQ(square.y, 100);
  EXPECT_DOUBLE_EQ(square.size, 150);
  EXPECT_DOUBLE_EQ(square.angle, 0);
}

TEST(FaceMesh, a_square_is_turned_as_the_eyes_are) {
  for (float angle : {0.4f, -0.4f, 1.5f, 3.0f, -3.0f})
    EXPECT_NEAR(square_of(face(0, 0, 50, 50, angle)).angle, angle, 1e-6);
}

TEST(FaceMesh, the_next_square_lies_around_the_points) {
  std::vector<FacePoint> points(facemesh_point_count, {200, 100, 0});
  points[10] = {210, 40, 5};
  points[152] = {190, 160, 5};
  points[right_corner] = {180, 90, 0};
  points[left_corner] = {220, 130, 0};
  FaceSquare square = square_of(points);
  EXPECT_DOUBLE_EQ(square.x, 200);
  EXPECT_DOUBLE_EQ(square.y, 100);
  EXPECT_DOUBLE_EQ(square.size, 180);
  EXPECT_NEAR(square.angle, std::acos(0.0) / 2, 1e-12);
}

TEST(FaceMesh, outputs_are_known_by_their_sizes) {
  std::vector<float> contours(266, 1), score{0.75f}, numbers(3 * facemesh_point_count);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = float(i);
  for (auto outputs : {std::vector<FaceOutput>{contours, score, numbers},
                       std::vector<FaceOutput>{numbers, contours, score},
                       std::vector<FaceOutput>{score, numbers}}) {
    FaceMesh mesh = decode_mesh(outputs);
    EXPECT_EQ(mesh.score, 0.75f);
    ASSERT_EQ(mesh.points.size(), size_t(facemesh_point_count));
    EXPECT_EQ(mesh.points[467].x, 1401);
    EXPECT_EQ(mesh.points[467].y, 1402);
    EXPECT_EQ(mesh.points[467].z, 1403);
  }
}

TEST(FaceMesh, any_numbers_are_survived) {
  std::mt19937 random(3);
  constexpr float wild[] = {0,
                            90,
                            -1e30f,
                            1e30f,
                            std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<FacePoint> points(facemesh_point_count);
    for (FacePoint& point : points)
      point = {wild[random() % 6], wild[random() % 6], wild[random() % 6]};
    EXPECT_TRUE(std::isfinite(square_of(points).angle));
  }
}

TEST(FaceMesh, other_outputs_are_refused) {
  std::vector<float> numbers(1404);
  std::vector<FaceOutput> outputs{numbers};
  expect_error([&] { decode_mesh(outputs); },
               "face: the network does not give the points of a face.\n"
               "  outputs  1\n"
               "  needed  one of 1404 numbers, and one of 1\n"
               "  Try: a FaceMesh with 468 points");
  std::vector<FacePoint> points(6);
  expect_error([&] { square_of(points); },
               "face: a mesh has more points.\n"
               "  points  6\n"
               "  Try: 468 points");
}

}  // namespace
}  // namespace gesso
