// Finds one person in what MoveNet gives for a part of a picture, and the part to look at next.
//
// Source: Bajpai and Chen, "Next-Generation Pose Detection with MoveNet and TensorFlow.js" (2021),
// with the constants of the pose-detection package of TensorFlow.js.
#pragma once

#include <array>
#include <span>

#include "core/image.h"
#include "models/pose/posenet.h"

namespace gesso {

// In pixels of the picture; 0, 0 is the middle of the upper left one. Named as posenet_parts are.
using MovenetPoints = std::array<PosePoint, posenet_part_count>;

// From the output [1, 1, 17, 3]: y, x and score of each part, where y and x are shares of the
// network's input from its upper left corner. The input is [1, rows, columns, channels], and was
// read from the picture as the map says. Fails when the output has another size.
MovenetPoints decode_movenet(std::span<const float> output, const Shape& input,
                             const PictureMap& map);

// A square of a picture by its middle, in pixels. It may reach beyond the picture.
struct Square {
  double x = 0, y = 0;
  double size = 0;
};

// All of a picture, in the middle of a square.
Square whole_picture(int width, int height);

// Where to look in the next frame: around the middle of the hips, so large that everything that was
// seen has room to move; the whole picture where no torso was seen.
Square next_crop(const MovenetPoints& points, int width, int height);

}  // namespace gesso
