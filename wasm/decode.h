// What models that see people found, as numbers that JavaScript can take over.
#pragma once

#include <vector>

#include "core/backends/backend.h"
#include "core/image.h"
#include "models/load/json.h"

namespace gesso {

// Reads the outputs of the last run. Points are in pixels of the picture that `map` leads to,
// lengths too; confidences are from 0 to 1. `options.kind` says what the program looks for, and
// with that what the other options are and how the answer is laid out:
//
//   pose     one person by PoseNet: score, then x, y and score of each part
//   poses    `most` people, so for each; `part_score` and `radius` as in PoseOptions
//   movenet  one person by MoveNet, as `pose`; then x, y and size of the square to look at in the
//            next frame of a picture of `width` and `height`
//   faces    `most` faces by BlazeFace: score, then x and y of the upper left and lower right
//            corners and of six points, then x, y, size and angle of the square in which FaceMesh
//            has to look; `score` and `overlap` as in FaceOptions
//   mesh     one face by FaceMesh: score, that square in the next frame, x, y and z of 468 points
std::vector<float> decode(const Program& program, const PictureMap& map, const Field& options);

// A byte for each pixel of a picture that write_image has read, row by row, mirrored where
// `options.flip` says so. `options.kind` is
//
//   person  `threshold`, `soft` and `probabilities` as in MaskOptions of models/segment/bodypix.h
//   parts   `threshold`
//   people  `threshold`, `most` and `score` as in PeopleOptions; the people are then given as
//   `poses` are
std::vector<float> mask(const Program& program, const PictureMap& map, int width, int height,
                        const Field& options, std::span<uint8_t> out);

}  // namespace gesso
