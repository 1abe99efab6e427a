// lstm, gru, their cells and their derivatives: the algorithms of core/ops with fast arithmetic.
// The products with a recurrent weight, one a step, share its panels.
#include <cassert>

#include "core/backends/cpu/simd/kernels.h"
#include "core/backends/cpu/simd/math.h"
#include "core/backends/cpu/simd/product.h"
#include "core/ops/gru.h"
#include "core/ops/lstm.h"

namespace gesso::cpu {
namespace {

using recurrent::Activation;
using recurrent::GruOptions;
using recurrent::LstmOptions;
using recurrent::Sizes;
using simd::Floats;
using simd::lanes;

constexpr size_t panel_columns = 2 * lanes;

// Weights are turned for as many rows of sparse input as these.
constexpr size_t rows_worth_turning = 8;

// Floats that one piece of scratch memory takes: whole cache lines, and one more to read into.
constexpr size_t scratch_floats(size_t count) {
  constexpr size_t line = 16;
  return (count + line - 1) / line * line + line;
}

constexpr size_t panels_of(size_t columns) {
  return (columns + panel_columns - 1) / panel_columns;
}

constexpr size_t packed_floats(size_t depth, size_t columns) {
  return scratch_floats(panels_of(columns) * panel_columns * depth);
}

// x[i] = f(x[i], y[i]) for vectors.
template <class F>
void each(float* x, const float* y, size_t count, F f) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    simd::store(x + i, f(simd::load(x + i), simd::load(y + i)));
  size_t rest = count - i;
  simd::store_first(x + i, f(simd::load_first(x + i, rest), simd::load_first(y + i, rest)), rest);
}

// Six operators share these functions, which are long beside the call of one: none is inlined.
class SimdMath {
 public:
  using T = float;

  SimdMath(void* workspace, size_t bytes)
      : products_(workspace),
        free_(static_cast<float*>(workspace) + product_workspace / sizeof(float)),
        end_(static_cast<float*>(workspace) + bytes / sizeof(float)) {}

  float* scratch(size_t count) {
    float* taken = free_;
    free_ += scratch_floats(count);
    assert(free_ <= end_);
    return taken;
  }

  // Panels of columns, one after the other; or the matrix as it is, for one product.
  struct Packed {
    const float* panel;
    Matrix<float> whole;
  };
  [[gnu::noinline]] Packed pack(Matrix<float> b, size_t depth, size_t columns, size_t products) {
    if (products < 2) return {nullptr, b};
    float* panel = scratch(panels_of(columns) * panel_columns * depth);
    const float* packed = panel;
    for (size_t first = 0; first < columns; first += panel_columns) {
      size_t width = std::min(panel_columns, columns - first);
      for (size_t k = 0; k < depth; ++k, panel += panel_columns)
        for (size_t c = 0; c < panel_columns; ++c)
          panel[c] = c < width ? b.data[k * b.row_step + (first + c) * b.column_step] : 0;
    }
    return {packed, b};
  }

  [[gnu::noinline]] void product(size_t rows, size_t depth, size_t columns, Matrix<float> a,
                                 Matrix<float> b, float* out, size_t out_step,
                                 const float* start = nullptr, size_t start_step = 0) {
    if (rows == 0 || columns == 0) return;
    if (depth == 0) {
      for (size_t row = 0; row < rows; ++row)
        recurrent::copy_or_clear(start ? start + row * start_step : nullptr, columns,
                                 out + row * out_step);
      return;
    }
    multiply({.rows = rows,
              .depth = depth,
              .columns = columns,
              .a = a,
              .b = b,
              .out = out,
              .out_step = out_step,
              .c = {start, start_step, 1}},
             products_);
  }

  [[gnu::noinline]] void packed_product(size_t rows, size_t depth, size_t columns, Matrix<float> a,
                                        Packed packed, float* out, size_t out_step,
                                        const float* start = nullptr, size_t start_step = 0) {
    const float* panel = packed.panel;
    if (!panel)
      return product(rows, depth, columns, a, packed.whole, out, out_step, start, start_step);
    for (size_t first = 0; first < columns; first += panel_columns, panel += depth * panel_columns)
      product(rows, depth, std::min(panel_columns, columns - first), a, {panel, panel_columns, 1},
              out + first, out_step, start ? start + first : nullptr, start_step);
  }

  // One-hot rows, which is how text comes in, hold little else than zeros. Those are left out.
  [[gnu::noinline]] void input_product(size_t rows, size_t depth, size_t columns, const float* x,
                                       const float* w, float* out, size_t out_step,
                                       const float* start) {
    if (rows < rows_worth_turning || !is_sparse(x, rows * depth))
      return product(rows, depth, columns, {x, depth, 1}, {w, 1, depth}, out, out_step, start, 0);
    float* turned = room_for_turned(depth * columns);
    turn(w, columns, depth, turned);
    for (size_t row = 0; row < rows; ++row, x += depth, out += out_step) {
      recurrent::copy_or_clear(start, columns, out);
      for (size_t k = 0; k < depth; ++k)
        if (x[k] != 0) add_times(x[k], turned + k * columns, columns, out);
    }
  }

  [[gnu::noinline]] void input_weight_gradient(size_t rows, size_t depth, size_t columns,
                                               const float* x, const float* dy, size_t dy_step,
                                               float* out) {
    if (!is_sparse(x, rows * depth))
      return product(columns, rows, depth, {dy, 1, dy_step}, {x, depth, 1}, out, depth);
    float* turned = room_for_turned(depth * columns);
    std::fill_n(turned, depth * columns, 0.0f);
    for (size_t row = 0; row < rows; ++row, x += depth, dy += dy_step)
      for (size_t k = 0; k < depth; ++k)
        if (x[k] != 0) add_times(x[k], dy, columns, turned + k * columns);
    turn(turned, depth, columns, out);
  }

  [[gnu::noinline]] void activate(Activation f, float* x, size_t count) {
    switch (f) {
      case Activation::hard_sigmoid:
        return each(x, x, count, [](Floats v, Floats) {
          return simd::clamp(0.2f * v + 0.5f, Floats{}, simd::splat(1));
        });
      case Activation::linear:
        return;
      case Activation::relu:
        return each(x, x, count, [](Floats v, Floats) { return v < 0 ? Floats{} : v; });
      case Activation::sigmoid:
        return each(x, x, count, [](Floats v, Floats) { return simd::sigmoid(v); });
      case Activation::tanh:
        return each(x, x, count, [](Floats v, Floats) { return simd::tanh(v); });
      default:
        for (size_t i = 0; i < count; ++i) x[i] = recurrent::activate(f, x[i]);
    }
  }

  [[gnu::noinline]] void times_slope(Activation f, const float* y, float* dy, size_t count) {
    switch (f) {
      case Activation::linear:
        return;
      case Activation::sigmoid:
        return each(dy, y, count, [](Floats d, Floats v) { return d * (v * (1 - v)); });
      case Activation::tanh:
        return each(dy, y, count, [](Floats d, Floats v) { return d * (1 - v * v); });
      default:
        for (size_t i = 0; i < count; ++i) dy[i] *= recurrent::slope(f, y[i]);
    }
  }

 private:
  static bool is_sparse(const float* x, size_t count) {
    constexpr size_t share = 8;
    size_t others = 0;
    for (size_t i = 0; i < count; ++i) others += x[i] != 0;
    return others * share <= count;
  }

  // [rows, columns] to [columns, rows].
  static void turn(const float* from, size_t rows, size_t columns, float* to) {
    for (size_t column = 0; column < columns; ++column)
      for (size_t row = 0; row < rows; ++row) *to++ = from[row * columns + column];
  }

  static void add_times(float factor, const float* x, size_t count, float* to) {
    each(to, x, count,
         [factor](Floats y, Floats v) { return simd::madd(v, simd::splat(factor), y); });
  }

  float* room_for_turned(size_t count) {
    if (!turned_) turned_ = scratch(count);
    return turned_;
  }

  void* products_;
  float* free_;
  [[maybe_unused]] float* end_;
  float* turned_ = nullptr;
};

// Bytes for these numbers of floats, each a piece of scratch memory, and for products.
size_t workspace(std::initializer_list<size_t> pieces, size_t packed) {
  size_t floats = packed;
  for (size_t piece : pieces) floats += scratch_floats(piece);
  return product_workspace + floats * sizeof(float);
}

// The steps' room for gates, where the node does not keep them.
size_t room_for_gates(const Sizes& s, bool keeps) {
  return keeps ? 0 : recurrent::steps_at_once(s) * s.batch * 4 * s.hidden;
}

// Copies of the hidden states, one direction's, where two lie in turn.
size_t states_copied(const Sizes& s) {
  return s.directions > 1 ? s.directions * scratch_floats(s.steps * s.batch * s.hidden) : 0;
}

size_t lstm_workspace(const Sizes& s, bool keeps) {
  return workspace({4 * s.hidden, s.hidden, room_for_gates(s, keeps), 4 * s.hidden * s.inputs},
                   s.directions * packed_floats(s.hidden, 4 * s.hidden));
}

size_t gru_workspace(const Sizes& s, bool keeps) {
  size_t packed = packed_floats(s.hidden, 2 * s.hidden) + packed_floats(s.hidden, s.hidden);
  return workspace({4 * s.hidden, room_for_gates(s, keeps), 3 * s.hidden * s.inputs},
                   s.directions * packed);
}

// A step that calls run(math, given, wanted), where these give the memory of inputs and outputs;
// null for those that are left out or empty.
template <class F>
std::unique_ptr<Step> recurrence(const Lowering& l, size_t bytes, F run) {
  std::vector<bool> is_wanted;
  for (const TensorType& type : l.node.outputs) is_wanted.push_back(type.shape.count() > 0);
  auto loop = [is_wanted, bytes, run](const Memory& m) {
    SimdMath math(m.workspace, bytes);
    auto given = [&](int i) { return i < int(m.in.size()) ? m.in[size_t(i)] : nullptr; };
    auto wanted = [&](int o) {
      return o < int(is_wanted.size()) && is_wanted[size_t(o)] ? m.out[size_t(o)] : nullptr;
    };
    run(math, given, wanted);
  };
  return loop_step(loop, bytes);
}

}  // namespace

std::unique_ptr<Step> lstm(const Lowering& l) {
  Sizes sizes(l.shape(0), l.shape(2), l.node);
  LstmOptions options(l.node);
  auto run = [sizes, options](SimdMath& math, auto given, auto wanted) {
    recurrent::Lstm(sizes, options, math).run(recurrent::lstm_memory<float>(given, wanted));
  };
  return recurrence(l, lstm_workspace(sizes, l.node.flag("keepGates")), run);
}

std::unique_ptr<Step> lstm_cell(const Lowering& l) {
  Sizes sizes(l.shape(0), l.shape(2));
  LstmOptions options(l.node);
  auto run = [sizes, options](SimdMath& math, auto given, auto wanted) {
    recurrent::Lstm(sizes, options, math).run(recurrent::lstm_cell_memory<float>(given, wanted));
  };
  return recurrence(l, lstm_workspace(sizes, false), run);
}

std::unique_ptr<Step> lstm_gradient(const Lowering& l) {
  Sizes sizes(l.shape(0), l.shape(2), l.node);
  LstmOptions options(l.node);
  size_t h = sizes.hidden, gates = 4 * h * sizes.steps * sizes.batch;
  size_t packed = sizes.directions * packed_floats(4 * h, h);
  size_t bytes = workspace({gates, 2 * h, 4 * h * sizes.inputs}, packed + states_copied(sizes));
  auto run = [sizes, options](SimdMath& math, auto given, auto wanted) {
    recurrent::LstmGradient(sizes, options, math)
        .run(recurrent::lstm_gradient_memory<float>(given, wanted));
  };
  return recurrence(l, bytes, run);
}

namespace {

// A gate between 0 and 1 weighs two states. One without bounds multiplies them, and the rounding of
// its sum with them: such units, which are rare, keep to the reference kernel's plain arithmetic.
bool has_bounded_gates(const GruOptions& options) {
  return options.gate == Activation::sigmoid || options.gate == Activation::hard_sigmoid;
}

}  // namespace

std::unique_ptr<Step> gru(const Lowering& l) {
  Sizes sizes(l.shape(0), l.shape(2), l.node);
  GruOptions options(l.node);
  if (!has_bounded_gates(options)) return nullptr;
  auto run = [sizes, options](SimdMath& math, auto given, auto wanted) {
    recurrent::Gru(sizes, options, math).run(recurrent::gru_memory<float>(given, wanted));
  };
  return recurrence(l, gru_workspace(sizes, l.node.flag("keepGates")), run);
}

std::unique_ptr<Step> gru_cell(const Lowering& l) {
  Sizes sizes(l.shape(0), l.shape(2));
  GruOptions options(l.node);
  if (!has_bounded_gates(options)) return nullptr;
  auto run = [sizes, options](SimdMath& math, auto given, auto wanted) {
    recurrent::Gru(sizes, options, math).run(recurrent::gru_cell_memory<float>(given, wanted));
  };
  return recurrence(l, gru_workspace(sizes, false), run);
}

std::unique_ptr<Step> gru_gradient(const Lowering& l) {
  Sizes sizes(l.shape(0), l.shape(2), l.node);
  GruOptions options(l.node);
  size_t h = sizes.hidden, gates = 4 * h * sizes.steps * sizes.batch;
  size_t packed = sizes.directions * (packed_floats(2 * h, h) + packed_floats(h, h));
  size_t bytes =
      workspace({gates, sizes.batch * h, 3 * h * sizes.inputs}, packed + states_copied(sizes));
  auto run = [sizes, options](SimdMath& math, auto given, auto wanted) {
    recurrent::GruGradient(sizes, options, math)
        .run(recurrent::gru_gradient_memory<float>(given, wanted));
  };
  return recurrence(l, bytes, run);
}

}  // namespace gesso::cpu
