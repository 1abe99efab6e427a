// Operators that bring elements to other places.
#include "core/backends/webgpu/kernels/moves.h"

#include "core/backends/webgpu/kernels/path.h"
#include "core/ops/accept.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

std::string follow(const Path& path) {
  return text("  return $0(", path.at("i"), ");\n");
}

// out[i0, i1, ...] = x[...], where axis k of out is axis permutation[k] of x.
std::string transpose(const Around& around, int) {
  const Shape &in = around.shape(), &out = around.out_shape();
  const Ints& permutation = around.node.ints("permutation");
  auto strides = strides_of(in);
  Path path;
  for (int k = 0; k < out.rank(); ++k) {
    int axis = permutation.empty() ? in.rank() - 1 - k : permutation[size_t(k)];
    path.add(size_t(out[k]), ptrdiff_t(strides[size_t(axis)]));
  }
  return follow(path);
}

std::string slice(const Around& around, int) {
  auto steps = strides_of(around.shape());
  const Ints& starts = around.node.ints("starts");
  const Ints* strides = around.node.has("strides") ? &around.node.ints("strides") : nullptr;
  ptrdiff_t start = 0;
  for (size_t axis = 0; axis < starts.size(); ++axis)
    start += ptrdiff_t(steps[axis]) * starts[axis];
  Path path(start);
  for (size_t axis = 0; axis < starts.size(); ++axis) {
    int size = around.out_shape()[int(axis)];
    ptrdiff_t stride = strides && size > 1 ? (*strides)[axis] : 1;
    path.add(size_t(size), stride * ptrdiff_t(steps[axis]));
  }
  return follow(path);
}

std::string split(const Around& around, int output) {
  Lines lines(around.shape(), positive_axis(around.node.integer("axis"), around.shape().rank()));
  const Ints& splits = around.node.ints("splits");
  size_t first = 0;
  for (int piece = 0; piece < output; ++piece) first += size_t(splits[size_t(piece)]);
  Path path(ptrdiff_t(first * lines.inner));
  path.add(lines.outer, ptrdiff_t(lines.size * lines.inner));
  path.add(size_t(splits[size_t(output)]), ptrdiff_t(lines.inner)).add(lines.inner, 1);
  return follow(path);
}

std::string reverse(const Around& around, int) {
  const Shape& shape = around.shape();
  uint32_t backwards = axes_mask(around.node, "axes", shape.rank(), ~0u);
  auto steps = strides_of(shape);
  ptrdiff_t start = 0;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (backwards >> axis & 1) start += ptrdiff_t(steps[size_t(axis)]) * (shape[axis] - 1);
  Path path(start);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    ptrdiff_t step = ptrdiff_t(steps[size_t(axis)]);
    path.add(size_t(shape[axis]), backwards >> axis & 1 ? -step : step);
  }
  return follow(path);
}

std::string tile(const Around& around, int) {
  auto steps = strides_of(around.shape());
  const Ints& repetitions = around.node.ints("repetitions");
  Path path;
  for (size_t axis = 0; axis < repetitions.size(); ++axis) {
    path.add(size_t(repetitions[axis]), 0);
    path.add(size_t(around.shape()[int(axis)]), ptrdiff_t(steps[axis]));
  }
  return follow(path);
}

// y[b, h * block + i, w * block + j, c] = x[b, h, w, (i * block + j) * channels + c].
std::string depth_to_space(const Around& around, int) {
  const Shape& shape = around.shape();
  size_t block = size_t(around.node.integer("blockSize"));
  size_t width = size_t(shape[2]), channels = size_t(shape[3]), row = channels / block;
  Path path;
  path.add(shape.count(0, 2), ptrdiff_t(width * channels)).add(block, ptrdiff_t(row));
  path.add(width, ptrdiff_t(channels)).add(row, 1);
  return follow(path);
}

std::string concat(const Around& around, int) {
  const Shape& out = around.out_shape();
  int axis = positive_axis(around.node.integer("axis"), out.rank());
  size_t run = out.count(axis, out.rank());
  std::string code = text("  let outer = i / ", run, "u;\n  let at = i % ", run, "u;\n");
  size_t end = 0;
  for (size_t k = 0; k < around.in.size(); ++k) {
    size_t begin = end, part = around.in[k].shape.count(axis, out.rank());
    if (part == 0) continue;
    end += part;
    std::string found = text("return $", k, "(outer * ", part, "u + (at - ", begin, "u));\n");
    code += end < run ? text("  if (at < ", end, "u) {\n    ", found, "  }\n") : text("  ", found);
  }
  return code;
}

// Of the pixel p, an i32 that may lie outside, of `size`: which one stands there.
//   edge        a a a [a b c] c c
//   reflection    c b [a b c] b a
//   symmetric     b a [a b c] c b
std::string inside(std::string_view mode, std::string_view p, int size) {
  if (mode == "edge") return text("clamp(", p, ", 0, ", size - 1, ")");
  int low = mode == "reflection" ? 0 : 1;
  std::string mirrored = text("select(", p, ", ", -low, " - ", p, ", ", p, " < 0)");
  return text("select(", mirrored, ", ", 2 * int64_t(size) - 2 + low, " - ", p, ", ", p,
              " >= ", size, ")");
}

std::string pad(const Around& around, int) {
  const Shape &from = around.shape(), &to = around.out_shape();
  const std::string& mode = around.node.text("mode");
  const Ints& before = around.node.ints("beginningPadding");
  auto from_strides = strides_of(from), to_strides = strides_of(to);
  std::string code, sum;
  bool constant = mode == "constant";
  for (int axis = 0; axis < to.rank();) {
    // Axes without a border are one with their neighbours, as far as these allow.
    int first = axis++;
    bool bordered = from[first] != to[first];
    while (axis < to.rank() && from[axis] == to[axis] && (constant || !bordered)) ++axis;
    size_t stride = to_strides[size_t(axis - 1)], from_stride = from_strides[size_t(axis - 1)];
    size_t inner = to.count(first + 1, axis), whole = size_t(to[first]) * inner;
    size_t size = size_t(from[first]) * inner, start = size_t(before[size_t(first)]) * inner;
    if (whole == 1) continue;
    std::string at = stride == 1 ? "i" : text("i / ", stride, "u");
    if (first > 0) at = text("(", at, ") % ", whole, "u");
    std::string name = text("p", first);
    if (!bordered) {
      code += text("  let ", name, " = ", at, ";\n");
    } else if (constant) {
      // Before the border's end this wraps around to something large.
      code += text("  let ", name, " = (", at, ") - ", start, "u;\n  if (", name, " >= ", size,
                   "u) {\n    return ", element(around.node.number("value"), around.dtype()),
                   ";\n  }\n");
    } else {
      code += text("  let o", first, " = i32(", at, ") - ", start, ";\n  let ", name, " = u32(",
                   inside(mode, text("o", first), from[first]), ");\n");
    }
    std::string term = from_stride == 1 ? name : text(name, " * ", from_stride, "u");
    sum += sum.empty() ? term : text(" + ", term);
  }
  return text(code, "  return $0(", sum.empty() ? "0u" : sum, ");\n");
}

std::string triangular(const Around& around, int) {
  const Shape& shape = around.shape();
  int rows = shape[shape.rank() - 2], columns = shape.back();
  int diagonal = std::clamp(around.node.integer("diagonal"), -(1 << 30), 1 << 30);
  return text("  let right = i32(i % ", columns, "u) - i32((i / ", columns, "u) % ", rows,
              "u);\n  if (right ", around.node.flag("upper") ? "<" : ">", " ", diagonal,
              ") {\n    return ", element(0, around.dtype()), ";\n  }\n  return $0(i);\n");
}

// A row for each index; indices outside of [0, depth) are in none of its places.
std::string one_hot(const Around& around, int) {
  DType dtype = around.out().dtype;
  int depth = around.out_shape().back();
  std::string on = element(around.node.number("onValue"), dtype);
  std::string off = element(around.node.number("offValue"), dtype);
  return text("  return select(", off, ", ", on, ", $0(i / ", depth, "u) == i32(i % ", depth,
              "u));\n");
}

// scale * (x - mean) / sqrt(variance + epsilon) + bias
std::string batch_normalization(const Around& around, int) {
  Lines lines(around.shape(), positive_axis(around.node.integer("axis"), around.shape().rank()));
  std::string epsilon = literal(around.node.number("epsilon"));
  return text("  let c = (i / ", lines.inner, "u) % ", lines.size,
              "u;\n  let factor = ", around.has(3) ? "$3(c)" : "1.0", " / sqrt($2(c) + ", epsilon,
              ");\n  return ($0(i) - $1(c)) * factor", around.has(4) ? " + $4(c)" : "", ";\n");
}

constexpr Move rows[] = {
    {&batch_normalization_op, batch_normalization, true},
    {&concat_op, concat, true},
    {&depth_to_space_op, depth_to_space, true},
    {&gather_elements_op, gather_elements, false, &index_in},
    {&gather_nd_op, gather_nd, false, &index_in},
    {&gather_op, gather, false, &index_in},
    {&one_hot_op, one_hot},
    {&pad_op, pad, true},
    {&resample2d_op, resample2d},
    {&reverse_op, reverse, true},
    {&slice_op, slice, true},
    {&split_op, split, true},
    {&tile_op, tile},
    {&transpose_op, transpose, true},
    {&triangular_op, triangular, true},
};

}  // namespace

std::string element(double value, DType dtype) {
  if (dtype == DType::f32) return literal(value);
  if (dtype == DType::boolean) return value != 0 ? "1" : "0";
  int64_t whole = int64_t(value);
  return whole == -2147483648 ? "(-2147483647 - 1)" : text("(", whole, ")");
}

std::span<const Move> moves() {
  return rows;
}

}  // namespace gesso::webgpu
