#include "models/layers/images.h"

#include "core/ops/list.h"

namespace gesso {

Operand as_image(const LayerCall& c) {
  if (c.x().rank() != 4)
    c.refuse("the input must be a batch of images", "[batch, height, width, channels]");
  return is_channels_first(c) ? channels_last(c.b, c.x()) : c.x();
}

Operand as_saved(const LayerCall& c, Operand y) {
  return is_channels_first(c) ? channels_first(c.b, y) : y;
}

Operand as_row(const LayerCall& c) {
  if (c.x().rank() != 3)
    c.refuse("the input must be a batch of sequences", "[batch, steps, channels]");
  Operand x = is_channels_first(c) ? channels_last(c.b, c.x()) : c.x();
  return c.b.reshape(x, {x.shape()[0], 1, x.shape()[1], x.shape()[2]});
}

Operand as_sequence(const LayerCall& c, Operand y) {
  const Shape& s = y.shape();
  return as_saved(c, c.b.reshape(y, {s[0], s[2], s[3]}));
}

Padding padding_of(const LayerCall& c) {
  std::string word = c.word("padding", "valid");
  if (word != "same" && word != "valid")
    c.config("padding").refuse("is not a padding for this layer", "same or valid");
  return word == "same" ? Padding::same : Padding::valid;
}

bool is_linear(const LayerCall& c) {
  std::string word = c.word("interpolation", "nearest");
  if (word != "nearest" && word != "bilinear")
    c.config("interpolation").refuse("cannot be loaded", "nearest or bilinear");
  return word == "bilinear";
}

Operand cut(Builder& b, Operand x, const Ints& starts, const Ints& sizes) {
  return b.apply(slice_op, {x}, {{"starts", starts}, {"sizes", sizes}});
}

}  // namespace gesso
