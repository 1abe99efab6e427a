#include "core/backends/webgpu/kernels/depthwise.h"

#include <algorithm>
#include <set>

#include "core/backends/webgpu/kernels/product.h"
#include "core/ops/window.h"

namespace gesso::webgpu {
namespace {

// More taps than these are a loop, and weights are read where they are needed.
constexpr int most_unrolled = 25;

struct Images {
  Window rows, columns;
  int height, width;          // of what is read
  int out_height, out_width;  // of what is written
  int channels;
  bool wide;     // four channels at a time
  bool flipped;  // taps are in the opposite order

  std::string number() const { return wide ? "vec4f" : "f32"; }
  int taps() const { return rows.taps * columns.taps; }
  int blocks() const { return wide ? channels / 4 : channels; }  // of channels
};

// Text: the weight of a tap for the channels of an invocation. Those of four channels are 4 * taps
// elements in a row, of which f<n> are the vec4 with number n.
std::string weight(const Images& s, int tap) {
  if (s.flipped) tap = s.taps() - 1 - tap;
  if (!s.wide) return text("f", tap);
  std::string all = "vec4f(";
  for (int c = 0; c < 4; ++c) {
    int at = c * s.taps() + tap;
    all += text(c ? ", f" : "f", at / 4, "[", at % 4, "]");
  }
  return all + ")";
}

// Each invocation computes `across` pixels beside each other, and reads what they share once.
std::string unrolled(const Images& s, int across, bool bounded) {
  std::string number = s.number(), body;
  for (int t = 0; t < s.taps(); ++t)
    body += text("  let f", t, " = w(channel * ", s.taps(), "u + ", t, "u);\n");
  for (int p = 0; p < across; ++p) body += text("  var s", p, " = ", number, "();\n");
  std::set<int> places;
  for (int p = 0; p < across; ++p)
    for (int kx = 0; kx < s.columns.taps; ++kx)
      places.insert(p * s.columns.stride + kx * s.columns.dilation);
  if (bounded)
    for (int q : places) body += text("  let in", q, " = u32(left + ", q, ") < ", s.width, "u;\n");
  for (int ky = 0; ky < s.rows.taps; ++ky) {
    body += text("  {\n  let row = top + ", ky * s.rows.dilation, ";\n");
    if (bounded) body += text("  if (u32(row) < ", s.height, "u) {\n");
    body += text("  let start = (image * ", s.height, " + row) * ", s.width, " + left;\n");
    for (int q : places) {
      std::string value = text("x(u32(start + ", q, ") * ", s.blocks(), "u + channel)");
      if (bounded)
        value = text("select(", number, "(), x(select(0u, u32(start + ", q, "), in", q, ") * ",
                     s.blocks(), "u + channel), in", q, ")");
      body += text("  let x", q, " = ", value, ";\n");
    }
    for (int kx = 0; kx < s.columns.taps; ++kx) {
      body += text("  let w", kx, " = ", weight(s, ky * s.columns.taps + kx), ";\n");
      for (int p = 0; p < across; ++p)
        body += text("  s", p, " += x", p * s.columns.stride + kx * s.columns.dilation, " * w", kx,
                     ";\n");
    }
    body += bounded ? "  }\n  }\n" : "  }\n";
  }
  return body;
}

// Text: the weight of a tap that is known only when it runs.
std::string weight_at(const Images& s) {
  if (!s.wide) return text("w(channel * ", s.taps(), "u + tap)");
  std::string all = "vec4f(";
  for (int c = 0; c < 4; ++c)
    all += text(c ? ", " : "", "w((4u * channel + ", c, "u) * ", s.taps(), "u + tap)");
  return all + ")";
}

std::string looped(const Images& s) {
  std::string tap = text("u32(ky * ", s.columns.taps, " + kx)");
  if (s.flipped) tap = text(s.taps() - 1, "u - ", tap);
  return text("  var s0 = ", s.number(), "();\n  for (var ky = 0; ky < ", s.rows.taps,
              "; ky++) {\n  let row = top + ky * ", s.rows.dilation,
              ";\n  if (u32(row) >= ", s.height,
              "u) {\n    continue;\n  }\n  for (var kx = 0; kx < ", s.columns.taps,
              "; kx++) {\n  let column = left + kx * ", s.columns.dilation,
              ";\n  if (u32(column) >= ", s.width, "u) {\n    continue;\n  }\n  let tap = ", tap,
              ";\n  s0 += x(u32((image * ", s.height, " + row) * ", s.width, " + column) * ",
              s.blocks(), "u + channel) * ", weight_at(s), ";\n  }\n  }\n");
}

// A pixel of the image takes from the pixels of dy whose windows it was in.
std::string looped_back(const Images& s) {
  auto from = [](const char* name, const char* tap, const char* start, const Window& window,
                 int size) {
    std::string place = text(start, " - ", tap, " * ", window.dilation);
    return text("  let ", name, " = (", place, ") / ", window.stride, ";\n  if (", place,
                " < 0 || (", place, ") % ", window.stride, " != 0 || ", name, " >= ", size,
                ") {\n    continue;\n  }\n");
  };
  return text("  var s0 = ", s.number(), "();\n  for (var ky = 0; ky < ", s.rows.taps,
              "; ky++) {\n", from("row", "ky", "top", s.rows, s.height), "  for (var kx = 0; kx < ",
              s.columns.taps, "; kx++) {\n", from("column", "kx", "left", s.columns, s.width),
              "  let tap = u32(ky * ", s.columns.taps, " + kx);\n  s0 += x(u32((image * ", s.height,
              " + row) * ", s.width, " + column) * ", s.blocks(), "u + channel) * ", weight_at(s),
              ";\n  }\n  }\n");
}

// Declarations of channel, image, top and left for the pixel at x, y.
std::string begin(const Images& s, int across, bool back) {
  int columns = (s.out_width + across - 1) / across;
  auto start = [&](const char* at, const Window& window) {
    return back ? text(at, " + ", window.before)
                : text(at, " * ", window.stride, " - ", window.before);
  };
  return text("  let channel = i % ", s.blocks(), "u;\n  let block = i / ", s.blocks(),
              "u;\n  let out_x = i32(block % ", columns, "u) * ", across,
              ";\n  let out_y = i32(block / ", columns, "u % ", s.out_height,
              "u);\n  let image = i32(block / ", size_t(columns) * size_t(s.out_height),
              "u);\n  let top = ", start("out_y", s.rows),
              ";\n  let left = ", start("out_x", s.columns), ";\n");
}

void run(Lowering& l, const Images& s, const Operand& x, const Operand& filter, bool back) {
  bool loops = back || s.taps() > most_unrolled;
  int across = loops ? 1 : std::min(s.columns.stride == 1 ? 4 : 2, s.out_width);
  auto inside = [](const Window& window, int steps, int size) {
    return window.before == 0 && window.pixel(steps - 1, window.taps - 1) < size;
  };
  int columns = (s.out_width + across - 1) / across;
  bool bounded =
      !inside(s.rows, s.out_height, s.height) || !inside(s.columns, columns * across, s.width);
  Shader shader = l.shader();
  s.wide ? shader.reads4(x, "x") : shader.reads(x, "x");
  s.wide && !loops ? shader.reads4(filter, "w") : shader.reads(filter, "w");
  bool bias = l.node.op->inputs.size() > 2 && l.has(2);
  if (bias) s.wide ? shader.reads4(l.input(2), "bias") : shader.reads(l.input(2), "bias");
  s.wide ? shader.writes4(l.output(), "y") : shader.writes(l.output(), "y");
  shader.use(keep);
  std::string body = begin(s, across, back);
  body += back ? looped_back(s) : loops ? looped(s) : unrolled(s, across, bounded);
  for (int p = 0; p < across; ++p) {
    std::string value = text("s", p, bias ? " + bias(channel)" : "");
    if (l.node.attrs.contains("minValue")) value = clamped(l, value, s.wide);
    std::string store = text("y(u32((image * ", s.out_height, " + out_y) * ", s.out_width,
                             " + out_x + ", p, ") * ", s.blocks(), "u + channel, ", value, ");\n");
    body += p == 0 ? "  " + store
                   : text("  if (out_x + ", p, " < ", s.out_width, ") {\n    ", store, "  }\n");
  }
  shader.run(l.out_shape().count() / size_t(s.out_height) / size_t(s.out_width) / (s.wide ? 4 : 1) *
                 size_t(s.out_height) * size_t(columns),
             body);
}

}  // namespace

void depthwise(Lowering& l) {
  const Shape &in = l.shape(0), &filter = l.shape(1), &out = l.out_shape();
  Images s{window_of(l.node, Side::height, filter[1]),
           window_of(l.node, Side::width, filter[2]),
           in[1],
           in[2],
           out[1],
           out[2],
           in[3],
           in[3] % 4 == 0,
           false};
  run(l, s, l.input(0), l.weight(1), false);
}

void depthwise_input_gradient(Lowering& l) {
  const Shape &filter = l.shape(0), &dy = l.shape(1), &out = l.out_shape();
  Images s{window_of(l.node, Side::height, filter[1]),
           window_of(l.node, Side::width, filter[2]),
           dy[1],
           dy[2],
           out[1],
           out[2],
           dy[3],
           dy[3] % 4 == 0,
           false};
  bool back = s.rows.stride > 1 || s.columns.stride > 1;
  if (!back) {
    // With steps of one pixel it is a convolution with the filter turned round.
    for (Window* window : {&s.rows, &s.columns})
      window->before = int(window->extent()) - 1 - window->before;
    s.flipped = true;
  }
  run(l, s, l.input(1), l.weight(0), back);
}

}  // namespace gesso::webgpu
