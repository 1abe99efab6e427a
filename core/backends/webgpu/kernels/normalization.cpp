// Normalizations that take mean and variance from their input.
#include "core/backends/webgpu/kernels/normalization.h"

#include "core/backends/webgpu/kernels/kernels.h"
#include "core/ops/accept.h"

namespace gesso::webgpu {
namespace {

constexpr size_t most_kept = 8;  // elements that an invocation keeps in its registers

// The optional inputs 1 and 2 as text.
struct ScaleAndBias {
  const Lowering& l;

  void read(Shader& shader) const {
    if (l.has(1)) shader.reads(l.input(1), "scale");
    if (l.has(2)) shader.reads(l.input(2), "bias");
  }
  // Text: scale * normal + bias, with the parameters at place `at`.
  std::string apply(std::string_view normal, std::string_view at) const {
    std::string value(normal);
    if (l.has(1)) value = text("(", value, ") * scale(", at, ")");
    if (l.has(2)) value = text(value, " + bias(", at, ")");
    return value;
  }
};

// A workgroup for each row, of which every invocation keeps what it reads.
void normalize_rows(Lowering& l, size_t rows, size_t size, bool subgroups) {
  size_t width = size <= 64 * most_kept ? 64 : 256, kept = (size + width - 1) / width;
  std::string read, square, write;
  ScaleAndBias parameters{l};
  for (size_t k = 0; k < kept; ++k) {
    std::string at = text("index + ", k * width, "u"), v = text("v", k);
    bool all = (k + 1) * width <= size;
    std::string inside = all ? "{" : text("if (", at, " < ", size, "u) {");
    read += text("  var ", v, " = 0.0;\n  ", inside, "\n    ", v, " = x(base + ", at,
                 ");\n    sum += ", v, ";\n  }\n");
    square += text("  ", inside, "\n    ", v, " -= mean;\n    squares += vec2f(", v, ", ", v, " * ",
                   v, ")", ";\n  }\n");
    write += text("  ", inside, "\n    y(base + ", at, ", ",
                  parameters.apply(text("(", v, " - shift) * factor"), at), ");\n  }\n");
  }
  OneEach each(l, rows, "row");
  Shader shader = l.shader();
  shader.reads(l.input(), "x").writes(l.output(), "y");
  shader.number("epsilon", l.node.number("epsilon"));
  parameters.read(shader);
  shader.declare(text("var<workgroup> totals: array<f32, ", width,
                      ">;\nvar<workgroup> pairs: array<vec2f, ", width,
                      ">;\nfn add(a: f32, b: f32) -> f32 {\n  return a + b;\n}\n"
                      "fn add_pairs(a: vec2f, b: vec2f) -> vec2f {\n  return a + b;\n}"));
  Together group{int(width), subgroups};
  std::string start = group.start(shader);
  shader.run(
      each.groups, {uint32_t(width), 1, 1},
      text(start, each.start, "  let base = row * ", size, "u;\n  var sum = 0.0;\n", read,
           "  totals[index] = sum;\n", group.fold("total", "totals", "add", "subgroupAdd"),
           "  let mean = total / ", literal(double(size)), ";\n  var squares = vec2f();\n", square,
           "  pairs[index] = squares;\n",
           group.fold("total_pair", "pairs", "add_pairs", "subgroupAdd"),
           "  let moments = total_pair / ", literal(double(size)),
           ";\n  let shift = moments.x;\n  let factor = 1.0 / sqrt(moments.y - shift * shift "
           "+ epsilon);\n",
           write));
}

}  // namespace

Moments::Moments(Lowering& l, const Path& kept, const Path& reduced, Operand to_mean,
                 Operand to_variance)
    : mean(to_mean), shift(l.scratch({DType::f32, {int(kept.count())}})), variance(to_variance) {
  std::string count = literal(double(reduced.count()));
  Reduction first{kept, reduced, {}, "x(p)", {}, {}, text("  mean(o, total / ", count, ");\n")};
  first.reads = [&](Shader& shader) { shader.reads(l.input(), "x"); };
  first.writes = [&](Shader& shader) { shader.writes(mean, "mean"); };
  reduce(l, std::move(first));

  Reduction second{kept, reduced, {}, "around(x(p) - mean(o))", {}, {}, {}};
  second.fold.type = "vec2f";
  second.fold.start = "vec2f()";
  second.fold.declarations = "fn around(d: f32) -> vec2f {\n  return vec2f(d, d * d);\n}";
  second.reads = [&](Shader& shader) { shader.reads(l.input(), "x").reads(mean, "mean"); };
  second.writes = [&](Shader& shader) {
    shader.writes(shift, "shift").writes(variance, "variance");
  };
  second.finish = text("  let moments = total / ", count,
                       ";\n  shift(o, moments.x);\n  variance(o, moments.y - moments.x * "
                       "moments.x);\n");
  reduce(l, std::move(second));
}

Moments::Moments(Lowering& l, const Path& kept, const Path& reduced)
    : Moments(l, kept, reduced, l.scratch({DType::f32, {int(kept.count())}}),
              l.scratch({DType::f32, {int(kept.count())}})) {}

void Moments::read(Shader& shader, const Lowering& l) const {
  shader.reads(mean, "mean").reads(shift, "shift").reads(variance, "variance");
  shader.number("epsilon", l.node.number("epsilon"));
}

// Over height and width, for each image and channel.
void instance_normalization(Lowering& l) {
  const Shape& shape = l.shape();
  size_t pixels = shape.count(1, 3), channels = size_t(shape[3]);
  Moments moments(l, Path().add(size_t(shape[0]), ptrdiff_t(pixels * channels)).add(channels, 1),
                  Path().add(pixels, ptrdiff_t(channels)));
  ScaleAndBias parameters{l};
  Shader shader = l.shader();
  moments.read(shader, l);
  shader.reads(l.input(), "x");
  parameters.read(shader);
  shader.writes(l.output(), "y").define("channels", channels);
  shader.run(shape.count(),
             text("  let c = i % channels;\n  let o = (i / ", pixels * channels,
                  "u) * channels + c;\n  y(i, ",
                  parameters.apply(
                      "(x(i) - mean(o) - shift(o)) * (1.0 / sqrt(variance(o) + epsilon))", "c"),
                  ");\n"));
}

void layer_normalization(Lowering& l) {
  const Shape& shape = l.shape();
  uint32_t mask = axes_mask(l.node, "axes", shape.rank(), ~1u);
  auto strides = strides_of(shape);
  // Where each axis is among those of scale and bias, which have them in the order of the list.
  Shape sizes;
  Ints axes;
  if (l.node.has("axes")) {
    for (int axis : l.node.ints("axes")) axes.push_back(positive_axis(axis, shape.rank()));
  } else {
    for (int axis = 1; axis < shape.rank(); ++axis) axes.push_back(axis);
  }
  for (int axis : axes) sizes.push_back(shape[axis]);
  auto parameter_strides = strides_of(sizes);
  Path kept, reduced, sample, parameter;
  size_t result_stride = 1;
  std::array<size_t, Shape::max_rank> result_strides{};
  for (int axis = shape.rank(); axis-- > 0;)
    if (!(mask >> axis & 1)) {
      result_strides[size_t(axis)] = result_stride;
      result_stride *= size_t(shape[axis]);
    }
  for (int axis = 0; axis < shape.rank(); ++axis) {
    size_t a = size_t(axis), size = size_t(shape[axis]);
    ptrdiff_t at = 0;
    for (size_t k = 0; k < axes.size(); ++k)
      if (axes[k] == axis) at = ptrdiff_t(parameter_strides[k]);
    (mask >> axis & 1 ? reduced : kept).add(size, ptrdiff_t(strides[a]));
    sample.add(size, ptrdiff_t(result_strides[a]));
    parameter.add(size, at);
  }
  size_t size = reduced.count();
  // One run of memory for each result, which the parameters follow.
  bool in_rows = reduced.at("i") == "(i)" && parameter.at("i") == text("((i)) % ", size, "u");
  By by = By::invocation;
  if (in_rows && size >= 32 && size <= 256 * most_kept)
    by = choose_by(l, text("layerNormalization ", kept.count(), " ", size), By::group);
  if (by != By::invocation) return normalize_rows(l, kept.count(), size, by == By::subgroups);
  Moments moments(l, kept, reduced);
  ScaleAndBias parameters{l};
  Shader shader = l.shader();
  moments.read(shader, l);
  shader.reads(l.input(), "x");
  parameters.read(shader);
  shader.writes(l.output(), "y");
  shader.run(shape.count(),
             text("  let o = ", sample.at("i"), ";\n  let at = ", parameter.at("i"), ";\n  y(i, ",
                  parameters.apply(
                      "(x(i) - mean(o) - shift(o)) * (1.0 / sqrt(variance(o) + epsilon))", "at"),
                  ");\n"));
}

}  // namespace gesso::webgpu
