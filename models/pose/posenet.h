// Finds people in the maps that PoseNet gives for a picture.
//
// Source: Papandreou et al., "PersonLab: Person Pose Estimation and Instance Segmentation with a
// Bottom-Up, Part-Based, Geometric Embedding Model" (2018), with the constants of the posenet
// package of TensorFlow.js.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace gesso {

constexpr int posenet_part_count = 17;

// Names in the order of the maps: "nose", "left_eye", …
extern const std::array<std::string_view, posenet_part_count> posenet_parts;

// Two parts that a displacement leads between: `from` is nearer to the nose.
struct PoseEdge {
  int from, to;
};
constexpr int posenet_edge_count = 16;
extern const std::array<PoseEdge, posenet_edge_count> posenet_edges;

// What PoseNet gives, each [height, width, channels]. Vectors have all their y first, then all
// their x, in pixels of the network's input.
struct PoseMaps {
  int height = 0, width = 0;
  int stride = 0;                   // pixels of the input from one cell to the next
  std::span<const float> heatmaps;  // [17]: scores from 0 to 1
  std::span<const float> offsets;   // [34]: from a cell to the part
  std::span<const float> forward;   // [32]: along each edge, away from the nose
  std::span<const float> backward;  // [32]: along each edge, towards the nose
};

// One output of the network.
struct PoseOutput {
  std::string_view name;
  Shape shape;
  std::span<const float> values;
};

// The maps among the outputs of a network whose input has so many rows. They are told apart by
// their channels, and the displacements by "fwd" and "bwd" in their names, as all PoseNets and
// BodyPixes have them; other outputs are left aside. The heatmaps of these networks are logits:
// their scores are written to `scores`, which the maps refer to, as they do to the outputs. Fails
// when a map is missing, or they are not [1, height, width, channels] of one size.
PoseMaps pose_maps(std::span<const PoseOutput> outputs, int input_rows, std::vector<float>& scores);

// In pixels of the network's input, from its upper left corner; they may lie outside.
struct PosePoint {
  float x = 0, y = 0;
  float score = 0;  // from 0 to 1
};

struct DecodedPose {
  std::array<PosePoint, posenet_part_count> points;
  float score = 0;  // the mean of its points' scores, of those that no pose before has
};

struct PoseOptions {
  int most = 5;             // people
  float part_score = 0.5f;  // a person begins at a part with this score at least
  float radius = 20;        // pixels of the input within which the same part counts once
};

// The pose where there is one person at most: each part is where its heatmap is highest.
// Fails when a map has another size than height, width and its channels ask for.
DecodedPose decode_one_pose(const PoseMaps& maps);

// People, the one whose surest part has the highest score first. Fails as above.
std::vector<DecodedPose> decode_poses(const PoseMaps& maps, const PoseOptions& options);

}  // namespace gesso
