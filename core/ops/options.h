// Reads the options of an operator while a node is added, and refuses what makes no sense.
#pragma once

#include "core/op.h"

namespace gesso {

// An option that counts something. Refuses fractions and numbers that no int can hold.
int whole_option(const Call& call, Text name);

// An option that names an axis of the first input, in [0, rank); -1 is the last one.
int axis_option(const Call& call, Text name = "axis");

// A list of whole numbers. Empty when it may be left out and was.
std::span<const int> ints_option(const Call& call, Text name);

// As above, and refuses any number of entries other than `length`, if the list was given.
std::span<const int> ints_option(const Call& call, Text name, int length);

// A text that must be one of `known`; gives its place among them.
int choice_option(const Call& call, Text name, std::initializer_list<Text> known);

// Refuses inputs that are not float32.
void require_float(const Call& call);

// Refuses an input i that is not int32, as indices must be.
void require_indices(const Call& call, int i);

// Refuses minValue above maxValue, or NaN.
void require_clamp(const Call& call);

// Refuses a number that an element of this type cannot be.
void require_fits(const Call& call, Text name, DType dtype);

// A computed size as an int. Refuses what is negative or too large for one.
int size_from(const Call& call, int64_t size);

}  // namespace gesso
