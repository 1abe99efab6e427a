// Pools over windows of images, and their derivatives.
#include "core/ops/pool2d.h"

#include <cmath>
#include <limits>

#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/reduction.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A window along one side of images, as text.
struct Taps {
  Window window;
  int size, steps;  // pixels of the input, and how many windows there are

  Taps(const Node& node, Side side, const Shape& input, const Shape& pooled)
      : window(pool_window(node, side, input)),
        size(input[1 + int(side)]),
        steps(pooled[1 + int(side)]) {}

  // Declares `name`_start, the pixel of the first tap of the window at `step`, an i32, and
  // `name`_first and `name`_end: which taps lie inside of the image.
  std::string inside(std::string_view step, std::string_view name) const {
    std::string start = text(name, "_start");
    std::string code =
        text("  let ", start, " = ", step, " * ", window.stride, " - ", window.before, ";\n");
    if (!sticks_out())
      return text(code, "  let ", name, "_first = 0;\n  let ", name, "_end = ", window.taps, ";\n");
    // Taps before the first pixel, rounded up; taps up to the last one.
    int d = window.dilation;
    return text(code, "  let ", name, "_end = select(0, min((", size - 1, " - ", start, ") / ", d,
                " + 1, ", window.taps, "), ", start, " < ", size, ");\n  let ", name,
                "_first = min(select((", d - 1, " - ", start, ") / ", d, ", 0, ", start, " >= 0), ",
                name, "_end);\n");
  }

  // Text: the pixel of a tap.
  std::string pixel(std::string_view tap, std::string_view name) const {
    if (window.dilation == 1) return text(name, "_start + ", tap);
    return text(name, "_start + ", tap, " * ", window.dilation);
  }

  // Whether a tap of some window lies in the padding.
  bool sticks_out() const {
    return window.before > 0 || window.pixel(steps - 1, window.taps - 1) >= size;
  }

  bool has_empty_window() const {
    for (int step : {0, steps - 1}) {
      auto [first, end] = window.taps_inside(step, size);
      if (first == end) return true;
    }
    return false;
  }

  // Declares `name`_least and `name`_most: the windows that may hold `pixel`, an i32, at a tap.
  std::string holders(std::string_view pixel, std::string_view name) const {
    return text("  let ", name, "_reach = ", pixel, " + ", window.before, ";\n  let ", name,
                "_least = max(0, (", name, "_reach - ", window.extent() - 1, " + ",
                window.stride - 1, ") / ", window.stride, ");\n  let ", name, "_most = min(",
                steps - 1, ", ", name, "_reach / ", window.stride, ");\n");
  }

  // Text: whether the window at `step`, one of the holders, has a tap on the pixel.
  std::string holds(std::string_view step, std::string_view name) const {
    if (window.dilation == 1) return "true";
    return text("(", name, "_reach - ", step, " * ", window.stride, ") % ", window.dilation,
                " == 0");
  }
};

// The text of loops over the pixels of the window at (oy, ox) of image b; `body` knows the place
// p, that of the pixel in the input in units of `run` elements.
std::string over_window(const Taps& rows, const Taps& columns, size_t run, std::string_view body) {
  return text("  for (var ky = y_first; ky < y_end; ky++) {\n    let row = (b * ", rows.size,
              "u + u32(", rows.pixel("ky", "y"), ")) * ", columns.size,
              "u;\n    for (var kx = x_first; kx < x_end; kx++) {\n      let p = (row + u32(",
              columns.pixel("kx", "x"), ")) * ", run, "u + c;\n", body, "    }\n  }\n");
}

// The text that declares b, oy, ox and c of place i, in images of `sides` pixels with `run`
// elements each.
std::string window_of_place(int height, int width, size_t run) {
  return text("  let c = i % ", run, "u;\n  let ox = i32((i / ", run, "u) % ", width,
              "u);\n  let oy = i32((i / ", run * size_t(width), "u) % ", height,
              "u);\n  let b = i / ", run * size_t(width) * size_t(height), "u;\n");
}

struct Pool {
  std::string start, take, join, finish;  // finish knows `total` and `pixels`, an f32
};

Pool pool_of(const Op* op) {
  if (op == &max_pool2d_op)
    return {"as_float(0xff800000u)", "select(total, x, x > total)", "select(a, b, b > a)", "total"};
  if (op == &l2_pool2d_op) return {"0.0", "total + x * x", "a + b", "sqrt(total)"};
  return {"0.0", "total + x", "a + b", "total / pixels"};
}

// Text: `value` between the bounds of the node. NaN stays.
std::string clamped(const Node& node, std::string_view type, std::string value) {
  if (!node.attrs.contains("minValue")) return value;
  double least = node.number("minValue"), most = node.number("maxValue");
  auto bound = [&](double limit, const char* beyond) {
    std::string number = text(type, "(", literal(limit), ")");
    value = text("select(", value, ", ", number, ", ", value, " ", beyond, " ", number, ")");
  };
  if (most < infinity) bound(most, ">");
  if (least > -infinity) bound(least, "<");
  return value;
}

}  // namespace

void pool2d(Lowering& l) {
  const Shape &in = l.shape(), &out = l.out_shape();
  Taps rows(l.node, Side::height, in, out), columns(l.node, Side::width, in, out);
  Pool pool = pool_of(l.node.op);
  size_t channels = size_t(in[3]), pixels = in.count(1, 3);
  bool whole = out[1] == 1 && out[2] == 1 && !rows.sticks_out() && !columns.sticks_out() &&
               rows.window.taps == in[1] && columns.window.taps == in[2];
  if (whole) {
    Reduction r{Path().add(size_t(in[0]), ptrdiff_t(pixels * channels)).add(channels, 1),
                Path().add(pixels, ptrdiff_t(channels)),
                {},
                "x(p)",
                {},
                {},
                {}};
    r.fold.start = pool.start;
    r.fold.take = pool.take;
    r.fold.join = pool.join;
    r.reads = [&](Shader& shader) { shader.reads(l.input(), "x"); };
    r.writes = [&](Shader& shader) { shader.writes(l.output(), "y"); };
    r.finish = text("  const pixels = ", literal(double(pixels)), ";\n  let value = ", pool.finish,
                    ";\n  y(o, ", clamped(l.node, "f32", "value"), ");\n");
    return reduce(l, std::move(r));
  }
  bool wide = channels % 4 == 0;
  size_t run = wide ? channels / 4 : channels;
  const char* type = wide ? "vec4f" : "f32";
  Shader shader = l.shader();
  wide ? shader.reads4(l.input(), "x") : shader.reads(l.input(), "x");
  wide ? shader.writes4(l.output(), "y") : shader.writes(l.output(), "y");
  std::string value = pool.finish;
  // Without a pixel the average is NaN, which a division need not give.
  if (l.node.op == &average_pool2d_op && (rows.has_empty_window() || columns.has_empty_window()))
    value = text("select(", value, ", ", type, "(as_float(0x7fc00000u)), pixels == 0.0)");
  shader.run(out.count(0, 3) * run,
             text(window_of_place(out[1], out[2], run), rows.inside("oy", "y"),
                  columns.inside("ox", "x"), "  var total = ", type, "(", pool.start, ");\n",
                  over_window(rows, columns, run,
                              text("      let x = x(p);\n      total = ", pool.take, ";\n")),
                  "  let pixels = f32((y_end - y_first) * (x_end - x_first));\n  let value = ",
                  value, ";\n  y(i, ", clamped(l.node, type, "value"), ");\n"));
}

// Each pixel adds up its shares of the windows that hold it.
void average_pool2d_gradient(Lowering& l) {
  const Shape &in = l.out_shape(), &pooled = l.shape();
  Taps rows(l.node, Side::height, in, pooled), columns(l.node, Side::width, in, pooled);
  size_t channels = size_t(in[3]);
  bool wide = channels % 4 == 0;
  size_t run = wide ? channels / 4 : channels;
  Shader shader = l.shader();
  wide ? shader.reads4(l.input(), "dy") : shader.reads(l.input(), "dy");
  wide ? shader.writes4(l.output(), "dx") : shader.writes(l.output(), "dx");
  shader.run(in.count(0, 3) * run,
             text(window_of_place(in[1], in[2], run), rows.holders("oy", "y"),
                  columns.holders("ox", "x"), "  var sum = ", wide ? "vec4f()" : "0.0",
                  ";\n  for (var wy = y_least; wy <= y_most; wy++) {\n    if (!(",
                  rows.holds("wy", "y"), ")) {\n      continue;\n    }\n", rows.inside("wy", "v"),
                  "    for (var wx = x_least; wx <= x_most; wx++) {\n      if (!(",
                  columns.holds("wx", "x"), ")) {\n        continue;\n      }\n",
                  columns.inside("wx", "u"), "      let at = ((b * ", pooled[1], "u + u32(wy)) * ",
                  pooled[2], "u + u32(wx)) * ", run,
                  "u + c;\n      sum += dy(at) / f32((v_end - v_first) * (u_end - u_first));\n"
                  "    }\n  }\n  dx(i, sum);\n"));
}

namespace {

// The text that declares `place`: that of the first of the largest elements under the window, or
// -1 where none is above -Infinity.
std::string find_largest(const Taps& rows, const Taps& columns, size_t channels) {
  return text(window_of_place(rows.steps, columns.steps, channels), rows.inside("oy", "y"),
              columns.inside("ox", "x"), "  var most = as_float(0xff800000u);\n  var place = -1;\n",
              over_window(rows, columns, channels,
                          "      let value = x(p);\n      if (value > most) {\n        most = "
                          "value;\n        place = i32(p);\n      }\n"));
}

}  // namespace

// Where the largest elements are is found once for each window.
void max_pool2d_gradient(Lowering& l) {
  const Shape &in = l.shape(), &pooled = l.shape(1);
  Taps rows(l.node, Side::height, in, pooled), columns(l.node, Side::width, in, pooled);
  size_t channels = size_t(in[3]);
  Operand places = l.scratch({DType::i32, pooled});
  l.shader()
      .reads(l.input(0), "x")
      .writes(places, "keep")
      .run(pooled.count(), text(find_largest(rows, columns, channels), "  keep(i, place);\n"));
  l.shader()
      .reads(l.input(1), "dy")
      .reads(places, "place")
      .writes(l.output(), "dx")
      .run(in.count(),
           text(window_of_place(in[1], in[2], channels), rows.holders("oy", "y"),
                columns.holders("ox", "x"),
                "  var sum = 0.0;\n  for (var wy = y_least; wy <= y_most; wy++) {\n"
                "    for (var wx = x_least; wx <= x_most; wx++) {\n      let at = ((b * ",
                pooled[1], "u + u32(wy)) * ", pooled[2], "u + u32(wx)) * ", channels,
                "u + c;\n      if (place(at) == i32(i)) {\n        sum += dy(at);\n      }\n"
                "    }\n  }\n  dx(i, sum);\n"));
}

void max_pool2d_select(Lowering& l) {
  const Shape &in = l.shape(), &pooled = l.out_shape();
  Taps rows(l.node, Side::height, in, pooled), columns(l.node, Side::width, in, pooled);
  l.shader()
      .reads(l.input(0), "x")
      .reads(l.input(1), "values")
      .writes(l.output(), "y")
      .run(pooled.count(),
           text(find_largest(rows, columns, size_t(in[3])),
                "  var value = 0.0;\n  if (place >= 0) {\n    value = values(u32(place));\n  }\n"
                "  y(i, value);\n"));
}

}  // namespace gesso::webgpu
