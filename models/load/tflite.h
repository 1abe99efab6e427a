// TFLite files: one FlatBuffer with the operators and the weights, which are often 8-bit integers.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "models/load/model.h"

namespace gesso {

// By its identifier, whatever the file is called.
bool is_tflite(std::span<const std::byte> bytes);

// Weights become floats, as do all numbers that stand for reals while the model runs. Inputs take
// what the file says: the integers of a quantised input, or bytes of pixels. Outputs that stand for
// reals are floats.
std::unique_ptr<Model> load_tflite(std::string file, std::span<const std::byte> bytes);

}  // namespace gesso
