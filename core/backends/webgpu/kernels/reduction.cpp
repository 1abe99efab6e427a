#include "core/backends/webgpu/kernels/reduction.h"

#include <algorithm>

namespace gesso::webgpu {
namespace {

// Elements that are totalled before the total takes part in a longer one, so that long sums do not
// lose what is small.
constexpr size_t block = 64;

// Text: `all`, the total of the elements first, first + step, … below count, whose places begin at
// `base`.
std::string total_of(const Reduction& r, size_t count, std::string_view first, size_t step) {
  const Fold& fold = r.fold;
  if (count == 0) return text("  let all = ", fold.start, ";\n");
  std::string take = text("let p = base + ", r.reduced.at("r"), ";\n    let x = ", r.element,
                          ";\n    total = ", fold.take, ";\n");
  if (count <= block * step)
    return text("  var total = ", fold.start, ";\n  for (var r: u32 = ", first, "; r < ", count,
                "u; r += ", step, "u) {\n    ", take, "  }\n  let all = total;\n");
  return text("  var all = ", fold.start, ";\n  var r: u32 = ", first, ";\n  while (r < ", count,
              "u) {\n    var total = ", fold.start, ";\n    let end = min(r + ", block * step,
              "u, ", count, "u);\n    for (; r < end; r += ", step, "u) {\n    ", take,
              "    }\n    all = join(all, total);\n  }\n");
}

void declare(Shader& shader, const Reduction& r) {
  const Fold& fold = r.fold;
  if (fold.uses) shader.use(*fold.uses);
  r.reads(shader);
  if (!fold.declarations.empty()) shader.declare(fold.declarations);
  shader.declare(text("fn join(a: ", fold.type, ", b: ", fold.type, ") -> ", fold.type,
                      " {\n  return ", fold.join, ";\n}"));
}

// Replaces the reduction by one of the totals of `parts` parts of each.
void split(Lowering& l, Reduction& r, size_t parts, bool in_rows) {
  size_t results = r.kept.count(), count = r.reduced.count();
  std::string_view type = r.fold.type;
  int width = type == "vec2f" ? 2 : 1;
  Operand partial =
      l.scratch({type == "i32" ? DType::i32 : DType::f32, Shape{int(parts * results), width}});
  {
    Shader shader = l.shader();
    declare(shader, r);
    shader.writes(partial, "keep");
    std::string at = in_rows
                         ? text("  let o = i / ", parts, "u;\n  let s = i % ", parts, "u;\n")
                         : text("  let o = i % ", results, "u;\n  let s = i / ", results, "u;\n");
    shader.run(parts * results,
               text(at, "  let base = ", r.kept.at("o"), ";\n", total_of(r, count, "s", parts),
                    width == 2 ? "  keep(2u * i, all.x);\n  keep(2u * i + 1u, all.y);\n"
                               : "  keep(i, all);\n"));
  }
  ptrdiff_t wide = in_rows ? ptrdiff_t(parts) : 1, step = in_rows ? 1 : ptrdiff_t(results);
  r.kept = Path().add(results, wide);
  r.reduced = Path().add(parts, step);
  r.element = width == 2 ? "vec2f(part(2u * p), part(2u * p + 1u))" : "part(p)";
  r.fold.take = "join(total, x)";
  r.reads = [partial](Shader& shader) { shader.reads(partial, "part"); };
}

}  // namespace

OneEach::OneEach(const Lowering& l, size_t count, std::string_view i) {
  size_t most = l.options().limits.max_compute_workgroups_per_dimension;
  size_t rows = (count + most - 1) / most, columns = (count + rows - 1) / rows;
  groups = {uint32_t(columns), uint32_t(rows), 1};
  start = text("  let ", i, " = group.x + group.y * ", columns, "u;\n");
  if (rows > 1) start += text("  if (", i, " >= ", count, "u) {\n    return;\n  }\n");
}

std::string fold_totals(int width, std::string_view totals, std::string_view join) {
  return text("  for (var half = ", width / 2, "u; half > 0u; half /= 2u) {\n",
              "    workgroupBarrier();\n    if (index < half) {\n      ", totals,
              "[index] = ", join, "(", totals, "[index], ", totals,
              "[index + half]);\n    }\n  }\n");
}

std::string_view Fold::subgroup() const {
  if (join == "a + b") return "subgroupAdd";
  if (join == "max(a, b)") return "subgroupMax";
  if (join == "min(a, b)") return "subgroupMin";
  return {};
}

By preferred_for_rows(const Lowering& l) {
  uint32_t subgroups = l.options().subgroups;
  return subgroups > 0 && subgroups < 8 ? By::invocation : By::group;
}

By choose_by(Lowering& l, std::string_view key, By preferred, bool can_use_subgroups) {
  bool subgroups = can_use_subgroups && l.options().subgroups > 0;
  if (subgroups && preferred == By::group) preferred = By::subgroups;
  return By(l.choose(key, subgroups ? 3 : 2, int(preferred)));
}

// Which invocations share a subgroup is up to the device, so each counts those in front of it.
std::string Together::start(Shader& shader) const {
  if (!subgroups) return {};
  shader.enable("subgroups");
  return "  let subgroup_place = subgroupExclusiveAdd(1u);\n  let subgroup_count = "
         "subgroupAdd(1u);\n";
}

// Every subgroup folds all entries.
std::string Together::fold(std::string_view name, std::string_view totals, std::string_view join,
                           std::string_view subgroup) const {
  if (!subgroups)
    return text(fold_totals(width, totals, join), "  let ", name, " = workgroupUniformLoad(&",
                totals, "[0]);\n");
  return text("  workgroupBarrier();\n  var own_", name, " = ", totals,
              "[subgroup_place];\n  for (var first = subgroup_count; first < ", width,
              "u; first += subgroup_count) {\n    let at = first + subgroup_place;\n",
              "    if (at < ", width, "u) {\n      own_", name, " = ", join, "(own_", name, ", ",
              totals, "[at]);\n    }\n  }\n  let ", name, " = ", subgroup, "(own_", name, ");\n");
}

void reduce(Lowering& l, Reduction r) {
  size_t results = r.kept.count(), count = r.reduced.count();
  bool in_rows = r.reduced.last_step() == 1;
  By by = By::invocation;
  if (in_rows && count >= block)
    by = choose_by(l, text(l.node.op->name, " ", results, " x ", count), By::group,
                   !r.fold.subgroup().empty());
  bool together = by != By::invocation;
  // Enough invocations to keep a large device busy, and enough elements for each of them.
  size_t busy = 16384, parts = std::min<size_t>(count / 16, busy / std::max<size_t>(results, 1));
  parts = std::min<size_t>(parts, 1024);
  bool few = together ? results < 64 && count >= 16384 : results < busy / 4 && count >= 128;
  bool whole = std::string_view(r.fold.type) == "Total";
  if (few && parts >= 4 && !whole) {
    split(l, r, parts, in_rows);
    count = parts;
    together &= count >= block;
  }
  Shader shader = l.shader();
  declare(shader, r);
  r.writes(shader);
  std::string base = text("  let base = ", r.kept.at("o"), ";\n");
  if (!together) {
    shader.run(results,
               text("  let o = i;\n", base, total_of(r, count, "0u", 1),
                    "  let result = all;\n  {\n  let total = result;\n", r.finish, "  }\n"));
    return;
  }
  int width = count < 1024 ? 64 : 256;
  OneEach each(l, results, "o");
  Together group{width, by == By::subgroups};
  shader.declare(text("var<workgroup> totals: array<", r.fold.type, ", ", width, ">;"));
  std::string folded = group.subgroups ? group.fold("total", "totals", "join", r.fold.subgroup())
                                       : fold_totals(width);
  std::string start = group.start(shader);
  shader.run(each.groups, {uint32_t(width), 1, 1},
             text(start, each.start, base, "  {\n", total_of(r, count, "index", size_t(width)),
                  "  totals[index] = all;\n  }\n", folded, "  if (index == 0u) {\n",
                  group.subgroups ? "" : "    let total = totals[0];\n", r.finish, "  }\n"));
}

}  // namespace gesso::webgpu
