#include "models/load/arrange.h"

#include <algorithm>
#include <limits>

#include "core/ops/list.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

constexpr int most_int = std::numeric_limits<int>::max();

// More than any real model asks for, and fewer than would fill the memory.
constexpr int most_parts = 1 << 16;

Ints sizes_of(Operand x) {
  return {x.shape().begin(), x.shape().end()};
}

[[noreturn]] void refuse(Operand x, Text what, Text hint) {
  fail(what, {{"input", x.shape()}}, hint);
}

}  // namespace

int axis_from(int axis, int rank) {
  int positive = positive_axis(axis, rank);
  if (positive < 0 || positive >= rank)
    fail(phrase({"the axis ", axis, " is not one of the input"}), {{"axes", rank}},
         "an axis from 0");
  return positive;
}

Operand reshape_to(Builder& b, Operand x, Ints sizes) {
  size_t count = x.shape().count(), known = 1;
  int open = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1 && open < 0)
      open = int(i);
    else if (sizes[i] < 0)
      refuse(x, "reshape: the shape has a negative size", "sizes of 0 or more, and one -1");
    else if (sizes[i] > 0 && known > size_t(most_int) / size_t(sizes[i]))
      refuse(x, "reshape: the shape is too large", "as many elements as the input");
    else
      known *= size_t(sizes[i]);
  }
  if (open >= 0) sizes[size_t(open)] = known ? int(count / known) : 0;
  return b.reshape(x, Shape(std::span<const int>(sizes)));
}

Operand expand_dims(Builder& b, Operand x, int axis) {
  Shape shape = x.shape();
  shape.insert(axis_from(axis, shape.rank() + 1), 1);
  return b.reshape(x, shape);
}

Operand squeeze(Builder& b, Operand x, Ints axes) {
  for (int& axis : axes) axis = axis_from(axis, x.rank());
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    int size = x.shape()[i];
    bool named = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (named && size != 1) refuse(x, "squeeze: only axes of size 1 can be squeezed", "other axes");
    if (axes.empty() ? size != 1 : !named) shape.push_back(size);
  }
  return b.reshape(x, shape);
}

Operand reorder(Builder& b, Operand x, const Ints& order) {
  Ints sorted = order;
  std::sort(sorted.begin(), sorted.end());
  bool all = int(sorted.size()) == x.rank();
  for (size_t i = 0; i < sorted.size(); ++i) all = all && sorted[i] == int(i);
  if (!all) refuse(x, "transpose: the permutation must name every axis once", "[0, 2, 1]");
  return b.transpose(x, order);
}

Operand join(Builder& b, Operands parts, int axis) {
  if (parts.empty()) fail("concat: there is nothing to join", {}, "at least one input");
  bool floats =
      std::any_of(parts.begin(), parts.end(), [](Operand x) { return x.dtype() == DType::f32; });
  if (floats)
    for (Operand& x : parts) x = as_float(b, x);
  if (parts.size() == 1) return parts[0];
  return b.apply(concat_op, parts, {{"axis", double(axis_from(axis, parts[0].rank()))}});
}

Operand stack(Builder& b, const Operands& parts, int axis) {
  if (parts.empty()) fail("concat: there is nothing to join", {}, "at least one input");
  int rank = parts[0].rank();
  axis = axis_from(axis, rank + 1);
  Operands longer;
  for (Operand x : parts) {
    if (x.rank() != rank) refuse(x, "concat: the inputs must have one shape", "equal shapes");
    longer.push_back(expand_dims(b, x, axis));
  }
  return join(b, std::move(longer), axis);
}

Operands split_into(Builder& b, Operand x, const Ints& sizes, int axis) {
  if (sizes.size() == 1) return {x};
  return b.apply_all(split_op, {x}, {{"splits", sizes}, {"axis", double(axis)}});
}

Operands unstack(Builder& b, Operand x, int axis) {
  axis = axis_from(axis, x.rank());
  int n = x.shape()[axis];
  if (n == 0) return {};
  if (n > most_parts)
    refuse(x, "split: there are too many parts", phrase({"at most ", most_parts}));
  Operands parts = split_into(b, x, Ints(size_t(n), 1), axis);
  Shape shape = x.shape();
  shape.erase(axis);
  for (Operand& part : parts) part = b.reshape(part, shape);
  return parts;
}

Operand slice(Builder& b, Operand x, Ints starts, Ints sizes) {
  const Shape& s = x.shape();
  if (int(starts.size()) > s.rank() || int(sizes.size()) > s.rank())
    refuse(x, "slice: the beginning or the size has more numbers than the input has axes",
           "one number an axis");
  starts.resize(size_t(s.rank()), 0);  // axes that are not named are kept whole
  sizes.resize(size_t(s.rank()), -1);
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] == -1) sizes[i] = std::max(0, s[int(i)] - std::clamp(starts[i], 0, s[int(i)]));
  return b.apply(slice_op, {x}, {{"starts", starts}, {"sizes", sizes}});
}

Operand strided_slice(Builder& b, Operand x, const Ints& begin, const Ints& end, const Ints& step,
                      const SliceMasks& masks) {
  if (begin.size() != end.size() || begin.size() != step.size() || begin.size() > 31)
    refuse(x, "slice: begin, end and strides must have one length", "one number an axis");
  const Shape& s = x.shape();

  int entries = int(begin.size()), axes_named = 0;
  for (int i = 0; i < entries; ++i)
    if (!(masks.dots >> i & 1) && !(masks.news >> i & 1)) ++axes_named;
  Ints starts, sizes, strides;
  Shape shape;
  auto keep = [&](int count) {
    for (; count > 0 && int(starts.size()) < s.rank(); --count) {
      int size = s[int(starts.size())];
      starts.push_back(0);
      sizes.push_back(size);
      strides.push_back(1);
      shape.push_back(size);
    }
  };
  bool dotted = false;
  for (int i = 0; i < entries; ++i) {
    size_t at = size_t(i);
    if (masks.dots >> i & 1) {
      if (dotted) refuse(x, "slice: there are two ellipses", "one ... only");
      dotted = true;
      keep(s.rank() - axes_named);
      continue;
    }
    if (masks.news >> i & 1) {
      shape.push_back(1);
      continue;
    }
    int axis = int(starts.size());
    if (axis >= s.rank())
      refuse(x, "slice: there are more indices than the input has axes", "fewer indices");
    int64_t size = s[axis], stride = step[at], low = stride > 0 ? 0 : -1;
    if (stride == 0) refuse(x, "slice: a stride cannot be 0", "1");
    auto place = [&](int64_t index) {
      return std::clamp(index < 0 ? index + size : index, low, low + size);
    };
    if (masks.single >> i & 1) {
      int64_t index = begin[at] < 0 ? begin[at] + size : begin[at];
      if (index < 0 || index >= size)
        refuse(x, phrase({"slice: the index ", begin[at], " is outside of the axis"}),
               phrase({"an index below ", size}));
      starts.push_back(int(index));
      sizes.push_back(1);
      strides.push_back(1);
      continue;
    }
    int64_t from = masks.begins >> i & 1 ? (stride > 0 ? 0 : size - 1) : place(begin[at]);
    int64_t to = masks.ends >> i & 1 ? (stride > 0 ? size : -1) : place(end[at]);
    int64_t extent = std::max<int64_t>(0, stride > 0 ? to - from : from - to);
    int64_t magnitude = std::abs(stride);
    starts.push_back(int(extent ? from : 0));
    sizes.push_back(int(extent));
    strides.push_back(extent ? int(stride) : 1);
    shape.push_back(int((extent + magnitude - 1) / magnitude));
  }
  keep(s.rank());
  Operand y = x;
  if (sizes != sizes_of(y) ||
      std::any_of(strides.begin(), strides.end(), [](int n) { return n != 1; }))
    y = b.apply(slice_op, {y}, {{"starts", starts}, {"sizes", sizes}, {"strides", strides}});
  return b.reshape(y, shape);
}

Operand pad(Builder& b, Operand x, const Ints& pads, double value, Text mode) {
  if (int(pads.size()) != 2 * x.rank())
    refuse(x, "pad: the padding must have two numbers for every axis", "[[before, after], ...]");
  Ints before, after;
  for (size_t i = 0; i < pads.size(); i += 2) {
    before.push_back(pads[i]);
    after.push_back(pads[i + 1]);
  }
  return b.apply(pad_op, {x},
                 {{"beginningPadding", before},
                  {"endingPadding", after},
                  {"value", value},
                  {"mode", std::string_view(mode)}});
}

}  // namespace gesso
