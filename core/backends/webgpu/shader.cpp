// Writes the texts of shaders.
#include <cmath>
#include <cstring>

#include "core/backends/webgpu/planner.h"
#include "core/decimal.h"

namespace gesso::webgpu {
namespace {

// Invocations of a workgroup where no group works together.
constexpr uint32_t group_size = 64;

const char* name_of(DType dtype) {
  return dtype == DType::f32 ? "f32" : "i32";
}

// What a value of a whole-number type is after it was stored.
std::string wrapped(DType dtype, std::string value) {
  if (dtype == DType::u8) return text("(", value, ") & 255");
  if (dtype == DType::i8) return text("((", value, ") << 24u) >> 24u");
  return value;
}

void replace_all(std::string& in, std::string_view what, std::string_view by) {
  for (size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + by.size()))
    in.replace(at, what.size(), by);
}

// Puts names for $0, $1, ... and the numbers of options for {option}.
std::string fill(std::string pattern, const Node& node, std::span<const std::string> inputs) {
  for (size_t i = inputs.size(); i-- > 0;) replace_all(pattern, text("$", i), inputs[i]);
  for (const auto& [name, value] : node.attrs)
    if (const double* number = std::get_if<double>(&value)) {
      std::string mark = text("{", name, "}");
      if (pattern.find(mark) != std::string::npos) replace_all(pattern, mark, literal(*number));
    }
  return pattern;
}

template <class Row>
const Row* find(std::span<const Row> rows, const Op* op) {
  for (const Row& row : rows)
    if (row.op == op) return &row;
  return nullptr;
}

std::string formula_text(const Formula& formula, const Around& around) {
  if (formula.write) return formula.write(around);
  bool others = formula.others && around.dtype() != DType::f32;
  return others ? formula.others : formula.floats;
}

}  // namespace

std::string literal(double value) {
  float rounded = float(value);
  if (!std::isfinite(rounded)) {
    uint32_t bits;
    std::memcpy(&bits, &rounded, sizeof bits);
    return text("as_float(", bits, "u)");
  }
  std::string number = decimal(double(rounded), 9);
  if (number.find_first_of(".e") == std::string::npos) number += ".0";
  return value < 0 ? text("(", number, "f)") : number + "f";
}

std::string coordinates(std::string_view i, const Shape& shape, std::string_view prefix) {
  auto strides = strides_of(shape);
  std::string lines;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    size_t stride = strides[size_t(axis)];
    std::string at(i);
    if (stride != 1) at = text("(", at, ") / ", stride, "u");
    if (axis > 0) at = text("(", at, ") % ", shape[axis], "u");
    lines += text("  let ", prefix, axis, " = ", shape[axis] == 1 ? "0u" : at, ";\n");
  }
  return lines;
}

std::string place(const Shape& shape, std::span<const size_t> strides, std::string_view prefix) {
  std::string sum;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    size_t stride = strides[size_t(axis)];
    if (shape[axis] == 1 || stride == 0) continue;
    if (!sum.empty()) sum += " + ";
    sum += text(prefix, axis);
    if (stride != 1) sum += text(" * ", stride, "u");
  }
  return sum.empty() ? "0u" : sum;
}

std::string stretched_place(std::string_view i, const Shape& out, const Shape& in) {
  if (in.count() == 1) return "0u";
  if (in.count() == out.count()) return std::string(i);
  // Neighbouring axes that are both stretched, or both not, are one.
  auto strides = strides_of(out);
  auto in_strides = strides_of(in);
  int missing = out.rank() - in.rank();
  std::string sum;
  for (int axis = out.rank() - 1; axis >= 0;) {
    auto stretched = [&](int a) { return a < missing || (in[a - missing] == 1 && out[a] != 1); };
    int from = axis;
    bool skip = stretched(axis);
    while (from > 0 && (out[from - 1] == 1 || stretched(from - 1) == skip)) --from;
    if (!skip) {
      std::string at(i);
      if (strides[size_t(axis)] != 1) at = text(at, " / ", strides[size_t(axis)], "u");
      if (from > 0) at = text("(", at, ") % ", out.count(from, axis + 1), "u");
      size_t stride = in_strides[size_t(axis - missing)];
      at = text("(", at, ")");
      if (stride != 1) at = text(at, " * ", stride, "u");
      sum = sum.empty() ? at : text(sum, " + ", at);
    }
    axis = from - 1;
  }
  return sum.empty() ? "0u" : sum;
}

int Shader::slot(int storage, DType dtype, bool writes, bool wide) {
  for (size_t s = 0; s < slots_.size(); ++s)
    if (slots_[s].storage == storage) {
      slots_[s].writes |= writes;
      slots_[s].wide |= wide;
      return int(s);
    }
  slots_.push_back({storage, dtype, writes, wide, planner_.storages_[size_t(storage)].buffer.half});
  return int(slots_.size()) - 1;
}

Shader& Shader::reads(const Operand& x, std::string_view name) {
  std::string body = x.storage >= 0 ? text("at", slot(x.storage, x.type.dtype, false, false), "(i)")
                                    : call(x.edge, "i");
  declarations_ +=
      text("fn ", name, "(i: u32) -> ", name_of(x.type.dtype), " {\n  return ", body, ";\n}\n");
  return *this;
}

// Text: elements 4 i to 4 i + 3 as a vec4f.
std::string Shader::four_of(const Operand& x) {
  std::string body;
  if (x.storage >= 0) {
    int from = slot(x.storage, x.type.dtype, false, true);
    body = text("b", from, "[i]");
    if (slots_[size_t(from)].half)
      body = text("vec4f(unpack2x16float(", body, ".x), unpack2x16float(", body, ".y))");
  } else {
    std::string f = function(x.edge);
    body = text("vec4f(", f, "(4u * i), ", f, "(4u * i + 1u), ", f, "(4u * i + 2u), ", f,
                "(4u * i + 3u))");
  }
  return body;
}

Shader& Shader::reads4(const Operand& x, std::string_view name) {
  std::string four = four_of(x);
  declarations_ += text("fn ", name, "(i: u32) -> vec4f {\n  return ", four, ";\n}\n");
  return *this;
}

Shader& Shader::reads4_half(const Operand& x, std::string_view name) {
  enable("f16");
  std::string four = text("vec4h(", four_of(x), ")");
  if (x.storage >= 0 && planner_.storages_[size_t(x.storage)].buffer.half)
    four = text("bitcast<vec4h>(b", slot(x.storage, x.type.dtype, false, true), "[i])");
  declarations_ += text("fn ", name, "(i: u32) -> vec4h {\n  return ", four, ";\n}\n");
  return *this;
}

// What is written is what the formulas behind the kernel make of it.
Shader& Shader::writes(const Operand& y, std::string_view name) {
  bool behind = y.edge.id >= 0 && y.edge.id == planner_.groups_[size_t(group_)].work.kernel &&
                planner_.groups_[size_t(group_)].root.id != y.edge.id;
  Edge root = behind ? planner_.groups_[size_t(group_)].root : y.edge;
  DType dtype = behind ? planner_.type(root).dtype : y.type.dtype;
  int to = slot(y.storage, dtype, true, false);
  std::string value = behind ? call(root, "i") : wrapped(dtype, "value");
  declarations_ += text("fn ", name, "(i: u32, value: ", name_of(y.type.dtype), ") {\n  b", to,
                        "[i] = ", value, ";\n}\n");
  return *this;
}

Shader& Shader::writes4(const Operand& y, std::string_view name) {
  bool behind = y.edge.id >= 0 && y.edge.id == planner_.groups_[size_t(group_)].work.kernel &&
                planner_.groups_[size_t(group_)].root.id != y.edge.id;
  std::string value = "value";
  int to;
  if (behind) {
    Edge root = planner_.groups_[size_t(group_)].root;
    bool floats = planner_.type(root).dtype == DType::f32;
    to = slot(y.storage, planner_.type(root).dtype, true, true);
    std::string f = function(root);
    value = floats ? "vec4f(" : "vec4i(";
    for (int k = 0; k < 4; ++k)
      value += text(k ? ", " : "", f, "(4u * i + ", k, "u, value[", k, "])");
    value += ")";
  } else {
    to = slot(y.storage, y.type.dtype, true, true);
  }
  declarations_ +=
      text("fn ", name, "(i: u32, value: vec4f) {\n  b", to, "[i] = ", value, ";\n}\n");
  return *this;
}

Shader& Shader::define(std::string_view name, int64_t value) {
  constants_ += text("const ", name, " = ", value, ";\n");
  return *this;
}

Shader& Shader::number(std::string_view name, double value) {
  if (std::isfinite(float(value))) {
    constants_ += text("const ", name, " = ", literal(value), ";\n");
  } else {
    constants_ += text("var<private> ", name, ": f32;\n");
    starts_ += text("  ", name, " = ", literal(value), ";\n");
  }
  return *this;
}

Shader& Shader::declare(std::string_view code) {
  declarations_ += code;
  declarations_ += '\n';
  return *this;
}

Shader& Shader::use(const Snippet& snippet) {
  for (const Snippet* known : snippets_)
    if (known == &snippet) return *this;
  for (const Snippet* needed : snippet.uses) use(*needed);
  snippets_.push_back(&snippet);
  snippet_text_ += snippet.text;
  return *this;
}

Shader& Shader::enable(std::string_view extension) {
  std::string line = text("enable ", extension, ";\n");
  if (extensions_.find(line) == std::string::npos) extensions_ += line;
  return *this;
}

// Whether a value depends on what the group's kernel gives.
bool Shader::is_behind(Edge edge) const {
  int kernel = planner_.groups_[size_t(group_)].work.kernel;
  if (edge.id == kernel) return planner_.groups_[size_t(group_)].root.id != kernel;
  if (!planner_.is_computed(group_, edge)) return false;
  for (Edge e : planner_.node(edge.id).inputs)
    if (e.id >= 0 && is_behind(planner_.resolve(e))) return true;
  return false;
}

std::string Shader::call(Edge edge, std::string_view at) {
  if (edge.id == planner_.groups_[size_t(group_)].work.kernel && is_behind(edge)) return "value";
  if (!planner_.is_computed(group_, edge))
    return text("at", slot(planner_.storage_of(edge), planner_.type(edge).dtype, false, false), "(",
                at, ")");
  return text(function(edge), "(", at, is_behind(edge) ? ", value)" : ")");
}

// The name of a function that computes a value at place i; it is written where it is new.
std::string Shader::function(Edge edge) {
  for (const auto& [known, name] : functions_)
    if (known == edge) return name;
  if (!planner_.is_computed(group_, edge))
    return text("at", slot(planner_.storage_of(edge), planner_.type(edge).dtype, false, false));
  Around around = planner_.around(planner_.node(edge.id));
  const TensorType& type = planner_.type(edge);
  std::vector<std::string> inputs;
  std::string body;
  if (const Formula* formula = find(formulas(), around.node.op)) {
    for (size_t i = 0; i < around.in.size(); ++i) {
      inputs.push_back(text("x", i));
      if (!around.has(int(i))) continue;
      std::string at = stretched_place("i", type.shape, around.in[i].shape);
      body += text("  let x", i, " = ", call(planner_.resolve(around.node.inputs[i]), at), ";\n");
    }
    if (formula->uses) use(*formula->uses);
    std::string value = fill(formula_text(*formula, around), around.node, inputs);
    body += text("  return ", wrapped(type.dtype, value), ";\n");
  } else {
    const Move* move = find(moves(), around.node.op);
    for (size_t i = 0; i < around.in.size(); ++i)
      inputs.push_back(around.has(int(i)) ? function(planner_.resolve(around.node.inputs[i])) : "");
    if (move->uses) use(*move->uses);
    body = fill(move->write(around, edge.output), around.node, inputs);
  }
  std::string name = text("f", names_++);
  std::string value;
  if (is_behind(edge)) {
    DType given = planner_.node(planner_.groups_[size_t(group_)].work.kernel).outputs[0].dtype;
    value = text(", value: ", name_of(given));
  }
  declarations_ +=
      text("fn ", name, "(i: u32", value, ") -> ", name_of(type.dtype), " {\n", body, "}\n");
  functions_.emplace_back(edge, name);
  return name;
}

void Shader::run(size_t count, std::string_view body) {
  size_t most = planner_.options_.limits.max_compute_workgroups_per_dimension;
  size_t groups = (count + group_size - 1) / group_size;
  size_t rows = std::max(size_t{1}, (groups + most - 1) / most),
         columns = (groups + rows - 1) / rows;
  std::string at = rows > 1 ? text("id.x + id.y * ", columns * group_size, "u") : "id.x";
  finish({uint32_t(columns), uint32_t(rows), 1},
         text("@compute @workgroup_size(", group_size,
              ")\nfn main(@builtin(global_invocation_id) id: vec3u) {\n  let i = ", at,
              ";\n  if (i >= ", count, "u) {\n    return;\n  }\n", starts_, body, "}\n"));
}

void Shader::run(std::array<uint32_t, 3> groups, std::array<uint32_t, 3> size,
                 std::string_view body) {
  finish(groups,
         text("@compute @workgroup_size(", size[0], ", ", size[1], ", ", size[2],
              ")\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) "
              "local: vec3u, @builtin(local_invocation_index) index: u32) {\n",
              starts_, body, "}\n"));
}

void Shader::finish(std::array<uint32_t, 3> groups, std::string_view entry) {
  std::string code = extensions_, access;
  PlanStep step;
  for (size_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = slots_[s];
    std::string type = name_of(slot.dtype);
    std::string stored = slot.wide ? text("vec4<", type, ">") : type;
    std::string value = text("b", s, slot.wide ? "[i / 4u][i % 4u]" : "[i]");
    if (slot.half) {
      stored = slot.wide ? "vec2u" : "u32";
      value = text("unpack2x16float(b", s, slot.wide ? "[i / 4u][i / 2u % 2u]" : "[i / 2u]",
                   ")[i % 2u]");
    }
    code += text("@group(0) @binding(", s, ") var<storage, ", slot.writes ? "read_write" : "read",
                 "> b", s, ": array<", stored, ">;\n");
    access += text("fn at", s, "(i: u32) -> ", type, " {\n  return ", value, ";\n}\n");
    step.bindings.push_back({slot.storage, slot.writes});
    planner_.touch(slot.storage);
  }
  access += constants_ + snippet_text_ + declarations_;
  access += entry;
  // A constant of WGSL must be finite; what a function gives may be anything.
  if (access.find("as_float(") != std::string::npos)
    code += "fn as_float(bits: u32) -> f32 {\n  return bitcast<f32>(bits);\n}\n";
  code += access;
  const Planner::Group& group = planner_.groups_[size_t(group_)];
  const Node& node = planner_.node(group.work.kernel >= 0 ? group.work.kernel : group.root.id);
  step.groups = groups;
  step.choices = planner_.choices_;
  step.info = {node.op->name, "webgpu", node.name, node.outputs[0]};
  step.shader = planner_.add_shader(planner_.label_of(group), std::move(code));
  planner_.plan_.steps.push_back(std::move(step));
}

}  // namespace gesso::webgpu
