// The derivatives of lstm back through time: core/ops/lstm.h, step by step.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/recurrent.h"
#include "core/ops/lstm.h"

namespace gesso::webgpu {
namespace {

using recurrent::LstmOptions;
namespace in = recurrent::lstm_gradient_in;

enum Result { d_input, d_weight, d_recurrent_weight, d_bias, d_peephole, d_hidden, d_cell };

class LstmGradientWriter {
 public:
  explicit LstmGradientWriter(Lowering& l) : l_(l), s(l.shape(0), l.shape(2), l.node), at(l.node) {}

  void run() {
    d_gates_ = l_.scratch(l_.in[in::gates]);
    carried_ = l_.scratch({DType::f32, recurrent::shape_of({2, slab})});
    // Those that are given by the gates wait where each step puts its own.
    if (x(in::d_gates)) run_copy(l_, x(in::d_gates), d_gates_.count(), d_gates_, 0);
    if (starts()) {
      run_copy(l_, x(in::d_hidden), slab, carried_, 0);
      run_copy(l_, x(in::d_cell), slab, carried_, slab);
    }
    pack_given();
    for (size_t n = s.steps; n-- > 0;) step(n);
    finish();
    if (wants(d_input))
      run_input_gradient(l_, s, d_gates_, width, x(in::weight), width, l_.output(d_input));
    if (wants(d_bias)) by_weights();
    if (wants(d_peephole)) by_peephole();
  }

 private:
  Lowering& l_;
  Sizes s;
  LstmOptions at;
  const size_t width = 4 * s.hidden, slab = s.directions * s.batch * s.hidden;
  Operand d_gates_;
  Operand carried_;  // the derivatives by the hidden state, but through gates, and by the cell
  Operand given_;    // by steps, in the order of the kept cells: by the sequence, the cells; mask

  Operand x(int i) const { return l_.input(i); }
  bool wants(int o) const { return l_.out_shape(o).count() > 0; }
  bool starts() const { return x(in::d_hidden) || x(in::d_cell); }

  void declare_places(Shader& shader) const {
    define_sizes(shader, s);
    declare_gates(shader, {d_gates_, width, s.steps, true});
    shader.declare(
        "fn cell_at(d: u32, n: u32, b: u32, j: u32) -> u32 {\n"
        "  return ((d * steps + time(d, n)) * batch + b) * hidden + j;\n}");
  }

  static constexpr const char* d_sequence_place =
      "((time(d, n) * directions + d) * batch + b) * hidden + j";
  static constexpr const char* mask_place = "time(d, n) * batch + b";

  // What is given for every step, in one buffer where a shader may not bind as many.
  void pack_given() {
    constexpr size_t others = 6;
    size_t bound = others;
    for (int i : {int(in::peephole), int(in::d_sequence), int(in::d_cells), int(in::mask)})
      bound += x(i) ? 1 : 0;
    if (bound <= l_.options().limits.max_storage_buffers_per_shader_stage) return;
    given_ = l_.scratch({DType::f32, recurrent::shape_of({s.steps, slab, 3})});
    Shader shader = l_.shader();
    declare_places(shader);
    declare_given_inputs(shader);
    shader.writes(given_, "set_given");
    shader.run(s.steps * slab,
               "  let j = i % hidden;\n  let b = i / hidden % batch;\n"
               "  let n = i / (hidden * batch) % steps;\n"
               "  let d = i / (hidden * batch * steps);\n"
               "  let at = 3u * cell_at(d, n, b, j);\n"
               "  set_given(at, d_sequence_of(d, n, b, j));\n"
               "  set_given(at + 1u, d_cells_of(d, n, b, j));\n"
               "  set_given(at + 2u, select(0.0, 1.0, counts(d, n, b, j)));\n");
  }

  // Declares d_sequence_of(d, n, b, j), d_cells_of and counts.
  void declare_given(Shader& shader) const {
    if (!given_) return declare_given_inputs(shader);
    shader.reads(given_, "given");
    declare_given_as(shader, "given(3u * cell_at(d, n, b, j))",
                     "given(3u * cell_at(d, n, b, j) + 1u)",
                     "given(3u * cell_at(d, n, b, j) + 2u) != 0.0");
  }
  void declare_given_inputs(Shader& shader) const {
    if (x(in::d_sequence)) shader.reads(x(in::d_sequence), "d_sequence");
    if (x(in::d_cells)) shader.reads(x(in::d_cells), "d_cells");
    if (x(in::mask)) shader.reads(x(in::mask), "mask");
    declare_given_as(shader, x(in::d_sequence) ? text("d_sequence(", d_sequence_place, ")") : "0.0",
                     x(in::d_cells) ? "d_cells(cell_at(d, n, b, j))" : "0.0",
                     x(in::mask) ? text("mask(", mask_place, ") != 0") : "true");
  }
  static void declare_given_as(Shader& shader, std::string_view d_sequence,
                               std::string_view d_cells, std::string_view counts) {
    constexpr const char* place = "(d: u32, n: u32, b: u32, j: u32)";
    shader.declare(text("fn d_sequence_of", place, " -> f32 {\n  return ", d_sequence,
                        ";\n}\nfn d_cells_of", place, " -> f32 {\n  return ", d_cells,
                        ";\n}\nfn counts", place, " -> bool {\n  return ", counts, ";\n}"));
  }

  // Declares what a sum over the gates of step `n` needs.
  void declare_sums(Shader& shader, std::string_view n) const {
    shader.reads(x(in::recurrent_weight), "recurrent_weight");
    shader.declare(
        text("fn weight(d: u32, k: u32, j: u32) -> f32 {\n"
             "  return recurrent_weight((d * 4u * hidden + k) * hidden + j);\n}\n"
             "fn state(d: u32, now: u32, b: u32, k: u32) -> f32 {\n"
             "  return d_gate(gates_at(d, ",
             n, ", b) + k);\n}"));
  }

  void step(size_t n) {
    bool is_last = n + 1 == s.steps;
    Shader shader = l_.shader();
    declare_places(shader);
    use_activations(shader);
    declare_given(shader);
    std::string now = declare_now(l_, shader, n, n == 0 || is_last);
    shader.reads(x(in::gates), "gate").reads(x(in::cells), "cell");
    shader.reads(d_gates_, "d_gate").writes(d_gates_, "set_d_gate");
    shader.reads(carried_, "carried").writes(carried_, "set_carried");
    if (!is_last) declare_sums(shader, "now + 1u");

    std::string body = text(
        "  let place = gates_at(d, now, b) + j;\n"
        "  let at = (d * batch + b) * hidden + j;\n"
        "  var dh = sums + d_sequence_of(d, now, b, j);\n"
        "  var dc = d_cells_of(d, now, b, j);\n");
    if (is_last ? starts() : bool(x(in::mask))) body += "  dh += carried(at);\n";
    if (!is_last || starts()) body += text("  dc += carried(at + ", slab, "u);\n");
    if (x(in::mask)) body += masked();
    body += gates(shader, n);
    run_step(l_, shader, s, {"f32", is_last ? 0 : width}, now, body);
  }

  std::string masked() const {
    std::string clear;
    for (int g = 0; g < 4; ++g) clear += text("    set_d_gate(place + ", g, "u * hidden, 0.0);\n");
    return text("  if (!counts(d, now, b, j)) {\n", clear,
                "    set_carried(at, dh);\n    set_carried(at + ", slab,
                "u, dc);\n    return;\n  }\n");
  }

  std::string gates(Shader& shader, size_t n) const {
    std::string before = "0.0";
    if (n > 0) {
      before = "cell(cell_at(d, now - 1u, b, j))";
    } else if (x(in::cell)) {
      shader.reads(x(in::cell), "initial_cell");
      before = "initial_cell(at)";
    }
    std::string lines = text("  let before = ", before,
                             ";\n  let after = cell(cell_at(d, now, b, j));\n  let squashed = ",
                             activation_text(at.output, "after"), ";\n");
    auto read = [&](const char* name, size_t place) {
      lines += text("  let ", name, " = gate(place + ", place, "u * hidden);\n");
    };
    read("input_gate", at.i);
    read("output_gate", at.o);
    read("forget_gate", at.f);
    read("candidate", at.g);
    lines +=
        text("  let by_cell = dc + dh * output_gate * ", slope_text(at.output, "squashed"), ";\n");
    auto derive = [&](const char* name, const char* of, size_t place, const char* value,
                      Activation f) {
      std::string given = x(in::d_gates) ? text(" + d_gate(place + ", place, "u * hidden)") : "";
      lines += text("  let ", name, " = (", value, given, ") * ", slope_text(f, of),
                    ";\n  set_d_gate(place + ", place, "u * hidden, ", name, ");\n");
    };
    derive("d_in", "input_gate", at.i, "by_cell * candidate", at.gate);
    derive("d_out", "output_gate", at.o, "dh * squashed", at.gate);
    derive("d_forget", "forget_gate", at.f, "by_cell * before", at.gate);
    derive("d_candidate", "candidate", at.g, "by_cell * input_gate", at.candidate);
    lines += "  dc = by_cell * forget_gate;\n";
    if (x(in::peephole)) {
      shader.reads(x(in::peephole), "peephole");
      const char* names[] = {"d_in", "d_out", "d_forget"};
      for (int p = 0; p < 3; ++p)
        lines += text("  dc += ", names[p], " * peephole((d * 3u + ", p, "u) * hidden + j);\n");
    }
    if (x(in::mask)) lines += "  set_carried(at, 0.0);\n";
    return lines + text("  set_carried(at + ", slab, "u, dc);\n");
  }

  // The derivatives by the initial states.
  void finish() {
    Shader shader = l_.shader();
    declare_places(shader);
    shader.reads(d_gates_, "d_gate").reads(carried_, "carried");
    shader.writes(l_.output(d_hidden), "set_d_hidden").writes(l_.output(d_cell), "set_d_cell");
    declare_sums(shader, "now");
    run_step(l_, shader, s, {"f32", width}, "  let now = 0u;\n",
             text("  let at = (d * batch + b) * hidden + j;\n  set_d_hidden(at, sums",
                  x(in::mask) ? " + carried(at)" : "", ");\n  set_d_cell(at, carried(at + ", slab,
                  "u));\n"));
  }

  void by_weights() {
    Shader shader = l_.shader();
    shader.writes(l_.output(d_weight), "set_d_weight")
        .writes(l_.output(d_recurrent_weight), "set_d_recurrent_weight")
        .writes(l_.output(d_bias), "set_d_bias");
    shader.declare(
        "fn put(d: u32, row: u32, column: u32, sum: f32) {\n"
        "  let at = d * 4u * hidden + row;\n"
        "  if (column < inputs) {\n    set_d_weight(at * inputs + column, sum);\n"
        "  } else if (column < inputs + hidden) {\n"
        "    set_d_recurrent_weight(at * hidden + column - inputs, sum);\n"
        "  } else {\n    set_d_bias(at, sum);\n  }\n}");
    run_weight_gradient(l_, shader, s, d_gates_, width, width, x(in::input), x(in::sequence),
                        x(in::hidden));
  }

  void by_peephole() {
    Shader shader = l_.shader();
    declare_places(shader);
    shader.reads(d_gates_, "d_gate").reads(x(in::cells), "cell");
    shader.writes(l_.output(d_peephole), "set_d_peephole");
    std::string initial = "0.0";
    if (x(in::cell)) {
      shader.reads(x(in::cell), "initial_cell");
      initial = "initial_cell((d * batch + b) * hidden + j)";
    }
    shader.define("all_rows", s.steps * s.batch);
    shader.run(s.directions * 3 * s.hidden,
               text("  let j = i % hidden;\n  let d = i / (3u * hidden);\n"
                    "  let gate = array(",
                    at.i, "u, ", at.o, "u, ", at.f,
                    "u)[i / hidden % 3u];\n  var sum = 0.0;\n"
                    "  for (var row = 0u; row < all_rows; row++) {\n"
                    "    let n = row / batch;\n    let b = row % batch;\n"
                    "    var before = 0.0;\n"
                    "    if (n > 0u) {\n      before = cell(cell_at(d, n - 1u, b, j));\n"
                    "    } else {\n      before = ",
                    initial,
                    ";\n    }\n"
                    "    sum += before * d_gate(gates_at(d, n, b) + gate * hidden + j);\n  }\n"
                    "  set_d_peephole(i, sum);\n"));
  }
};

}  // namespace

void lstm_gradient(Lowering& l) {
  LstmGradientWriter(l).run();
}

}  // namespace gesso::webgpu
