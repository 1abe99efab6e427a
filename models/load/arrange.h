// Reshaping, joining and cutting as TensorFlow does it; TF.js graphs and TFLite files need it. Axes
// may be counted from the end.
#pragma once

#include <cstdint>

#include "models/load/builder.h"

namespace gesso {

// An axis of a tensor of this rank, counted from the front.
int axis_from(int axis, int rank);

// sizes may hold one -1: whatever is left.
Operand reshape_to(Builder& b, Operand x, Ints sizes);

// Adds an axis of size 1.
Operand expand_dims(Builder& b, Operand x, int axis);

// Removes these axes, which must have the size 1; all that have it where none are given.
Operand squeeze(Builder& b, Operand x, Ints axes);

// Axis i of the result is axis order[i].
Operand reorder(Builder& b, Operand x, const Ints& order);

// Along an axis that the parts have, or along a new one. Integers next to floats become floats.
Operand join(Builder& b, Operands parts, int axis);
Operand stack(Builder& b, const Operands& parts, int axis);

// Into parts of these sizes, or of size 1, which lose the axis.
Operands split_into(Builder& b, Operand x, const Ints& sizes, int axis);
Operands unstack(Builder& b, Operand x, int axis);

// starts and sizes for the first axes; a size of -1 reaches to the end.
Operand slice(Builder& b, Operand x, Ints starts, Ints sizes);

// What the bits of a strided slice say of its entries: begin or end is left out, the entry is
// "...", a new axis, or a single index.
struct SliceMasks {
  uint32_t begins = 0, ends = 0, dots = 0, news = 0, single = 0;
};

// A slice as Python writes it, x[begin:end:step, ..., newaxis, i].
Operand strided_slice(Builder& b, Operand x, const Ints& begin, const Ints& end, const Ints& step,
                      const SliceMasks& masks);

// pads are [[before, after], ...] in one list. mode is one of pad's.
Operand pad(Builder& b, Operand x, const Ints& pads, double value, Text mode = "constant");

}  // namespace gesso
