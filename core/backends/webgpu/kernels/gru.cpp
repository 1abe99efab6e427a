// Gated recurrent units: core/ops/gru.h, step by step.
#include "core/ops/gru.h"

#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/recurrent.h"

namespace gesso::webgpu {
namespace {

using recurrent::GruOptions;

// What a run reads and writes; void for what was left out or is not asked for.
struct GruOperands {
  Operand input, weight, recurrent_weight, bias, recurrent_bias, initial_hidden, mask, hidden,
      sequence, gates;
};

class GruWriter {
 public:
  GruWriter(Lowering& l, const Sizes& s, const GruOperands& m)
      : l_(l),
        s(s),
        at(l.node),
        m(m),
        room_(make_gates(l, s, m.gates, (at.reset_after && !m.gates ? 3 : 4) * s.hidden)) {}

  void run() {
    if (s.steps > 1 || m.sequence) states_ = make_states(l_, s, m.sequence);
    if (s.steps > 1) packed_ = pack_recurrent_weight(l_, s, m.recurrent_weight, 3);
    for (size_t n = 0; n < s.steps; ++n) {
      if (n % room_.steps_at_once == 0)
        run_input_product(l_, s,
                          {m.input, m.weight, m.bias, m.recurrent_bias, 3 * s.hidden,
                           (at.reset_after ? 2 : 3) * s.hidden},
                          room_, n);
      if (at.reset_after) {
        step(n);
      } else {
        open_gates(n);
        advance(n);
      }
    }
    if (states_.memory) finish();
  }

 private:
  Lowering& l_;
  const Sizes& s;
  GruOptions at;
  const GruOperands& m;
  GatesRoom room_;
  StatesRoom states_{};
  Operand packed_;

  bool is_direct() const { return !states_.memory; }  // of one step, which writes the output
  bool has_state(size_t n) const { return n > 0 || m.initial_hidden; }

  // A shader of a step with gate(i), set_gate(i, value), state(d, now, b, k), and is_masked(d, now,
  // b) where there is a mask.
  Shader begin(size_t n) {
    Shader shader = l_.shader();
    define_sizes(shader, s);
    declare_gates(shader, room_);
    use_activations(shader);
    shader.reads(room_.memory, "gate").writes(room_.memory, "set_gate");
    if (!is_direct()) declare_states(shader, states_);
    std::string value = "0.0";
    if (has_state(n)) {
      shader.reads(n > 0 ? states_.memory : m.initial_hidden, "hidden_state");
      value = n > 0 ? "hidden_state(state_at(d, now - 1u, b) + k)"
                    : "hidden_state((d * batch + b) * hidden + k)";
    }
    shader.declare(
        text("fn state(d: u32, now: u32, b: u32, k: u32) -> f32 {\n  return ", value, ";\n}"));
    if (m.mask) shader.reads(m.mask, "mask");
    return shader;
  }

  // Declares set_state(d, now, b, j, value).
  void declare_result(Shader& shader) const {
    shader.writes(is_direct() ? m.hidden : states_.memory, "set_hidden");
    shader.declare(
        text("fn set_state(d: u32, now: u32, b: u32, j: u32, value: f32) {\n"
             "  set_hidden(",
             is_direct() ? "(d * batch + b) * hidden" : "state_at(d, now, b)", " + j, value);\n}"));
  }

  // Text: what happens where a step does not count.
  std::string masked(std::initializer_list<size_t> cleared, bool keeps_state) const {
    if (!m.mask) return {};
    std::string lines;
    for (size_t gate : cleared) lines += text("    set_gate(place + ", gate, "u * hidden, 0.0);\n");
    if (keeps_state) lines += "    set_state(d, now, b, j, before);\n";
    return text("  if (mask(time(d, now) * batch + b) == 0) {\n", lines, "    return;\n  }\n");
  }

  static std::string gate(size_t place) { return text("gate(place + ", place, "u * hidden)"); }
  static std::string set_gate(size_t place, std::string_view value) {
    return text("  set_gate(place + ", place, "u * hidden, ", value, ");\n");
  }
  static constexpr const char* begin_text =
      "  let place = gates_at(d, now, b) + j;\n  let before = state(d, now, b, j);\n";

  // With resetAfter, all of a step.
  void step(size_t n) {
    Shader shader = begin(n);
    declare_result(shader);
    std::string now = declare_now(l_, shader, n, n == 0);
    if (has_state(n)) declare_weight(shader, m.recurrent_weight, packed_of(n), 3);
    std::string fourth = "sums[2]";
    if (m.recurrent_bias) {
      shader.reads(m.recurrent_bias, "recurrent_bias");
      fourth += " + recurrent_bias((d * 3u + 2u) * hidden + j)";
    }
    std::string body = begin_text;
    body += m.gates ? masked({0, 1, 2, 3}, true) : masked({}, true);
    body += text("  let z_sum = ", gate(at.z), " + sums[", at.z, "];\n  let r_sum = ", gate(at.r),
                 " + sums[", at.r, "];\n  let z = ", activation_text(at.gate, "z_sum"),
                 ";\n  let r = ", activation_text(at.gate, "r_sum"), ";\n  let fourth = ", fourth,
                 ";\n  let n_sum = ", gate(at.n),
                 " + r * fourth;\n  let n = ", activation_text(at.candidate, "n_sum"),
                 ";\n  set_state(d, now, b, j, z * before + (1.0 - z) * n);\n");
    if (m.gates)
      body += set_gate(at.z, "z") + set_gate(at.r, "r") + set_gate(at.n, "n") +
              set_gate(at.fourth, "fourth");
    run_step(l_, shader, s, {"vec4f", has_state(n) ? s.hidden : 0, "state", n == 0}, now, body);
  }

  // Without it, first z, r and r * h, from which others compute n.
  void open_gates(size_t n) {
    Shader shader = begin(n);
    std::string now = declare_now(l_, shader, n, n == 0);
    if (has_state(n)) declare_weight(shader, m.recurrent_weight, packed_of(n), 3);
    run_step(l_, shader, s, {"vec4f", has_state(n) ? s.hidden : 0, "state", n == 0}, now,
             text(begin_text, masked({at.z, at.r, at.fourth}, false), "  let z_sum = ", gate(at.z),
                  " + sums[", at.z, "];\n  let r_sum = ", gate(at.r), " + sums[", at.r,
                  "];\n  let r = ", activation_text(at.gate, "r_sum"), ";\n",
                  set_gate(at.z, activation_text(at.gate, "z_sum")), set_gate(at.r, "r"),
                  set_gate(at.fourth, "r * before")));
  }

  void advance(size_t n) {
    Shader shader = begin(n);
    declare_result(shader);
    std::string now = declare_now(l_, shader, n, n == 0);
    if (has_state(n)) declare_weight_of_n(shader, n);
    std::string body = begin_text;
    body += m.gates ? masked({at.n}, true) : masked({}, true);
    body += text("  let z = ", gate(at.z), ";\n  let n_sum = ", gate(at.n),
                 " + sums;\n  let n = ", activation_text(at.candidate, "n_sum"),
                 ";\n  set_state(d, now, b, j, z * before + (1.0 - z) * n);\n");
    if (m.gates) body += set_gate(at.n, "n");
    run_step(l_, shader, s, {"f32", has_state(n) ? s.hidden : 0, "reset_state", n == 0}, now, body);
  }

  // The part of the recurrent weight that n has, and the state it is for.
  void declare_weight_of_n(Shader& shader, size_t n) const {
    std::string value = "recurrent_weight(((d * 3u + 2u) * hidden + j) * hidden + k)";
    if (packed_of(n)) value = "recurrent_weight(((d * hidden + k) * hidden + j) * 4u + 2u)";
    shader.reads(packed_of(n) ? packed_ : m.recurrent_weight, "recurrent_weight");
    shader.declare(text("fn weight(d: u32, k: u32, j: u32) -> f32 {\n  return ", value,
                        ";\n}\nfn reset_state(d: u32, now: u32, b: u32, k: u32) -> f32 {\n"
                        "  return gate(gates_at(d, now, b) + 3u * hidden + k);\n}"));
  }

  Operand packed_of(size_t n) const { return n > 0 ? packed_ : Operand{}; }

  // The last state to where it is asked for.
  void finish() {
    Shader shader = l_.shader();
    define_sizes(shader, s);
    declare_states(shader, states_);
    shader.reads(states_.memory, "state").writes(m.hidden, "set_hidden");
    shader.run(s.directions * s.batch * s.hidden,
               "  let j = i % hidden;\n  let b = i / hidden % batch;\n"
               "  let d = i / (hidden * batch);\n"
               "  set_hidden(i, state(state_at(d, steps - 1u, b) + j));\n");
  }
};

}  // namespace

void gru(Lowering& l) {
  namespace in = recurrent::gru_in;
  namespace out = recurrent::gru_out;
  auto x = [&](int i) { return l.input(i); };
  GruOperands m{x(in::input),        l.weight(in::weight),  l.weight(in::recurrent_weight),
                x(in::bias),         x(in::recurrent_bias), x(in::hidden),
                x(in::mask),         l.output(out::hidden), asked(l, out::sequence),
                asked(l, out::gates)};
  Sizes sizes(l.shape(0), l.shape(2), l.node);
  GruWriter(l, sizes, m).run();
}

void gru_cell(Lowering& l) {
  namespace in = recurrent::gru_cell_in;
  auto x = [&](int i) { return l.input(i); };
  GruOperands m{};
  m.input = x(in::input), m.weight = l.weight(in::weight),
  m.recurrent_weight = l.weight(in::recurrent_weight);
  m.bias = x(in::bias), m.recurrent_bias = x(in::recurrent_bias);
  m.initial_hidden = x(in::hidden), m.hidden = l.output();
  Sizes sizes(l.shape(0), l.shape(2));
  GruWriter(l, sizes, m).run();
}

}  // namespace gesso::webgpu
