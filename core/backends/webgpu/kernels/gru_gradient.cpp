// The derivatives of gru back through time: core/ops/gru.h, step by step.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/recurrent.h"
#include "core/ops/gru.h"

namespace gesso::webgpu {
namespace {

using recurrent::GruOptions;
namespace in = recurrent::gru_gradient_in;

enum Result { d_input, d_weight, d_recurrent_weight, d_bias, d_recurrent_bias, d_hidden };

class GruGradientWriter {
 public:
  explicit GruGradientWriter(Lowering& l) : l_(l), s(l.shape(0), l.shape(2), l.node), at(l.node) {}

  void run() {
    d_gates_ = l_.scratch(l_.in[in::gates]);
    carried_ = l_.scratch(l_.out(d_hidden));
    // Those that are given by the gates wait where each step puts its own.
    if (x(in::d_gates)) run_copy(l_, x(in::d_gates), d_gates_.count(), d_gates_, 0);
    if (x(in::d_hidden)) run_copy(l_, x(in::d_hidden), carried_.count(), carried_, 0);
    for (size_t n = s.steps; n-- > 0;) {
      by_state(n);
      if (!at.reset_after) by_reset(n);
    }
    finish();
    if (wants(d_input))
      run_input_gradient(l_, s, d_gates_, width, x(in::weight), 3 * s.hidden, l_.output(d_input));
    if (!wants(d_bias)) return;
    by_weights();
    if (!at.reset_after) by_weight_of_n();
  }

 private:
  Lowering& l_;
  Sizes s;
  GruOptions at;
  const size_t width = 4 * s.hidden;
  Operand d_gates_;
  Operand carried_;  // the derivatives by the state, but through the gates that the next step sums

  Operand x(int i) const { return l_.input(i); }
  bool wants(int o) const { return l_.out_shape(o).count() > 0; }
  // How many rows of the recurrent weight a step sums up for the one before it.
  size_t depth() const { return (at.reset_after ? 3 : 2) * s.hidden; }

  Shader begin() {
    Shader shader = l_.shader();
    define_sizes(shader, s);
    declare_gates(shader, {d_gates_, width, s.steps, true});
    shader.reads(d_gates_, "d_gate");
    return shader;
  }

  Shader begin_step(size_t n) {
    Shader shader = begin();
    use_activations(shader);
    shader.writes(d_gates_, "set_d_gate").reads(x(in::gates), "gate");
    shader.reads(carried_, "carried").writes(carried_, "set_carried");
    declare_before(shader, n > 0 ? x(in::sequence) : Operand{}, n > 0 ? Operand{} : x(in::hidden));
    return shader;
  }

  // Declares what a sum over z, r and perhaps the fourth gate of step `n` needs.
  void declare_sums(Shader& shader, std::string_view n) const {
    shader.reads(x(in::recurrent_weight), "recurrent_weight");
    std::string column = at.reset_after ? "select(k, k + hidden, k >= 2u * hidden)" : "k";
    shader.declare(
        text("fn weight(d: u32, k: u32, j: u32) -> f32 {\n"
             "  return recurrent_weight((d * 3u * hidden + k) * hidden + j);\n}\n"
             "fn state(d: u32, now: u32, b: u32, k: u32) -> f32 {\n"
             "  return d_gate(gates_at(d, ",
             n, ", b) + ", column, ");\n}"));
  }

  static constexpr const char* places =
      "  let place = gates_at(d, now, b) + j;\n  let at = (d * batch + b) * hidden + j;\n";

  static std::string read(const char* name, size_t place) {
    return text("  let ", name, " = gate(place + ", place, "u * hidden);\n");
  }
  static std::string set(size_t place, std::string_view value) {
    return text("  set_d_gate(place + ", place, "u * hidden, ", value, ");\n");
  }
  // Text: a sum with what is given by that gate.
  std::string with_given(size_t place, std::string_view value) const {
    return x(in::d_gates) ? text("(", value, " + d_gate(place + ", place, "u * hidden))")
                          : text("(", value, ")");
  }

  // From h = z * h + (1 - z) * n; with resetAfter also from n's sum, which holds r * fourth.
  void by_state(size_t n) {
    bool is_last = n + 1 == s.steps;
    Shader shader = begin_step(n);
    std::string now = declare_now(l_, shader, n, n == 0 || is_last);
    if (!is_last) declare_sums(shader, "now + 1u");
    std::string body = text(places, "  var dh = sums;\n");
    if (!is_last || x(in::d_hidden)) body += "  dh += carried(at);\n";
    if (x(in::d_sequence)) {
      shader.reads(x(in::d_sequence), "d_sequence");
      body += "  dh += d_sequence(((time(d, now) * directions + d) * batch + b) * hidden + j);\n";
    }
    if (x(in::mask)) {
      shader.reads(x(in::mask), "mask");
      body += text("  if (mask(time(d, now) * batch + b) == 0) {\n", set(0, "0.0"), set(1, "0.0"),
                   set(2, "0.0"), set(3, "0.0"), "    set_carried(at, dh);\n    return;\n  }\n");
    }
    body += read("z", at.z) + read("n", at.n) +
            text("  let dz = ", with_given(at.z, "dh * (before(d, now, b, j) - n)"), " * ",
                 slope_text(at.gate, "z"), ";\n  let dn = ", with_given(at.n, "dh * (1.0 - z)"),
                 " * ", slope_text(at.candidate, "n"), ";\n", set(at.z, "dz"), set(at.n, "dn"),
                 "  set_carried(at, dh * z);\n");
    if (at.reset_after)
      body += read("r", at.r) + read("fourth", at.fourth) +
              set(at.r, text(with_given(at.r, "dn * fourth"), " * ", slope_text(at.gate, "r"))) +
              set(at.fourth, with_given(at.fourth, "dn * r"));
    run_step(l_, shader, s, {"f32", is_last ? 0 : depth()}, now, body);
  }

  // Without it, from fourth = r * h. Where a step does not count, all of this is 0.
  void by_reset(size_t n) {
    Shader shader = begin_step(n);
    std::string now = declare_now(l_, shader, n, n == 0);
    shader.reads(x(in::recurrent_weight), "recurrent_weight");
    shader.declare(
        "fn weight(d: u32, k: u32, j: u32) -> f32 {\n"
        "  return recurrent_weight(((d * 3u + 2u) * hidden + k) * hidden + j);\n}\n"
        "fn state(d: u32, now: u32, b: u32, k: u32) -> f32 {\n"
        "  return d_gate(gates_at(d, now, b) + 2u * hidden + k);\n}");
    run_step(
        l_, shader, s, {"f32", s.hidden}, now,
        text(places, read("r", at.r), "  let by_fourth = ", with_given(at.fourth, "sums"), ";\n",
             set(at.r, text(with_given(at.r, "by_fourth * before(d, now, b, j)"), " * ",
                            slope_text(at.gate, "r"))),
             "  set_carried(at, carried(at) + by_fourth * r);\n"));
  }

  // The derivative by the initial state.
  void finish() {
    Shader shader = begin();
    shader.reads(carried_, "carried").writes(l_.output(d_hidden), "set_d_hidden");
    declare_sums(shader, "now");
    run_step(l_, shader, s, {"f32", depth()}, "  let now = 0u;\n",
             "  let at = (d * batch + b) * hidden + j;\n  set_d_hidden(at, sums + carried(at));\n");
  }

  // All but the recurrent weight of n without resetAfter. With it, the fourth gate is what the
  // state gives to n.
  void by_weights() {
    Shader shader = l_.shader();
    shader.writes(l_.output(d_weight), "set_d_weight")
        .writes(l_.output(d_recurrent_weight), "set_d_recurrent_weight")
        .writes(l_.output(d_bias), "set_d_bias")
        .writes(l_.output(d_recurrent_bias), "set_d_recurrent_bias");
    const char* from_state = at.reset_after ? "gate != 2u" : "gate < 2u";
    const char* with_bias = at.reset_after ? "gate != 2u" : "true";
    shader.declare(
        text("fn put(d: u32, row: u32, column: u32, sum: f32) {\n"
             "  let gate = row / hidden;\n"
             "  let at = d * 3u * hidden + row;\n"
             "  let recurrent_at = select(at, at - hidden, gate == 3u);\n"
             "  if (column < inputs) {\n"
             "    if (gate < 3u) {\n      set_d_weight(at * inputs + column, sum);\n    }\n"
             "  } else if (column < inputs + hidden) {\n"
             "    if (",
             from_state,
             ") {\n      set_d_recurrent_weight(recurrent_at * hidden + column - inputs, sum);\n"
             "    }\n  } else {\n"
             "    if (gate < 3u) {\n      set_d_bias(at, sum);\n    }\n"
             "    if (",
             with_bias, ") {\n      set_d_recurrent_bias(recurrent_at, sum);\n    }\n  }\n}"));
    run_weight_gradient(l_, shader, s, d_gates_, width, (at.reset_after ? 4 : 3) * s.hidden,
                        x(in::input), x(in::sequence), x(in::hidden));
  }

  void by_weight_of_n() {
    Shader shader = begin();
    shader.reads(x(in::gates), "gate")
        .writes(l_.output(d_recurrent_weight), "set_d_recurrent_weight");
    shader.declare(
        "fn left(d: u32, row: u32, k: u32) -> f32 {\n"
        "  return d_gate(gates_at(d, k / batch, k % batch) + 2u * hidden + row);\n}\n"
        "fn right(d: u32, k: u32, column: u32) -> f32 {\n"
        "  return gate(gates_at(d, k / batch, k % batch) + 3u * hidden + column);\n}\n"
        "fn put(d: u32, row: u32, column: u32, sum: f32) {\n"
        "  set_d_recurrent_weight(((d * 3u + 2u) * hidden + row) * hidden + column, sum);\n}");
    run_product(l_, shader, {s.directions, s.hidden, s.hidden, s.steps * s.batch, false, false});
  }
};

}  // namespace

void gru_gradient(Lowering& l) {
  GruGradientWriter(l).run();
}

}  // namespace gesso::webgpu
