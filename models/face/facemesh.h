// The points of a face: where in a picture FaceMesh has to look, and what it has found there.
//
// Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs"
// (2019), with the margin of the facemesh package of TensorFlow.js.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "models/face/blazeface.h"

namespace gesso {

constexpr int facemesh_point_count = 468;

// A part of a picture, in its pixels, that is turned clockwise by an angle in radians.
struct FaceSquare {
  double x = 0, y = 0;  // its middle
  double size = 0, angle = 0;
};

// x and y are in pixels of a picture, z in the same unit: what is nearer to the camera has less.
struct FacePoint {
  float x = 0, y = 0, z = 0;
};

// The square for a face whose box and points are in pixels of a picture.
FaceSquare square_of(const DetectedFace& face);

// The square for the next frame of a video, from the points in this one.
FaceSquare square_of(std::span<const FacePoint> points);

// One output of the network.
using FaceOutput = std::span<const float>;

struct FaceMesh {
  float score = 0;                // from 0 to 1: whether it is a face
  std::vector<FacePoint> points;  // in pixels of the network's input
};

// Reads the outputs of the network, in whatever order they come.
// Fails when they are not those of a FaceMesh.
FaceMesh decode_mesh(std::span<const FaceOutput> outputs);

}  // namespace gesso
