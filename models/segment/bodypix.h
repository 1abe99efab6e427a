// Which pixels of a picture are people, which parts of them, and whose, by the maps that BodyPix
// gives; or only which are people, by any network that tells them from what is behind.
//
// Source: Papandreou et al., "PersonLab: Person Pose Estimation and Instance Segmentation with a
// Bottom-Up, Part-Based, Geometric Embedding Model" (2018), with the constants of the body-pix
// package of TensorFlow.js.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/image.h"
#include "models/pose/posenet.h"

namespace gesso {

// In the order of `segmentedParts` in web/src/people/types.ts.
constexpr int bodypix_part_count = 24;

// What pixels have that are neither a part nor a person's.
constexpr uint8_t nobody = 255;

// A picture, and where in it the elements of the network's input lie.
struct SeenPicture {
  int width = 0, height = 0;
  PictureMap map;  // not turned; it may be mirrored
  Shape input;     // [1, height, width, channels]
};

// How far on both sides of the threshold the edge of a soft mask reaches.
constexpr float soft_edge = 0.2f;

struct MaskOptions {
  float threshold = 0.7f;      // of the probability; a person's pixels have more than this
  bool soft = false;           // rises from 0 to 255 around the threshold
  bool probabilities = false;  // the network gives probabilities; otherwise logits
};

// All three write a byte for each pixel of the picture to `out`, row by row. Between the cells of a
// map, of which the outermost lie on the outermost elements of the input, they interpolate
// linearly. Pixels that the network did not see are nobody's. They fail when a map is missing, or
// when sizes or the threshold make no sense.

// People as 255, everything else as 0. The map is the output [1, height, width, 1], or else that
// with two channels, of which the second speaks for a person and the first against it.
void mask_person(std::span<const PoseOutput> outputs, const SeenPicture& picture,
                 const MaskOptions& options, std::span<uint8_t> out);

// The part of each pixel of a person, 0 to 23, or `nobody`.
void mask_parts(std::span<const PoseOutput> outputs, const SeenPicture& picture, float threshold,
                std::span<uint8_t> out);

struct PeopleOptions {
  float threshold = 0.7f;  // as in MaskOptions
  PoseOptions poses = {.most = 10, .part_score = 0.4f, .radius = 20};
  float score = 0.4f;        // people whose poses have less are left out
  float point_score = 0.3f;  // points of the face with more than this tell people apart
};

// The person of each pixel of a person, an index of the poses that it gives, or `nobody`: a pixel
// belongs to the face that the long offsets lead to from there. Poses are in pixels of the input,
// as decode_poses gives them.
std::vector<DecodedPose> mask_people(std::span<const PoseOutput> outputs,
                                     const SeenPicture& picture, const PeopleOptions& options,
                                     std::span<uint8_t> out);

}  // namespace gesso
