// Products of matrices that are functions of a shader, over all steps of a sequence at once.
#include "core/backends/webgpu/kernels/recurrent.h"
#include "core/backends/webgpu/kernels/reduction.h"

namespace gesso::webgpu {
namespace {

// Each invocation makes a block of 4 by 4.
void run_product_in_blocks(Shader& shader, const StepsProduct& p) {
  constexpr size_t side = 4;
  size_t down = (p.rows + side - 1) / side, across = (p.columns + side - 1) / side;
  std::string begin, add, end;
  for (size_t r = 0; r < side; ++r) {
    begin += text("  let row", r, " = min(row + ", r, "u, rows - 1u);\n", "  let column", r,
                  " = min(column + ", r, "u, columns - 1u);\n", "  var sum", r, " = vec4f();\n");
    add += text("    sum", r, " += left(d, row", r, ", k) * factors;\n");
    end +=
        text("  for (var c = 0u; c < 4u && row + ", r, "u < rows && column + c < columns; c++) {\n",
             "    put(d, row + ", r, "u, column + c, sum", r, "[c]);\n  }\n");
  }
  shader.run(p.count * down * across,
             text("  let column = i % ", across, "u * 4u;\n  let row = i / ", across, "u % ", down,
                  "u * 4u;\n  let d = i / ", down * across, "u;\n", begin,
                  "  for (var k = 0u; k < depth; k++) {\n"
                  "    let factors = vec4f(right(d, k, column0), right(d, k, column1),\n"
                  "        right(d, k, column2), right(d, k, column3));\n",
                  add, "  }\n", end));
}

// Each group makes a tile of 64 by 64 from parts that it shares, of 16 along the depth. Neighbours
// load neighbours, and put neighbouring columns.
void run_product_in_tiles(Shader& shader, const StepsProduct& p) {
  // A row of a part is one longer than the tile, so that turned ones fall into different banks.
  auto place = [](bool along_depth) {
    return along_depth ? "let near = e % 16u;\n      let far = e / 16u;\n"
                       : "let near = e / 64u;\n      let far = e % 64u;\n";
  };
  shader.declare(
      "var<workgroup> left_part: array<f32, 1040>;\n"
      "var<workgroup> right_part: array<f32, 1040>;");
  std::string add, end;
  for (int r = 0; r < 4; ++r) {
    add += text("      sum", r, " += left_part[k * 65u + down + ", 16 * r, "u] * factors;\n");
    end +=
        text("  for (var c = 0u; c < 4u; c++) {\n    let at_row = row + down + ", 16 * r,
             "u;\n    let at_column = column + across + 16u * c;\n",
             "    if (at_row < rows && at_column < columns) {\n      put(d, at_row, at_column, sum",
             r, "[c]);\n    }\n  }\n");
  }
  shader.run(
      {uint32_t((p.columns + 63) / 64), uint32_t((p.rows + 63) / 64), uint32_t(p.count)},
      {256, 1, 1},
      text("  let d = group.z;\n  let row = group.y * 64u;\n  let column = group.x * 64u;\n"
           "  let across = index % 16u;\n  let down = index / 16u;\n"
           "  var sum0 = vec4f();\n  var sum1 = vec4f();\n  var sum2 = vec4f();\n"
           "  var sum3 = vec4f();\n"
           "  for (var first = 0u; first < depth; first += 16u) {\n"
           "    for (var e = index; e < 1024u; e += 256u) {\n      ",
           place(p.left_along_depth),
           "      var value = 0.0;\n"
           "      if (first + near < depth && row + far < rows) {\n"
           "        value = left(d, row + far, first + near);\n      }\n"
           "      left_part[near * 65u + far] = value;\n    }\n"
           "    for (var e = index; e < 1024u; e += 256u) {\n      ",
           place(p.right_along_depth),
           "      var value = 0.0;\n"
           "      if (first + near < depth && column + far < columns) {\n"
           "        value = right(d, first + near, column + far);\n      }\n"
           "      right_part[near * 65u + far] = value;\n    }\n"
           "    workgroupBarrier();\n"
           "    for (var k = 0u; k < 16u; k++) {\n"
           "      let at = k * 65u + across;\n"
           "      let factors = vec4f(right_part[at], right_part[at + 16u], right_part[at + 32u],\n"
           "          right_part[at + 48u]);\n",
           add, "    }\n    workgroupBarrier();\n  }\n", end));
}

// A group makes one, of few rows: neighbours read neighbours.
void run_product_together(Lowering& l, Shader& shader, const StepsProduct& p,
                          const Together& group) {
  shader.declare(text("var<workgroup> totals: array<f32, ", group.width,
                      ">;\nfn add(a: f32, b: f32) -> f32 {\n  return a + b;\n}"));
  std::string start = group.start(shader);
  OneEach each(l, p.count * p.rows * p.columns, "one");
  shader.run(each.groups, {uint32_t(group.width), 1, 1},
             text(start, each.start, "  let column = one % columns;\n",
                  "  let row = one / columns % rows;\n  let d = one / (rows * columns);\n",
                  "  var part = 0.0;\n  for (var k = index; k < depth; k += ", group.width,
                  "u) {\n    part += left(d, row, k) * right(d, k, column);\n  }\n",
                  "  totals[index] = part;\n", group.fold("sum", "totals", "add", "subgroupAdd"),
                  "  if (index == 0u) {\n    put(d, row, column, sum);\n  }\n"));
}

}  // namespace

void run_product(Lowering& l, Shader& shader, const StepsProduct& p) {
  if (p.count * p.rows * p.columns == 0) return;
  shader.define("rows", p.rows).define("columns", p.columns).define("depth", p.depth);
  const Limits& limits = l.options().limits;
  size_t most = size_t{64} * limits.max_compute_workgroups_per_dimension;
  bool fits =
      p.rows <= most && p.columns <= most && limits.max_compute_invocations_per_workgroup >= 256;
  std::string key =
      text(l.node.op->name, " product ", p.count, " ", p.rows, " ", p.columns, " ", p.depth,
           p.left_along_depth ? " t" : " n", p.right_along_depth ? "t" : "n");
  if (p.rows <= 2 && p.depth >= 64 && p.left_along_depth && p.right_along_depth) {
    By by = choose_by(l, key, preferred_for_rows(l));
    if (by != By::invocation) return run_product_together(l, shader, p, {64, by == By::subgroups});
  }
  bool large = p.rows >= 32 && p.columns >= 32 && p.depth >= 16;
  int variant = 1;
  if (fits && large) variant = l.choose(key, 2, 0);
  if (variant == 0)
    run_product_in_tiles(shader, p);
  else
    run_product_in_blocks(shader, p);
}

}  // namespace gesso::webgpu
