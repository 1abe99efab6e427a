// Texts and dispatches that the kernels of lstm and gru share.
#include "core/backends/webgpu/kernels/recurrent.h"

#include "core/backends/webgpu/kernels/reduction.h"
#include "core/backends/webgpu/snippets.h"

namespace gesso::webgpu {

std::string activation_text(Activation f, std::string_view x) {
  switch (f) {
    case Activation::elu:
      return text("elu(", x, ")");
    case Activation::hard_sigmoid:
      return text("clamp(0.2 * ", x, " + 0.5, 0.0, 1.0)");
    case Activation::linear:
      return std::string(x);
    case Activation::relu:
      return text("select(", x, ", 0.0, ", x, " < 0.0)");
    case Activation::selu:
      return text("selu(", x, ")");
    case Activation::sigmoid:
      return text("sigmoid(", x, ")");
    case Activation::softplus:
      return text("softplus(", x, ")");
    case Activation::softsign:
      return text("(", x, " / (1.0 + abs(", x, ")))");
    case Activation::tanh:
      return text("tanh_of(", x, ")");
  }
  return std::string(x);
}

std::string slope_text(Activation f, std::string_view y) {
  switch (f) {
    case Activation::elu:
      return text("select(", y, " + 1.0, 1.0, ", y, " > 0.0)");
    case Activation::hard_sigmoid:
      return text("select(0.0, 0.2, ", y, " > 0.0 && ", y, " < 1.0)");
    case Activation::linear:
      return "1.0";
    case Activation::relu:
      return text("select(0.0, 1.0, ", y, " > 0.0)");
    case Activation::selu:
      return text("select(", y, " + 1.75809934, 1.05070099, ", y, " > 0.0)");
    case Activation::sigmoid:
      return text("(", y, " * (1.0 - ", y, "))");
    case Activation::softplus:
      return text("(-expm1(-", y, "))");
    case Activation::softsign:
      return text("((1.0 - abs(", y, ")) * (1.0 - abs(", y, ")))");
    case Activation::tanh:
      return text("(1.0 - ", y, " * ", y, ")");
  }
  return "1.0";
}

Operand asked(const Lowering& l, int output) {
  return output < int(l.node.outputs.size()) ? l.output(output) : Operand{};
}

void use_activations(Shader& shader) {
  static constexpr Snippet elu{R"(fn elu(x: f32) -> f32 {
  return select(expm1(x), x, x > 0.0);
}
fn selu(x: f32) -> f32 {
  return 1.05070099 * select(1.67326324 * expm1(x), x, x > 0.0);
}
)",
                               {&expm1}};
  shader.use(elu).use(sigmoid).use(softplus).use(tanh);
}

void define_sizes(Shader& shader, const Sizes& s) {
  // Nothing divides by a size of 0: no dispatch with one has an invocation.
  auto at_least_1 = [](size_t size) { return std::max<size_t>(size, 1); };
  shader.define("steps", s.steps)
      .define("batch", at_least_1(s.batch))
      .define("inputs", s.inputs)
      .define("hidden", s.hidden)
      .define("directions", s.directions);
  const char* time = "n";
  if (s.backward) time = "steps - 1u - n";
  if (s.directions > 1) time = "select(n, steps - 1u - n, d == 1u)";
  shader.declare(text("fn time(d: u32, n: u32) -> u32 {\n  return ", time, ";\n}"));
}

std::string declare_now(Lowering& l, Shader& shader, size_t n, bool fixed) {
  if (fixed) return text("  let now = ", n, "u;\n");
  shader.reads(l.constant(int32_t(n)), "step_number");
  return "  let now = u32(step_number(0u));\n";
}

namespace {

// A workgroup for each sum: neighbours read neighbours.
void run_step_together(Shader& shader, const StepSums& sums, std::string_view now,
                       const OneEach& each, const Together& group) {
  shader.declare(text("var<workgroup> totals: array<", sums.type, ", ", group.width,
                      ">;\nfn add(a: ", sums.type, ", b: ", sums.type, ") -> ", sums.type,
                      " {\n  return a + b;\n}"));
  std::string start = group.start(shader);
  shader.run(each.groups, {uint32_t(group.width), 1, 1},
             text(start, each.start, "  let j = sum % hidden;\n  let b = sum / hidden % batch;\n",
                  "  let d = sum / (hidden * batch);\n", now, "  var part = ", sums.type,
                  "();\n  for (var k = index; k < ", sums.depth, "u; k += ", group.width,
                  "u) {\n    part += weight(d, k, j) * ", sums.state,
                  "(d, now, b, k);\n  }\n  totals[index] = part;\n",
                  group.fold("sums", "totals", "add", "subgroupAdd"),
                  "  if (index == 0u) {\n    advance(d, now, b, j, sums);\n  }\n"));
}

}  // namespace

void run_step(Lowering& l, Shader& shader, const Sizes& s, const StepSums& sums,
              std::string_view now, std::string_view body) {
  // Rows of the batch that an invocation takes share what it reads of the weight, where enough
  // invocations are left.
  constexpr size_t enough = 4096;
  size_t all = s.directions * s.batch * s.hidden;
  size_t rows = s.batch >= 4 && all >= 4 * enough ? 4 : s.batch >= 2 && all >= 2 * enough ? 2 : 1;
  if (sums.depth == 0) rows = 1;
  size_t blocks = (s.batch + rows - 1) / rows;
  shader.declare(
      text("fn advance(d: u32, now: u32, b: u32, j: u32, sums: ", sums.type, ") {\n", body, "}"));
  if (sums.along_depth && sums.depth >= 64 && rows == 1) {
    By by =
        choose_by(l, text(l.node.op->name, " step ", all, " ", sums.depth), preferred_for_rows(l));
    if (by != By::invocation)
      return run_step_together(shader, sums, now, OneEach(l, all, "sum"),
                               {64, by == By::subgroups});
  }
  std::string loop, start, add, end;
  for (size_t r = 0; r < rows; ++r) {
    start += text("  let b", r, " = min(b + ", r, "u, batch - 1u);\n", "  var sums", r, " = ",
                  sums.type, "();\n");
    add += text("    sums", r, " += w * ", sums.state, "(d, now, b", r, ", k);\n");
    end += r == 0 ? text("  advance(d, now, b, j, sums0);\n")
                  : text("  if (b + ", r, "u < batch) {\n    advance(d, now, b + ", r, "u, j, sums",
                         r, ");\n  }\n");
  }
  if (sums.depth > 0)
    loop = text("  for (var k = 0u; k < ", sums.depth, "u; k++) {\n    let w = weight(d, k, j);\n",
                add, "  }\n");
  shader.run(s.directions * blocks * s.hidden,
             text("  let j = i % hidden;\n  let b = i / hidden % ", std::max<size_t>(blocks, 1),
                  "u * ", rows, "u;\n  let d = i / ", std::max<size_t>(blocks, 1) * s.hidden,
                  "u;\n", now, start, loop, end));
}

void declare_gates(Shader& shader, const GatesRoom& room) {
  std::string step = room.by_time ? "steps + time(d, n)"
                                  : text(room.steps_at_once, "u + n % ", room.steps_at_once, "u");
  shader.declare(text("fn gates_at(d: u32, n: u32, b: u32) -> u32 {\n  return ((d * ", step,
                      ") * batch + b) * ", room.width, "u;\n}"));
}

GatesRoom make_gates(Lowering& l, const Sizes& s, const Operand& kept, size_t width) {
  if (kept) return {kept, width, s.steps, true};
  // Of long sequences some steps at a time: a device may bind no more.
  size_t step = s.directions * s.batch * width;
  size_t most = std::min<uint64_t>(l.options().limits.max_storage_buffer_binding_size, 64 << 20);
  size_t at_once = std::clamp<size_t>(most / sizeof(float) / std::max<size_t>(step, 1), 1, s.steps);
  return {l.scratch({DType::f32, recurrent::shape_of({at_once, step})}), width, at_once, false};
}

void run_input_product(Lowering& l, const Sizes& s, const InputProduct& p, const GatesRoom& room,
                       size_t first) {
  size_t count = std::min(room.steps_at_once, s.steps - first);
  Shader shader = l.shader();
  define_sizes(shader, s);
  declare_gates(shader, room);
  shader.reads(p.input, "input").reads(p.weight, "weight").writes(room.memory, "set_gate");
  std::string sum = "sum";
  if (p.bias) {
    shader.reads(p.bias, "bias");
    sum += " + bias(d * columns + column)";
  }
  if (p.recurrent_bias) {
    shader.reads(p.recurrent_bias, "recurrent_bias");
    sum += p.biased == p.columns ? " + recurrent_bias(d * columns + column)"
                                 : text(" + recurrent_bias_of(d, column)");
    if (p.biased != p.columns)
      shader.declare(
          text("fn recurrent_bias_of(d: u32, column: u32) -> f32 {\n"
               "  if (column >= ",
               p.biased,
               "u) {\n    return 0.0;\n  }\n"
               "  return recurrent_bias(d * columns + column);\n}"));
  }
  shader.declare(
      text("fn step_of(row: u32) -> u32 {\n  return ", first,
           "u + row / batch;\n}\n"
           "fn left(d: u32, row: u32, k: u32) -> f32 {\n"
           "  return input((time(d, step_of(row)) * batch + row % batch) * inputs + k);\n}\n"
           "fn right(d: u32, k: u32, column: u32) -> f32 {\n"
           "  return weight((d * columns + column) * inputs + k);\n}\n"
           "fn put(d: u32, row: u32, column: u32, sum: f32) {\n"
           "  set_gate(gates_at(d, step_of(row), row % batch) + column, ",
           sum, ");\n}"));
  run_product(l, shader, {s.directions, count * s.batch, p.columns, s.inputs, true, true});
}

Operand pack_recurrent_weight(Lowering& l, const Sizes& s, const Operand& weight, size_t gates) {
  Operand packed =
      l.scratch({DType::f32, recurrent::shape_of({s.directions, s.hidden, s.hidden, 4})});
  Shader shader = l.shader();
  define_sizes(shader, s);
  shader.reads(weight, "weight").writes(packed, "set_packed");
  std::string value = text("weight(((d * ", gates, "u + gate) * hidden + j) * hidden + k)");
  std::string body = text(
      "  let gate = i % 4u;\n  let j = i / 4u % hidden;\n"
      "  let k = i / (4u * hidden) % hidden;\n  let d = i / (4u * hidden * hidden);\n");
  if (gates == 4)
    body += text("  set_packed(i, ", value, ");\n");
  else
    body +=
        text("  if (gate >= ", gates,
             "u) {\n    set_packed(i, 0.0);\n  } else {\n    set_packed(i, ", value, ");\n  }\n");
  shader.run(packed.count(), body);
  return packed;
}

void declare_weight(Shader& shader, const Operand& weight, const Operand& packed, size_t gates) {
  std::string value = "packed((d * hidden + k) * hidden + j)";
  if (packed) {
    shader.reads4(packed, "packed");
  } else {
    shader.reads(weight, "recurrent_weight");
    value = "vec4f(";
    for (size_t g = 0; g < 4; ++g)
      value += g < gates ? text(g ? ",\n      " : "", "recurrent_weight(((d * ", gates, "u + ", g,
                                "u) * hidden + j) * hidden + k)")
                         : std::string(", 0.0");
    value += ")";
  }
  shader.declare(text("fn weight(d: u32, k: u32, j: u32) -> vec4f {\n  return ", value, ";\n}"));
}

StatesRoom make_states(Lowering& l, const Sizes& s, const Operand& sequence) {
  if (sequence) return {sequence, true};
  return {l.scratch({DType::f32, recurrent::shape_of({2, s.directions, s.batch, s.hidden})}),
          false};
}

void declare_states(Shader& shader, const StatesRoom& room) {
  shader.declare(text("fn state_at(d: u32, n: u32, b: u32) -> u32 {\n  return ((",
                      room.is_sequence ? "time(d, n)" : "n % 2u",
                      " * directions + d) * batch + b) * hidden;\n}"));
}

void declare_before(Shader& shader, const Operand& sequence, const Operand& initial) {
  std::string body;
  if (sequence) {
    shader.reads(sequence, "sequence");
    body =
        "  if (n > 0u) {\n    return sequence(((time(d, n - 1u) * directions + d) * batch + b) * "
        "hidden + k);\n  }\n";
  }
  if (initial) shader.reads(initial, "initial_state");
  body += initial ? "  return initial_state((d * batch + b) * hidden + k);\n" : "  return 0.0;\n";
  shader.declare(text("fn before(d: u32, n: u32, b: u32, k: u32) -> f32 {\n", body, "}"));
}

void run_copy(Lowering& l, const Operand& from, size_t count, const Operand& to, size_t at) {
  Shader shader = l.shader();
  if (from) shader.reads(from, "source");
  shader.writes(to, "set_copy");
  shader.run(count, text("  set_copy(i + ", at, "u, ", from ? "source(i)" : "0.0", ");\n"));
}

void run_input_gradient(Lowering& l, const Sizes& s, const Operand& d_gates, size_t width,
                        const Operand& weight, size_t columns, const Operand& d_input) {
  Shader shader = l.shader();
  define_sizes(shader, s);
  shader.reads(d_gates, "d_gate").reads(weight, "weight").writes(d_input, "set_d_input");
  std::string count = text(columns, "u");
  shader.declare(
      text("fn left(d: u32, row: u32, k: u32) -> f32 {\n"
           "  return d_gate(((k / ",
           count, ") * steps * batch + row) * ", width, "u + k % ", count,
           ");\n}\n"
           "fn right(d: u32, k: u32, column: u32) -> f32 {\n"
           "  return weight(k * inputs + column);\n}\n"
           "fn put(d: u32, row: u32, column: u32, sum: f32) {\n"
           "  set_d_input(row * inputs + column, sum);\n}"));
  run_product(l, shader, {1, s.steps * s.batch, s.inputs, s.directions * columns, true, false});
}

void run_weight_gradient(Lowering& l, Shader& shader, const Sizes& s, const Operand& d_gates,
                         size_t width, size_t rows, const Operand& input, const Operand& sequence,
                         const Operand& initial) {
  define_sizes(shader, s);
  declare_gates(shader, {d_gates, width, s.steps, true});
  declare_before(shader, sequence, initial);
  shader.reads(d_gates, "d_gate").reads(input, "input");
  shader.declare(
      "fn left(d: u32, row: u32, k: u32) -> f32 {\n"
      "  return d_gate(gates_at(d, k / batch, k % batch) + row);\n}\n"
      "fn right(d: u32, k: u32, column: u32) -> f32 {\n"
      "  let n = k / batch;\n  let b = k % batch;\n"
      "  if (column < inputs) {\n"
      "    return input((time(d, n) * batch + b) * inputs + column);\n  }\n"
      "  if (column < inputs + hidden) {\n    return before(d, n, b, column - inputs);\n  }\n"
      "  return 1.0;\n}");
  run_product(l, shader,
              {s.directions, rows, s.inputs + s.hidden + 1, s.steps * s.batch, false, false});
}

}  // namespace gesso::webgpu
