// depthToSpace(input): the channels of each pixel laid out as a block of pixels.
// [batch, height, width, block² channels] becomes [batch, block height, block width, channels].
#include <cstring>

#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

Types infer(const Call& c) {
  const Shape& shape = c.shape();
  if (shape.rank() != 4)
    fail(c, "the input must be images [batch, height, width, channels]",
         "reshape the input to four sizes");
  int64_t block = whole_option(c, "blockSize");
  if (block < 1) fail(c, "blockSize must be at least 1", "2 to double height and width");
  if (shape[3] % (block * block) != 0)
    fail(c, "the channels must be a multiple of blockSize * blockSize",
         "another blockSize, or other channels");
  return {{c.dtype(),
           {shape[0], size_from(c, shape[1] * block), size_from(c, shape[2] * block),
            int(shape[3] / (block * block))}}};
}

// y[b, h * block + i, w * block + j, c] = x[b, h, w, (i * block + j) * channels + c].
template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape& shape = k.shape();
  size_t block = size_t(k.node.integer("blockSize"));
  size_t width = size_t(shape[2]), rows = shape.count(0, 2);
  size_t run = size_t(shape[3]) / block * k.element_size(k.dtype());  // one row of a block, bytes
  auto* in = static_cast<const std::byte*>(k.in[0].data);
  auto* out = static_cast<std::byte*>(k.out[0].data);
  if (run == 0) return;
  for (size_t row = 0; row < rows; ++row)
    for (size_t i = 0; i < block; ++i)
      for (size_t column = 0; column < width; ++column, out += run)
        std::memcpy(out, in + ((row * width + column) * block + i) * run, run);
}

// The way back: the pixels of each block become channels of one pixel.
Values gradient(const Grad& g) {
  const Shape& shape = g.x[0].shape();
  int block = g.node.integer("blockSize");
  Value rows = reshape(g.dy(), {shape[0] * shape[1], block, shape[2], block * g.y[0].shape()[3]});
  return {reshape(transpose(rows, {0, 2, 1, 3}), shape)};
}

}  // namespace

constexpr Op depth_to_space_op{
    .name = "depthToSpace",
    .summary = "Lays the channels of each pixel out as a block of pixels.",
    .inputs = {"input"},
    .attrs = {{"blockSize", 2.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
