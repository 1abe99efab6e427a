// Images in another size.
#include "core/backends/webgpu/kernels/moves.h"
#include "core/backends/webgpu/kernels/resample2d.h"

namespace gesso::webgpu {

std::string resample2d(const Around& around, int) {
  const Shape &in = around.shape(), &out = around.out_shape();
  size_t channels = size_t(in[3]), row = size_t(in[2]) * channels;
  Resampling down(around.node, in[1], out[1]), right(around.node, in[2], out[2]);
  std::string code =
      text("  let c = i % ", channels, "u;\n  let image = i / ", out.count(1, 4), "u;\n",
           down.place(text("(i / ", size_t(out[2]) * channels, "u) % ", out[1], "u"), "y"),
           right.place(text("(i / ", channels, "u) % ", out[2], "u"), "x"), "  let top = (image * ",
           in[1], "u + y) * ", row, "u + c;\n");
  if (around.node.text("mode") != "linear")
    return text(code, "  return $0(top + x * ", channels, "u);\n");
  // Between the four pixels around the place. What has no part is not read.
  auto between = [&](std::string_view name, std::string_view start) {
    return text("  let ", name, "_left = $0(", start, " + x * ", channels, "u);\n  let ", name,
                " = ", name, "_left + ($0(", start, " + select(x, x + 1u, x_part > 0.0) * ",
                channels, "u) - ", name, "_left) * x_part;\n");
  };
  code += between("above", "top");
  if (down.is_same()) return text(code, "  return above;\n");
  code += text("  let bottom = select(top, top + ", row, "u, y_part > 0.0);\n");
  return text(code, between("below", "bottom"), "  return above + (below - above) * y_part;\n");
}

}  // namespace gesso::webgpu
