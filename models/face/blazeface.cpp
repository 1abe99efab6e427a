#include "models/face/blazeface.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"

namespace gesso {

namespace {

// A grid of anchors: in the middle of every square of so many pixels are that many.
struct Grid {
  int stride, anchors;
};
constexpr Grid grids[] = {{8, 2}, {16, 6}};

constexpr size_t numbers_per_anchor = 5 + 2 * blazeface_point_count;

int cells_of(const Grid& grid, int size) {
  return (size + grid.stride - 1) / grid.stride;
}

size_t anchor_count(int size) {
  size_t count = 0;
  for (const Grid& grid : grids) {
    auto cells = size_t(cells_of(grid, size));
    count += cells * cells * size_t(grid.anchors);
  }
  return count;
}

// Calls f(number of the anchor, x, y) for every one, in pixels.
template <class F>
void for_each_anchor(int size, F f) {
  size_t i = 0;
  for (const Grid& grid : grids) {
    int cells = cells_of(grid, size);
    for (int y = 0; y < cells; ++y)
      for (int x = 0; x < cells; ++x)
        for (int k = 0; k < grid.anchors; ++k)
          f(i++, (float(x) + 0.5f) * float(grid.stride), (float(y) + 0.5f) * float(grid.stride));
  }
}

DetectedFace face_at(std::span<const float> numbers, float x, float y, float size, float score) {
  DetectedFace face;
  face.score = score;
  float centre_x = numbers[1] + x, centre_y = numbers[2] + y;
  face.start = {(centre_x - numbers[3] / 2) / size, (centre_y - numbers[4] / 2) / size};
  face.end = {(centre_x + numbers[3] / 2) / size, (centre_y + numbers[4] / 2) / size};
  for (size_t k = 0; k < blazeface_point_count; ++k)
    face.points[k] = {(numbers[5 + 2 * k] + x) / size, (numbers[6 + 2 * k] + y) / size};
  return face;
}

float area(DetectedFace::Point start, DetectedFace::Point end) {
  return std::max(end.x - start.x, 0.0f) * std::max(end.y - start.y, 0.0f);
}

// The part of their union that two boxes share.
float overlap(const DetectedFace& a, const DetectedFace& b) {
  DetectedFace::Point start{std::max(a.start.x, b.start.x), std::max(a.start.y, b.start.y)};
  DetectedFace::Point end{std::min(a.end.x, b.end.x), std::min(a.end.y, b.end.y)};
  float shared = area(start, end);
  float all = area(a.start, a.end) + area(b.start, b.end) - shared;
  return all > 0 ? shared / all : 0;
}

bool is_finite(const DetectedFace& face) {
  auto finite = [](DetectedFace::Point p) { return std::isfinite(p.x) && std::isfinite(p.y); };
  return finite(face.start) && finite(face.end) &&
         std::all_of(face.points.begin(), face.points.end(), finite);
}

}  // namespace

std::vector<DetectedFace> decode_faces(std::span<const float> predictions, int size,
                                       const FaceOptions& options) {
  size_t anchors = size > 0 ? anchor_count(size) : 0;
  if (anchors == 0 || predictions.size() != anchors * numbers_per_anchor)
    fail("face: the network gives another number of boxes than BlazeFace",
         {{"numbers", predictions.size()},
          {"needed", anchors * numbers_per_anchor},
          {"size of its input", size}},
         "a BlazeFace with 17 numbers for every anchor");
  std::vector<DetectedFace> candidates;
  for_each_anchor(size, [&](size_t i, float x, float y) {
    auto numbers = predictions.subspan(i * numbers_per_anchor, numbers_per_anchor);
    float score = 1 / (1 + std::exp(-numbers[0]));
    if (!(score > options.score)) return;
    DetectedFace face = face_at(numbers, x, y, float(size), score);
    if (is_finite(face)) candidates.push_back(face);
  });
  std::sort(candidates.begin(), candidates.end(), [](const DetectedFace& a, const DetectedFace& b) {
    return std::tie(b.score, a.start.y, a.start.x) < std::tie(a.score, b.start.y, b.start.x);
  });
  std::vector<DetectedFace> faces;
  for (const DetectedFace& face : candidates) {
    if (int(faces.size()) >= options.most) break;
    bool is_new = std::none_of(faces.begin(), faces.end(), [&](const DetectedFace& known) {
      return overlap(known, face) >= options.overlap;
    });
    if (is_new) faces.push_back(face);
  }
  return faces;
}

}  // namespace gesso
