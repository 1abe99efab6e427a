// Finds faces in what BlazeFace gives for a picture.
//
// Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs"
// (2019), with the anchors and limits of the blazeface package of TensorFlow.js.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace gesso {

// The person's right eye, left eye, nose, mouth, right ear, left ear.
constexpr int blazeface_point_count = 6;

// In shares of the network's input: 0 is its left or upper edge, 1 the other one. Faces at an edge
// may reach beyond it.
struct DetectedFace {
  struct Point {
    float x = 0, y = 0;
  };
  Point start, end;  // corners of the box: upper left, lower right
  std::array<Point, blazeface_point_count> points;
  float score = 0;  // from 0 to 1
};

struct FaceOptions {
  int most = 10;
  float score = 0.75f;   // faces have more than this
  float overlap = 0.3f;  // boxes whose intersection is this part of their union are one face
};

// Faces, the surest first. `predictions` is [anchors, 17] for a square input of `size` pixels: the
// logit of the score, centre and size of the box, and six points, in pixels from the anchor.
// Fails when there are not as many as anchors for an input of that size.
std::vector<DetectedFace> decode_faces(std::span<const float> predictions, int size,
                                       const FaceOptions& options);

}  // namespace gesso
