// Which element types an operator accepts, and other checks that many type rules share.
#pragma once

#include <array>
#include <cstdint>

#include "core/ops/options.h"

namespace gesso {

inline constexpr std::array floats{DType::f32};
inline constexpr std::array floats_and_ints{DType::f32, DType::i32};
inline constexpr std::array signed_numbers{DType::f32, DType::i32, DType::i8};
inline constexpr std::array numbers{DType::f32, DType::i32, DType::u8, DType::i8};
inline constexpr std::array everything{DType::f32, DType::i32, DType::u8, DType::i8,
                                       DType::boolean};
inline constexpr std::array truths{DType::boolean, DType::u8};

// Refuses an input i, if it was given, that is of none of these types.
void check_dtype(const Call& c, int i, std::span<const DType> accepted);

// Refuses inputs i and j of different types.
void check_same_dtype(const Call& c, int i, int j);

// Refuses an input i of fewer dimensions.
void check_rank_at_least(const Call& c, int i, int lowest);

// Refuses an input i, if it was given, of another shape. `rule` says what it must be.
void check_shape(const Call& c, int i, const Shape& shape, Text rule);

// Refuses axes that are out of range or named twice. Bit i of the result is set when axis i of
// the first input is in the list.
uint32_t axes_option(const Call& c, Text name, uint32_t if_left_out);

// Refuses an epsilon that is below 0, infinite or NaN.
void check_epsilon(const Call& c);

// The bits of axes_option once it has passed, for kernels.
uint32_t axes_mask(const Node& node, Text name, int rank, uint32_t if_left_out);

}  // namespace gesso
