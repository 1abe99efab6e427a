// What the kernels of lstm and gru share: sizes, the functions of gates as text, products over all
// steps, and how a dispatch for one step finds its place in time.
//
// A pass over time is one dispatch for each step, all of one shader: which step it is comes from
// memory. The n-th step of a direction is at time(d, n).
#pragma once

#include "core/backends/webgpu/kernel.h"
#include "core/ops/recurrent.h"

namespace gesso::webgpu {

using recurrent::Activation;
using recurrent::Sizes;

// Text: a function of a gate, and its derivative where its result is y.
std::string activation_text(Activation f, std::string_view x);
std::string slope_text(Activation f, std::string_view y);

// An output, or nothing where the node has fewer.
Operand asked(const Lowering& l, int output);

// Declares what those texts call.
void use_activations(Shader& shader);

// Declares steps, batch, inputs, hidden and directions, and time(d, n).
void define_sizes(Shader& shader, const Sizes& s);

// Which step a dispatch is about. The shader knows it as `now`: from memory, or because it is for
// that step alone.
std::string declare_now(Lowering& l, Shader& shader, size_t n, bool fixed);

// Runs `body` for every direction d, row b of the batch and place j of a state, in which `sums` of
// `type` holds Σ weight(d, k, j) * state(d, now, b, k) over k < depth. These are functions of the
// shader, weight giving a `type` and state an f32. A depth of 0: there are no sums. The body is
// that of a function; `now` has been declared by declare_now's text.
struct StepSums {
  std::string type = "f32";  // or "vec4f"
  size_t depth = 0;
  std::string state = "state";  // another name of that function
  bool along_depth = false;     // neighbours of the weight in memory are those of k
};
void run_step(Lowering& l, Shader& shader, const Sizes& s, const StepSums& sums,
              std::string_view now, std::string_view body);

// What is computed for all steps at once, [directions, steps, batch, width], or for as many as
// there is room for. The shader has gates_at(d, n, b): where a row begins.
struct GatesRoom {
  Operand memory;
  size_t width, steps_at_once;
  bool by_time;  // as the operators' outputs; otherwise steps are in their own order
};
GatesRoom make_gates(Lowering& l, const Sizes& s, const Operand& kept, size_t width);
void declare_gates(Shader& shader, const GatesRoom& room);

// The gates = weight * input + biases, for the steps from `first` on. Only the first `biased` of
// the columns get a recurrent bias.
struct InputProduct {
  Operand input, weight, bias, recurrent_bias;
  size_t columns, biased;
};
void run_input_product(Lowering& l, const Sizes& s, const InputProduct& p, const GatesRoom& room,
                       size_t first);

// The recurrent weight with the gates of a place side by side: [directions, hidden, hidden, 4] for
// k, j and the gate. Then weight(d, k, j), a vec4f, out of that, or out of the weight as it is.
Operand pack_recurrent_weight(Lowering& l, const Sizes& s, const Operand& weight, size_t gates);
void declare_weight(Shader& shader, const Operand& weight, const Operand& packed, size_t gates);

// The states after each step, or where nobody wants them those of this step and the one before it.
// The shader has state_at(d, n, b): where a row begins.
struct StatesRoom {
  Operand memory;
  bool is_sequence;
};
StatesRoom make_states(Lowering& l, const Sizes& s, const Operand& sequence);
void declare_states(Shader& shader, const StatesRoom& room);

// Declares before(d, n, b, k): the state before a step, from the sequence of all states, or before
// the first step from the initial one; 0 where that was left out.
void declare_before(Shader& shader, const Operand& sequence, const Operand& initial);

// Runs `count` copies: to[i + at] = from[i], or 0 where there is nothing to copy.
void run_copy(Lowering& l, const Operand& from, size_t count, const Operand& to, size_t at);

// Runs the derivative by the input, from those by the first `columns` of `width` gates.
void run_input_gradient(Lowering& l, const Sizes& s, const Operand& d_gates, size_t width,
                        const Operand& weight, size_t columns, const Operand& d_input);

// Runs put(d, row, column, sum) for the derivatives by weights and biases, of `rows` gates out of
// `width`: columns are those of the weight, of the recurrent weight, and one of the biases.
void run_weight_gradient(Lowering& l, Shader& shader, const Sizes& s, const Operand& d_gates,
                         size_t width, size_t rows, const Operand& input, const Operand& sequence,
                         const Operand& initial);

// Runs put(d, row, column, sum) for all d < count, where the sum is
//   Σ left(d, row, k) * right(d, k, column)   over k < depth.
// The shader has these functions; `*_along_depth` says that neighbours in memory are those of k.
struct StepsProduct {
  size_t count, rows, columns, depth;
  bool left_along_depth, right_along_depth;
};
void run_product(Lowering& l, Shader& shader, const StepsProduct& p);

}  // namespace gesso::webgpu
