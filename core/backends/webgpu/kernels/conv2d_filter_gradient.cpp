// conv2dFilterGradient: sums over all pixels of all images, for each weight.
#include <algorithm>

#include "core/backends/webgpu/kernels/depthwise.h"
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/ops/window.h"

namespace gesso::webgpu {
namespace {

// As many invocations as keep a device busy, if the sums allow it.
constexpr size_t enough_invocations = 16384;

// The pixels of dy whose tap lies in the image, from one text to before the other.
std::string taps_inside(const Window& window, const char* tap, int steps, int size,
                        const std::string& name) {
  std::string shift = text("(", window.before, " - i32(", tap, ") * ", window.dilation, ")");
  std::string end = text(size - 1, " + ", shift);
  return text("  let first_", name, " = max(0, (", shift, " + ", window.stride - 1, ") / ",
              window.stride, ");\n  let end_", name, " = select(0, min(", steps, ", (", end, ") / ",
              window.stride, " + 1), ", end, " >= 0);\n");
}

}  // namespace

// dfilter[o, ky, kx, i] = sum of dy[b, oy, ox, o] * x[b, y(oy, ky), x(ox, kx), i]. An invocation
// has four filters and four channels, and one tap; in a depthwise convolution four channels with
// their filters. The rows of dy may be divided among several, whose sums are then added.
void conv2d_filter_gradient(Lowering& l) {
  const Shape &in = l.shape(0), &dy = l.shape(1), &filter = l.out_shape();
  if (in.count() == 0 || dy.count() == 0)  // a batch of none
    return l.shader().writes(l.output(), "y").run(filter.count(), "  y(i, 0.0);\n");
  int groups = l.node.integer("groups"), filters = filter[0] / groups, depth = filter[3];
  bool own = is_depthwise(filter, groups);
  bool wide = own ? groups % 4 == 0 : filters % 4 == 0 && depth % 4 == 0;
  Window rows = window_of(l.node, Side::height, filter[1]);
  Window columns = window_of(l.node, Side::width, filter[2]);
  int taps = filter[1] * filter[2];
  int filter_blocks = own ? 1 : (filters + 3) / 4,
      depth_blocks = own ? (groups + 3) / 4 : (depth + 3) / 4;
  int zs = own ? 1 : groups;
  size_t blocks = size_t(depth_blocks) * size_t(taps) * size_t(filter_blocks) * size_t(zs);
  size_t lines = size_t(dy[0]) * size_t(dy[1]);
  size_t most = std::max(size_t{1}, (size_t{1} << 22) / filter.count());
  size_t slices = std::clamp(enough_invocations / blocks, size_t{1}, std::min(lines, most));
  size_t share = (lines + slices - 1) / slices;
  slices = (lines + share - 1) / share;

  Operand sums = l.output();
  if (slices > 1) sums = l.scratch({DType::f32, {int(slices), int(filter.count())}});
  Shader shader = l.shader();
  wide ? shader.reads4(l.input(0), "x").reads4(l.input(1), "dy")
       : shader.reads(l.input(0), "x").reads(l.input(1), "dy");
  shader.writes(sums, "y");
  size_t unit = wide ? 4 : 1;
  std::string body = text(
      "  let block = i % ", blocks, "u;\n  let slice = i / ", blocks, "u;\n  let part = block % ",
      depth_blocks, "u * 4u;\n  let tap = block / ", depth_blocks, "u % ", taps,
      "u;\n  let wanted = block / ", depth_blocks * taps, "u % ", filter_blocks,
      "u * 4u;\n  let z = block / ", size_t(depth_blocks) * size_t(taps) * size_t(filter_blocks),
      "u;\n  let ky = tap / ", filter[2], "u;\n  let kx = tap % ", filter[2], "u;\n");
  body +=
      taps_inside(rows, "ky", dy[1], in[1], "y") + taps_inside(columns, "kx", dy[2], in[2], "x");
  int sums_count = own ? 1 : 4;
  for (int r = 0; r < sums_count; ++r) body += text("  var s", r, " = vec4f();\n");
  // Places of the first of four channels and four filters, or of each.
  int last_part = own ? groups - 1 : depth - 1;
  auto at = [&](const char* what, int last, int c) {
    return wide ? text(what, " / 4u") : text("min(", what, " + ", c, "u, ", last, "u)");
  };
  int count = wide ? 1 : 4;
  for (int c = 0; c < count; ++c) {
    std::string part = at("part", last_part, c);
    body += text("  let part", c, " = z * ", size_t(depth) / (own ? 1 : unit), "u + ", part, ";\n");
    body += text(
        "  let out", c, " = ",
        own ? part : text("z * ", size_t(filters) / unit, "u + ", at("wanted", filters - 1, c)),
        ";\n");
  }
  auto four = [&](const char* operand, const char* name, const std::string& start) {
    if (wide) return text(operand, "(", start, " + ", name, "0)");
    std::string all = "vec4f(";
    for (int c = 0; c < 4; ++c)
      all += text(c ? ", " : "", operand, "(", start, " + ", name, c, ")");
    return all + ")";
  };
  body += text(
      "  for (var line = slice * ", share, "u; line < min(", lines, "u, (slice + 1u) * ", share,
      "u); line++) {\n    let out_y = i32(line % ", dy[1],
      "u);\n    if (out_y < first_y || out_y >= end_y) {\n      continue;\n    }\n",
      "    let row = i32(line / ", dy[1], "u) * ", in[1], " + out_y * ", rows.stride, " - ",
      rows.before, " + i32(ky) * ", rows.dilation, ";\n    let left = row * ", in[2], " - ",
      columns.before, " + i32(kx) * ", columns.dilation,
      ";\n    for (var out_x = first_x; out_x < end_x; out_x++) {\n", "      let x4 = ",
      four("x", "part",
           text("u32(left + out_x * ", columns.stride, ") * ", size_t(in[3]) / unit, "u")),
      ";\n      let dy4 = ",
      four("dy", "out", text("(line * ", dy[2], "u + u32(out_x)) * ", size_t(dy[3]) / unit, "u")),
      ";\n");
  if (own)
    body += "      s0 += dy4 * x4;\n";
  else
    for (int r = 0; r < 4; ++r) body += text("      s", r, " += dy4[", r, "] * x4;\n");
  body += "    }\n  }\n";
  std::string slice_start = slices > 1 ? text("slice * ", filter.count(), "u + ") : "";
  for (int r = 0; r < sums_count; ++r)
    for (int c = 0; c < 4; ++c) {
      std::string place = own ? text("(part + ", c, "u) * ", taps, "u + tap")
                              : text("((z * ", filters, "u + wanted + ", r, "u) * ", taps,
                                     "u + tap) * ", depth, "u + part + ", c, "u");
      std::string store = text("y(", slice_start, place, ", s", r, "[", c, "]);\n");
      std::string exists =
          own ? text("part + ", c, "u < ", groups, "u")
              : text("wanted + ", r, "u < ", filters, "u && part + ", c, "u < ", depth, "u");
      body += wide ? "  " + store : text("  if (", exists, ") {\n    ", store, "  }\n");
    }
  shader.run(blocks * slices, body);
  if (slices == 1) return;
  l.shader()
      .reads(sums, "part")
      .writes(l.output(), "y")
      .run(filter.count(), text("  var sum = 0.0;\n  for (var slice = 0u; slice < ", slices,
                                "u; slice++) {\n    sum += part(slice * ", filter.count(),
                                "u + i);\n  }\n  y(i, sum);\n"));
}

}  // namespace gesso::webgpu
