// A picture becomes a tensor in one pass: cut or padded, resized and scaled to what a model eats.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace gesso {

// How a picture of one shape fills a tensor of another.
enum class Fit {
  stretch,  // all of it, whatever its shape
  crop,     // the largest part in the middle that has the tensor's aspect ratio
  contain,  // all of it, in the middle of black bars (the padAndResizeTo of PoseNet and BodyPix)
};

// Where between the pixels an element of the tensor is read. With n elements over m pixels,
// element i reads at
enum class Sampling {
  align_corners,  // i (m - 1) / (n - 1): the outermost pixels meet; 0 when n is 1
  half_pixel,     // (i + 1/2) m / n - 1/2: the edges of the pictures meet
  asymmetric,     // i m / n: the default of TF.js' resizeBilinear
  nearest,        // no mixing: the pixel under (i + 1/2) m / n
};

struct ImageOptions {
  Fit fit = Fit::stretch;
  Sampling sampling = Sampling::align_corners;
  // An element is (pixel - mean) / std, with pixels from 0 to 255: one of each for red, green and
  // blue. One channel takes the first. A fourth channel, alpha, takes the third.
  std::array<float, 3> mean{};
  std::array<float, 3> std{1, 1, 1};
  bool binarize = false;  // rounds every element down
  bool flip = false;      // mirrors left and right
};

// The two pixels that one element lies between, and how far it is on the way to the second.
// A pixel of -1 is black padding.
struct Tap {
  int first, second;
  float way;
};

// Memory that write_image may keep from one call to the next, so that it need not allocate.
struct ImageScratch {
  std::vector<Tap> taps;
};

// Fills `out`, a tensor of `shape` [1, height, width, channels] with 1, 3 or 4 channels, from a
// picture of width * height pixels of four bytes: red, green, blue, alpha. One channel is the mean
// of red, green and blue. Alpha is not multiplied in. Between pixels it interpolates linearly, as
// TF.js' resizeBilinear does: it does not average what lies further apart.
// Fails for an empty picture, too few bytes, another kind of shape, or a std of 0.
void write_image(std::span<const uint8_t> rgba, int width, int height, const ImageOptions& options,
                 const Shape& shape, std::span<float> out, ImageScratch& scratch);

// The same, for when it is called once.
inline void write_image(std::span<const uint8_t> rgba, int width, int height,
                        const ImageOptions& options, const Shape& shape, std::span<float> out) {
  ImageScratch scratch;
  write_image(rgba, width, height, options, shape, out, scratch);
}

// Fails as write_image does, but for too few bytes.
void check_image(int width, int height, const ImageOptions& options, const Shape& shape);

// What write_image mixes: a tap for each column of the tensor, and then one for each row.
// Fails as check_image.
void find_taps(int width, int height, const ImageOptions& options, const Shape& shape,
               std::vector<Tap>& taps);

// Where the elements of a tensor lie in a picture, in pixels; 0, 0 is the middle of the upper left
// one.
struct PictureMap {
  double x = 0, y = 0;                      // of the first element
  double x_by_column = 1, y_by_column = 0;  // from one column to the next
  double x_by_row = 0, y_by_row = 1;        // from one row to the next

  // Columns and rows may lie between elements, or outside of the tensor.
  std::array<double, 2> at(double column, double row) const {
    return {x + column * x_by_column + row * x_by_row, y + column * y_by_column + row * y_by_row};
  }
};

// Where write_image reads the elements of a tensor of `shape`, but for those at the edges, which do
// not leave the part of the picture that it uses.
PictureMap map_of(int width, int height, const ImageOptions& options, const Shape& shape);

// A square around a point, of so many pixels, turned clockwise by an angle in radians.
PictureMap map_of_square(double x, double y, double size, double angle, const Shape& shape);

// As write_image, but reads where a map says; what lies outside of the picture is black. Of the
// options mean, std and binarize count.
void write_mapped(std::span<const uint8_t> rgba, int width, int height, const PictureMap& map,
                  const ImageOptions& options, const Shape& shape, std::span<float> out);

}  // namespace gesso
