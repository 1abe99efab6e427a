// Layers that prepare what a model is given.
#include <limits>

#include "core/ops/list.h"
#include "models/layers/images.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A lone picture is treated as a batch of one.
Operand as_batch(const LayerCall& c) {
  Operand x = c.x();
  if (x.rank() != 3 && x.rank() != 4)
    c.refuse("the input must be images", "[batch, height, width, channels]");
  if (x.rank() == 4) return x;
  return c.b.reshape(x, {1, x.shape()[0], x.shape()[1], x.shape()[2]});
}

Operand without_batch(const LayerCall& c, Operand y) {
  if (c.x().rank() == 4) return y;
  return c.b.reshape(y, {y.shape()[1], y.shape()[2], y.shape()[3]});
}

// TF.js lets the corners of the two images coincide unless the aspect ratio is to be kept.
Operand resizing(const LayerCall& c) {
  bool crop = c.config("crop_to_aspect_ratio").flag_or(false);
  int height = c.config("height").integer(), width = c.config("width").integer();
  bool linear = c.config("interpolation") ? is_linear(c) : true;
  return without_batch(c, resize(c.b, as_batch(c), height, width, {linear, !crop, false}));
}

Operand center_crop(const LayerCall& c) {
  Operand x = as_batch(c);
  int height = c.config("height").integer(), width = c.config("width").integer();
  const Shape& s = x.shape();
  if (height < 1 || width < 1) c.refuse("the height and width must be above 0", "smaller crops");
  if (s[1] < height || s[2] < width)
    return without_batch(c, resize(c.b, x, height, width, {true, false, false}));
  // What cannot be halved is cut off below and, as in TF.js, on the left.
  return without_batch(c, cut(c.b, x, {0, (s[1] - height) / 2, (s[2] - width + 1) / 2, 0},
                              {s[0], height, width, s[3]}));
}

// A number, or one number for each channel.
Operand per_channel(const LayerCall& c, Text name, double otherwise) {
  Field field = c.config(name);
  if (!field.is_list()) return c.b.scalar(field.number_or(otherwise));
  std::vector<float> values;
  for (const Field& item : field.items()) values.push_back(float(item.number()));
  return c.b.numbers({int(values.size())}, values);
}

Operand rescaling(const LayerCall& c) {
  Operand scaled = c.b.apply(mul_op, {as_float(c.b, c.x()), per_channel(c, "scale", 1)});
  return c.b.apply(add_op, {scaled, per_channel(c, "offset", 0)});
}

// (x - mean) / max(sqrt(variance), 1e-7).
Operand normalization(const LayerCall& c) {
  Builder& b = c.b;
  Operand mean = c.weight("mean"), variance = c.weight("variance");
  if (!mean) mean = per_channel(c, "mean", 0);
  if (!variance) variance = per_channel(c, "variance", 1);
  Field axis = c.config("axis");
  if (axis.is_list() && axis.items().size() > 1)
    axis.refuse("cannot be several axes", "the last axis");
  if (axis && c.axis(-1) != c.x().rank() - 1) axis.refuse("must be the last axis", "-1");
  Operand deviation = clamp(b, b.apply(sqrt_op, {variance}), 1e-7, infinity);
  Operand centred = b.apply(sub_op, {as_float(b, c.x()), mean});
  Operand y = b.apply(div_op, {centred, deviation});
  return c.config("invert").flag_or(false)
             ? b.apply(add_op, {b.apply(mul_op, {as_float(b, c.x()), deviation}), mean})
             : y;
}

// How often each class is named (count), whether it is (multi_hot), or which one it is (one_hot).
Operand category_encoding(const LayerCall& c) {
  Builder& b = c.b;
  int classes = c.config("num_tokens").integer();
  std::string mode = c.word("output_mode", "multi_hot");
  Operand y = b.apply(one_hot_op, {b.cast(c.x(), DType::i32)}, {{"depth", double(classes)}});
  y = as_float(b, y);
  int rank = c.x().rank();
  if (mode == "one_hot" || (rank == 0 && (mode == "multi_hot" || mode == "count"))) {
    if (rank == 2 && c.x().shape()[1] == 1) return b.reshape(y, {c.x().shape()[0], classes});
    return y;
  }
  if (mode != "multi_hot" && mode != "count")
    c.config("output_mode").refuse("cannot be loaded", "count, multi_hot or one_hot");
  return reduce(b, mode == "count" ? reduce_sum_op : reduce_max_op, y, {rank - 1}, false);
}

WeightSpecs normalization_weights(const Field&, const Shape&) {
  return {{.name = "mean", .trainable = false, .optional = true},
          {.name = "variance", .trainable = false, .optional = true},
          {.name = "count", .trainable = false, .optional = true}};
}

// Changes images in training only, which is not offered.
Operand augmentation(const LayerCall& c) {
  if (c.is_training())
    c.refuse("cannot change images at random", "change the images before training");
  return c.x();
}

constexpr LayerClass rows[] = {
    {"CategoryEncoding", category_encoding},
    {"CenterCrop", center_crop},
    {"Normalization", normalization, normalization_weights},
    {"RandomBrightness", augmentation},
    {"RandomContrast", augmentation},
    {"RandomFlip", augmentation},
    {"RandomRotation", augmentation},
    {"RandomTranslation", augmentation},
    {"RandomZoom", augmentation},
    {"Rescaling", rescaling},
    {"Resizing", resizing},
};

}  // namespace

const std::span<const LayerClass> preprocessing_layers = rows;

}  // namespace gesso
