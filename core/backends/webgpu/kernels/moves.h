// What the files of moves share. Each gives rows, and moves.cpp gathers them.
#pragma once

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

// Text: an element of this type. What the type cannot hold must have been refused.
std::string element(double value, DType dtype);

// index_in(index: i32, size: i32) -> u32: from the end if negative, and brought inside if outside.
extern const Snippet index_in;

// Moves by index: gather, gatherElements and gatherND.
std::string gather(const Around& around, int);
std::string gather_elements(const Around& around, int);
std::string gather_nd(const Around& around, int);

// Text: the place in the output of the axes of gatherND or scatterND that row `n` of the indices,
// read by `indices`, locates: a number of slices.
std::string located(std::string_view n, std::string_view indices, const Shape& shape, int depth);

// Images in another size.
std::string resample2d(const Around& around, int);

}  // namespace gesso::webgpu
