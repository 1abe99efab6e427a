#include "core/ops/window.h"

#include "core/ops/options.h"

namespace gesso {
namespace {

Attrs chosen(const Node& node, std::initializer_list<Text> names) {
  Attrs attrs;
  for (Text name : names) attrs.set(name, *node.attrs.find(name));
  return attrs;
}

}  // namespace

Attrs window_attrs(const Node& node) {
  return chosen(node, {"padding", "strides", "dilations"});
}

Attrs convolution_attrs(const Node& node) {
  return chosen(node, {"padding", "strides", "dilations", "groups"});
}

void require_images(const Call& call) {
  if (call.shape().rank() != 4)
    fail(call, "the input must be images [batch, height, width, channels]",
         "reshape the input to four sizes; [1, height, width, channels] is one image");
}

void require_filter(const Call& call) {
  const Shape& filter = call.shape(1);
  if (filter.rank() != 4)
    fail(call, "the filter must have the sizes [out, height, width, in / groups]",
         "reshape or transpose the filter");
  int groups = whole_option(call, "groups"), channels = call.shape()[3];
  if (groups < 1) fail(call, "groups must be at least 1", "1 for an ordinary convolution");
  if (channels % groups != 0 || filter[0] % groups != 0)
    fail(call, "groups must divide the channels of the input and those of the output",
         "groups 1, or the number of channels for a depthwise convolution");
  if (filter[3] != channels / groups)
    fail(call,
         phrase({"the last size of the filter must be the input's channels in one group, ",
                 channels / groups}),
         "filters [out, height, width, in / groups]");
  if (call.has(2) && call.shape(2) != Shape{filter[0]})
    fail(call, "bias must hold one number for each filter",
         phrase({"the shape [", filter[0], "]"}));
}

void require_window_options(const Call& call) {
  for (Text name : {"padding", "strides", "dilations"})
    for (int pixels : call.node.ints(name))
      if (pixels > most_window_pixels)
        fail(call, phrase({name, " is too large"}), phrase({"at most ", most_window_pixels}));
  for (int pixels : ints_option(call, "padding", 4))
    if (pixels < 0)
      fail(call, "padding cannot be negative", "slice the input where it is to become smaller");
  for (Text name : {"strides", "dilations"})
    for (int pixels : ints_option(call, name, 2))
      if (pixels < 1) fail(call, phrase({name, " must be at least 1"}), "[1, 1]");
}

int steps_of(const Call& call, const Window& window, int size, bool ceil) {
  if (window.taps < 1)
    fail(call, "a window must have at least one pixel in height and width", "sizes of 1 or more");
  int64_t room = int64_t(size) + window.before + window.after - window.extent();
  if (room < 0)
    fail(call,
         phrase({"a window of ", window.extent(), " pixels does not fit into ",
                 room + window.extent(), ", which is the image with its padding"}),
         "a larger image, more padding or a smaller window");
  return size_from(call, (room + (ceil ? window.stride - 1 : 0)) / window.stride + 1);
}

}  // namespace gesso
