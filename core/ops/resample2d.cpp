// resample2d(input): images [batch, height, width, channels] in another size. resample2dGradient
// gives each pixel what was taken from it.
#include <cmath>
#include <limits>

#include "core/ops/math.h"
#include "core/ops/options.h"
#include "core/ops/window.h"

namespace gesso {
namespace {

// How places in the output correspond to places in the input, along one axis:
//   halfPixel     (o + 1/2) * in / out - 1/2    the centres of pixels correspond; WebNN
//   halfPixelUp   the same, but a place between two pixels is nearest to the later one;
//                 half_pixel_centers of TensorFlow
//   alignCorners  o * (in - 1) / (out - 1)      the centres of the corner pixels correspond
//   asymmetric    o * in / out                  the corners of the images correspond
enum class Coordinates { half_pixel, half_pixel_up, align_corners, asymmetric };

Coordinates coordinates_of(std::string_view name) {
  return name == "halfPixel"      ? Coordinates::half_pixel
         : name == "halfPixelUp"  ? Coordinates::half_pixel_up
         : name == "alignCorners" ? Coordinates::align_corners
                                  : Coordinates::asymmetric;
}

// A place in the input as an exact fraction, so that no rounding decides which pixel is nearest.
struct Place {
  int64_t numerator, denominator;

  int64_t floor() const { return numerator / denominator; }
  double fraction() const { return double(numerator % denominator) / double(denominator); }
};

Place place_of(Coordinates coordinates, int64_t o, int64_t in, int64_t out) {
  Place place{o * in, out};
  if (coordinates == Coordinates::align_corners && out > 1) {
    place = {o * (in - 1), out - 1};
  } else if (coordinates == Coordinates::half_pixel || coordinates == Coordinates::half_pixel_up) {
    place = {(2 * o + 1) * in - out, 2 * out};
  }
  place.numerator = std::clamp<int64_t>(place.numerator, 0, (in - 1) * place.denominator);
  return place;
}

int nearest(Coordinates coordinates, int64_t o, int64_t in, int64_t out) {
  Place place = place_of(coordinates, o, in, out);
  auto [numerator, denominator] = place;
  switch (coordinates) {
    case Coordinates::asymmetric:
      return int(place.floor());
    case Coordinates::half_pixel:  // ceil(place - 1/2)
      return int((2 * numerator + denominator - 1) / (2 * denominator));
    default:  // floor(place + 1/2)
      return int((2 * numerator + denominator) / (2 * denominator));
  }
}

Types infer(const Call& c) {
  require_images(c);
  int mode = choice_option(c, "mode", {"nearest-neighbor", "linear"});
  choice_option(c, "coordinates", {"halfPixel", "halfPixelUp", "alignCorners", "asymmetric"});
  if (mode == 1) require_float(c);
  Shape shape = c.shape();
  auto sizes = ints_option(c, "sizes", 2);
  const Attr& scales = *c.node.attrs.find("scales");
  for (int i = 0; i < 2; ++i) {
    int& size = shape[1 + i];
    if (!sizes.empty()) {
      size = sizes[size_t(i)];
    } else if (c.node.has("scales")) {
      auto* numbers = std::get_if<Numbers>(&scales);
      auto* ints = std::get_if<Ints>(&scales);
      if ((numbers ? numbers->size() : ints->size()) != 2)
        fail(c, "scales must have 2 entries", "one for the height and one for the width");
      double scale = numbers ? (*numbers)[size_t(i)] : (*ints)[size_t(i)];
      if (!(scale > 0)) fail(c, "scales must be greater than 0", "2 to double a size");
      double scaled = std::floor(size * scale);
      if (scaled > std::numeric_limits<int>::max())
        fail(c, "scales make the image too large", "smaller scales");
      size = int(scaled);
    }
    if (size < 1 || c.shape()[1 + i] < 1)
      fail(c, "the images must have at least one pixel before and after",
           "larger images, sizes or scales");
  }
  return {{c.dtype(), shape}};
}

Types infer_gradient(const Call& c) {
  require_images(c);
  require_float(c);
  choice_option(c, "mode", {"nearest-neighbor", "linear"});
  choice_option(c, "coordinates", {"halfPixel", "halfPixelUp", "alignCorners", "asymmetric"});
  auto sizes = ints_option(c, "sizes", 2);
  for (int i = 0; i < 2; ++i)
    if (sizes[size_t(i)] < 1 || c.shape()[1 + i] < 1)
      fail(c, "the images must have at least one pixel before and after",
           "the height and the width of the images that were resampled");
  return {{DType::f32, {c.shape()[0], sizes[0], sizes[1], c.shape()[3]}}};
}

template <class Real>
void nearest_neighbor(Kernel<Real>& k, Coordinates coordinates) {
  const Shape &in = k.shape(), &out = k.out_shape();
  size_t pixel = size_t(in[3]) * k.element_size(k.dtype());
  if (pixel == 0) return;
  auto* x = static_cast<const std::byte*>(k.in[0].data);
  auto* y = static_cast<std::byte*>(k.out[0].data);
  for (int batch = 0; batch < out[0]; ++batch, x += in.count(1, 3) * pixel)
    for (int oy = 0; oy < out[1]; ++oy) {
      auto* row = x + size_t(nearest(coordinates, oy, in[1], out[1])) * size_t(in[2]) * pixel;
      for (int ox = 0; ox < out[2]; ++ox, y += pixel)
        std::copy_n(row + size_t(nearest(coordinates, ox, in[2], out[2])) * pixel, pixel, y);
    }
}

// Between the four pixels around each place, along the width and then along the height.
template <class Real>
void linear(Kernel<Real>& k, Coordinates coordinates) {
  const Shape &in = k.shape(), &out = k.out_shape();
  size_t channels = size_t(in[3]);
  const Real* x = k.input().data();
  Real* y = k.output().data();
  for (int batch = 0; batch < out[0]; ++batch, x += in.count(1, 4))
    for (int oy = 0; oy < out[1]; ++oy) {
      Place row = place_of(coordinates, oy, in[1], out[1]);
      Real down = Real(row.fraction());
      const Real* top = x + size_t(row.floor()) * size_t(in[2]) * channels;
      const Real* bottom = down > 0 ? top + size_t(in[2]) * channels : top;
      for (int ox = 0; ox < out[2]; ++ox, y += channels) {
        Place column = place_of(coordinates, ox, in[2], out[2]);
        Real right = Real(column.fraction());
        size_t a = size_t(column.floor()) * channels, b = right > 0 ? a + channels : a;
        for (size_t c = 0; c < channels; ++c) {
          Real above = top[a + c] + (top[b + c] - top[a + c]) * right;
          Real below = bottom[a + c] + (bottom[b + c] - bottom[a + c]) * right;
          y[c] = above + (below - above) * down;
        }
      }
    }
}

template <class Real>
void resample(Kernel<Real>& k) {
  Coordinates coordinates = coordinates_of(k.node.text("coordinates"));
  if (k.node.text("mode") == "linear")
    linear(k, coordinates);
  else
    nearest_neighbor(k, coordinates);
}

template <class Real>
void nearest_neighbor_gradient(Kernel<Real>& k, Coordinates coordinates) {
  const Shape &in = k.out_shape(), &out = k.shape();  // of resample2d
  size_t channels = size_t(in[3]);
  const Real* dy = k.input().data();
  Real* dx = k.output().data();
  for (int batch = 0; batch < out[0]; ++batch, dx += in.count(1, 4))
    for (int oy = 0; oy < out[1]; ++oy) {
      Real* row = dx + size_t(nearest(coordinates, oy, in[1], out[1])) * size_t(in[2]) * channels;
      for (int ox = 0; ox < out[2]; ++ox, dy += channels) {
        Real* pixel = row + size_t(nearest(coordinates, ox, in[2], out[2])) * channels;
        for (size_t c = 0; c < channels; ++c) pixel[c] += dy[c];
      }
    }
}

template <class Real>
void linear_gradient(Kernel<Real>& k, Coordinates coordinates) {
  const Shape &in = k.out_shape(), &out = k.shape();  // of resample2d
  size_t channels = size_t(in[3]);
  const Real* dy = k.input().data();
  Real* dx = k.output().data();
  for (int batch = 0; batch < out[0]; ++batch, dx += in.count(1, 4))
    for (int oy = 0; oy < out[1]; ++oy) {
      Place row = place_of(coordinates, oy, in[1], out[1]);
      Real down = Real(row.fraction());
      Real* top = dx + size_t(row.floor()) * size_t(in[2]) * channels;
      Real* bottom = down > 0 ? top + size_t(in[2]) * channels : top;
      for (int ox = 0; ox < out[2]; ++ox, dy += channels) {
        Place column = place_of(coordinates, ox, in[2], out[2]);
        Real right = Real(column.fraction());
        size_t a = size_t(column.floor()) * channels, b = right > 0 ? a + channels : a;
        for (size_t c = 0; c < channels; ++c) {
          Real below = dy[c] * down, above = dy[c] - below;
          top[a + c] += above * (1 - right);
          top[b + c] += above * right;
          bottom[a + c] += below * (1 - right);
          bottom[b + c] += below * right;
        }
      }
    }
}

template <class Real>
void resample_gradient(Kernel<Real>& k) {
  std::ranges::fill(k.output(), Real(0));
  Coordinates coordinates = coordinates_of(k.node.text("coordinates"));
  if (k.node.text("mode") == "linear")
    linear_gradient(k, coordinates);
  else
    nearest_neighbor_gradient(k, coordinates);
}

// The other one of the two operators, to the size of the images of this shape.
Value turned(const Grad& g, const Op& other, const Shape& shape) {
  return apply(other, {g.dy()},
               {{"mode", g.node.text("mode")},
                {"coordinates", g.node.text("coordinates")},
                {"sizes", Ints{shape[1], shape[2]}}});
}

// dx = resample2dGradient(dy)
Values gradient_of_resample(const Grad& g) {
  return {turned(g, resample2d_gradient_op, g.x[0].shape())};
}

// It is linear, and resample2d takes from where it gives to.
Values gradient_of_gradient(const Grad& g) {
  return {turned(g, resample2d_op, g.x[0].shape())};
}

}  // namespace

constexpr Op resample2d_op{
    .name = "resample2d",
    .summary = "Images in another size, by the nearest pixel or between the four around.",
    .inputs = {"input"},
    .attrs = {{"mode", "nearest-neighbor"},
              {"sizes", {}},
              {"scales", {}},
              {"coordinates", "halfPixel"}},
    .infer = infer,
    .cpu = {resample<float>, resample<double>},
    .gradient = gradient_of_resample,
};

constexpr Op resample2d_gradient_op{
    .name = "resample2dGradient",
    .summary =
        "Adds up, for each pixel of the images of the given sizes, what resample2d took of it.",
    .inputs = {"dy"},
    .attrs = {{"mode", "nearest-neighbor"}, {"sizes", no_ints}, {"coordinates", "halfPixel"}},
    .infer = infer_gradient,
    .cpu = {resample_gradient<float>, resample_gradient<double>},
    .gradient = gradient_of_gradient,
};

}  // namespace gesso
