// pad(input): a border around the input, along every axis.
#include <cstring>

#include "core/ops/math.h"
#include "core/ops/options.h"

namespace gesso {
namespace {

enum class Mode { constant, edge, reflection, symmetric };

Mode mode_of(std::string_view name) {
  return name == "constant"     ? Mode::constant
         : name == "edge"       ? Mode::edge
         : name == "reflection" ? Mode::reflection
                                : Mode::symmetric;
}

// Which of `size` elements stands at place i, which may lie outside; -1 for the constant.
//   edge        a a a [a b c] c c
//   reflection    c b [a b c] b a
//   symmetric     b a [a b c] c b
int source(Mode mode, int i, int size) {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case Mode::constant:
      return -1;
    case Mode::edge:
      return i < 0 ? 0 : size - 1;
    case Mode::reflection:
      return i < 0 ? -i : 2 * size - 2 - i;
    case Mode::symmetric:
      return i < 0 ? -1 - i : 2 * size - 1 - i;
  }
  return -1;
}

Types infer(const Call& c) {
  choice_option(c, "mode", {"constant", "edge", "reflection", "symmetric"});
  require_fits(c, "value", c.dtype());
  Mode mode = mode_of(c.node.text("mode"));
  int rank = c.shape().rank();
  auto before = ints_option(c, "beginningPadding", rank);
  auto after = ints_option(c, "endingPadding", rank);
  Shape shape = c.shape();
  for (int axis = 0; axis < rank; ++axis) {
    int64_t size = c.shape()[axis], first = before[size_t(axis)], last = after[size_t(axis)];
    if (first < 0 || last < 0)
      fail(c, "padding cannot be negative", "slice the input where it is to become smaller");
    int64_t most = mode == Mode::reflection ? size - 1 : size;
    bool mirrored = mode == Mode::reflection || mode == Mode::symmetric;
    if (mirrored && std::max(first, last) > std::max<int64_t>(most, 0))
      fail(c, phrase({"the padding along axis ", axis, " is wider than what it mirrors"}),
           phrase({"at most ", std::max<int64_t>(most, 0), ", or mode edge"}));
    if (mode == Mode::edge && size == 0 && first + last > 0)
      fail(c, phrase({"axis ", axis, " is empty and has no edge to repeat"}), "mode constant");
    shape[axis] = size_from(c, size + first + last);
  }
  return {{c.dtype(), shape}};
}

// `count` copies of the `size` bytes at `element`.
void fill(std::byte* out, const std::byte* element, size_t size, size_t count) {
  if (count == 0) return;
  std::memcpy(out, element, size);
  for (size_t done = 1; done < count; done += std::min(done, count - done))
    std::memcpy(out + done * size, out, std::min(done, count - done) * size);
}

template <class Real>
void cpu(Kernel<Real>& k) {
  const Shape &from = k.shape(), &to = k.out_shape();
  if (to.count() == 0) return;
  Mode mode = mode_of(k.node.text("mode"));
  const Ints& before = k.node.ints("beginningPadding");
  auto* in = static_cast<const std::byte*>(k.in[0].data);
  auto* out = static_cast<std::byte*>(k.out[0].data);
  size_t element_size = k.element_size(k.dtype());

  std::array<std::byte, sizeof(double)> constant;
  k.visit(k.dtype(), [&](auto zero) {
    auto value = decltype(zero)(k.node.number("value"));
    std::memcpy(constant.data(), &value, sizeof value);
  });

  // Axes inside the last padded one move as a whole: `run` bytes are one element of the row.
  int last = to.rank() - 1;
  while (last >= 0 && from[last] == to[last]) --last;
  if (last < 0) {
    std::memcpy(out, in, from.count() * element_size);
    return;
  }
  size_t inner = from.count(last + 1, from.rank());
  size_t run = inner * element_size;
  int size = from[last], first = before[size_t(last)], rest = to[last] - first - size;
  auto steps = strides_of(from);

  std::array<int, Shape::max_rank> index{};
  for (size_t rows = to.count(0, last); rows > 0; --rows) {
    bool outside = false;
    size_t start = 0;
    for (int axis = 0; axis < last; ++axis) {
      int place = source(mode, index[size_t(axis)] - before[size_t(axis)], from[axis]);
      outside |= place < 0;
      start += place < 0 ? 0 : steps[size_t(axis)] * size_t(place);
    }
    if (outside) {
      fill(out, constant.data(), element_size, size_t(to[last]) * inner);
    } else if (mode == Mode::constant) {
      fill(out, constant.data(), element_size, size_t(first) * inner);
      if (size > 0)
        std::memcpy(out + size_t(first) * run, in + start * element_size, size_t(size) * run);
      fill(out + size_t(first + size) * run, constant.data(), element_size, size_t(rest) * inner);
    } else {
      const std::byte* row = in + start * element_size;
      for (int i = 0; i < first; ++i)
        std::memcpy(out + size_t(i) * run, row + size_t(source(mode, i - first, size)) * run, run);
      std::memcpy(out + size_t(first) * run, row, size_t(size) * run);
      for (int i = size; i < size + rest; ++i)
        std::memcpy(out + size_t(first + i) * run, row + size_t(source(mode, i, size)) * run, run);
    }
    out += size_t(to[last]) * run;
    for (int axis = last; axis-- > 0;) {
      if (++index[size_t(axis)] < to[axis]) break;
      index[size_t(axis)] = 0;
    }
  }
}

// Adds what lies outside of one side of an axis to the elements that it was copied from.
// dy: [outer, rows, inner], `border` rows of it; gives [outer, size, inner].
Value fold_border(Mode mode, Value dy, int start, int border, int size, bool after) {
  int outer = dy.shape()[0], inner = dy.shape()[2];
  Value part = slice(dy, {0, start, 0}, {outer, border, inner});
  part = mode == Mode::edge ? sum(part, {1}, true) : reverse(part, {1});
  int rows = part.shape()[1], from_end = mode == Mode::reflection;
  int first = after ? size - from_end - rows : from_end;
  return pad(part, {0, first, 0}, {0, size - first - rows, 0});
}

// dx = dy inside of the border. Where the border is a copy of elements, its dy is added to theirs,
// one axis after another.
Values gradient(const Grad& g) {
  Mode mode = mode_of(g.node.text("mode"));
  const Shape& shape = g.x[0].shape();
  const Ints &before = g.node.ints("beginningPadding"), &after = g.node.ints("endingPadding");
  if (mode == Mode::constant) return {slice(g.dy(), before, ints_of(shape))};
  Value dx = g.dy();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    int first = before[size_t(axis)], last = after[size_t(axis)], size = shape[axis];
    if (first + last == 0) continue;
    Shape folded = dx.shape();
    int outer = int(folded.count(0, axis)), inner = int(folded.count(axis + 1, folded.rank()));
    folded[axis] = size;
    Value rows = reshape(dx, {outer, first + size + last, inner});
    Value sum = slice(rows, {0, first, 0}, {outer, size, inner});
    if (first > 0) sum = sum + fold_border(mode, rows, 0, first, size, false);
    if (last > 0) sum = sum + fold_border(mode, rows, first + size, last, size, true);
    dx = reshape(sum, folded);
  }
  return {dx};
}

}  // namespace

constexpr Op pad_op{
    .name = "pad",
    .summary = "Puts a border around its input: a constant, the edge, or a mirror image.",
    .inputs = {"input"},
    .attrs = {{"beginningPadding", no_ints},
              {"endingPadding", no_ints},
              {"mode", "constant"},
              {"value", 0.0}},
    .infer = infer,
    .cpu = {cpu<float>, cpu<double>},
    .gradient = gradient,
};

}  // namespace gesso
