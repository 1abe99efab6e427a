// Pictures to tensors: against the definition in double, and against answers worked out by hand.
#include "core/image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

struct Picture {
  int width, height;
  std::vector<uint8_t> rgba;
};

Picture random_picture(int width, int height) {
  Picture picture{width, height, {}};
  std::minstd_rand random(unsigned(width * 1000 + height));
  picture.rgba.resize(size_t(width) * size_t(height) * 4);
  for (uint8_t& byte : picture.rgba) byte = uint8_t(random() >> 8);
  return picture;
}

// A picture without colours and with some alpha, which must not matter.
Picture grey(int width, int height, std::initializer_list<int> pixels) {
  Picture picture{width, height, {}};
  for (int pixel : pixels)
    for (int byte : {pixel, pixel, pixel, 77}) picture.rgba.push_back(uint8_t(byte));
  return picture;
}

// The definition, step by step: a new picture with bars or without margins, then its elements.
struct Plain {
  double width, height;
  int left = 0, top = 0;  // of the new picture, in pixels of the old one

  Plain(const Picture& from, Fit fit, double aspect) : width(from.width), height(from.height) {
    bool wide = width / height >= aspect;
    if (fit == Fit::crop && wide) {
      width = std::clamp(std::round(from.height * aspect), 1.0, width);
      left = int(from.width - width) / 2;
    } else if (fit == Fit::crop) {
      height = std::clamp(std::round(from.width / aspect), 1.0, height);
      top = int(from.height - height) / 2;
    } else if (fit == Fit::contain && wide) {
      top = -int(std::round((width / aspect - height) / 2));
      height -= 2 * top;
    } else if (fit == Fit::contain) {
      left = -int(std::round((height * aspect - width) / 2));
      width -= 2 * left;
    }
  }

  double pixel(const Picture& from, double x, double y, int c) const {
    double column = x + left, row = y + top;
    if (column < 0 || row < 0 || column >= from.width || row >= from.height) return 0;
    return from.rgba[(size_t(row) * size_t(from.width) + size_t(column)) * 4 + size_t(c)];
  }
};

double place(Sampling sampling, double i, double n, double m) {
  double at = sampling == Sampling::align_corners ? (n > 1 ? i * (m - 1) / (n - 1) : 0)
              : sampling == Sampling::half_pixel  ? (i + 0.5) * m / n - 0.5
              : sampling == Sampling::asymmetric  ? i * m / n
                                                  : std::floor((i + 0.5) * m / n);
  return std::min(std::max(at, 0.0), m - 1);
}

std::vector<double> plain(const Picture& from, const ImageOptions& options, const Shape& shape) {
  std::vector<double> out;
  Plain view(from, options.fit, double(shape[2]) / shape[1]);
  for (int i = 0; i < shape[1]; ++i)
    for (int j = 0; j < shape[2]; ++j) {
      int column = options.flip ? shape[2] - 1 - j : j;
      double x = place(options.sampling, column, shape[2], view.width);
      double y = place(options.sampling, i, shape[1], view.height);
      double x0 = std::floor(x), y0 = std::floor(y);
      double x1 = std::min(x0 + 1, view.width - 1), y1 = std::min(y0 + 1, view.height - 1);
      std::array<double, 4> rgba;
      for (int c = 0; c < 4; ++c) {
        double top =
            view.pixel(from, x0, y0, c) * (x0 + 1 - x) + view.pixel(from, x1, y0, c) * (x - x0);
        double bottom =
            view.pixel(from, x0, y1, c) * (x0 + 1 - x) + view.pixel(from, x1, y1, c) * (x - x0);
        rgba[size_t(c)] = top * (y0 + 1 - y) + bottom * (y - y0);
      }
      if (shape[3] == 1) rgba[0] = (rgba[0] + rgba[1] + rgba[2]) / 3;
      for (int c = 0; c < shape[3]; ++c) {
        size_t of = size_t(std::min(c, 2));
        out.push_back((rgba[size_t(c)] - double(options.mean[of])) / double(options.std[of]));
      }
    }
  return out;
}

std::vector<float> write(const Picture& picture, const ImageOptions& options, const Shape& shape) {
  std::vector<float> out(shape.count(), -99);
  write_image(picture.rgba, picture.width, picture.height, options, shape, out);
  return out;
}

void expect_plain(const Picture& picture, const ImageOptions& options, const Shape& shape) {
  auto expected = plain(picture, options, shape);
  auto result = write(picture, options, shape);
  ASSERT_EQ(result.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    // Roundings of floats up to 255, over the least std of these tests, 50.
    ASSERT_NEAR(result[i], expected[i], 1e-4 / 50)
        << "element " << i << " of " << to_string(shape) << " from " << picture.width << " x "
        << picture.height << ", fit " << int(options.fit) << ", sampling " << int(options.sampling);
}

TEST(Image, FollowsTheDefinition) {
  const std::pair<int, int> sizes[] = {{1, 1},   {2, 3},  {7, 5}, {31, 13},
                                       {13, 64}, {1, 40}, {50, 1}};
  const std::pair<int, int> targets[] = {{1, 1}, {3, 5}, {8, 8}, {13, 7}, {1, 9}};
  for (auto [width, height] : sizes)
    for (auto [rows, columns] : targets)
      for (int channels : {1, 3, 4})
        for (Fit fit : {Fit::stretch, Fit::crop, Fit::contain})
          for (Sampling sampling : {Sampling::align_corners, Sampling::half_pixel,
                                    Sampling::asymmetric, Sampling::nearest}) {
            ImageOptions options{fit, sampling, {127.5f, 100, 90}, {127.5f, 50, -60}};
            options.flip = (width + columns) % 2 == 0;
            expect_plain(random_picture(width, height), options, {1, rows, columns, channels});
          }
}

TEST(Image, FollowsTheDefinitionForExtremePictures) {
  for (Fit fit : {Fit::stretch, Fit::crop, Fit::contain}) {
    ImageOptions options{fit, Sampling::half_pixel, {}, {255, 255, 255}};
    expect_plain(random_picture(2000, 1), options, {1, 5, 7, 3});
    expect_plain(random_picture(1, 2000), options, {1, 7, 5, 3});
    expect_plain(random_picture(3, 2), options, {1, 1, 300, 1});
  }
}

TEST(Image, KeepsPixelsWhenNothingIsToBeDone) {
  EXPECT_EQ(write(grey(2, 2, {0, 10, 20, 255}), {}, {1, 2, 2, 1}),
            (std::vector<float>{0, 10, 20, 255}));
}

TEST(Image, AlignsCorners) {
  EXPECT_EQ(write(grey(2, 1, {0, 100}), {}, {1, 1, 5, 1}),
            (std::vector<float>{0, 25, 50, 75, 100}));
}

TEST(Image, AlignsHalfPixels) {
  EXPECT_EQ(write(grey(2, 1, {0, 100}), {.sampling = Sampling::half_pixel}, {1, 1, 4, 1}),
            (std::vector<float>{0, 25, 75, 100}));
}

TEST(Image, SamplesAsymmetrically) {
  EXPECT_EQ(write(grey(2, 1, {0, 100}), {.sampling = Sampling::asymmetric}, {1, 1, 4, 1}),
            (std::vector<float>{0, 50, 100, 100}));
}

TEST(Image, TakesTheNearestPixel) {
  EXPECT_EQ(write(grey(3, 1, {0, 100, 200}), {.sampling = Sampling::nearest}, {1, 1, 2, 1}),
            (std::vector<float>{0, 200}));
}

TEST(Image, CropsTheMiddle) {
  EXPECT_EQ(write(grey(4, 2, {1, 2, 3, 4, 5, 6, 7, 8}), {.fit = Fit::crop}, {1, 2, 2, 1}),
            (std::vector<float>{2, 3, 6, 7}));
  EXPECT_EQ(write(grey(1, 3, {1, 2, 3}), {.fit = Fit::crop}, {1, 1, 1, 1}),
            (std::vector<float>{2}));
  EXPECT_EQ(write(grey(3, 1, {1, 2, 3}), {.fit = Fit::crop}, {1, 1, 2, 1}),
            (std::vector<float>{1, 2}));
}

TEST(Image, ContainsThePictureBetweenBlackBars) {
  EXPECT_EQ(write(grey(2, 4, {1, 2, 3, 4, 5, 6, 7, 8}), {.fit = Fit::contain}, {1, 4, 4, 1}),
            (std::vector<float>{0, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0}));
  ImageOptions scaled{.fit = Fit::contain, .mean = {100, 100, 100}, .std = {2, 2, 2}};
  EXPECT_EQ(write(grey(2, 1, {100, 200}), scaled, {1, 3, 2, 1}),
            (std::vector<float>{-50, -50, 0, 50, -50, -50}));
}

TEST(Image, FlipsLeftAndRight) {
  EXPECT_EQ(write(grey(3, 1, {1, 2, 3}), {.flip = true}, {1, 1, 3, 1}),
            (std::vector<float>{3, 2, 1}));
}

TEST(Image, ScalesEveryColour) {
  Picture picture{1, 1, {10, 20, 30, 40}};
  ImageOptions options{.mean = {0, 10, 50}, .std = {10, 2, -5}};
  EXPECT_EQ(write(picture, options, {1, 1, 1, 3}), (std::vector<float>{1, 5, 4}));
  EXPECT_EQ(write(picture, options, {1, 1, 1, 4}), (std::vector<float>{1, 5, 4, 2}));
  EXPECT_EQ(write(picture, options, {1, 1, 1, 1}), (std::vector<float>{2}));
}

// doodlenet sees ink, 1, only where the picture is black: the floor of 1 - x / 255.
TEST(Image, Binarizes) {
  ImageOptions ink{.mean = {255, 255, 255}, .std = {-255, -255, -255}, .binarize = true};
  EXPECT_EQ(write(grey(2, 2, {0, 1, 254, 255}), ink, {1, 2, 2, 1}),
            (std::vector<float>{1, 0, 0, 0}));
  auto white =
      write(grey(3, 3, {255, 255, 255, 255, 255, 255, 255, 255, 255}), ink, {1, 28, 28, 1});
  EXPECT_EQ(white, std::vector<float>(28 * 28, 0));
}

TEST(Image, WritesNothingPastTheTensor) {
  std::vector<float> out(2 * 2 * 3 + 1, 7);
  write_image(random_picture(5, 5).rgba, 5, 5, {}, {1, 2, 2, 3}, out);
  EXPECT_EQ(out.back(), 7);
}

std::vector<float> mapped(const Picture& picture, const PictureMap& map,
                          const ImageOptions& options, const Shape& shape) {
  std::vector<float> out(shape.count(), -99);
  write_mapped(picture.rgba, picture.width, picture.height, map, options, shape, out);
  return out;
}

TEST(Image, TellsWhereItReads) {
  for (Fit fit : {Fit::stretch, Fit::crop, Fit::contain})
    for (Sampling sampling : {Sampling::align_corners, Sampling::half_pixel, Sampling::asymmetric})
      for (bool flip : {false, true})
        for (auto [width, height] : {std::pair{40, 23}, {17, 61}, {30, 30}}) {
          Picture picture = random_picture(width, height);
          Shape shape{1, 19, 26, 3};
          ImageOptions options{fit, sampling, {3, 4, 5}, {2, 3, 4}};
          options.flip = flip;
          PictureMap map = map_of(width, height, options, shape);
          auto expected = write(picture, options, shape);
          auto found = mapped(picture, map, options, shape);
          int compared = 0;
          for (int i = 2; i < shape[1] - 2; ++i)
            for (int j = 2; j < shape[2] - 2; ++j) {
              auto [x, y] = map.at(j, i);
              if (x < 0 || y < 0 || x > width - 1 || y > height - 1) continue;
              ++compared;
              for (int c = 0; c < 3; ++c) {
                size_t at = (size_t(i) * 26 + size_t(j)) * 3 + size_t(c);
                ASSERT_NEAR(found[at], expected[at], 1e-3) << j << " " << i << " " << int(fit);
              }
            }
          EXPECT_GT(compared, 50);
        }
}

// What a map reads in the middle of a picture, and what the same map reads of a small part of it:
// rows that lie inside altogether are read in another way than those that do not.
TEST(Image, ReadsAllRowsAlike) {
  Picture picture = random_picture(64, 48);
  picture.rgba.shrink_to_fit();  // so that the sanitizer sees the end
  Shape shape{1, 24, 24, 3};
  for (double size : {3.0, 20.0, 30.0, 47.9})
    for (double angle : {0.0, 0.3, 1.6, 3.2, -2.0})
      for (double x : {0.0, 23.5, 31.7, 63.0})
        for (double y : {0.0, 23.5, 24.1, 47.0}) {
          PictureMap map = map_of_square(x, y, size, angle, shape);
          auto found = mapped(picture, map, {}, shape);
          // Each element alone, where the next one would lie outside.
          for (int i = 0; i < 24; ++i)
            for (int j = 0; j < 24; ++j) {
              auto [at_x, at_y] = map.at(j, i);
              PictureMap there{at_x, at_y, -1e9, 0, 0, 0};
              auto expected = mapped(picture, there, {}, {1, 1, 2, 3});
              for (size_t c = 0; c < 3; ++c)
                ASSERT_NEAR(found[size_t(i * 24 + j) * 3 + c], expected[c], 1e-3);
            }
        }
}

TEST(Image, ReadsUpToTheLastPixel) {
  Picture picture = random_picture(5, 4);
  picture.rgba.shrink_to_fit();
  for (double last : {4.0, std::nextafter(4.0, 0.0), std::nextafter(4.0, 9.0)}) {
    PictureMap map{0, 0, last / 2, 0, 0, 3.0 / 2};
    auto found = mapped(picture, map, {}, {1, 3, 3, 3});
    EXPECT_NEAR(found[6], picture.rgba[16], 1e-3);
    EXPECT_NEAR(found[24], picture.rgba[16 + 3 * 20], 1e-3);
  }
  double none = std::nan("");
  EXPECT_EQ(mapped(picture, {none, 0, 1, 0, 0, 1}, {}, {1, 1, 2, 1}), (std::vector<float>{0, 0}));
  EXPECT_EQ(mapped(picture, {0, 0, none, 0, 0, 1}, {}, {1, 1, 2, 1})[1], 0);
}

TEST(Image, ReadsASquareThatIsTurned) {
  Picture picture = grey(2, 2, {1, 2, 3, 4});
  Shape shape{1, 2, 2, 1};
  auto turned = [&](double quarters) {
    auto found =
        mapped(picture, map_of_square(0.5, 0.5, 2, quarters * std::acos(0.0), shape), {}, shape);
    for (float& x : found) x = std::round(x * 1000) / 1000;
    return found;
  };
  EXPECT_EQ(turned(0), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(turned(1), (std::vector<float>{2, 4, 1, 3}));
  EXPECT_EQ(turned(2), (std::vector<float>{4, 3, 2, 1}));
  EXPECT_EQ(turned(3), (std::vector<float>{3, 1, 4, 2}));
}

TEST(Image, ReadsBlackOutsideOfAPicture) {
  Picture picture = grey(2, 1, {100, 200});
  Shape shape{1, 1, 4, 1};
  EXPECT_EQ(mapped(picture, {-1, 0, 1, 0, 0, 1}, {}, shape), (std::vector<float>{0, 100, 200, 0}));
  EXPECT_EQ(mapped(picture, {-0.5, 0, 1, 0, 0, 1}, {}, shape),
            (std::vector<float>{50, 150, 100, 0}));
  EXPECT_EQ(mapped(picture, {1e300, 0, 1e300, 0, 0, 1}, {}, shape), (std::vector<float>(4)));
  EXPECT_EQ(mapped(picture, {NAN, NAN, NAN, 0, 0, 1}, {}, shape), (std::vector<float>(4)));
}

TEST(Image, KeepsItsScratch) {
  ImageScratch scratch;
  std::vector<float> out(16 * 16 * 3);
  Picture picture = random_picture(20, 20);
  write_image(picture.rgba, 20, 20, {}, {1, 16, 16, 3}, out, scratch);
  const auto* before = scratch.taps.data();
  write_image(picture.rgba, 20, 20, {}, {1, 16, 8, 3}, out, scratch);
  write_image(picture.rgba, 20, 20, {}, {1, 16, 16, 3}, out, scratch);
  EXPECT_EQ(scratch.taps.data(), before);
}

void expect_refusal(const Picture& picture, const ImageOptions& options, const Shape& shape,
                    std::string_view text) {
  std::vector<float> out(64);
  expect_error(
      [&] { write_image(picture.rgba, picture.width, picture.height, options, shape, out); }, text);
}

TEST(Image, RefusesAnEmptyPicture) {
  expect_refusal({0, 480, {}}, {}, {1, 2, 2, 3},
                 "writeImage: the picture is empty.\n"
                 "  picture  0 x 480\n"
                 "  Try: wait until it has loaded; a video has no size before its first frame");
}

TEST(Image, RefusesTooFewBytes) {
  expect_refusal({2, 2, std::vector<uint8_t>(12)}, {}, {1, 2, 2, 3},
                 "writeImage: the picture has fewer bytes than its size needs.\n"
                 "  picture  2 x 2\n"
                 "  bytes  12\n"
                 "  Try: 16 bytes: red, green, blue and alpha for every pixel");
  expect_refusal({2147483647, 2147483647, {}}, {}, {1, 2, 2, 3},
                 "writeImage: the picture has fewer bytes than its size needs.\n"
                 "  picture  2147483647 x 2147483647\n"
                 "  bytes  0\n"
                 "  Try: 18446744056529682436 bytes: red, green, blue and alpha for every pixel");
}

TEST(Image, RefusesTensorsThatAreNoPicture) {
  for (const Shape& shape : {Shape{2, 2, 3}, Shape{2, 2, 2, 3}, Shape{1, 0, 2, 3},
                             Shape{1, 2, 2, 2}, Shape{1, 100, 100, 3}})
    expect_refusal(random_picture(2, 2), {}, shape,
                   "writeImage: this input of the model does not take one picture.\n"
                   "  input  " +
                       to_string(shape) +
                       "\n"
                       "  Try: an input [1, height, width, 1, 3 or 4]");
}

TEST(Image, RefusesAStdOfZero) {
  expect_refusal(random_picture(2, 2), {.std = {1, 0, 1}}, {1, 2, 2, 3},
                 "writeImage: std cannot be 0.\n"
                 "  std  0\n"
                 "  Try: 255 for elements between 0 and 1");
}

}  // namespace
}  // namespace gesso
