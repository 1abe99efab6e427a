// Windows that slide over images [batch, height, width, channels]: convolution and pooling.
#pragma once

#include <algorithm>
#include <utility>

#include "core/op.h"

namespace gesso {

// The largest padding, stride or dilation.
inline constexpr int most_window_pixels = 1 << 24;

// How a window moves along height or width. Taps are its elements, `dilation` pixels apart.
struct Window {
  int taps = 1, stride = 1, dilation = 1;
  int before = 0, after = 0;  // padding, in pixels

  // Pixels from the first tap to the last, both included.
  int64_t extent() const { return int64_t(taps - 1) * dilation + 1; }

  // The taps of the window at `step` that lie in [0, size): from the first to before the second.
  std::pair<int, int> taps_inside(int step, int size) const {
    int64_t start = int64_t(step) * stride - before, room = int64_t(size) - start;
    int64_t first = -start, end = room;  // in pixels
    if (dilation != 1) {
      first = (first + dilation - 1) / dilation;
      end = (end + dilation - 1) / dilation;
    }
    end = room > 0 ? std::min<int64_t>(end, taps) : 0;
    first = start < 0 ? std::min(first, end) : 0;
    return {int(std::min(first, end)), int(end)};
  }

  // Where a tap of the window at `step` lies; outside of [0, size) it lies in the padding.
  int64_t pixel(int step, int tap) const {
    return int64_t(step) * stride - before + int64_t(tap) * dilation;
  }
};

enum class Side { height = 0, width = 1 };

// The window of a node with the options padding, strides and dilations.
inline Window window_of(const Node& node, Side side, int taps) {
  size_t i = size_t(side);
  const Ints& padding = node.ints("padding");
  return {taps, node.ints("strides")[i], node.ints("dilations")[i], padding[2 * i],
          padding[2 * i + 1]};
}

// A node's options padding, strides and dilations, for another node.
Attrs window_attrs(const Node& node);

// As above, and groups.
Attrs convolution_attrs(const Node& node);

// Refuses inputs that are not images.
void require_images(const Call& call);

// Refuses filters [out, height, width, channels / groups] and biases [out] that do not fit the
// images or the option groups.
void require_filter(const Call& call);

// Refuses paddings below zero, strides and dilations below one, and all of them above 2^24: sums of
// a few of them then fit into an int.
void require_window_options(const Call& call);

// How many steps a window makes over `size` pixels and their padding. Refuses windows that do not
// fit. A remainder of less than a stride is left out, or with `ceil` gets one more step.
int steps_of(const Call& call, const Window& window, int size, bool ceil = false);

}  // namespace gesso
