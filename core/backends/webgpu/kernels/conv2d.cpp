// conv2d, and what goes the other way: convTranspose2d and conv2dInputGradient.
#include "core/backends/webgpu/kernels/depthwise.h"
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/product.h"
#include "core/ops/window.h"

namespace gesso::webgpu {
namespace {

// Images that windows slide over, and the images of what they give.
struct Sides {
  Window rows, columns;
  int height, width, channels;              // what is read
  int out_height, out_width, out_channels;  // what is written
  int groups;
};

Sides sides_of(const Around& around, const Shape& in, const Shape& out, const Shape& filter) {
  return {window_of(around.node, Side::height, filter[1]),
          window_of(around.node, Side::width, filter[2]),
          in[1],
          in[2],
          in[3],
          out[1],
          out[2],
          out[3],
          around.node.integer("groups")};
}

// Rows of the product are pixels of the output; along the depth lie the channels of a group.
void read_patches(Product& p, const Operand& x, const Sides& s, size_t group_phases) {
  size_t channels = size_t(s.channels);
  p.a = {.x = x, .along_depth = true, .wide = true, .side_step = channels};
  p.a.base = s.groups == 1 ? "" : text("z / ", group_phases, "u * ", p.depth, "u");
}

// Windows lie inside of the image, all of them.
bool is_inside(const Window& window, int steps, int size) {
  return window.before == 0 && window.pixel(steps - 1, window.taps - 1) < size;
}

void slide(Product& p, const Sides& s) {
  p.bounded =
      !is_inside(s.rows, s.out_height, s.height) || !is_inside(s.columns, s.out_width, s.width);
  p.start_row = [s](int r, const std::string& row) {
    return text("  let pixel", r, " = ", row, ";\n  let top", r, " = i32(pixel", r, " / ",
                s.out_width, "u % ", s.out_height, "u) * ", s.rows.stride, " - ", s.rows.before,
                ";\n  let left", r, " = i32(pixel", r, " % ", s.out_width, "u) * ",
                s.columns.stride, " - ", s.columns.before, ";\n  let image", r, " = pixel", r,
                " / ", s.out_width * s.out_height, "u * ", s.height, "u;\n");
  };
  p.find_row = [s, bounded = p.bounded, start = p.a.base](int r, size_t unit) {
    std::string y = text("u32(top", r, " + ky * ", s.rows.dilation, ")");
    std::string x = text("u32(left", r, " + kx * ", s.columns.dilation, ")");
    std::string at = text("((image", r, " + ", y, ") * ", s.width, "u + ", x, ") * ",
                          size_t(s.channels) / unit, "u");
    if (!start.empty()) at += text(" + (", start, ") / ", unit, "u");
    if (!bounded) return text("  let a", r, " = ", at, ";\n");
    return text("  let in", r, " = (", y, " < ", s.height, "u) & (", x, " < ", s.width,
                "u);\n  let a", r, " = select(0u, ", at, ", in", r, ");\n");
  };
  size_t channels = size_t(s.out_channels), columns = p.columns;
  bool grouped = s.groups > 1;
  p.place = [=](const std::string& row) {
    return text(row, " * ", channels, "u", grouped ? text(" + z * ", columns, "u") : "");
  };
}

// The way back: a pixel of the output takes from where taps of the windows came from. Pixels whose
// places leave the same remainder by the strides see the same taps: they are a phase, a z of
// their own.
void slide_back(Product& p, const Sides& s, size_t images) {
  bool phased = s.rows.dilation == 1 && s.columns.dilation == 1;
  int down = phased ? s.rows.stride : 1, across = phased ? s.columns.stride : 1;
  int phase_height = (s.out_height + down - 1) / down;
  int phase_width = (s.out_width + across - 1) / across;
  int phases = down * across;
  p.rows = images * size_t(phase_height) * size_t(phase_width);
  p.batches = size_t(s.groups) * size_t(phases);
  p.step_y = down;
  p.step_x = across;
  p.prologue = text("  let phase_y = z % ", phases, "u / ", across, "u;\n  let phase_x = z % ",
                    across, "u;\n");
  if (down > 1) p.first_y = text("i32((phase_y + ", s.rows.before, "u) % ", down, "u)");
  if (across > 1) p.first_x = text("i32((phase_x + ", s.columns.before, "u) % ", across, "u)");
  // With one tap in each direction a phase may still have none.
  p.bounded = true;
  auto pixel = [=](const std::string& row) {
    return std::pair(
        text("(", row, " / ", phase_width, "u % ", phase_height, "u * ", down, "u + phase_y)"),
        text("(", row, " % ", phase_width, "u * ", across, "u + phase_x)"));
  };
  p.start_row = [=](int r, const std::string& row) {
    auto [y, x] = pixel(text("row", r));
    return text("  let row", r, " = ", row, ";\n  let top", r, " = i32(", y, ") + ", s.rows.before,
                ";\n  let left", r, " = i32(", x, ") + ", s.columns.before, ";\n  let image", r,
                " = row", r, " / ", phase_width * phase_height, "u * ", s.height, "u;\n");
  };
  p.find_row = [=, start = p.a.base](int r, size_t unit) {
    auto back = [&](const std::string& from, const char* tap, const Window& window, int size,
                    const char* name) {
      std::string place = text(from, r, " - ", tap, " * ", window.dilation);
      std::string at = text(name, r), whole;
      if (window.stride > 1) whole = text(" & ((", place, ") % ", window.stride, " == 0)");
      return std::pair(text("  let ", at, " = u32((", place, ") / ", window.stride, ");\n"),
                       text("(", place, " >= 0)", whole, " & (", at, " < ", size, "u)"));
    };
    auto [y, y_inside] = back("top", "ky", s.rows, s.height, "from_y");
    auto [x, x_inside] = back("left", "kx", s.columns, s.width, "from_x");
    std::string at = text("((image", r, " + from_y", r, ") * ", s.width, "u + from_x", r, ") * ",
                          size_t(s.channels) / unit, "u");
    if (!start.empty()) at += text(" + (", start, ") / ", unit, "u");
    return text(y, x, "  let in", r, " = ", y_inside, " & ", x_inside, ";\n  let a", r,
                " = select(0u, ", at, ", in", r, ");\n");
  };
  size_t columns = p.columns;
  p.place = [=](const std::string& row) {
    auto [y, x] = pixel(row);
    std::string at = text("((", row, " / ", phase_width * phase_height, "u * ", s.out_height,
                          "u + ", y, ") * ", s.out_width, "u + ", x, ") * ", s.out_channels, "u");
    return s.groups == 1 ? at : text(at, " + z / ", phases, "u * ", columns, "u");
  };
  if (s.out_height % down != 0 || s.out_width % across != 0)
    p.exists = [=](const std::string& row) {
      auto [y, x] = pixel(row);
      return text(y, " < ", s.out_height, "u && ", x, " < ", s.out_width, "u");
    };
}

// Filters [out, height, width, depth], as columns: each is a filter, or each is a channel of all.
void read_filters(Product& p, const Operand& filter, bool as_filters, size_t group_phases,
                  int groups) {
  size_t taps = size_t(p.taps());
  const Shape& shape = filter.type.shape;
  size_t size = taps * size_t(shape[3]);
  p.b = {.x = filter, .along_depth = as_filters, .wide = true};
  p.b.side_step = p.b.depth_step = size;
  p.b.tap_step = size_t(shape[3]);
  if (groups > 1)
    p.b.base = text("z / ", group_phases, "u * ", size * size_t(shape[0] / groups), "u");
}

void add_bias(Product& p, const Lowering& l, size_t group_phases, int groups) {
  bool four = p.columns % 4 == 0;
  size_t columns = p.columns;
  p.declare = [&l, four](Shader& shader) {
    shader.use(keep);
    if (!l.has(2)) return;
    four ? shader.reads4(l.input(2), "bias") : shader.reads(l.input(2), "bias");
  };
  p.finish = [=, &l](bool wide) {
    std::string value = "sum";
    if (l.has(2)) {
      std::string at =
          groups > 1 ? text("(column + z / ", group_phases, "u * ", columns, "u)") : "column";
      value += wide ? text(" + bias(", at, " / 4u)") : text(" + bias(", at, ")");
    }
    return clamped(l, value, wide);
  };
}

std::string key_of(const Lowering& l) {
  std::string key = text(l.node.op->name, " ", to_string(l.shape(0)), " ", to_string(l.shape(1)));
  for (const char* option : {"padding", "strides", "dilations"})
    for (int n : l.node.ints(option)) key += text(" ", n);
  return text(key, " groups ", l.node.integer("groups"));
}

bool is_pointwise(const Sides& s) {
  return s.rows.taps * s.columns.taps == 1 && s.rows.stride * s.columns.stride == 1 &&
         s.height == s.out_height && s.width == s.out_width && s.rows.before == 0 &&
         s.columns.before == 0;
}

void read_pixels(Product& p, const Sides& s) {
  p.bounded = false;
  size_t channels = size_t(s.out_channels), columns = p.columns;
  bool grouped = s.groups > 1;
  p.place = [=](const std::string& row) {
    return text(row, " * ", channels, "u", grouped ? text(" + z * ", columns, "u") : "");
  };
}

size_t phases_of(const Sides& s) {
  return s.rows.dilation == 1 && s.columns.dilation == 1
             ? size_t(s.rows.stride) * size_t(s.columns.stride)
             : 1;
}

}  // namespace

void conv2d(Lowering& l) {
  const Shape &in = l.shape(0), &filter = l.shape(1), &out = l.out_shape();
  Sides s = sides_of(l, in, out, filter);
  if (is_depthwise(filter, s.groups)) return depthwise(l);
  Product p;
  p.batches = size_t(s.groups);
  p.rows = out.count(0, 3);
  p.columns = size_t(filter[0] / s.groups);
  p.depth = size_t(filter[3]);
  p.taps_y = filter[1];
  p.taps_x = filter[2];
  read_patches(p, l.input(0), s, 1);
  read_filters(p, l.weight(1), true, 1, s.groups);
  add_bias(p, l, 1, s.groups);
  is_pointwise(s) ? read_pixels(p, s) : slide(p, s);
  multiply(l, p, key_of(l));
}

void conv_transpose2d(Lowering& l) {
  const Shape &in = l.shape(0), &filter = l.shape(1), &out = l.out_shape();
  Sides s = sides_of(l, in, out, filter);
  size_t phases = phases_of(s);
  Product p;
  p.columns = size_t(filter[0] / s.groups);
  p.depth = size_t(filter[3]);
  p.taps_y = filter[1];
  p.taps_x = filter[2];
  read_patches(p, l.input(0), s, phases);
  read_filters(p, l.weight(1), true, phases, s.groups);
  add_bias(p, l, phases, s.groups);
  slide_back(p, s, size_t(in[0]));
  multiply(l, p, key_of(l));
}

void conv2d_input_gradient(Lowering& l) {
  const Shape &filter = l.shape(0), &dy = l.shape(1), &out = l.out_shape();
  Sides s = sides_of(l, dy, out, filter);
  if (is_depthwise(filter, s.groups)) return depthwise_input_gradient(l);
  size_t phases = phases_of(s);
  Product p;
  p.columns = size_t(filter[3]);
  p.depth = size_t(filter[0] / s.groups);
  p.taps_y = filter[1];
  p.taps_x = filter[2];
  read_patches(p, l.input(1), s, phases);
  read_filters(p, l.weight(0), false, phases, s.groups);
  p.finish = [](bool) { return "sum"; };
  if (is_pointwise(s)) {
    p.batches = size_t(s.groups);
    p.rows = out.count(0, 3);
    read_pixels(p, s);
  } else {
    slide_back(p, s, size_t(dy[0]));
  }
  multiply(l, p, key_of(l));
}

}  // namespace gesso::webgpu
