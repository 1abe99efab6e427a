#include "core/ops/accept.h"

#include <algorithm>
#include <cmath>

namespace gesso {
namespace {

// "float32, int32 or int8"
std::string one_of(std::span<const DType> types) {
  std::string text;
  for (size_t i = 0; i < types.size(); ++i)
    text += (i == 0 ? "" : i + 1 < types.size() ? ", " : " or ") + std::string(to_string(types[i]));
  return text;
}

std::string cast_to(DType dtype, Text input) {
  return "cast(" + std::string(input) + ", \"" + std::string(to_string(dtype)) + "\")";
}

}  // namespace

void check_dtype(const Call& c, int i, std::span<const DType> accepted) {
  if (!c.has(i) || std::ranges::find(accepted, c.dtype(i)) != accepted.end()) return;
  std::string name = input_name(c.op, i);
  fail(c, phrase({name, " must be ", one_of(accepted)}), cast_to(accepted[0], name));
}

void check_same_dtype(const Call& c, int i, int j) {
  if (c.dtype(i) == c.dtype(j)) return;
  std::string name = input_name(c.op, j);
  fail(c, phrase({input_name(c.op, i), " and ", name, " must have one element type"}),
       cast_to(c.dtype(i), name));
}

void check_rank_at_least(const Call& c, int i, int lowest) {
  if (c.shape(i).rank() < lowest)
    fail(c, phrase({input_name(c.op, i), " must have at least ", lowest, " dimensions"}),
         "reshape it, with sizes of 1 in front");
}

void check_shape(const Call& c, int i, const Shape& shape, Text rule) {
  if (c.has(i) && c.shape(i) != shape)
    fail(c, phrase({input_name(c.op, i), " must have ", rule}), phrase({"the shape ", shape}));
}

uint32_t axes_option(const Call& c, Text name, uint32_t if_left_out) {
  if (!c.node.has(name)) return if_left_out;
  int rank = c.shape().rank();
  uint32_t mask = 0;
  for (int axis : ints_option(c, name)) {
    if (axis < -rank || axis >= rank)
      fail(c, phrase({name, " must be axes of the input"}),
           rank == 0 ? "[]"
                     : "numbers from " + std::to_string(-rank) + " to " + std::to_string(rank - 1));
    uint32_t bit = 1u << positive_axis(axis, rank);
    if (mask & bit) fail(c, phrase({name, " names an axis twice"}), "every axis once");
    mask |= bit;
  }
  return mask;
}

void check_epsilon(const Call& c) {
  double epsilon = c.node.number("epsilon");
  if (!(epsilon >= 0) || std::isinf(epsilon))
    fail(c, "epsilon must be a number of 0 or more", "1e-5");
}

uint32_t axes_mask(const Node& node, Text name, int rank, uint32_t if_left_out) {
  if (!node.has(name)) return if_left_out;
  uint32_t mask = 0;
  for (int axis : node.ints(name)) mask |= 1u << positive_axis(axis, rank);
  return mask;
}

}  // namespace gesso
