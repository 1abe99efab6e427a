// Long short-term memory, forward and through time, in one direction after the other: the algorithm
// of the reference kernel and of the fast one, which differ in their arithmetic.
//   i, f, o = f0(W x + b + R h + rb + p * c)    g = f1(W x + b + R h + rb)
//   c = f * c + i * g                           h = o * f2(c)
// Hochreiter and Schmidhuber 1997, Gers et al. 2000 and 2002; the order of inputs is WebNN's.
#pragma once

#include "core/ops/recurrent.h"

namespace gesso::recurrent {

// What a node says, apart from sizes.
struct LstmOptions {
  size_t i, o, f, g;  // the place of each gate
  Activation gate, candidate, output;

  explicit LstmOptions(const Node& node) {
    bool iofg = node.text("layout") == "iofg";
    i = 0, o = iofg ? 1 : 3, f = iofg ? 2 : 1, g = iofg ? 3 : 2;
    auto functions = activations_from(node.text("activations"));
    gate = functions[0], candidate = functions[1], output = functions[2];
  }
};

// Memory of a run; null for what was left out or is not asked for. Everything has the shapes of the
// operators' inputs and outputs.
template <class T>
struct LstmMemory {
  const T *input, *weight, *recurrent_weight, *bias, *recurrent_bias, *peephole, *initial_hidden,
      *initial_cell;
  const uint8_t* mask;
  T *hidden, *cell, *sequence, *gates, *cells;
};

template <class T>
struct LstmGradientMemory {
  const T *input, *weight, *recurrent_weight, *sequence, *gates, *cells, *peephole, *initial_hidden,
      *initial_cell;
  const uint8_t* mask;
  const T *d_hidden, *d_cell, *d_sequence, *d_gates, *d_cells;
  T *d_input, *d_weight, *d_recurrent_weight, *d_bias, *d_peephole, *d_initial_hidden,
      *d_initial_cell;
};

// The places of the operators' inputs and outputs.
namespace lstm_in {
enum { input, weight, recurrent_weight, bias, recurrent_bias, peephole, hidden, cell, mask };
}
namespace lstm_out {
enum { hidden, cell, sequence, gates, cells };
}
namespace lstm_cell_in {
enum { input, weight, recurrent_weight, hidden, cell, bias, recurrent_bias, peephole };
}
namespace lstm_gradient_in {
enum {
  input,
  weight,
  recurrent_weight,
  sequence,
  gates,
  cells,
  peephole,
  hidden,
  cell,
  mask,
  d_hidden,
  d_cell,
  d_sequence,
  d_gates,
  d_cells
};
}

// The memory of a node from functions that give that of an input or output.
template <class T, class Given, class Wanted>
LstmMemory<T> lstm_memory(Given given, Wanted wanted) {
  auto x = [&](int i) { return static_cast<const T*>(given(i)); };
  auto y = [&](int o) { return static_cast<T*>(wanted(o)); };
  using namespace lstm_in;
  return {x(input),
          x(weight),
          x(recurrent_weight),
          x(bias),
          x(recurrent_bias),
          x(peephole),
          x(hidden),
          x(cell),
          static_cast<const uint8_t*>(given(mask)),
          y(lstm_out::hidden),
          y(lstm_out::cell),
          y(lstm_out::sequence),
          y(lstm_out::gates),
          y(lstm_out::cells)};
}

template <class T, class Given, class Wanted>
LstmMemory<T> lstm_cell_memory(Given given, Wanted wanted) {
  using namespace lstm_cell_in;
  auto as_lstm = [&](int i) -> void* {
    constexpr int places[] = {input,          weight,   recurrent_weight, bias,
                              recurrent_bias, peephole, hidden,           cell};
    return i == lstm_in::mask ? nullptr : given(places[i]);
  };
  auto states = [&](int o) -> void* { return o <= lstm_out::cell ? wanted(o) : nullptr; };
  return lstm_memory<T>(as_lstm, states);
}

template <class T, class Given, class Wanted>
LstmGradientMemory<T> lstm_gradient_memory(Given given, Wanted wanted) {
  auto x = [&](int i) { return static_cast<const T*>(given(i)); };
  auto y = [&](int o) { return static_cast<T*>(wanted(o)); };
  using namespace lstm_gradient_in;
  return {x(input),
          x(weight),
          x(recurrent_weight),
          x(sequence),
          x(gates),
          x(cells),
          x(peephole),
          x(hidden),
          x(cell),
          static_cast<const uint8_t*>(given(mask)),
          x(d_hidden),
          x(d_cell),
          x(d_sequence),
          x(d_gates),
          x(d_cells),
          y(0),
          y(1),
          y(2),
          y(3),
          y(4),
          y(5),
          y(6)};
}

template <class Math>
class Lstm {
 public:
  using T = typename Math::T;

  Lstm(const Sizes& sizes, const LstmOptions& options, Math& math)
      : s(sizes), at(options), math_(math) {}

  void run(const LstmMemory<T>& m) {
    T* bias = math_.scratch(width);
    T* squashed = math_.scratch(s.hidden);
    T* room = m.gates ? nullptr : math_.scratch(steps_at_once(s) * s.batch * width);
    for (size_t d = 0; d < s.directions; ++d) run_direction(m, d, bias, squashed, room);
  }

 private:
  const Sizes& s;
  const LstmOptions& at;
  Math& math_;
  const size_t width = 4 * s.hidden, slab = s.batch * s.hidden;

  void run_direction(const LstmMemory<T>& m, size_t d, T* bias, T* squashed, T* room) {
    copy_or_clear(m.bias ? m.bias + d * width : nullptr, width, bias);
    if (m.recurrent_bias) add(m.recurrent_bias + d * width, width, bias);
    const T* weight = m.weight + d * width * s.inputs;
    const T* recurrent = m.recurrent_weight + d * width * s.hidden;
    auto packed = math_.pack({recurrent, 1, s.hidden}, s.hidden, width, s.steps);
    T *hidden = m.hidden + d * slab, *cell = m.cell + d * slab;
    copy_or_clear(m.initial_hidden ? m.initial_hidden + d * slab : nullptr, slab, hidden);
    copy_or_clear(m.initial_cell ? m.initial_cell + d * slab : nullptr, slab, cell);

    for_each_step(s, d, width, width, m.input, weight, bias, m.gates, room, math_,
                  [&](size_t n, size_t t, T* gates) {
                    if (n > 0 || m.initial_hidden)
                      math_.packed_product(s.batch, s.hidden, width, {hidden, s.hidden, 1}, packed,
                                           gates, width, gates, width);
                    for (size_t b = 0; b < s.batch; ++b)
                      step(m, d, t, b, gates + b * width, hidden + b * s.hidden,
                           cell + b * s.hidden, squashed);
                  });
  }

  void step(const LstmMemory<T>& m, size_t d, size_t t, size_t b, T* gates, T* hidden, T* cell,
            T* squashed) {
    size_t n = s.hidden;
    if (m.mask && !m.mask[t * s.batch + b]) {
      std::fill_n(gates, width, T(0));
    } else {
      T *i = gates + at.i * n, *o = gates + at.o * n, *f = gates + at.f * n, *g = gates + at.g * n;
      if (m.peephole) {
        const T* p = m.peephole + d * 3 * n;
        for (size_t j = 0; j < n; ++j) {
          i[j] += p[j] * cell[j];
          o[j] += p[n + j] * cell[j];
          f[j] += p[2 * n + j] * cell[j];
        }
      }
      for (T* gate : {i, o, f}) math_.activate(at.gate, gate, n);
      math_.activate(at.candidate, g, n);
      for (size_t j = 0; j < n; ++j) squashed[j] = cell[j] = f[j] * cell[j] + i[j] * g[j];
      math_.activate(at.output, squashed, n);
      for (size_t j = 0; j < n; ++j) hidden[j] = o[j] * squashed[j];
    }
    if (m.sequence) std::copy_n(hidden, n, m.sequence + (t * s.directions + d) * slab + b * n);
    if (m.cells) std::copy_n(cell, n, m.cells + (d * s.steps + t) * slab + b * n);
  }
};

template <class Math>
class LstmGradient {
 public:
  using T = typename Math::T;

  LstmGradient(const Sizes& sizes, const LstmOptions& options, Math& math)
      : s(sizes), at(options), math_(math) {}

  void run(const LstmGradientMemory<T>& m) {
    T* d_gates = math_.scratch(s.steps * s.batch * width);
    T* squashed = math_.scratch(2 * s.hidden);
    for (size_t d = 0; d < s.directions; ++d) {
      through_time(m, d, d_gates, squashed);
      if (m.d_weight) by_weights(m, d, d_gates);
      if (!m.d_input) continue;
      const T* weight = m.weight + d * width * s.inputs;
      math_.product(s.steps * s.batch, width, s.inputs, {d_gates, width, 1}, {weight, s.inputs, 1},
                    m.d_input, s.inputs, d ? m.d_input : nullptr, s.inputs);
    }
  }

 private:
  const Sizes& s;
  const LstmOptions& at;
  Math& math_;
  const size_t width = 4 * s.hidden, slab = s.batch * s.hidden;

  // The derivatives by the sums in each gate at each step. Those by the states start as those by
  // the last ones and end as those by the initial ones.
  void through_time(const LstmGradientMemory<T>& m, size_t d, T* d_gates, T* squashed) {
    T *dh = m.d_initial_hidden + d * slab, *dc = m.d_initial_cell + d * slab;
    copy_or_clear(m.d_hidden ? m.d_hidden + d * slab : nullptr, slab, dh);
    copy_or_clear(m.d_cell ? m.d_cell + d * slab : nullptr, slab, dc);
    if (m.d_peephole) std::fill_n(m.d_peephole + d * 3 * s.hidden, 3 * s.hidden, T(0));
    auto packed = math_.pack({m.recurrent_weight + d * width * s.hidden, s.hidden, 1}, width,
                             s.hidden, s.steps);
    for (size_t n = s.steps; n-- > 0;) {
      size_t t = s.time(d, n);
      const T* before = m.initial_cell ? m.initial_cell + d * slab : nullptr;
      if (n > 0) before = m.cells + (d * s.steps + s.time(d, n - 1)) * slab;
      T* now = d_gates + t * s.batch * width;
      if (m.d_sequence) add(m.d_sequence + (t * s.directions + d) * slab, slab, dh);
      if (m.d_cells) add(m.d_cells + (d * s.steps + t) * slab, slab, dc);
      for (size_t b = 0; b < s.batch; ++b)
        step(m, d, t, b, before ? before + b * s.hidden : nullptr, now + b * width,
             dh + b * s.hidden, dc + b * s.hidden, squashed);
      math_.packed_product(s.batch, width, s.hidden, {now, width, 1}, packed, dh, s.hidden, dh,
                           s.hidden);
    }
  }

  // Leaves in dh what reaches the hidden state before other than through the gates.
  void step(const LstmGradientMemory<T>& m, size_t d, size_t t, size_t b, const T* before,
            T* d_gates, T* dh, T* dc, T* squashed) {
    size_t n = s.hidden, row = (d * s.steps + t) * s.batch + b;
    if (m.mask && !m.mask[t * s.batch + b]) {
      std::fill_n(d_gates, width, T(0));
      return;
    }
    const T* gates = m.gates + row * width;
    const T *i = gates + at.i * n, *o = gates + at.o * n, *f = gates + at.f * n,
            *g = gates + at.g * n;
    T *di = d_gates + at.i * n, *do_ = d_gates + at.o * n, *df = d_gates + at.f * n,
      *dg = d_gates + at.g * n;
    T* through = squashed + n;  // dh * o, and then by f2's argument
    std::copy_n(m.cells + row * n, n, squashed);
    math_.activate(at.output, squashed, n);
    for (size_t j = 0; j < n; ++j) {
      through[j] = dh[j] * o[j];
      do_[j] = dh[j] * squashed[j];
    }
    math_.times_slope(at.output, squashed, through, n);
    for (size_t j = 0; j < n; ++j) {
      T dcj = dc[j] + through[j];
      di[j] = dcj * g[j];
      dg[j] = dcj * i[j];
      dc[j] = dcj * f[j];
      through[j] = dcj;
    }
    for (size_t j = 0; j < n; ++j) df[j] = before ? through[j] * before[j] : T(0);
    if (m.d_gates) add(m.d_gates + row * width, width, d_gates);
    math_.times_slope(at.gate, i, di, n);
    math_.times_slope(at.gate, o, do_, n);
    math_.times_slope(at.gate, f, df, n);
    math_.times_slope(at.candidate, g, dg, n);
    std::fill_n(dh, n, T(0));
    if (m.peephole) through_peephole(m, d, before, di, do_, df, dc);
  }

  void through_peephole(const LstmGradientMemory<T>& m, size_t d, const T* before, const T* di,
                        const T* do_, const T* df, T* dc) {
    size_t n = s.hidden;
    const T* p = m.peephole + d * 3 * n;
    for (size_t j = 0; j < n; ++j) dc[j] += di[j] * p[j] + do_[j] * p[n + j] + df[j] * p[2 * n + j];
    if (!m.d_peephole || !before) return;
    T* dp = m.d_peephole + d * 3 * n;
    for (size_t j = 0; j < n; ++j) {
      dp[j] += di[j] * before[j];
      dp[n + j] += do_[j] * before[j];
      dp[2 * n + j] += df[j] * before[j];
    }
  }

  void by_weights(const LstmGradientMemory<T>& m, size_t d, const T* d_gates) {
    size_t rows = s.steps * s.batch;
    math_.input_weight_gradient(rows, s.inputs, width, m.input, d_gates, width,
                                m.d_weight + d * width * s.inputs);
    const T* initial = m.initial_hidden ? m.initial_hidden + d * slab : nullptr;
    recurrent_weight_gradient(s, d, width, d_gates, width, states_before(s, d, m.sequence, math_),
                              initial, m.d_recurrent_weight + d * width * s.hidden, math_);
    sum_columns(d_gates, rows, width, width, m.d_bias + d * width);
  }
};

}  // namespace gesso::recurrent
