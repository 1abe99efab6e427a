#include "core/image.h"

#include <cmath>
#include <cstring>
#include <optional>
#include <string>

#include "core/decimal.h"
#include "core/error.h"

namespace gesso {
namespace {

// Red, green, blue and alpha, worked on together: compilers map them to one SIMD register.
using Pixel = float __attribute__((vector_size(16)));
using Whole = int32_t __attribute__((vector_size(16)));
using Bytes = uint8_t __attribute__((vector_size(4)));
using Pair = uint8_t __attribute__((vector_size(8)));
using WidePair = uint16_t __attribute__((vector_size(16)));

constexpr Pixel spread(float x) {
  return Pixel{x, x, x, x};
}

// The part of the picture along one axis that fills the tensor. It reaches outside of the picture
// where there is padding.
struct Stretch {
  int64_t start, size;
};

// The two parts, across and down.
struct Region {
  Stretch across, down;
};

Region region_of(Fit fit, int width, int height, int width_out, int height_out) {
  double aspect = double(width_out) / height_out;
  bool wide = double(width) / height >= aspect;
  Region region{{0, width}, {0, height}};
  if (fit == Fit::crop) {
    Stretch& cut = wide ? region.across : region.down;
    int64_t whole = cut.size;
    double keep = wide ? height * aspect : width / aspect;
    cut.size = std::clamp<int64_t>(std::llround(keep), 1, whole);
    cut.start = (whole - cut.size) / 2;
  } else if (fit == Fit::contain) {
    Stretch& padded = wide ? region.down : region.across;
    double missing = wide ? width / aspect - height : height * aspect - width;
    auto bar = int64_t(std::floor(std::max(missing, 0.0) / 2 + 0.5));
    padded = {-bar, padded.size + 2 * bar};
  }
  return region;
}

// Element i of n over a part of a picture that has `pixels` pixels along this axis.
Tap tap_of(Sampling sampling, int i, int n, Stretch part, int pixels) {
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

Pixel pixel_at(const uint8_t* place) {
  Bytes bytes;
  std::memcpy(&bytes, place, sizeof bytes);
  // By way of signed numbers, for which processors have an instruction.
  return __builtin_convertvector(__builtin_convertvector(bytes, Whole), Pixel);
}

Pixel pixel_at(const uint8_t* row, int column) {
  return row && column >= 0 ? pixel_at(row + size_t(column) * 4) : Pixel{};
}

// On the way from one pixel to another. Exact at the ends, and between equal pixels.
Pixel mix(Pixel from, Pixel to, float way) {
  return from + (to - from) * spread(way);
}

// What a pixel becomes in the tensor.
template <int channels, bool binarize>
void write_element(Pixel value, Pixel mean, Pixel deviation, float* out) {
  if constexpr (channels == 1) value[0] = (value[0] + value[1] + value[2]) / 3;
  value = (value - mean) / deviation;
  if constexpr (binarize)
    for (int c = 0; c < channels; ++c) value[c] = std::floor(value[c]);
  std::memcpy(out, &value, channels * sizeof(float));
}

// One row of the tensor, between two rows of the picture. A null row is black.
template <int channels, bool binarize>
void write_row(const uint8_t* top, const uint8_t* bottom, float down, std::span<const Tap> columns,
               Pixel mean, Pixel deviation, float* out) {
  for (const auto& [left, right, way] : columns) {
    Pixel above = mix(pixel_at(top, left), pixel_at(top, right), way);
    Pixel below = mix(pixel_at(bottom, left), pixel_at(bottom, right), way);
    write_element<channels, binarize>(mix(above, below, down), mean, deviation, out);
    out += channels;
  }
}

// A picture of red, green, blue and alpha, with black around it.
struct Source {
  const uint8_t* rgba;
  int width, height;

  const uint8_t* at(int x, int y) const {
    return rgba + (size_t(y) * size_t(width) + size_t(x)) * 4;
  }
  Pixel pixel(int x, int y) const {
    bool inside = x >= 0 && y >= 0 && x < width && y < height;
    return inside ? pixel_at(at(x, y)) : Pixel{};
  }
};

// Places in equal steps along one axis, in pixels times 2^32.
class Steps {
 public:
  // None but those that all have a pixel before them, and one behind: NaN is nowhere.
  static std::optional<Steps> inside(double first, double step, int count, int pixels) {
    double last = first + (count - 1) * step, end = pixels - 1;
    if (!(first >= 0 && first < end && last >= 0 && last < end)) return std::nullopt;
    Steps steps;
    steps.at_ = int64_t(first * 0x1p32);
    steps.step_ = count > 1 ? int64_t(step * 0x1p32) : 0;
    // What was cut off may have led out at the very edge.
    return steps.at_ + (count - 1) * steps.step_ >= 0 ? std::optional(steps) : std::nullopt;
  }
  void advance() { at_ += step_; }
  int pixel() const { return int(at_ >> 32); }
  float way() const { return float(int32_t(uint32_t(at_) >> 8)) * 0x1p-24f; }

 private:
  int64_t at_, step_;
};

// A pixel and the one to the right of it, mixed. Reads the eight bytes at once.
Pixel mix_at(const uint8_t* place, float way) {
  Pair pair;
  std::memcpy(&pair, place, sizeof pair);
  auto wide = __builtin_convertvector(pair, WidePair);
  auto left = __builtin_convertvector(__builtin_shufflevector(wide, wide, 0, 1, 2, 3), Whole);
  auto right = __builtin_convertvector(__builtin_shufflevector(wide, wide, 4, 5, 6, 7), Whole);
  return mix(__builtin_convertvector(left, Pixel), __builtin_convertvector(right, Pixel), way);
}

// One row of the tensor, from wherever a map says that it lies.
template <int channels, bool binarize>
void write_mapped_row(const Source& source, const PictureMap& map, int row, int columns, Pixel mean,
                      Pixel deviation, float* out) {
  auto [start_x, start_y] = map.at(0, row);
  auto inside_across = Steps::inside(start_x, map.x_by_column, columns, source.width);
  auto inside_down = Steps::inside(start_y, map.y_by_column, columns, source.height);
  if (inside_across && inside_down) {
    Steps across = *inside_across, down = *inside_down;
    size_t stride = size_t(source.width) * 4;
    for (int j = 0; j < columns; ++j, across.advance(), down.advance(), out += channels) {
      const uint8_t* top = source.rgba + size_t(down.pixel()) * stride + size_t(across.pixel()) * 4;
      Pixel above = mix_at(top, across.way()), below = mix_at(top + stride, across.way());
      write_element<channels, binarize>(mix(above, below, down.way()), mean, deviation, out);
    }
    return;
  }
  for (int j = 0; j < columns; ++j, out += channels) {
    auto [x, y] = map.at(j, row);
    Pixel value{};
    // Not a number is outside, too.
    if (x > -1 && y > -1 && x < source.width && y < source.height) {
      int left = int(std::floor(x)), top = int(std::floor(y));
      auto way = float(x - left);
      Pixel above = mix(source.pixel(left, top), source.pixel(left + 1, top), way);
      Pixel below = mix(source.pixel(left, top + 1), source.pixel(left + 1, top + 1), way);
      value = mix(above, below, float(y - top));
    }
    write_element<channels, binarize>(value, mean, deviation, out);
  }
}

struct Writer {
  decltype(&write_row<1, false>) row;
  decltype(&write_mapped_row<1, false>) mapped_row;
};

template <int channels>
Writer writer_of(bool binarize) {
  if (binarize) return {write_row<channels, true>, write_mapped_row<channels, true>};
  return {write_row<channels, false>, write_mapped_row<channels, false>};
}

Writer writer_of(int channels, bool binarize) {
  if (channels == 1) return writer_of<1>(binarize);
  return channels == 3 ? writer_of<3>(binarize) : writer_of<4>(binarize);
}

// Per channel of a pixel; alpha goes with blue.
Pixel pixel_of(const std::array<float, 3>& colours) {
  return {colours[0], colours[1], colours[2], colours[2]};
}

std::string size_text(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

[[noreturn]] void refuse(const Shape& shape) {
  fail("writeImage: this input of the model does not take one picture", {{"input", shape}},
       "an input [1, height, width, 1, 3 or 4]");
}

void check_room(std::span<const uint8_t> rgba, int width, int height, const Shape& shape,
                std::span<float> out) {
  uint64_t bytes = uint64_t(width) * uint64_t(height) * 4;
  if (rgba.size() < bytes)
    fail("writeImage: the picture has fewer bytes than its size needs",
         {{"picture", size_text(width, height)}, {"bytes", rgba.size()}},
         phrase({std::to_string(bytes), " bytes: red, green, blue and alpha for every pixel"}));
  if (out.size() < shape.count()) refuse(shape);
}

}  // namespace

void check_image(int width, int height, const ImageOptions& options, const Shape& shape) {
  if (width < 1 || height < 1)
    fail("writeImage: the picture is empty", {{"picture", size_text(width, height)}},
         "wait until it has loaded; a video has no size before its first frame");
  bool fits = shape.rank() == 4 && shape[0] == 1 && shape[1] > 0 && shape[2] > 0 &&
              (shape[3] == 1 || shape[3] == 3 || shape[3] == 4);
  if (!fits) refuse(shape);
  for (float deviation : options.std)
    if (!(std::abs(deviation) > 0))
      fail("writeImage: std cannot be 0", {{"std", decimal(double(deviation))}},
           "255 for elements between 0 and 1");
}

void find_taps(int width, int height, const ImageOptions& options, const Shape& shape,
               std::vector<Tap>& taps) {
  check_image(width, height, options, shape);
  int rows = shape[1], columns = shape[2];
  Region region = region_of(options.fit, width, height, columns, rows);
  taps.resize(size_t(columns) + size_t(rows));
  for (int i = 0; i < columns; ++i)
    taps[size_t(options.flip ? columns - 1 - i : i)] =
        tap_of(options.sampling, i, columns, region.across, width);
  for (int i = 0; i < rows; ++i)
    taps[size_t(columns) + size_t(i)] = tap_of(options.sampling, i, rows, region.down, height);
}

void write_image(std::span<const uint8_t> rgba, int width, int height, const ImageOptions& options,
                 const Shape& shape, std::span<float> out, ImageScratch& scratch) {
  find_taps(width, height, options, shape, scratch.taps);
  check_room(rgba, width, height, shape, out);
  auto columns = std::span<const Tap>(scratch.taps).first(size_t(shape[2]));
  auto rows = std::span<const Tap>(scratch.taps).subspan(columns.size());
  auto write = writer_of(shape[3], options.binarize).row;
  Pixel mean = pixel_of(options.mean), deviation = pixel_of(options.std);
  float* to = out.data();
  for (const Tap& tap : rows) {
    auto row = [&](int place) {
      return place < 0 ? nullptr : rgba.data() + size_t(place) * size_t(width) * 4;
    };
    write(row(tap.first), row(tap.second), tap.way, columns, mean, deviation, to);
    to += columns.size() * size_t(shape[3]);
  }
}

PictureMap map_of(int width, int height, const ImageOptions& options, const Shape& shape) {
  int rows = shape[1], columns = shape[2];
  Region region = region_of(options.fit, width, height, columns, rows);
  struct Axis {
    double start, step;
  };
  auto axis = [&](Stretch part, int n) -> Axis {
    double start = double(part.start), m = double(part.size);
    if (options.sampling == Sampling::align_corners) return {start, n > 1 ? (m - 1) / (n - 1) : 0};
    if (options.sampling == Sampling::asymmetric) return {start, m / n};
    return {start + (m / n - 1) / 2, m / n};
  };
  Axis across = axis(region.across, columns), down = axis(region.down, rows);
  if (options.flip) across = {across.start + (columns - 1) * across.step, -across.step};
  return {across.start, down.start, across.step, 0, 0, down.step};
}

PictureMap map_of_square(double x, double y, double size, double angle, const Shape& shape) {
  double right = std::cos(angle) * size / shape[2], under = std::sin(angle) * size / shape[2];
  double left = -std::sin(angle) * size / shape[1], down = std::cos(angle) * size / shape[1];
  PictureMap map{x, y, right, under, left, down};
  // Half of the square back, and half an element to its middle.
  auto [first_x, first_y] = map.at(-(shape[2] - 1) / 2.0, -(shape[1] - 1) / 2.0);
  map.x = first_x;
  map.y = first_y;
  return map;
}

void write_mapped(std::span<const uint8_t> rgba, int width, int height, const PictureMap& map,
                  const ImageOptions& options, const Shape& shape, std::span<float> out) {
  check_image(width, height, options, shape);
  check_room(rgba, width, height, shape, out);
  int rows = shape[1], columns = shape[2], channels = shape[3];
  auto write = writer_of(channels, options.binarize).mapped_row;
  Source source{rgba.data(), width, height};
  for (int i = 0; i < rows; ++i)
    write(source, map, i, columns, pixel_of(options.mean), pixel_of(options.std),
          out.data() + size_t(i) * size_t(columns) * size_t(channels));
}

}  // namespace gesso
