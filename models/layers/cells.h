// What recurrent layers repeat for every step: the cells of SimpleRNN, GRU and LSTM, in operators.
#pragma once

#include "models/layers/layer.h"

namespace gesso {

enum class CellKind { simple, gru, lstm };

// A cell within one call of its layer.
struct Cell {
  LayerCall call;  // of the layer whose configuration and weights the cell uses
  CellKind kind;
  int units;
  Operand dropped = {};            // factors of the inputs that dropout keeps, or no Operand
  Operand dropped_recurrent = {};  // and of the states that enter the products

  // Opens a cell for inputs [batch, in]. In training it draws what it drops for all steps.
  Cell(const LayerCall& outer, const Layer& layer, int batch, int in);

  int gates() const { return kind == CellKind::lstm ? 4 : kind == CellKind::gru ? 3 : 1; }
  int states() const { return kind == CellKind::lstm ? 2 : 1; }
  bool resets_after() const;

  // What is added to the products of the input and of the state, each [gates * units] or nothing.
  std::pair<Operand, Operand> biases() const;

  // [..., in] to [..., gates * units]: what does not depend on the state.
  Operand project(Operand x) const;

  // The states, each [batch, units], after a step; the first is the cell's output.
  Operands step(Operand projected, const Operands& states) const;
};

// What kind of cell a layer or cell of this class has. Fails on others.
CellKind cell_kind(const Layer& layer);

// The cells that a recurrent layer runs at each step, the first one first.
std::vector<const Layer*> cells_of(const Layer& layer);

// How many states a recurrent layer has.
int state_count(const Layer& layer);

// The weights of each kind, for inputs [..., in].
WeightSpecs simple_weights(const Field& config, const Shape& input);
WeightSpecs gru_weights(const Field& config, const Shape& input);
WeightSpecs lstm_weights(const Field& config, const Shape& input);

}  // namespace gesso
