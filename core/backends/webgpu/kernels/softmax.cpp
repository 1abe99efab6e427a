// Softmax along an axis, and the cross entropy of labels with it.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/reduction.h"
#include "core/backends/webgpu/snippets.h"

namespace gesso::webgpu {
namespace {

// Elements that an invocation keeps in its registers.
constexpr size_t most_kept = 8;

void declare_totals(Shader& shader, const Together& group) {
  shader.declare(text("var<workgroup> totals: array<f32, ", group.width, ">;\n",
                      "fn larger(a: f32, b: f32) -> f32 {\n  return select(a, b, b > a);\n}\n"
                      "fn add(a: f32, b: f32) -> f32 {\n  return a + b;\n}"));
}

// A workgroup for each line, of which every invocation keeps what it reads: it is read once.
void softmax_together(Lowering& l, const Lines& lines, bool subgroups) {
  size_t width = lines.size <= 64 * most_kept ? 64 : 256;
  size_t kept = (lines.size + width - 1) / width;
  std::string read, raise, write;
  for (size_t k = 0; k < kept; ++k) {
    std::string at = text("index + ", k * width, "u"), v = text("v", k);
    bool all = (k + 1) * width <= lines.size;
    std::string inside = all ? "{" : text("if (", at, " < ", lines.size, "u) {");
    read += text("  var ", v, " = 0.0;\n  ", inside, "\n    ", v, " = x(base + (", at, ") * ",
                 lines.inner, "u);\n    most = select(most, ", v, ", ", v, " > most);\n  }\n");
    raise += text("  ", inside, "\n    ", v, " = exp_of(", v, " - largest);\n    sum += ", v,
                  ";\n  }\n");
    write += text("  ", inside, "\n    y(base + (", at, ") * ", lines.inner, "u, ", v,
                  " / total);\n  }\n");
  }
  OneEach each(l, lines.count(), "line");
  Together group{int(width), subgroups};
  Shader shader = l.shader();
  shader.use(exp_of).reads(l.input(), "x").writes(l.output(), "y");
  declare_totals(shader, group);
  std::string start = group.start(shader);
  shader.run(each.groups, {uint32_t(width), 1, 1},
             text(start, each.start, "  let base = ", lines.starts().at("line"),
                  ";\n  var most = as_float(0xff800000u);\n", read, "  totals[index] = most;\n",
                  group.fold("largest", "totals", "larger", "subgroupMax"), "  var sum = 0.0;\n",
                  raise, "  workgroupBarrier();\n  totals[index] = sum;\n",
                  group.fold("total", "totals", "add", "subgroupAdd"), write));
}

// The text that declares `name`, the sum of what `body` adds to `part` for each r of a line. It is
// taken in pieces, so that long lines lose nothing.
std::string sum_in_pieces(size_t size, std::string_view name, std::string_view body) {
  return text("  var ", name, " = 0.0;\n  for (var first = 0u; first < ", size,
              "u; first += 64u) {\n    var part = 0.0;\n    let end = min(first + 64u, ", size,
              "u);\n    for (var r = first; r < end; r++) {\n", body, "    }\n    ", name,
              " += part;\n  }\n");
}

// The text that declares `most`, the largest element of a line, and `sum`, that of
// exp(x - most).
std::string most_and_sum(const Lines& lines) {
  std::string x = text("x(base + r * ", lines.inner, "u)");
  return text("  var most = as_float(0xff800000u);\n  for (var r = 0u; r < ", lines.size,
              "u; r++) {\n    let v = ", x, ";\n    most = select(most, v, v > most);\n  }\n",
              sum_in_pieces(lines.size, "sum", text("      part += exp_of(", x, " - most);\n")));
}

}  // namespace

void softmax(Lowering& l) {
  Lines lines(l.shape(), positive_axis(l.node.integer("axis"), l.shape().rank()));
  bool can = lines.size > 32 && lines.size <= 256 * most_kept;
  bool long_or_few = lines.size >= 128 || lines.count() < 1024;
  By by = By::invocation;
  if (can)
    by = choose_by(l, text("softmax ", lines.outer, " ", lines.size, " ", lines.inner),
                   lines.inner == 1 && long_or_few ? By::group : By::invocation);
  if (by != By::invocation) return softmax_together(l, lines, by == By::subgroups);
  l.shader()
      .use(exp_of)
      .reads(l.input(), "x")
      .writes(l.output(), "y")
      .run(lines.count(),
           text("  let base = ", lines.starts().at("i"), ";\n", most_and_sum(lines),
                "  for (var r = 0u; r < ", lines.size, "u; r++) {\n    let at = base + r * ",
                lines.inner, "u;\n    y(at, exp_of(x(at) - most) / sum);\n  }\n"));
}

// -sum(labels * log(softmax(x))) for each row, with log(softmax(x)) = x - most - log(sum). A label
// of 0 takes no part, even where its logarithm is infinite.
void softmax_cross_entropy(Lowering& l) {
  Lines lines(l.shape(), l.shape().rank() - 1);
  By by = By::invocation;
  if (lines.size >= 64)
    by = choose_by(l, text("softmaxCrossEntropy ", lines.outer, " ", lines.size), By::group);
  if (by == By::invocation) {
    l.shader()
        .use(exp_of)
        .use(log_of)
        .reads(l.input(0), "x")
        .reads(l.input(1), "labels")
        .writes(l.output(), "y")
        .run(lines.count(),
             text("  let base = i * ", lines.size, "u;\n", most_and_sum(lines),
                  "  let log_sum = log_of(sum);\n",
                  sum_in_pieces(
                      lines.size, "loss",
                      "      let label = labels(base + r);\n      if (label != 0.0) {\n"
                      "        part -= label * (x(base + r) - most - log_sum);\n      }\n"),
                  "  y(i, loss);\n"));
    return;
  }
  int width = lines.size < 1024 ? 64 : 256;
  auto each_r = [&](std::string_view body) {
    return text("  for (var r = index; r < ", lines.size, "u; r += ", width, "u) {\n", body,
                "  }\n");
  };
  OneEach each(l, lines.count(), "line");
  Together group{width, by == By::subgroups};
  Shader shader = l.shader();
  shader.use(exp_of).use(log_of).reads(l.input(0), "x").reads(l.input(1), "labels");
  shader.writes(l.output(), "y");
  declare_totals(shader, group);
  std::string start = group.start(shader);
  shader.run(
      each.groups, {uint32_t(width), 1, 1},
      text(start, each.start, "  let base = line * ", lines.size,
           "u;\n  var most = as_float(0xff800000u);\n",
           each_r("    let v = x(base + r);\n    most = select(most, v, v > most);\n"),
           "  totals[index] = most;\n", group.fold("largest", "totals", "larger", "subgroupMax"),
           "  var sum = 0.0;\n", each_r("    sum += exp_of(x(base + r) - largest);\n"),
           "  workgroupBarrier();\n  totals[index] = sum;\n",
           group.fold("total", "totals", "add", "subgroupAdd"),
           "  let log_sum = log_of(total);\n  var loss = 0.0;\n",
           each_r("    let label = labels(base + r);\n    if (label != 0.0) {\n"
                  "      loss -= label * (x(base + r) - largest - log_sum);\n    }\n"),
           "  workgroupBarrier();\n  totals[index] = loss;\n",
           group.fold("all_loss", "totals", "add", "subgroupAdd"),
           "  if (index == 0u) {\n    y(line, all_loss);\n  }\n"));
}

}  // namespace gesso::webgpu
