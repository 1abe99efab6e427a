// Helpers of the layers that work on images and sequences in either layout.
#pragma once

#include "models/layers/layer.h"
#include "models/load/lower.h"

namespace gesso {

// The input as images in our layout, [batch, height, width, channels], and a result in the
// layer's layout.
Operand as_image(const LayerCall& call);
Operand as_saved(const LayerCall& call, Operand y);

// The input [batch, steps, channels] as images of one row, and such images as a sequence.
Operand as_row(const LayerCall& call);
Operand as_sequence(const LayerCall& call, Operand y);

// "padding": same or valid.
Padding padding_of(const LayerCall& call);

// "interpolation": whether it is bilinear and not nearest.
bool is_linear(const LayerCall& call);

// x[starts ... starts + sizes].
Operand cut(Builder& b, Operand x, const Ints& starts, const Ints& sizes);

}  // namespace gesso
