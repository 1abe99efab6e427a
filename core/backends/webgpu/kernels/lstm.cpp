// Long short-term memory: core/ops/lstm.h, step by step.
#include "core/ops/lstm.h"

#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/recurrent.h"

namespace gesso::webgpu {
namespace {

using recurrent::LstmOptions;

// What a run reads and writes; void for what was left out or is not asked for.
struct LstmOperands {
  Operand input, weight, recurrent_weight, bias, recurrent_bias, peephole, initial_hidden,
      initial_cell, mask, hidden, cell, sequence, gates, cells;
};

class LstmWriter {
 public:
  LstmWriter(Lowering& l, const Sizes& s, const LstmOperands& m)
      : l_(l), s(s), at(l.node), m(m), room_(make_gates(l, s, m.gates, 4 * s.hidden)) {}

  void run() {
    if (s.steps > 1 || m.sequence) states_ = make_states(l_, s, m.sequence);
    if (s.steps > 1) packed_ = pack_recurrent_weight(l_, s, m.recurrent_weight, 4);
    size_t width = 4 * s.hidden;
    for (size_t n = 0; n < s.steps; ++n) {
      if (n % room_.steps_at_once == 0)
        run_input_product(l_, s, {m.input, m.weight, m.bias, m.recurrent_bias, width, width}, room_,
                          n);
      step(n);
    }
    if (states_.memory) finish();
  }

 private:
  Lowering& l_;
  const Sizes& s;
  LstmOptions at;
  const LstmOperands& m;
  GatesRoom room_;
  StatesRoom states_{};
  Operand packed_;

  bool is_direct() const { return !states_.memory; }  // of one step, which writes the outputs

  // Declares cell_at(d, n, b, j): where a cell is kept.
  void declare_cells(Shader& shader) const {
    shader.declare(text("fn cell_at(d: u32, n: u32, b: u32, j: u32) -> u32 {\n  return (",
                        m.cells ? "(d * steps + time(d, n))" : "d",
                        " * batch + b) * hidden + j;\n}"));
  }

  void step(size_t n) {
    Shader shader = l_.shader();
    define_sizes(shader, s);
    declare_gates(shader, room_);
    declare_cells(shader);
    use_activations(shader);
    std::string now = declare_now(l_, shader, n, n == 0);
    shader.reads(room_.memory, "gate");
    if (m.gates) shader.writes(m.gates, "set_gate");
    const Operand& cells = m.cells ? m.cells : m.cell;
    shader.writes(cells, "set_cell");
    bool has_state = n > 0 || m.initial_hidden;
    if (has_state) declare_weight(shader, m.recurrent_weight, n > 0 ? packed_ : Operand{}, 4);
    declare_state(shader, n);

    std::string cell = "0.0";
    if (n > 0) {
      shader.reads(cells, "cell");
      cell = "cell(cell_at(d, now - 1u, b, j))";
    } else if (m.initial_cell) {
      shader.reads(m.initial_cell, "initial_cell");
      cell = "initial_cell((d * batch + b) * hidden + j)";
    }
    std::string body = text("  let before = ", cell, ";\n  let place = gates_at(d, now, b) + j;\n");
    body += masked(shader, has_state ? "state(d, now, b, j)" : "0.0");
    body += gates(shader);
    run_step(l_, shader, s, {"vec4f", has_state ? s.hidden : 0, "state", n == 0}, now, body);
  }

  // Declares state(d, now, b, k), the hidden state before a step, and set_state(d, now, b, j,
  // value).
  void declare_state(Shader& shader, size_t n) const {
    if (!is_direct()) declare_states(shader, states_);
    std::string to = is_direct() ? "(d * batch + b) * hidden" : "state_at(d, now, b)";
    shader.writes(is_direct() ? m.hidden : states_.memory, "set_hidden");
    shader.declare(
        text("fn set_state(d: u32, now: u32, b: u32, j: u32, value: f32) {\n"
             "  set_hidden(",
             to, " + j, value);\n}"));
    if (n == 0 && !m.initial_hidden) return;
    shader.reads(n > 0 ? states_.memory : m.initial_hidden, "hidden_state");
    std::string of = n > 0 ? "state_at(d, now - 1u, b)" : "(d * batch + b) * hidden";
    shader.declare(
        text("fn state(d: u32, now: u32, b: u32, k: u32) -> f32 {\n"
             "  return hidden_state(",
             of, " + k);\n}"));
  }

  // Text: what happens where a step does not count.
  std::string masked(Shader& shader, std::string_view state) const {
    if (!m.mask) return {};
    shader.reads(m.mask, "mask");
    std::string clear;
    for (int g = 0; m.gates && g < 4; ++g)
      clear += text("    set_gate(place + ", g, "u * hidden, 0.0);\n");
    return text("  if (mask(time(d, now) * batch + b) == 0) {\n", clear,
                "    set_cell(cell_at(d, now, b, j), before);\n    set_state(d, now, b, j, ", state,
                ");\n    return;\n  }\n");
  }

  // Text: the step itself.
  std::string gates(Shader& shader) const {
    auto sum = [](size_t place) {
      return text("gate(place + ", place, "u * hidden) + sums[", place, "]");
    };
    std::string lines =
        text("  var input_sum = ", sum(at.i), ";\n  var output_sum = ", sum(at.o),
             ";\n  var forget_sum = ", sum(at.f), ";\n  let cell_sum = ", sum(at.g), ";\n");
    if (m.peephole) {
      shader.reads(m.peephole, "peephole");
      const char* names[] = {"input_sum", "output_sum", "forget_sum"};
      for (int p = 0; p < 3; ++p)
        lines += text("  ", names[p], " += before * peephole((d * 3u + ", p, "u) * hidden + j);\n");
    }
    lines +=
        text("  let input_gate = ", activation_text(at.gate, "input_sum"),
             ";\n  let output_gate = ", activation_text(at.gate, "output_sum"),
             ";\n  let forget_gate = ", activation_text(at.gate, "forget_sum"),
             ";\n  let candidate = ", activation_text(at.candidate, "cell_sum"),
             ";\n  let after = forget_gate * before + input_gate * candidate;\n"
             "  set_cell(cell_at(d, now, b, j), after);\n  set_state(d, now, b, j, output_gate * ",
             activation_text(at.output, "after"), ");\n");
    if (m.gates) {
      auto keep = [&](size_t place, const char* name) {
        lines += text("  set_gate(place + ", place, "u * hidden, ", name, ");\n");
      };
      keep(at.i, "input_gate");
      keep(at.o, "output_gate");
      keep(at.f, "forget_gate");
      keep(at.g, "candidate");
    }
    return lines;
  }

  // The last states to where they are asked for.
  void finish() {
    Shader shader = l_.shader();
    define_sizes(shader, s);
    declare_states(shader, states_);
    shader.reads(states_.memory, "state").writes(m.hidden, "set_hidden");
    std::string body =
        "  let j = i % hidden;\n  let b = i / hidden % batch;\n  let d = i / (hidden * batch);\n"
        "  set_hidden(i, state(state_at(d, steps - 1u, b) + j));\n";
    if (m.cells) {
      declare_cells(shader);
      shader.reads(m.cells, "cell").writes(m.cell, "set_cell");
      body += "  set_cell(i, cell(cell_at(d, steps - 1u, b, j)));\n";
    }
    shader.run(s.directions * s.batch * s.hidden, body);
  }
};

}  // namespace

void lstm(Lowering& l) {
  namespace in = recurrent::lstm_in;
  namespace out = recurrent::lstm_out;
  auto x = [&](int i) { return l.input(i); };
  LstmOperands m{x(in::input),          l.weight(in::weight),  l.weight(in::recurrent_weight),
                 x(in::bias),           x(in::recurrent_bias), x(in::peephole),
                 x(in::hidden),         x(in::cell),           x(in::mask),
                 asked(l, out::hidden), asked(l, out::cell),   asked(l, out::sequence),
                 asked(l, out::gates),  asked(l, out::cells)};
  Sizes sizes(l.shape(0), l.shape(2), l.node);
  LstmWriter(l, sizes, m).run();
}

void lstm_cell(Lowering& l) {
  namespace in = recurrent::lstm_cell_in;
  auto x = [&](int i) { return l.input(i); };
  LstmOperands m{};
  m.input = x(in::input), m.weight = l.weight(in::weight),
  m.recurrent_weight = l.weight(in::recurrent_weight);
  m.bias = x(in::bias), m.recurrent_bias = x(in::recurrent_bias), m.peephole = x(in::peephole);
  m.initial_hidden = x(in::hidden), m.initial_cell = x(in::cell);
  m.hidden = l.output(0), m.cell = l.output(1);
  Sizes sizes(l.shape(0), l.shape(2));
  LstmWriter(l, sizes, m).run();
}

}  // namespace gesso::webgpu
