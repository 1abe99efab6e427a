// Batch normalization in training, and its derivatives.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/normalization.h"

namespace gesso::webgpu {
namespace {

// The input as [outer, channels, inner]: channels are kept, the others reduced.
struct Channels {
  Lines lines;
  Path kept, reduced;

  explicit Channels(const Lowering& l)
      : lines(l.shape(), positive_axis(l.node.integer("axis"), l.shape().rank())) {
    kept.add(lines.size, ptrdiff_t(lines.inner));
    reduced.add(lines.outer, ptrdiff_t(lines.size * lines.inner)).add(lines.inner, 1);
  }
  // Text: the channel of element i.
  std::string channel() const { return text("(i / ", lines.inner, "u) % ", lines.size, "u"); }
};

}  // namespace

void batch_normalization_training(Lowering& l) {
  Channels channels(l);
  Moments moments(l, channels.kept, channels.reduced, l.output(1), l.output(2));
  Shader shader = l.shader();
  moments.read(shader, l);
  shader.reads(l.input(), "x");
  if (l.has(1)) shader.reads(l.input(1), "scale");
  if (l.has(2)) shader.reads(l.input(2), "bias");
  shader.writes(l.output(), "y");
  shader.run(
      l.shape().count(),
      text("  let c = ", channels.channel(), ";\n  let factor = ", l.has(1) ? "scale(c)" : "1.0",
           " / sqrt(variance(c) + epsilon);\n  y(i, (x(i) - mean(c) - shift(c)) * factor",
           l.has(2) ? " + bias(c)" : "", ");\n"));
}

// With f = 1 / sqrt(variance + epsilon) and normal = (x - mean) * f:
//   dx = scale * f * (dy - mean(dy) - normal * mean(dy * normal))
//   dScale = sum(dy * normal), dBias = sum(dy)
void batch_normalization_gradient(Lowering& l) {
  Channels channels(l);
  auto read = [&](Shader& shader) {
    shader.reads(l.input(0), "x").reads(l.input(3), "dy");
    shader.reads(l.input(1), "mean").reads(l.input(2), "variance");
    shader.number("epsilon", l.node.number("epsilon"));
  };
  Reduction r{channels.kept, channels.reduced, {}, {}, read, {}, {}};
  r.fold.type = "vec2f";
  r.fold.start = "vec2f()";
  r.element = "dy(p) * vec2f(x(p) - mean(o), 1.0)";
  r.writes = [&](Shader& shader) {
    shader.reads(l.input(2), "variance_of").number("epsilon_of", l.node.number("epsilon"));
    shader.writes(l.output(1), "d_scale").writes(l.output(2), "d_bias");
  };
  r.finish = "  d_scale(o, total.x / sqrt(variance_of(o) + epsilon_of));\n  d_bias(o, total.y);\n";
  reduce(l, std::move(r));

  double count = double(channels.reduced.count());
  Shader shader = l.shader();
  read(shader);
  if (l.has(4)) shader.reads(l.input(4), "scale");
  shader.reads(l.output(1), "d_scale").reads(l.output(2), "d_bias").writes(l.output(0), "dx");
  shader.run(l.shape().count(),
             text("  let c = ", channels.channel(),
                  ";\n  let factor = 1.0 / sqrt(variance(c) + epsilon);\n  let normal = (x(i) - "
                  "mean(c)) * factor;\n  dx(i, ",
                  l.has(4) ? "scale(c) * " : "",
                  "factor * (dy(i) - (d_bias(c) + normal * "
                  "d_scale(c)) / ",
                  literal(count), "));\n"));
}

}  // namespace gesso::webgpu
