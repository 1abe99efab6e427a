#include "core/backends/webgpu/kernels/product.h"

#include <algorithm>
#include <cmath>

#include "core/backends/webgpu/kernels/reduction.h"

namespace gesso::webgpu {
namespace {

// Where a product's texts come together. Every invocation has four columns.
class Writer {
 public:
  Writer(Lowering& l, const Product& p)
      : l_(l), p_(p), shader_(l.shader()), real_(l.output().type.dtype == DType::f32) {}

  // Each invocation computes `height` rows and four columns on its own; with `slices` above 1, that
  // many work on the same ones and add up, `lanes` next to one another in a workgroup.
  void direct(int height, uint32_t lanes, uint32_t slices, bool subgroups = false);
  // Workgroups bring tiles of both matrices to their memory.
  void tiled(int tile);

 private:
  enum class Read { along_depth, along_side, single };

  std::string vec4() const { return real_ ? "vec4f" : "vec4i"; }
  std::string factor4() const { return half_ ? "vec4h" : vec4(); }
  const char* zero() const { return real_ ? "0.0" : "0"; }
  bool can_halve() const;
  bool wide_output() const { return real_ && p_.columns % 4 == 0; }
  void declare();
  std::string begin_taps() const;
  std::string end_taps() const { return p_.taps() > 1 ? "  }\n  }\n" : ""; }
  std::string start_rows(int count, const std::string& row) const;
  std::string find_rows(int count) const;
  std::string find_columns() const;
  std::string steps(int height, uint32_t slices) const;
  std::string four_steps(int height, const char* sum) const;
  std::string steps_in_half(int height, uint32_t slices) const;
  std::string guarded(int r, const std::string& value, bool wide) const;
  std::string store(int height) const;
  std::string load_rows(int tile) const;
  std::string load_columns(int tile) const;

  Lowering& l_;
  const Product& p_;
  Shader shader_;
  bool real_;
  bool half_ = false;  // factors are f16
};

void Writer::declare() {
  auto read = [&](const Product::Side& side, const char* name) {
    half_       ? shader_.reads4_half(side.x, name)
    : side.wide ? shader_.reads4(side.x, name)
                : shader_.reads(side.x, name);
  };
  read(p_.a, "x");
  read(p_.b, "w");
  if (p_.declare) p_.declare(shader_);
  wide_output() ? shader_.writes4(l_.output(), "y") : shader_.writes(l_.output(), "y");
  shader_.define("rows", p_.rows).define("columns", p_.columns).define("depth", p_.depth);
}

std::string Writer::begin_taps() const {
  if (p_.taps() == 1) return text("  let ky = 0;\n  let kx = 0;\n  let tap = 0u;\n");
  return text("  for (var ky = ", p_.first_y, "; ky < ", p_.taps_y, "; ky += ", p_.step_y,
              ") {\n  for (var kx = ", p_.first_x, "; kx < ", p_.taps_x, "; kx += ", p_.step_x,
              ") {\n  let tap = u32(ky * ", p_.taps_x, " + kx);\n");
}

std::string Writer::start_rows(int count, const std::string& row) const {
  std::string lines;
  for (int r = 0; r < count; ++r) {
    std::string at = text("min(", row, " + ", r, "u, rows - 1u)");
    if (p_.start_row)
      lines += p_.start_row(r, at);
    else if (p_.a.along_depth)
      lines += text("  let a", r, " = ", p_.a.start(), " + ", at, " * ",
                    p_.a.side_step / p_.a.unit(), "u;\n");
    else if (!p_.a.wide)
      lines += text("  let a", r, " = ", p_.a.start(), " + ", at, ";\n");
    else if (r % 4 == 0)
      lines += text("  let a", r, " = ", p_.a.start(), " + min(", row, " + ", r,
                    "u, rows - 4u) / 4u;\n");
  }
  return lines;
}

std::string Writer::find_rows(int count) const {
  std::string lines;
  for (int r = 0; p_.find_row && r < count; ++r) lines += p_.find_row(r, p_.a.unit());
  return lines;
}

// Declares b<c>, where the columns begin for this tap; b0 alone if they are read together.
std::string Writer::find_columns() const {
  const Product::Side& b = p_.b;
  std::string base = text(b.start(), " + tap * ", b.tap_step / b.unit(), "u"), lines;
  if (b.wide && !b.along_depth) return text("  let b0 = ", base, " + column / 4u;\n");
  for (int c = 0; c < 4; ++c)
    lines += text("  let b", c, " = ", base, " + min(column + ", c, "u, columns - 1u) * ",
                  b.along_depth ? b.side_step / b.unit() : 1, "u;\n");
  return lines;
}

std::string Writer::guarded(int r, const std::string& value, bool wide) const {
  if (!p_.bounded) return value;
  return text("select(", wide ? factor4() + "()" : zero(), ", ", value, ", in", r, ")");
}

bool Writer::can_halve() const {
  const Options& options = l_.options();
  return options.half && options.f16 && real_ && p_.a.wide && p_.a.along_depth && p_.b.wide;
}

// Adds four products to each <sum><r>.
std::string Writer::four_steps(int height, const char* sum) const {
  const Product::Side& b = p_.b;
  std::string lines;
  auto add = [&](const auto&... parts) { lines += text("    ", parts..., ";\n"); };
  for (int r = 0; r < height; ++r)
    add("let x", r, " = ", guarded(r, text("x(a", r, " + k)"), true));
  if (b.along_depth) {
    for (int c = 0; c < 4; ++c) add("let w", c, " = w(b", c, " + k)");
    for (int r = 0; r < height; ++r)
      add(sum, r, " += ", factor4(), "(dot(x", r, ", w0), dot(x", r, ", w1), dot(x", r,
          ", w2), dot(x", r, ", w3))");
  } else {
    for (int j = 0; j < 4; ++j)
      add("let w", j, " = w(b0 + (4u * k + ", j, "u) * ", b.depth_step / 4, "u)");
    for (int r = 0; r < height; ++r)
      add(sum, r, " += x", r, "[0] * w0 + x", r, "[1] * w1 + x", r, "[2] * w2 + x", r, "[3] * w3");
  }
  return lines;
}

// The same as steps(): some products are added up as f16, and what they come to as f32.
std::string Writer::steps_in_half(int height, uint32_t slices) const {
  constexpr uint32_t together = 4;
  size_t count = p_.depth / 4;
  std::string sums, add;
  for (int r = 0; r < height; ++r) {
    sums += text("    var h", r, " = vec4h();\n");
    add += text("    s", r, " += vec4f(h", r, ");\n");
  }
  return text("  for (var begin = ", slices > 1 ? "slice" : "0u", "; begin < ", count,
              "u; begin += ", together * slices, "u) {\n", sums, "    let end = min(begin + ",
              together * slices, "u, ", count,
              "u);\n    for (var k = begin; k < end; k += ", slices, "u) {\n",
              four_steps(height, "h"), "    }\n", add, "  }\n");
}

// Adds the products along the depth to s<r>.
std::string Writer::steps(int height, uint32_t slices) const {
  const Product::Side &a = p_.a, &b = p_.b;
  if (half_) return steps_in_half(height, slices);
  bool four = a.wide && a.along_depth;
  size_t count = four ? p_.depth / 4 : p_.depth;
  std::string lines = text("  for (var k = ", slices > 1 ? "slice" : "0u", "; k < ", count,
                           "u; k += ", slices, "u) {\n");
  auto add = [&](const std::string& what) { lines += "    " + what + "\n"; };
  if (four) return lines + four_steps(height, "s") + "  }\n";
  std::string a_step = a.along_depth ? "k" : text("k * ", a.depth_step / a.unit(), "u");
  for (int r = 0; r < height; ++r) {
    bool group = a.wide && !a.along_depth;
    if (group && r % 4 > 0) continue;
    add(text("let x", r, " = ", guarded(r, text("x(a", r, " + ", a_step, ")"), a.wide), ";"));
  }
  auto element = [&](int r) {
    return a.wide && !a.along_depth ? text("x", r / 4 * 4, "[", r % 4, "]") : text("x", r);
  };
  std::string step = b.along_depth ? "k" : text("k * ", b.depth_step / b.unit(), "u");
  if (b.wide)
    add(text("let w = w(b0 + ", step, ");"));
  else
    add(text("let w = ", vec4(), "(w(b0 + ", step, "), w(b1 + ", step, "), w(b2 + ", step,
             "), w(b3 + ", step, "));"));
  for (int r = 0; r < height; ++r) add(text("s", r, " += ", element(r), " * w;"));
  return lines + "  }\n";
}

std::string Writer::store(int height) const {
  std::string lines;
  for (int r = 0; r < height; ++r) {
    std::string exists = p_.exists ? " && " + p_.exists("row") : "";
    lines += text("  {\n  let row = first + ", r, "u;\n  if (row < rows", exists,
                  ") {\n    let at = ", p_.place("row"), " + column;\n");
    if (wide_output()) {
      lines += text("    let sum = s", r, ";\n    y(at / 4u, ", p_.finish(true), ");\n");
    } else {
      lines += text("    let row_of_sums = s", r, ";\n    for (var c = 0u; c < min(4u, columns - ",
                    "first_column); c++) {\n      let sum = row_of_sums[c];\n      let column = ",
                    "first_column + c;\n      y(at + c, ", p_.finish(false), ");\n    }\n");
    }
    lines += "  }\n  }\n";
  }
  return lines;
}

void Writer::direct(int height, uint32_t lanes, uint32_t slices, bool subgroups) {
  half_ = can_halve();
  declare();
  size_t row_blocks = (p_.rows + size_t(height) - 1) / size_t(height);
  size_t column_blocks = (p_.columns + 3) / 4, blocks = row_blocks * column_blocks;
  std::string body =
      text("  let z = block / ", blocks, "u;\n", p_.prologue, "  let column = block % ",
           column_blocks, "u * 4u;\n  let first_column = column;\n  let first = block % ", blocks,
           "u / ", column_blocks, "u * ", height, "u;\n");
  for (int r = 0; r < height; ++r) body += text("  var s", r, " = ", vec4(), "();\n");
  body += start_rows(height, "first");
  body += begin_taps() + find_rows(height) + find_columns() + steps(height, slices) + end_taps();
  size_t count = p_.batches * blocks;
  if (slices == 1) {
    shader_.run(count, "  let block = i;\n" + body + store(height));
    return;
  }
  // The sums of the slices are added pairwise.
  size_t group_count = (count + lanes - 1) / lanes;
  uint32_t across = uint32_t(std::min(group_count, size_t{32768}));
  uint32_t down = uint32_t((group_count + across - 1) / across);
  shader_.declare(text("var<workgroup> parts: array<", vec4(), ", ", lanes * slices, ">;"));
  // Neighbouring invocations read what lies beside each other.
  bool along = p_.b.along_depth;
  body = text("  let slice = index ", along ? "% " : "/ ", along ? slices : lanes,
              "u;\n  let lane = index ", along ? "/ " : "% ", along ? slices : lanes,
              "u;\n  let part = slice * ", lanes, "u + lane;\n  let wanted = (group.x + group.y * ",
              across, "u) * ", lanes, "u + lane;\n  let block = min(wanted, ", count - 1, "u);\n",
              body);
  Together group{int(slices), subgroups};
  std::string start = group.start(shader_);
  if (subgroups)
    shader_.declare(
        text("fn add(a: ", vec4(), ", b: ", vec4(), ") -> ", vec4(), " {\n  return a + b;\n}"));
  for (int r = 0; r < height; ++r) {
    body += text("  parts[part] = s", r, ";\n");
    if (subgroups) {
      body += group.fold(text("sum", r), "parts", "add", "subgroupAdd");
      body += text("  s", r, " = sum", r, ";\n  workgroupBarrier();\n");
      continue;
    }
    body += "  workgroupBarrier();\n";
    for (uint32_t half = slices / 2; half > 0; half /= 2)
      body += text("  if (slice < ", half, "u) {\n    parts[part] += parts[part + ", half * lanes,
                   "u];\n  }\n  workgroupBarrier();\n");
    body += text("  s", r, " = parts[lane];\n  workgroupBarrier();\n");
  }
  body += text("  if (slice > 0u || wanted >= ", count, "u) {\n    return;\n  }\n", store(height));
  shader_.run({across, down, 1}, {lanes * slices, 1, 1}, start + body);
}

// Columns of a tile's depth that are in workgroup memory at a time.
constexpr int tile_depth = 16;

// One more vec4 in each line of a tile spreads a column over the banks of the memory.
int line_of(int tile) {
  return tile / 4 + 1;
}

std::string split_depth(const Product& p) {
  if (p.taps() == 1) return text("  let ky = 0;\n  let kx = 0;\n  let tap = 0u;\n  let k = at;\n");
  bool whole = p.step_y == 1 && p.step_x == 1;
  std::string across = whole ? text(p.taps_x) : "taps_across";
  return text("  let number = i32(at / depth);\n  let k = at % depth;\n  let ky = ", p.first_y,
              " + number / ", across, " * ", p.step_y, ";\n  let kx = ", p.first_x, " + number % ",
              across, " * ", p.step_x, ";\n  let tap = u32(ky * ", p.taps_x, " + kx);\n");
}

// Four rows times four of the depth, as four vec4 along the rows.
std::string Writer::load_rows(int tile) const {
  const Product::Side& a = p_.a;
  std::string lines;
  auto put = [&](const std::string& j, const std::string& value) {
    return text("    rows_of[(4u * far + ", j, ") * ", line_of(tile), "u + near] = ", value, ";\n");
  };
  if (a.along_depth) {
    for (int r = 0; r < 4; ++r) lines += text("    var x", r, " = ", vec4(), "();\n");
    std::string load = split_depth(p_) + find_rows(4);
    if (a.wide) {
      lines += text("    let at = base + 4u * far;\n    if (at < total) {\n", load);
      for (int r = 0; r < 4; ++r)
        lines += text("    x", r, " = ", guarded(r, text("x(a", r, " + k / 4u)"), true), ";\n");
      lines += "    }\n";
    } else {
      lines += text("    for (var j = 0u; j < 4u; j++) {\n    let at = base + 4u * far + j;\n",
                    "    if (at < total) {\n", load);
      for (int r = 0; r < 4; ++r)
        lines += text("    x", r, "[j] = ", guarded(r, text("x(a", r, " + k)"), false), ";\n");
      lines += "    }\n    }\n";
    }
    for (int j = 0; j < 4; ++j)
      lines +=
          put(text(j, "u"), text(vec4(), "(x0[", j, "], x1[", j, "], x2[", j, "], x3[", j, "])"));
    return lines;
  }
  std::string step = text(" + k * ", a.depth_step / a.unit(), "u");
  std::string value =
      a.wide ? text("x(a0", step, ")")
             : text(vec4(), "(x(a0", step, "), x(a1", step, "), x(a2", step, "), x(a3", step, "))");
  lines += text(
      "    for (var j = 0u; j < 4u; j++) {\n      let k = base + 4u * far + j;\n      var v = ",
      vec4(), "();\n      if (k < total) {\n        v = ", value, ";\n      }\n  ", put("j", "v"),
      "    }\n");
  return lines;
}

std::string Writer::load_columns(int tile) const {
  const Product::Side& b = p_.b;
  auto put = [&](const std::string& j, const std::string& value) {
    return text("    columns_of[(4u * far + ", j, ") * ", line_of(tile), "u + near] = ", value,
                ";\n");
  };
  std::string lines, load = split_depth(p_) + find_columns();
  if (b.along_depth && b.wide) {
    for (int c = 0; c < 4; ++c) lines += text("    var w", c, " = ", vec4(), "();\n");
    lines += text("    let at = base + 4u * far;\n    if (at < total) {\n", load);
    for (int c = 0; c < 4; ++c) lines += text("    w", c, " = w(b", c, " + k / 4u);\n");
    lines += "    }\n";
    for (int j = 0; j < 4; ++j)
      lines +=
          put(text(j, "u"), text(vec4(), "(w0[", j, "], w1[", j, "], w2[", j, "], w3[", j, "])"));
    return lines;
  }
  std::string step = b.along_depth ? " + k" : text(" + k * ", b.depth_step / b.unit(), "u");
  std::string value =
      b.wide ? text("w(b0", step, ")")
             : text(vec4(), "(w(b0", step, "), w(b1", step, "), w(b2", step, "), w(b3", step, "))");
  lines +=
      text("    for (var j = 0u; j < 4u; j++) {\n    let at = base + 4u * far + j;\n    var v = ",
           vec4(), "();\n    if (at < total) {\n", load, "    v = ", value, ";\n    }\n",
           put("j", "v"), "    }\n");
  return lines;
}

// A workgroup has tile times tile elements of y. In turns all its invocations load a block of four
// times four, half of them rows and half of them columns, and add the products of what was loaded.
void Writer::tiled(int tile) {
  declare();
  int height = tile / 8, lines = line_of(tile) * tile_depth;
  uint32_t size = uint32_t(2 * tile);
  shader_.declare(text("var<workgroup> rows_of: array<", vec4(), ", ", lines,
                       ">;\nvar<workgroup> columns_of: array<", vec4(), ", ", lines, ">;"));
  // Neighbouring invocations read what lies beside each other.
  auto blocks = [&](const Product::Side& side) {
    return side.along_depth
               ? std::pair(std::string("part / 4u"), std::string("part % 4u"))
               : std::pair(text("part % ", tile / 4, "u"), text("part / ", tile / 4, "u"));
  };
  auto [near_row, far_row] = blocks(p_.a);
  auto [near_column, far_column] = blocks(p_.b);
  bool whole = p_.step_y == 1 && p_.step_x == 1;
  std::string total = text("depth * ", p_.taps(), "u");
  std::string body = "  let z = group.z;\n" + p_.prologue;
  if (!whole) {
    body += text("  let taps_across = max((", p_.taps_x, " - ", p_.first_x, " + ", p_.step_x - 1,
                 ") / ", p_.step_x, ", 0);\n  let taps_down = max((", p_.taps_y, " - ", p_.first_y,
                 " + ", p_.step_y - 1, ") / ", p_.step_y, ", 0);\n");
    total = "depth * u32(taps_across * taps_down)";
  }
  body += text("  let total = ", total, ";\n  let loads_rows = index < ", tile,
               "u;\n  let part = index % ", tile, "u;\n  let near = select(", near_column, ", ",
               near_row, ", loads_rows);\n  let far = select(", far_column, ", ", far_row,
               ", loads_rows);\n");
  body += start_rows(4, text("group.y * ", tile, "u + 4u * near"));
  body += text("  let across = index % ", tile / 4, "u;\n  let down = index / ", tile / 4, "u;\n");
  for (int r = 0; r < height; ++r) body += text("  var s", r, " = ", vec4(), "();\n");
  body += text(
      "  for (var base = 0u; base < total; base += ", tile_depth, "u) {\n    if (loads_rows) {\n",
      load_rows(tile), "    } else {\n    let column = ", "group.x * ", tile, "u + 4u * near;\n",
      load_columns(tile), "    }\n    workgroupBarrier();\n    for (var k = 0u; k < ", tile_depth,
      "u; k++) {\n      let w = columns_of[k * ", line_of(tile), "u + across];\n");
  for (int q = 0; q < height / 4; ++q) {
    body += text("      let x", q, " = rows_of[k * ", line_of(tile), "u + down * ", height / 4,
                 "u + ", q, "u];\n");
    for (int j = 0; j < 4; ++j) body += text("      s", 4 * q + j, " += x", q, "[", j, "] * w;\n");
  }
  body += text("    }\n    workgroupBarrier();\n  }\n  let column = group.x * ", tile,
               "u + 4u * across;\n  let first_column = column;\n  let first = group.y * ", tile,
               "u + down * ", height, "u;\n  if (column >= columns) {\n    return;\n  }\n",
               store(height));
  auto tiles = [&](size_t count) { return uint32_t((count + size_t(tile) - 1) / size_t(tile)); };
  shader_.run({tiles(p_.columns), tiles(p_.rows), uint32_t(p_.batches)}, {size, 1, 1}, body);
}

// Reads four at a time where all that is read then begins at a multiple of four.
void widen(Product& p) {
  auto even = [](size_t n) { return n % 4 == 0; };
  Product::Side &a = p.a, &b = p.b;
  bool floats = a.x.type.dtype == DType::f32 && even(a.x.count()) && even(b.x.count());
  b.wide =
      b.wide && floats && even(b.tap_step) &&
      (b.along_depth ? even(p.depth) && even(b.side_step) : even(p.columns) && even(b.depth_step));
  a.wide = a.wide && floats &&
           (a.along_depth ? even(p.depth) && even(a.side_step) && b.wide
                          : even(p.rows) && even(a.depth_step) && p.taps() == 1);
  if (b.along_depth) b.wide = b.wide && a.wide && a.along_depth;
}

}  // namespace

std::string Product::Side::start() const {
  if (base.empty()) return "0u";
  return wide ? text("(", base, ") / 4u") : text("(", base, ")");
}

const Snippet keep{R"(fn keep(x: f32, least: f32, most: f32) -> f32 {
  return select(select(x, most, x > most), least, x < least);
}
fn keep4(x: vec4f, least: f32, most: f32) -> vec4f {
  return select(select(x, vec4f(most), x > vec4f(most)), vec4f(least), x < vec4f(least));
}
)"};

std::string clamped(const Around& around, const std::string& value, bool wide) {
  double least = around.node.number("minValue"), most = around.node.number("maxValue");
  if (!(least > -INFINITY) && !(most < INFINITY)) return value;
  return text(wide ? "keep4(" : "keep(", value, ", ", literal(least), ", ", literal(most), ")");
}

void multiply(Lowering& l, Product p, std::string_view key) {
  widen(p);
  if (p.rows <= 4 && p.taps() == 1) {
    // Few rows: the time goes into reading the columns once, by as many as possible.
    int height = int(p.rows);
    size_t steps = p.a.wide && p.a.along_depth ? p.depth / 4 : p.depth;
    uint32_t slices = 2;
    while (slices < 64 && slices * 16 <= steps) slices *= 2;
    bool deep = steps >= 64 && preferred_for_rows(l) == By::group;
    // All of a workgroup, if neighbours then read neighbours.
    bool subgroups = l.options().subgroups > 0 && p.b.along_depth;
    int variant = l.choose(key, subgroups ? 3 : 2, !deep ? 0 : subgroups ? 2 : 1);
    if (variant == 2) return Writer(l, p).direct(height, 1, 64, true);
    if (variant == 1) return Writer(l, p).direct(height, 64 / slices, slices);
    return Writer(l, p).direct(height, 64, 1);
  }
  const Limits& limits = l.options().limits;
  size_t most = limits.max_compute_workgroups_per_dimension;
  bool tiles = p.batches <= most && p.rows / 32 < most && p.columns / 32 < most;
  int variant = l.choose(key, tiles ? 4 : 2, 0);
  if (variant == 0) return Writer(l, p).direct(4, 64, 1);
  if (variant == 1) return Writer(l, p).direct(8, 64, 1);
  Writer(l, p).tiled(variant == 2 ? 32 : 64);
}

}  // namespace gesso::webgpu
