#include "models/pose/movenet.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gesso {
namespace {

constexpr size_t left_shoulder = 5, right_shoulder = 6, left_hip = 11, right_hip = 12;
constexpr size_t torso[] = {left_shoulder, right_shoulder, left_hip, right_hip};

// From this score on a part counts as seen.
constexpr float seen = 0.2f;

// How far beyond its torso a person may reach, and beyond everything that was seen of it.
constexpr double beyond_torso = 1.9, beyond_body = 1.2;

}  // namespace

MovenetPoints decode_movenet(std::span<const float> output, const Shape& input,
                             const PictureMap& map) {
  MovenetPoints points;
  if (output.size() != 3 * points.size() || input.rank() != 4)
    fail("pose: the network does not give what MoveNet gives",
         {{"numbers", output.size()}, {"needed", 3 * points.size()}, {"input", input}},
         "a MoveNet for one person, whose output is [1, 1, 17, 3]");
  for (size_t i = 0; i < points.size(); ++i) {
    // From the corner of the first element to its middle it is half an element.
    auto [x, y] =
        map.at(double(output[3 * i + 1]) * input[2] - 0.5, double(output[3 * i]) * input[1] - 0.5);
    points[i] = {float(x), float(y), output[3 * i + 2]};
  }
  return points;
}

Square whole_picture(int width, int height) {
  return {(width - 1) / 2.0, (height - 1) / 2.0, double(std::max(width, height))};
}

Square next_crop(const MovenetPoints& points, int width, int height) {
  auto is_seen = [&](size_t part) { return points[part].score > seen; };
  bool sees_torso = (is_seen(left_hip) || is_seen(right_hip)) &&
                    (is_seen(left_shoulder) || is_seen(right_shoulder));
  if (!sees_torso) return whole_picture(width, height);

  double x = (double(points[left_hip].x) + double(points[right_hip].x)) / 2;
  double y = (double(points[left_hip].y) + double(points[right_hip].y)) / 2;
  auto distance = [&](const PosePoint& point) {
    return std::max(std::abs(double(point.x) - x), std::abs(double(point.y) - y));
  };
  double half = 0;
  for (size_t part : torso) half = std::max(half, beyond_torso * distance(points[part]));
  for (const PosePoint& point : points)
    if (point.score >= seen) half = std::max(half, beyond_body * distance(point));

  // No further than to the edge of the picture that is farthest away.
  half = std::min(half, std::max({x + 0.5, width - 0.5 - x, y + 0.5, height - 0.5 - y}));
  // The negation also catches points that are no numbers.
  if (!(half > 0 && half <= std::max(width, height) / 2.0)) return whole_picture(width, height);
  return {x, y, 2 * half};
}

}  // namespace gesso
