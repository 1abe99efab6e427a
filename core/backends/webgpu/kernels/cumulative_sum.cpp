// The running total along one axis.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/reduction.h"

namespace gesso::webgpu {

void cumulative_sum(Lowering& l) {
  Lines lines(l.shape(), positive_axis(l.node.integer("axis"), l.shape().rank()));
  bool exclusive = l.node.flag("exclusive"), reversed = l.node.flag("reversed");
  const char* type = l.dtype() == DType::f32 ? "f32" : "i32";
  // Where the n-th element of the total is.
  std::string at = text("base + ", reversed ? text("(", lines.size - 1, "u - n)") : "n", " * ",
                        lines.inner, "u");
  std::string add = text("    let at = ", at, ";\n    let sum = total + x(at);\n    y(at, ",
                         exclusive ? "total" : "sum", ");\n    total = sum;\n");
  Shader shader = l.shader();
  shader.reads(l.input(), "x").writes(l.output(), "y");
  bool together = lines.size >= 256 &&
                  l.choose(text("cumulativeSum ", lines.outer, " ", lines.size, " ", lines.inner),
                           2, lines.count() < 1024 ? 0 : 1) == 0;
  if (!together) {
    shader.run(lines.count(),
               text("  let base = ", lines.starts().at("i"), ";\n  var total = ", type,
                    "();\n  for (var n = 0u; n < ", lines.size, "u; n++) {\n", add, "  }\n"));
    return;
  }
  // A workgroup for each line: every invocation totals a part of it, and begins its part with what
  // those before it have together.
  constexpr size_t width = 64;
  size_t part = (lines.size + width - 1) / width;
  OneEach each(l, lines.count(), "line");
  shader.declare(text("var<workgroup> totals: array<", type, ", ", width, ">;"));
  shader.run(each.groups, {width, 1, 1},
             text(each.start, "  let base = ", lines.starts().at("line"),
                  ";\n  let first = index * ", part, "u;\n  let end = min(first + ", part, "u, ",
                  lines.size, "u);\n  var total = ", type,
                  "();\n  for (var n = first; n < end; n++) {\n    total += x(", at,
                  ");\n  }\n  totals[index] = total;\n  workgroupBarrier();\n  total = ", type,
                  "();\n  for (var k = 0u; k < index; k++) {\n    total += totals[k];\n  }\n"
                  "  for (var n = first; n < end; n++) {\n",
                  add, "  }\n"));
}

}  // namespace gesso::webgpu
