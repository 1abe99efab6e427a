#include "core/image.h"

#include <cmath>
#include <cstring>
#include <string>

#include "core/decimal.h"
#include "core/error.h"

namespace gesso {
namespace {

// Red, green, blue and alpha, worked on together: compilers map them to one SIMD register.
using Pixel = float __attribute__((vector_size(16)));
using Bytes = uint8_t __attribute__((vector_size(4)));

constexpr Pixel spread(float x) {
  return Pixel{x, x, x, x};
}

// The part of the picture along one axis that fills the tensor. It reaches outside of the picture
// where there is padding.
struct Part {
  int64_t start, size;
};

// The two parts, across and down.
struct Region {
  Part across, down;
};

Region region_of(Fit fit, int width, int height, int width_out, int height_out) {
  double aspect = double(width_out) / height_out;
  bool wide = double(width) / height >= aspect;
  Region region{{0, width}, {0, height}};
  if (fit == Fit::crop) {
    Part& cut = wide ? region.across : region.down;
    int64_t whole = cut.size;
    double keep = wide ? height * aspect : width / aspect;
    cut.size = std::clamp<int64_t>(std::llround(keep), 1, whole);
    cut.start = (whole - cut.size) / 2;
  } else if (fit == Fit::contain) {
    Part& padded = wide ? region.down : region.across;
    double missing = wide ? width / aspect - height : height * aspect - width;
    auto bar = int64_t(std::floor(std::max(missing, 0.0) / 2 + 0.5));
    padded = {-bar, padded.size + 2 * bar};
  }
  return region;
}

// Element i of n over a part of a picture that has `pixels` pixels along this axis.
ImageScratch::Tap tap_of(Sampling sampling, int i, int n, Part part, int pixels) {
  double m = double(part.size), at = 0;
  switch (sampling) {
    case Sampling::align_corners:
      at = n > 1 ? i * (m - 1) / (n - 1) : 0;
      break;
    case Sampling::half_pixel:
      at = (i + 0.5) * m / n - 0.5;
      break;
    case Sampling::asymmetric:
      at = i * m / n;
      break;
    case Sampling::nearest:
      at = std::floor((i + 0.5) * m / n);
      break;
  }
  at = std::clamp(at, 0.0, m - 1);
  auto first = int64_t(at);
  auto way = float(at - double(first));
  auto inside = [&](int64_t place) {
    place += part.start;
    return place >= 0 && place < pixels ? int(place) : -1;
  };
  return {inside(first), inside(way > 0 ? first + 1 : first), way};
}

Pixel pixel_at(const uint8_t* row, int column) {
  if (!row || column < 0) return Pixel{};
  Bytes bytes;
  std::memcpy(&bytes, row + size_t(column) * 4, sizeof bytes);
  return __builtin_convertvector(bytes, Pixel);
}

// On the way from one pixel to another. Exact at the ends, and between equal pixels.
Pixel mix(Pixel from, Pixel to, float way) {
  return from + (to - from) * spread(way);
}

// One row of the tensor, between two rows of the picture. A null row is black.
template <int channels, bool binarize>
void write_row(const uint8_t* top, const uint8_t* bottom, float down,
               std::span<const ImageScratch::Tap> columns, Pixel mean, Pixel deviation,
               float* out) {
  for (const auto& [left, right, way] : columns) {
    Pixel above = mix(pixel_at(top, left), pixel_at(top, right), way);
    Pixel below = mix(pixel_at(bottom, left), pixel_at(bottom, right), way);
    Pixel value = mix(above, below, down);
    if constexpr (channels == 1) value[0] = (value[0] + value[1] + value[2]) / 3;
    value = (value - mean) / deviation;
    if constexpr (binarize)
      for (int c = 0; c < channels; ++c) value[c] = std::floor(value[c]);
    std::memcpy(out, &value, channels * sizeof(float));
    out += channels;
  }
}

using WriteRow = decltype(&write_row<1, false>);

WriteRow writer_of(int channels, bool binarize) {
  switch (channels) {
    case 1:
      return binarize ? write_row<1, true> : write_row<1, false>;
    case 3:
      return binarize ? write_row<3, true> : write_row<3, false>;
    default:
      return binarize ? write_row<4, true> : write_row<4, false>;
  }
}

void check(std::span<const uint8_t> rgba, int width, int height, const ImageOptions& options,
           const Shape& shape, std::span<float> out) {
  std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (width < 1 || height < 1)
    fail("writeImage: the picture is empty", {{"picture", size}},
         "wait until it has loaded; a video has no size before its first frame");
  uint64_t bytes = uint64_t(width) * uint64_t(height) * 4;
  if (rgba.size() < bytes)
    fail("writeImage: the picture has fewer bytes than its size needs",
         {{"picture", size}, {"bytes", rgba.size()}},
         phrase({std::to_string(bytes), " bytes: red, green, blue and alpha for every pixel"}));
  bool fits = shape.rank() == 4 && shape[0] == 1 && shape[1] > 0 && shape[2] > 0 &&
              (shape[3] == 1 || shape[3] == 3 || shape[3] == 4);
  if (!fits || out.size() < shape.count())
    fail("writeImage: this input of the model does not take one picture", {{"input", shape}},
         "an input [1, height, width, 1, 3 or 4]");
  for (float deviation : options.std)
    if (!(std::abs(deviation) > 0))
      fail("writeImage: std cannot be 0", {{"std", decimal(double(deviation))}},
           "255 for elements between 0 and 1");
}

}  // namespace

void write_image(std::span<const uint8_t> rgba, int width, int height, const ImageOptions& options,
                 const Shape& shape, std::span<float> out, ImageScratch& scratch) {
  check(rgba, width, height, options, shape, out);
  int rows = shape[1], columns = shape[2], channels = shape[3];
  Region region = region_of(options.fit, width, height, columns, rows);
  scratch.columns.resize(size_t(columns));
  for (int i = 0; i < columns; ++i)
    scratch.columns[size_t(options.flip ? columns - 1 - i : i)] =
        tap_of(options.sampling, i, columns, region.across, width);

  WriteRow write = writer_of(channels, options.binarize);
  auto [red, green, blue] = options.mean;
  Pixel mean{red, green, blue, blue};
  auto [red_std, green_std, blue_std] = options.std;
  Pixel deviation{red_std, green_std, blue_std, blue_std};
  for (int i = 0; i < rows; ++i) {
    auto tap = tap_of(options.sampling, i, rows, region.down, height);
    auto row = [&](int place) {
      return place < 0 ? nullptr : rgba.data() + size_t(place) * size_t(width) * 4;
    };
    write(row(tap.first), row(tap.second), tap.way, scratch.columns, mean, deviation,
          out.data() + size_t(i) * size_t(columns) * size_t(channels));
  }
}

}  // namespace gesso
