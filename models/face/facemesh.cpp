#include "models/face/facemesh.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/error.h"

namespace gesso {
namespace {

// How much of the picture around a face the network wants to see.
constexpr double margin = 1.5;

// Points of BlazeFace.
constexpr size_t right_eye = 0, left_eye = 1;

// Points of the mesh: the outer corners of the eyes.
constexpr size_t right_corner = 33, left_corner = 263;

struct Place {
  double x = 0, y = 0;
};

Place place_of(const auto& point) {
  return {double(point.x), double(point.y)};
}

// By how much a face is turned whose right eye is here, on the left of a picture, and its left one
// there.
double angle_of(Place right, Place left) {
  double angle = std::atan2(left.y - right.y, left.x - right.x);
  return std::isfinite(angle) ? angle : 0;
}

}  // namespace

FaceSquare square_of(const DetectedFace& face) {
  Place start = place_of(face.start), end = place_of(face.end);
  double size = std::max(std::abs(end.x - start.x), std::abs(end.y - start.y));
  return {(start.x + end.x) / 2, (start.y + end.y) / 2, margin * size,
          angle_of(place_of(face.points[right_eye]), place_of(face.points[left_eye]))};
}

FaceSquare square_of(std::span<const FacePoint> points) {
  if (points.size() < facemesh_point_count)
    fail("face: a mesh has more points", {{"points", points.size()}},
         phrase({std::to_string(facemesh_point_count), " points"}));
  auto [left, right] = std::ranges::minmax(points, {}, &FacePoint::x);
  auto [top, bottom] = std::ranges::minmax(points, {}, &FacePoint::y);
  Place start{left.x, top.y}, end{right.x, bottom.y};
  return {(start.x + end.x) / 2, (start.y + end.y) / 2,
          margin * std::max(end.x - start.x, end.y - start.y),
          angle_of(place_of(points[right_corner]), place_of(points[left_corner]))};
}

FaceMesh decode_mesh(std::span<const FaceOutput> outputs) {
  constexpr size_t numbers = 3 * facemesh_point_count;
  auto of_size = [&](size_t size) { return std::ranges::find(outputs, size, &FaceOutput::size); };
  auto points = of_size(numbers), score = of_size(1);
  if (points == outputs.end() || score == outputs.end())
    fail("face: the network does not give the points of a face",
         {{"outputs", outputs.size()}, {"needed", "one of 1404 numbers, and one of 1"}},
         "a FaceMesh with 468 points");
  FaceMesh mesh;
  mesh.score = (*score)[0];
  for (size_t i = 0; i < numbers; i += 3)
    mesh.points.push_back({(*points)[i], (*points)[i + 1], (*points)[i + 2]});
  return mesh;
}

}  // namespace gesso
