#include "core/ops/options.h"

#include <cmath>
#include <limits>

#include "core/ops/accept.h"

namespace gesso {
namespace {

std::string quoted(Text name) {
  return '"' + std::string(name) + '"';
}

}  // namespace

int whole_option(const Call& call, Text name) {
  double value = call.node.number(name);
  if (!(std::abs(value) <= std::numeric_limits<int>::max()) || value != std::floor(value))
    fail(call, phrase({name, " must be a whole number"}), "a number like 1, 2 or 3");
  return int(value);
}

int axis_option(const Call& call, Text name) {
  int rank = call.shape().rank();
  int axis = whole_option(call, name);
  if (rank == 0)
    fail(call, phrase({name, " names an axis, but a scalar has none"}), "reshape the input to [1]");
  if (axis < -rank || axis >= rank)
    fail(call, phrase({name, " must be an axis of the input"}),
         phrase({"a number from ", -rank, " to ", rank - 1}));
  return positive_axis(axis, rank);
}

std::span<const int> ints_option(const Call& call, Text name) {
  const Attr& attr = *call.node.attrs.find(name);
  if (std::holds_alternative<Numbers>(attr))
    fail(call, phrase({name, " must hold whole numbers"}), "numbers like 1, 2 or 3");
  const auto* ints = std::get_if<Ints>(&attr);
  return ints ? std::span(*ints) : std::span<const int>();
}

std::span<const int> ints_option(const Call& call, Text name, int length) {
  auto ints = ints_option(call, name);
  if (call.node.has(name) && int(ints.size()) != length)
    fail(call, phrase({name, " must have ", length, (length == 1 ? " entry" : " entries")}),
         phrase({"a list of ", length}));
  return ints;
}

int choice_option(const Call& call, Text name, std::initializer_list<Text> known) {
  Text given = call.node.text(name);
  std::string list;
  int place = 0;
  for (Text choice : known) {
    if (choice == given) return place;
    list += (place++ ? ", " : "") + std::string(choice);
  }
  fail(call, phrase({name, " cannot be ", quoted(given)}), phrase({"one of ", list}));
}

void require_float(const Call& call) {
  for (int i = 0; i < int(call.in.size()); ++i) check_dtype(call, i, floats);
}

void require_indices(const Call& call, int i) {
  check_dtype(call, i, std::array{DType::i32});
}

void require_clamp(const Call& call) {
  if (!(call.node.number("minValue") <= call.node.number("maxValue")))
    fail(call, "minValue must not be above maxValue", "exchange them, or leave one out");
}

void require_fits(const Call& call, Text name, DType dtype) {
  if (dtype == DType::f32) return;
  double value = call.node.number(name), least = 0, most = 0;
  switch (dtype) {
    case DType::i32:
      least = -2147483648.0, most = 2147483647;
      break;
    case DType::i8:
      least = -128, most = 127;
      break;
    case DType::boolean:
      most = 1;
      break;
    default:
      most = 255;
  }
  if (!(value >= least && value <= most) || value != std::floor(value))
    fail(call, phrase({name, " must be a number that ", to_string(dtype), " can hold"}),
         phrase({"a whole number from ", int64_t(least), " to ", int64_t(most)}));
}

int size_from(const Call& call, int64_t size) {
  if (size < 0 || size > std::numeric_limits<int>::max())
    fail(
        call, phrase({"a size of the output would be ", size}),
        phrase({"other options, so that it lies between 0 and ", std::numeric_limits<int>::max()}));
  return int(size);
}

}  // namespace gesso
