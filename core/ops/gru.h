// Gated recurrent units, forward and through time, in one direction after the other: the algorithm
// of the reference kernel and of the fast one, which differ in their arithmetic.
//   z, r = f0(W x + b + R h + rb)
//   n = f1(W x + b + q)    where q = r * (R h + rb), or R (r * h) + rb without resetAfter
//   h = z * h + (1 - z) * n
// Cho et al. 2014; the order of inputs is WebNN's. The gates that are kept are z, r, n and a fourth
// block: R h + rb of n, or r * h without resetAfter.
#pragma once

#include "core/ops/recurrent.h"

namespace gesso::recurrent {

struct GruOptions {
  static constexpr size_t n = 2, fourth = 3;  // the places of the gates
  size_t z, r;
  Activation gate, candidate;
  bool reset_after;

  explicit GruOptions(const Node& node) : reset_after(node.flag("resetAfter")) {
    bool zrn = node.text("layout") == "zrn";
    z = zrn ? 0 : 1, r = zrn ? 1 : 0;
    auto functions = activations_from(node.text("activations"));
    gate = functions[0], candidate = functions[1];
  }
};

// Memory of a run; null for what was left out or is not asked for.
template <class T>
struct GruMemory {
  const T *input, *weight, *recurrent_weight, *bias, *recurrent_bias, *initial_hidden;
  const uint8_t* mask;
  T *hidden, *sequence, *gates;
};

template <class T>
struct GruGradientMemory {
  const T *input, *weight, *recurrent_weight, *sequence, *gates, *initial_hidden;
  const uint8_t* mask;
  const T *d_hidden, *d_sequence, *d_gates;
  T *d_input, *d_weight, *d_recurrent_weight, *d_bias, *d_recurrent_bias, *d_initial_hidden;
};

// The places of the operators' inputs and outputs.
namespace gru_in {
enum { input, weight, recurrent_weight, bias, recurrent_bias, hidden, mask };
}
namespace gru_out {
enum { hidden, sequence, gates };
}
namespace gru_cell_in {
enum { input, weight, recurrent_weight, hidden, bias, recurrent_bias };
}
namespace gru_gradient_in {
enum {
  input,
  weight,
  recurrent_weight,
  sequence,
  gates,
  hidden,
  mask,
  d_hidden,
  d_sequence,
  d_gates
};
}

// The memory of a node from functions that give that of an input or output.
template <class T, class Given, class Wanted>
GruMemory<T> gru_memory(Given given, Wanted wanted) {
  auto x = [&](int i) { return static_cast<const T*>(given(i)); };
  auto y = [&](int o) { return static_cast<T*>(wanted(o)); };
  using namespace gru_in;
  return {x(input),
          x(weight),
          x(recurrent_weight),
          x(bias),
          x(recurrent_bias),
          x(hidden),
          static_cast<const uint8_t*>(given(mask)),
          y(gru_out::hidden),
          y(gru_out::sequence),
          y(gru_out::gates)};
}

template <class T, class Given, class Wanted>
GruMemory<T> gru_cell_memory(Given given, Wanted wanted) {
  using namespace gru_cell_in;
  auto as_gru = [&](int i) -> void* {
    constexpr int places[] = {input, weight, recurrent_weight, bias, recurrent_bias, hidden};
    return i == gru_in::mask ? nullptr : given(places[i]);
  };
  auto state = [&](int o) -> void* { return o == gru_out::hidden ? wanted(o) : nullptr; };
  return gru_memory<T>(as_gru, state);
}

template <class T, class Given, class Wanted>
GruGradientMemory<T> gru_gradient_memory(Given given, Wanted wanted) {
  auto x = [&](int i) { return static_cast<const T*>(given(i)); };
  auto y = [&](int o) { return static_cast<T*>(wanted(o)); };
  using namespace gru_gradient_in;
  return {x(input),
          x(weight),
          x(recurrent_weight),
          x(sequence),
          x(gates),
          x(hidden),
          static_cast<const uint8_t*>(given(mask)),
          x(d_hidden),
          x(d_sequence),
          x(d_gates),
          y(0),
          y(1),
          y(2),
          y(3),
          y(4),
          y(5)};
}

template <class Math>
class Gru {
 public:
  using T = typename Math::T;

  Gru(const Sizes& sizes, const GruOptions& options, Math& math)
      : s(sizes), at(options), math_(math) {}

  void run(const GruMemory<T>& m) {
    T* bias = math_.scratch(width);
    T* room = m.gates ? nullptr : math_.scratch(steps_at_once(s) * s.batch * width);
    for (size_t d = 0; d < s.directions; ++d) run_direction(m, d, bias, room);
  }

 private:
  using Packed = typename Math::Packed;

  const Sizes& s;
  const GruOptions& at;
  Math& math_;
  const size_t hidden = s.hidden, slab = s.batch * s.hidden;
  const size_t width = 4 * s.hidden;  // of what is kept

  // What the sums of z, r and n start with, and in the fourth block the recurrent bias of n.
  void start(const GruMemory<T>& m, size_t d, T* bias) {
    copy_or_clear(m.bias ? m.bias + d * 3 * hidden : nullptr, 3 * hidden, bias);
    const T* recurrent = m.recurrent_bias ? m.recurrent_bias + d * 3 * hidden : nullptr;
    if (recurrent) add(recurrent, (at.reset_after ? 2 : 3) * hidden, bias);
    copy_or_clear(recurrent && at.reset_after ? recurrent + 2 * hidden : nullptr, hidden,
                  bias + 3 * hidden);
  }

  void run_direction(const GruMemory<T>& m, size_t d, T* bias, T* room) {
    start(m, d, bias);
    const T* weight = m.weight + d * 3 * hidden * s.inputs;
    const T* recurrent = m.recurrent_weight + d * 3 * hidden * hidden;
    Packed of_gates = math_.pack({recurrent, 1, hidden}, hidden, 2 * hidden, s.steps);
    Packed of_n = math_.pack({recurrent + 2 * hidden * hidden, 1, hidden}, hidden, hidden, s.steps);
    T* state = m.hidden + d * slab;
    copy_or_clear(m.initial_hidden ? m.initial_hidden + d * slab : nullptr, slab, state);

    for_each_step(s, d, 3 * hidden, width, m.input, weight, bias, m.gates, room, math_,
                  [&](size_t, size_t t, T* gates) {
                    step(m, t, gates, state, bias + 3 * hidden, of_gates, of_n);
                    if (m.sequence)
                      std::copy_n(state, slab, m.sequence + (t * s.directions + d) * slab);
                  });
  }

  void step(const GruMemory<T>& m, size_t t, T* gates, T* state, const T* bias_of_n,
            const Packed& of_gates, const Packed& of_n) {
    math_.packed_product(s.batch, hidden, 2 * hidden, {state, hidden, 1}, of_gates, gates, width,
                         gates, width);
    T *n = gates + at.n * hidden, *fourth = gates + at.fourth * hidden;
    if (at.reset_after)
      math_.packed_product(s.batch, hidden, hidden, {state, hidden, 1}, of_n, fourth, width,
                           bias_of_n, 0);
    for (size_t b = 0; b < s.batch; ++b) open_gates(gates + b * width, state + b * hidden);
    if (!at.reset_after)
      math_.packed_product(s.batch, hidden, hidden, {fourth, width, 1}, of_n, n, width, n, width);
    for (size_t b = 0; b < s.batch; ++b) {
      T* row = gates + b * width;
      if (m.mask && !m.mask[t * s.batch + b])
        std::fill_n(row, width, T(0));
      else
        advance(row, state + b * hidden);
    }
  }

  void open_gates(T* row, const T* state) {
    T *r = row + at.r * hidden, *n = row + at.n * hidden, *fourth = row + at.fourth * hidden;
    math_.activate(at.gate, row, 2 * hidden);
    if (at.reset_after)
      for (size_t j = 0; j < hidden; ++j) n[j] += r[j] * fourth[j];
    else
      for (size_t j = 0; j < hidden; ++j) fourth[j] = r[j] * state[j];
  }

  void advance(T* row, T* state) {
    T *z = row + at.z * hidden, *n = row + at.n * hidden;
    math_.activate(at.candidate, n, hidden);
    for (size_t j = 0; j < hidden; ++j) state[j] = z[j] * state[j] + (1 - z[j]) * n[j];
  }
};

template <class Math>
class GruGradient {
 public:
  using T = typename Math::T;

  GruGradient(const Sizes& sizes, const GruOptions& options, Math& math)
      : s(sizes), at(options), math_(math) {}

  void run(const GruGradientMemory<T>& m) {
    T* d_gates = math_.scratch(s.steps * s.batch * width);
    T* zeros = math_.scratch(slab);
    std::fill_n(zeros, slab, T(0));
    for (size_t d = 0; d < s.directions; ++d) {
      through_time(m, d, d_gates, zeros);
      if (m.d_weight) by_weights(m, d, d_gates);
      if (!m.d_input) continue;
      const T* weight = m.weight + d * 3 * hidden * s.inputs;
      math_.product(s.steps * s.batch, 3 * hidden, s.inputs, {d_gates, width, 1},
                    {weight, s.inputs, 1}, m.d_input, s.inputs, d ? m.d_input : nullptr, s.inputs);
    }
  }

 private:
  using Packed = typename Math::Packed;

  const Sizes& s;
  const GruOptions& at;
  Math& math_;
  const size_t hidden = s.hidden, slab = s.batch * s.hidden;
  const size_t width = 4 * s.hidden;

  // The derivatives by the sums in z, r and n at each step, and by the fourth block. Those by the
  // state start as those by the last one and end as those by the initial one.
  void through_time(const GruGradientMemory<T>& m, size_t d, T* d_gates, const T* zeros) {
    T* dh = m.d_initial_hidden + d * slab;
    copy_or_clear(m.d_hidden ? m.d_hidden + d * slab : nullptr, slab, dh);
    const T* recurrent = m.recurrent_weight + d * 3 * hidden * hidden;
    Packed of_gates = math_.pack({recurrent, hidden, 1}, 2 * hidden, hidden, s.steps);
    Packed of_n = math_.pack({recurrent + 2 * hidden * hidden, hidden, 1}, hidden, hidden, s.steps);
    for (size_t i = s.steps; i-- > 0;) {
      size_t t = s.time(d, i);
      const T* before = m.initial_hidden ? m.initial_hidden + d * slab : zeros;
      if (i > 0) before = m.sequence + (s.time(d, i - 1) * s.directions + d) * slab;
      if (m.d_sequence) add(m.d_sequence + (t * s.directions + d) * slab, slab, dh);
      step(m, d, t, before, d_gates + t * s.batch * width, dh, of_gates, of_n);
    }
  }

  void step(const GruGradientMemory<T>& m, size_t d, size_t t, const T* before, T* d_gates, T* dh,
            const Packed& of_gates, const Packed& of_n) {
    const T* gates = m.gates + (d * s.steps + t) * s.batch * width;
    const T* more = m.d_gates ? m.d_gates + (d * s.steps + t) * s.batch * width : nullptr;
    auto is_masked = [&](size_t b) { return m.mask && !m.mask[t * s.batch + b]; };
    T *dn = d_gates + at.n * hidden, *d_fourth = d_gates + at.fourth * hidden;
    for (size_t b = 0; b < s.batch; ++b) {
      T* row = d_gates + b * width;
      if (is_masked(b))
        std::fill_n(row, width, T(0));
      else
        by_state(gates + b * width, more ? more + b * width : nullptr, before + b * hidden, row,
                 dh + b * hidden);
    }
    if (!at.reset_after)
      math_.packed_product(s.batch, hidden, hidden, {dn, width, 1}, of_n, d_fourth, width, d_fourth,
                           width);
    for (size_t b = 0; b < s.batch; ++b)
      if (!is_masked(b))
        by_reset(gates + b * width, before + b * hidden, d_gates + b * width, dh + b * hidden);
    if (at.reset_after)
      math_.packed_product(s.batch, hidden, hidden, {d_fourth, width, 1}, of_n, dh, hidden, dh,
                           hidden);
    math_.packed_product(s.batch, 2 * hidden, hidden, {d_gates, width, 1}, of_gates, dh, hidden, dh,
                         hidden);
  }

  // From h = z * h + (1 - z) * n.
  void by_state(const T* gates, const T* more, const T* before, T* d_gates, T* dh) {
    const T *z = gates + at.z * hidden, *n = gates + at.n * hidden;
    T *dz = d_gates + at.z * hidden, *dn = d_gates + at.n * hidden;
    copy_or_clear(more ? more + at.r * hidden : nullptr, hidden, d_gates + at.r * hidden);
    copy_or_clear(more ? more + at.fourth * hidden : nullptr, hidden, d_gates + at.fourth * hidden);
    for (size_t j = 0; j < hidden; ++j) {
      dz[j] = dh[j] * (before[j] - n[j]);
      dn[j] = dh[j] * (1 - z[j]);
      dh[j] *= z[j];
    }
    if (more) {
      add(more + at.z * hidden, hidden, dz);
      add(more + at.n * hidden, hidden, dn);
    }
    math_.times_slope(at.gate, z, dz, hidden);
    math_.times_slope(at.candidate, n, dn, hidden);
  }

  // From n's sum, which holds r * fourth; or, without resetAfter, from fourth = r * h.
  void by_reset(const T* gates, const T* before, T* d_gates, T* dh) {
    const T *r = gates + at.r * hidden, *fourth = gates + at.fourth * hidden;
    T *dr = d_gates + at.r * hidden, *d_fourth = d_gates + at.fourth * hidden;
    const T* dn = d_gates + at.n * hidden;
    if (at.reset_after)
      for (size_t j = 0; j < hidden; ++j) {
        dr[j] += dn[j] * fourth[j];
        d_fourth[j] += dn[j] * r[j];
      }
    else
      for (size_t j = 0; j < hidden; ++j) {
        dr[j] += d_fourth[j] * before[j];
        dh[j] += d_fourth[j] * r[j];
      }
    math_.times_slope(at.gate, r, dr, hidden);
  }

  void by_weights(const GruGradientMemory<T>& m, size_t d, const T* d_gates) {
    size_t rows = s.steps * s.batch, square = hidden * hidden;
    math_.input_weight_gradient(rows, s.inputs, 3 * hidden, m.input, d_gates, width,
                                m.d_weight + d * 3 * hidden * s.inputs);
    const T* initial = m.initial_hidden ? m.initial_hidden + d * slab : nullptr;
    auto before = states_before(s, d, m.sequence, math_);
    T* by_recurrent = m.d_recurrent_weight + d * 3 * square;
    recurrent_weight_gradient(s, d, 2 * hidden, d_gates, width, before, initial, by_recurrent,
                              math_);
    const T *dn = d_gates + at.n * hidden, *d_fourth = d_gates + at.fourth * hidden;
    if (at.reset_after)
      recurrent_weight_gradient(s, d, hidden, d_fourth, width, before, initial,
                                by_recurrent + 2 * square, math_);
    else
      math_.product(hidden, rows, hidden, {dn, 1, width},
                    {m.gates + d * rows * width + at.fourth * hidden, width, 1},
                    by_recurrent + 2 * square, hidden);
    T *d_bias = m.d_bias + d * 3 * hidden, *d_recurrent_bias = m.d_recurrent_bias + d * 3 * hidden;
    sum_columns(d_gates, rows, 3 * hidden, width, d_bias);
    std::copy_n(d_bias, 3 * hidden, d_recurrent_bias);
    if (at.reset_after) sum_columns(d_fourth, rows, hidden, width, d_recurrent_bias + 2 * hidden);
  }
};

}  // namespace gesso::recurrent
