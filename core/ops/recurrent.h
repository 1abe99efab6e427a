// What lstm, gru and their cells share: sizes, the functions of gates, and the arithmetic their
// kernels are written in.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "core/ops/accept.h"
#include "core/ops/multiply.h"

namespace gesso::recurrent {

// The functions of gates. hardSigmoid is Keras': 0.2 * x + 0.5, kept between 0 and 1.
enum class Activation { elu, hard_sigmoid, linear, relu, selu, sigmoid, softplus, softsign, tanh };

inline constexpr double selu_alpha = 1.6732632423543772, selu_gamma = 1.0507009873554805;

template <class T>
T activate(Activation f, T x) {
  switch (f) {
    case Activation::elu:
      return x > 0 ? x : std::expm1(x);
    case Activation::hard_sigmoid:
      return std::clamp(T(0.2) * x + T(0.5), T(0), T(1));
    case Activation::linear:
      return x;
    case Activation::relu:
      return x < 0 ? T(0) : x;
    case Activation::selu:
      return T(selu_gamma) * (x > 0 ? x : T(selu_alpha) * std::expm1(x));
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::softplus:
      return (x < 0 ? T(0) : x) + std::log1p(std::exp(-std::abs(x)));
    case Activation::softsign:
      return x / (1 + std::abs(x));
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

// The derivative of a function where its result is y.
template <class T>
T slope(Activation f, T y) {
  switch (f) {
    case Activation::elu:
      return y > 0 ? T(1) : y + 1;
    case Activation::hard_sigmoid:
      return y > 0 && y < 1 ? T(0.2) : T(0);
    case Activation::linear:
      return 1;
    case Activation::relu:
      return y > 0 ? T(1) : T(0);
    case Activation::selu:
      return y > 0 ? T(selu_gamma) : y + T(selu_gamma * selu_alpha);
    case Activation::sigmoid:
      return y * (1 - y);
    case Activation::softplus:
      return -std::expm1(-y);
    case Activation::softsign:
      return (1 - std::abs(y)) * (1 - std::abs(y));
    case Activation::tanh:
      return 1 - y * y;
  }
  return 1;
}

// The functions named in the option `activations`, such as "sigmoid,tanh,tanh". Empty when one of
// the names is unknown.
std::vector<Activation> activations_from(Text names);

// One of the functions above as operators.
Value activated(Activation f, const Value& x);

struct Sizes {
  size_t steps, batch, inputs, hidden, directions;
  bool backward;  // the only direction is from the last step to the first

  // `input` [steps, batch, inputs], `recurrent_weight` [directions, gates, hidden].
  Sizes(const Shape& input, const Shape& recurrent_weight, const Node& node)
      : steps(size_t(input[0])),
        batch(size_t(input[1])),
        inputs(size_t(input[2])),
        hidden(size_t(recurrent_weight[2])),
        directions(size_t(recurrent_weight[0])),
        backward(node.text("direction") == "backward") {}

  // Of a cell: one step in one direction.
  Sizes(const Shape& input, const Shape& recurrent_weight)
      : steps(1),
        batch(size_t(input[0])),
        inputs(size_t(input[1])),
        hidden(size_t(recurrent_weight[1])),
        directions(1),
        backward(false) {}

  bool is_reversed(size_t direction) const { return backward || direction == 1; }
  // Where in time the n-th step of a direction is.
  size_t time(size_t direction, size_t n) const {
    return is_reversed(direction) ? steps - 1 - n : n;
  }
};

// Steps whose input products are computed at once where nobody keeps the gates.
inline size_t steps_at_once(const Sizes& s) {
  constexpr size_t rows = 256;
  return std::clamp<size_t>(rows / std::max<size_t>(s.batch, 1), 1, s.steps);
}

// The type rules' common part. Inputs 0 to 2 are input, weight and recurrentWeight; `gates` is the
// number of blocks of hiddenSize in these, `functions` that of activations. Fails where sizes or
// options do not fit.
Sizes check_sequence(const Call& call, int gates, size_t functions);

// An optional input: [directions, gates * hiddenSize].
void check_bias(const Call& call, int i, const Sizes& sizes, int gates);

// The same for a cell, which has no steps and no directions, and for its states and biases. Gives
// the type of a state.
TensorType check_cell(const Call& call, int gates, size_t functions);

// The gradient rule of an operator that `compose` writes in other operators, from the inputs of the
// node: that of the composition.
Values composed_gradient(const Grad& grad, Values (*compose)(const Values& x, const Node& node));

// x W^T + b; no bias where none is given.
Value affine(const Value& x, const Value& weight, const Value& bias);

// The n-th block of hiddenSize columns, or of numbers.
Value block(const Value& x, int n, int hidden);

// An optional input of a recurrence: [directions, batch, hidden].
void check_state(const Call& call, int i, const Sizes& sizes);

// An optional input: bool [steps, batch].
void check_mask(const Call& call, int i, const Sizes& sizes);

// What is given for an input of a kernel, or null; what is wanted of an output, or null.
template <class Real>
void* given(const Kernel<Real>& k, int i) {
  return k.has(i) ? k.in[size_t(i)].data : nullptr;
}
template <class Real>
void* wanted(const Kernel<Real>& k, int o) {
  return o < int(k.out.size()) && k.out_shape(o).count() > 0 ? k.out[size_t(o)].data : nullptr;
}

inline Shape shape_of(std::initializer_list<size_t> sizes) {
  Shape shape;
  for (size_t size : sizes) shape.push_back(int(size));
  return shape;
}

// The arithmetic of the reference kernels. The fast kernels bring a class of the same members.
template <class Real>
class PlainMath {
 public:
  using T = Real;

  // Memory until the end of the run.
  T* scratch(size_t count) { return memory_.emplace_back(count + 1).data(); }  // never null

  // A matrix that so many products share.
  using Packed = Matrix<T>;
  Packed pack(Matrix<T> b, size_t, size_t, size_t) { return b; }

  // out = start + a * b; start, if it is given, may be out itself.
  void product(size_t rows, size_t depth, size_t columns, Matrix<T> a, Matrix<T> b, T* out,
               size_t out_step, const T* start = nullptr, size_t start_step = 0) {
    multiply(a, b, rows, depth, columns, [&](size_t row, size_t column, T sum) {
      out[row * out_step + column] = (start ? start[row * start_step + column] : T(0)) + sum;
    });
  }
  void packed_product(size_t rows, size_t depth, size_t columns, Matrix<T> a, const Packed& b,
                      T* out, size_t out_step, const T* start = nullptr, size_t start_step = 0) {
    product(rows, depth, columns, a, b, out, out_step, start, start_step);
  }

  // out = start + x w^T for x [rows, depth] and w [columns, depth]; start is one row for all.
  void input_product(size_t rows, size_t depth, size_t columns, const T* x, const T* w, T* out,
                     size_t out_step, const T* start) {
    product(rows, depth, columns, {x, depth, 1}, {w, 1, depth}, out, out_step, start, 0);
  }
  // out = dy^T x for dy [rows, columns], whose rows lie dy_step apart, and x [rows, depth].
  void input_weight_gradient(size_t rows, size_t depth, size_t columns, const T* x, const T* dy,
                             size_t dy_step, T* out) {
    product(columns, rows, depth, {dy, 1, dy_step}, {x, depth, 1}, out, depth);
  }

  void activate(Activation f, T* x, size_t count) {
    for (size_t i = 0; i < count; ++i) x[i] = recurrent::activate(f, x[i]);
  }
  // dy *= the derivative of f where its result is y.
  void times_slope(Activation f, const T* y, T* dy, size_t count) {
    for (size_t i = 0; i < count; ++i) dy[i] *= slope(f, y[i]);
  }

 private:
  std::deque<std::vector<T>> memory_;
};

// Small pieces of both kernels.

template <class T>
void copy_or_clear(const T* from, size_t count, T* to) {
  if (from)
    std::copy_n(from, count, to);
  else
    std::fill_n(to, count, T(0));
}

template <class T>
void add(const T* x, size_t count, T* to) {
  for (size_t i = 0; i < count; ++i) to[i] += x[i];
}

// The sums of the columns of a matrix whose rows lie `step` apart.
template <class T>
void sum_columns(const T* x, size_t rows, size_t columns, size_t step, T* sums) {
  std::fill_n(sums, columns, T(0));
  for (size_t row = 0; row < rows; ++row) add(x + row * step, columns, sums);
}

// The hidden states before each step of a direction, [steps, batch, hidden] in the order of time,
// without the first: rows to read, and which steps they belong to.
template <class T>
struct StatesBefore {
  const T* states;
  size_t first_step;  // in time
};

template <class Math, class T = typename Math::T>
StatesBefore<T> states_before(const Sizes& s, size_t direction, const T* sequence, Math& math) {
  size_t slab = s.batch * s.hidden;
  const T* states = sequence;
  if (s.directions > 1) {
    T* copied = math.scratch(s.steps * slab);
    for (size_t t = 0; t < s.steps; ++t)
      std::copy_n(sequence + (t * s.directions + direction) * slab, slab, copied + t * slab);
    states = copied;
  }
  if (s.is_reversed(direction)) return {states + slab, 0};
  return {states, 1};
}

// Computes what the inputs give to the gates, for some steps at once where nobody keeps the gates,
// and calls step(n, t, gates) for the n-th step of a direction, at time t. Its gates, [batch,
// width], lie in `kept` or else in `room`; the inputs fill `columns` of them, from `bias` on.
template <class Math, class Step, class T = typename Math::T>
void for_each_step(const Sizes& s, size_t direction, size_t columns, size_t width, const T* input,
                   const T* weight, const T* bias, T* kept, T* room, Math& math, Step step) {
  size_t at_once = kept ? s.steps : steps_at_once(s);
  for (size_t first = 0; first < s.steps; first += at_once) {
    size_t count = std::min(at_once, s.steps - first);
    size_t start = s.is_reversed(direction) ? s.steps - first - count : first;
    T* gates = kept ? kept + (direction * s.steps + start) * s.batch * width : room;
    math.input_product(count * s.batch, s.inputs, columns, input + start * s.batch * s.inputs,
                       weight, gates, width, bias);
    for (size_t n = first; n < first + count; ++n) {
      size_t t = s.time(direction, n);
      step(n, t, gates + (t - start) * s.batch * width);
    }
  }
}

// The derivative by a recurrent weight [rows, hidden]: of every step the product of what it gave to
// the gates, `gates` [steps, batch, gate_step], and the state before it.
template <class Math, class T = typename Math::T>
void recurrent_weight_gradient(const Sizes& s, size_t direction, size_t rows, const T* gates,
                               size_t gate_step, StatesBefore<T> before, const T* initial,
                               T* result, Math& math) {
  size_t depth = (s.steps - 1) * s.batch;
  const T* later = gates + before.first_step * s.batch * gate_step;
  math.product(rows, depth, s.hidden, {later, 1, gate_step}, {before.states, s.hidden, 1}, result,
               s.hidden);
  if (!initial) return;
  const T* first = gates + s.time(direction, 0) * s.batch * gate_step;
  math.product(rows, s.batch, s.hidden, {first, 1, gate_step}, {initial, s.hidden, 1}, result,
               s.hidden, result, s.hidden);
}

}  // namespace gesso::recurrent
