// MoveNet's points lie where the map of the picture says, and the next crop has room for them.
#include "models/pose/movenet.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

const Shape input{1, 192, 192, 3};

MovenetPoints at(float x, float y, float score) {
  MovenetPoints points;
  points.fill({x, y, score});
  return points;
}

void expect_square(const Square& square, double x, double y, double size) {
  EXPECT_NEAR(square.x, x, 1e-4);
  EXPECT_NEAR(square.y, y, 1e-4);
  EXPECT_NEAR(square.size, size, 1e-4);
}

TEST(MoveNet, shares_of_the_input_become_pixels_of_the_picture) {
  std::vector<float> output(51, 0.5f);
  output[0] = 0, output[1] = 0, output[2] = 0.75f;  // the nose: the corner
  output[3] = 1, output[4] = 0.25f;                 // the left eye
  // A square of 96 pixels around 100, 50: its corner is at 52, 2, between two pixels.
  auto points = decode_movenet(output, input, map_of_square(100, 50, 96, 0, input));
  EXPECT_NEAR(points[0].x, 52, 1e-4);
  EXPECT_NEAR(points[0].y, 2, 1e-4);
  EXPECT_EQ(points[0].score, 0.75f);
  EXPECT_NEAR(points[1].x, 76, 1e-4);
  EXPECT_NEAR(points[1].y, 98, 1e-4);
  EXPECT_NEAR(points[16].x, 100, 1e-4);
  EXPECT_NEAR(points[16].y, 50, 1e-4);
}

TEST(MoveNet, a_whole_picture_is_padded_to_a_square) {
  expect_square(whole_picture(640, 480), 319.5, 239.5, 640);
  expect_square(whole_picture(3, 5), 1, 2, 5);
  // The picture's corner in the square is the picture's corner.
  auto points = decode_movenet(std::vector<float>(51, 0.5f), input,
                               map_of_square(319.5, 239.5, 640, 0, input));
  EXPECT_NEAR(points[0].x, 319.5, 1e-4);
  EXPECT_NEAR(points[0].y, 239.5, 1e-4);
}

TEST(MoveNet, other_outputs_are_refused) {
  expect_error([] { decode_movenet(std::vector<float>(56), input, {}); },
               "pose: the network does not give what MoveNet gives.\n"
               "  numbers  56\n"
               "  needed  51\n"
               "  input  [1, 192, 192, 3]\n"
               "  Try: a MoveNet for one person, whose output is [1, 1, 17, 3]");
}

TEST(MoveNet, without_a_torso_all_of_the_picture_is_looked_at) {
  MovenetPoints points = at(100, 100, 0.9f);
  points[5].score = points[6].score = 0.2f;  // not above it
  expect_square(next_crop(points, 640, 480), 319.5, 239.5, 640);
  points[6].score = 0.21f;
  points[0].x = 110;
  expect_square(next_crop(points, 640, 480), 100, 100, 24);
  points[11].score = points[12].score = 0;
  expect_square(next_crop(points, 640, 480), 319.5, 239.5, 640);
}

TEST(MoveNet, the_crop_lies_around_the_hips_and_holds_the_body) {
  MovenetPoints points = at(300, 240, 0.9f);
  points[11].x = 290, points[12].x = 310;                              // the hips
  points[5] = {290, 180, 0.9f}, points[6] = {310, 180, 0.9f};          // 60 above them
  expect_square(next_crop(points, 640, 480), 300, 240, 2 * 1.9 * 60);  // the torso decides
  points[15] = {320, 340, 0.9f};                                       // an ankle, 100 below
  expect_square(next_crop(points, 640, 480), 300, 240, 2 * 1.2 * 100);
  points[15].score = 0.19f;  // it was not seen
  expect_square(next_crop(points, 640, 480), 300, 240, 2 * 1.9 * 60);
}

TEST(MoveNet, the_crop_is_no_larger_than_the_picture) {
  MovenetPoints points = at(320, 240, 0.9f);
  points[5].y = points[6].y = -100;
  expect_square(next_crop(points, 640, 480), 319.5, 239.5, 640);
  points = at(10, 10, 0.9f);
  points[5].y = points[6].y = 500;  // as far as to the other edge, which is more than half
  expect_square(next_crop(points, 640, 480), 319.5, 239.5, 640);
}

TEST(MoveNet, points_that_are_no_use_give_the_whole_picture) {
  expect_square(next_crop(at(100, 100, 1), 640, 480), 319.5, 239.5, 640);
  float nan = std::numeric_limits<float>::quiet_NaN();
  expect_square(next_crop(at(nan, nan, 1), 640, 480), 319.5, 239.5, 640);
  float infinite = std::numeric_limits<float>::infinity();
  expect_square(next_crop(at(infinite, 0, 1), 640, 480), 319.5, 239.5, 640);
}

}  // namespace
}  // namespace gesso
