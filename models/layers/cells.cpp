#include "models/layers/cells.h"

#include <limits>

#include "core/ops/list.h"
#include "models/layers/context.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

int units_of(const Field& config) {
  int units = config.at("units").integer();
  if (units < 1 || units > std::numeric_limits<int>::max() / 4)
    config.at("units").refuse("is not a number of units", "32");
  return units;
}

Operand add(Builder& b, Operand x, Operand y) {
  return b.apply(add_op, {x, y});
}

Operand mul(Builder& b, Operand x, Operand y) {
  return b.apply(mul_op, {x, y});
}

// Pieces of `units` columns of [batch, n * units].
Operands pieces(Builder& b, Operand x, int units) {
  Ints splits(size_t(x.shape().back() / units), units);
  return b.apply_all(split_op, {x}, {{"splits", splits}, {"axis", double(x.rank() - 1)}});
}

// Columns [from, to) of a matrix.
Operand columns(Builder& b, Operand x, int from, int to) {
  return b.apply(slice_op, {x},
                 {{"starts", Ints{0, from}}, {"sizes", Ints{x.shape()[0], to - from}}});
}

Operand row(Builder& b, Operand x, int i) {
  int n = x.shape()[1];
  return b.reshape(b.apply(slice_op, {x}, {{"starts", Ints{i, 0}}, {"sizes", Ints{1, n}}}), {n});
}

// 1 / (1 - rate) with the probability 1 - rate, else 0.
Operand kept(const LayerCall& c, Text name, const Shape& shape) {
  Field field = c.config(name);
  double rate = field.number_or(0);
  if (!(rate >= 0 && rate < 1)) field.refuse("must be from 0 to below 1", "0.5");
  if (!c.is_training() || rate == 0) return {};
  Operand u = c.context.uniform(c.layer, shape);
  Operand keeps = as_float(c.b, c.b.apply(greater_or_equal_op, {u, c.b.scalar(rate)}));
  return c.b.apply(linear_op, {keeps}, {{"alpha", 1 / (1 - rate)}});
}

// h' = f(x + h U).
Operands simple_step(const Cell& cell, Operand x, Operand into) {
  Operand sum = cell.call.b.apply(gemm_op, {into, cell.call.weight("recurrent_kernel"), x});
  return {cell.call.activate(sum)};
}

// i, f, g, o = x + h U;  c' = f c + i g;  h' = o tanh(c').
Operands lstm_step(const Cell& cell, Operand x, Operand into, Operand c) {
  const LayerCall& call = cell.call;
  Builder& b = call.b;
  Operands z = pieces(b, b.apply(gemm_op, {into, call.weight("recurrent_kernel"), x}), cell.units);
  auto gate = [&](size_t i) { return call.activate(z[i], "recurrent_activation"); };
  Operand kept_part = mul(b, gate(1), c);
  Operand memory = add(b, kept_part, mul(b, gate(0), call.activate(z[2])));
  return {mul(b, gate(3), call.activate(memory)), memory};
}

// z, r = x + h U;  g = x + (r h) U, or x + r (h U + bias) where it resets after the product;
// h' = z h + (1 - z) g.
Operands gru_step(const Cell& cell, Operand x, Operand h, Operand into) {
  const LayerCall& call = cell.call;
  Builder& b = call.b;
  int units = cell.units;
  Operand kernel = call.weight("recurrent_kernel");
  Operands in = pieces(b, x, units);
  Operand z, r, g;
  auto gate = [&](Operand sum) { return call.activate(sum, "recurrent_activation"); };
  if (cell.resets_after()) {
    Operands rec = pieces(b, b.apply(gemm_op, {into, kernel, cell.biases().second}), units);
    z = gate(add(b, in[0], rec[0]));
    r = gate(add(b, in[1], rec[1]));
    g = add(b, in[2], mul(b, r, rec[2]));
  } else {
    Operands rec = pieces(
        b, b.apply(gemm_op, {into, columns(b, kernel, 0, 2 * units), columns(b, x, 0, 2 * units)}),
        units);
    z = gate(rec[0]);
    r = gate(rec[1]);
    g = b.apply(gemm_op, {mul(b, r, into), columns(b, kernel, 2 * units, 3 * units), in[2]});
  }
  Operand rest = b.apply(linear_op, {z}, {{"alpha", -1.0}, {"beta", 1.0}});
  return {add(b, mul(b, z, h), mul(b, rest, call.activate(g)))};
}

WeightSpecs recurrent_weights(const Field& config, const Shape& input, int gates, WeightSpec bias) {
  int units = units_of(config);
  WeightSpecs specs{{.name = "kernel", .sizes = {size_at(input, -1), gates * units}},
                    {.name = "recurrent_kernel",
                     .sizes = {units, gates * units},
                     .initializer = "orthogonal",
                     .settings = "recurrent"}};
  if (config.get("use_bias").flag_or(true)) specs.push_back(std::move(bias));
  return specs;
}

}  // namespace

CellKind cell_kind(const Layer& layer) {
  std::string_view name = layer.class_name;
  if (name.ends_with("Cell")) name.remove_suffix(4);
  if (name == "SimpleRNN") return CellKind::simple;
  if (name == "GRU") return CellKind::gru;
  if (name == "LSTM") return CellKind::lstm;
  fail(phrase({layer.config.file(), ": layer ", in_quotes(layer.name), ": is not a cell"}),
       {{"class", layer.class_name}}, "SimpleRNNCell, GRUCell or LSTMCell");
}

std::vector<const Layer*> cells_of(const Layer& layer) {
  if (layer.class_name != "RNN") return {&layer};
  std::vector<const Layer*> cells;
  for (const Layer& cell : layer.inner) cells.push_back(&cell);
  return cells;
}

int state_count(const Layer& layer) {
  int count = 0;
  for (const Layer* cell : cells_of(layer)) count += cell_kind(*cell) == CellKind::lstm ? 2 : 1;
  return count;
}

Cell::Cell(const LayerCall& outer, const Layer& layer, int batch, int in)
    : call{outer.context, outer.b, layer, outer.in, outer.masks},
      kind(cell_kind(layer)),
      units(units_of(layer.config)) {
  if (&layer != &outer.layer) call.context.prepare(layer, {batch, in});
  dropped = kept(call, "dropout", {batch, in});
  dropped_recurrent = kept(call, "recurrent_dropout", {batch, units});
}

bool Cell::resets_after() const {
  return kind == CellKind::gru && call.config("reset_after").flag_or(false);
}

std::pair<Operand, Operand> Cell::biases() const {
  Operand bias = call.weight("bias");
  if (!bias || bias.rank() != 2) return {bias, {}};
  return {row(call.b, bias, 0), row(call.b, bias, 1)};
}

Operand Cell::project(Operand x) const {
  Operand kept_part = dropped ? mul(call.b, x, dropped) : x;
  return dense(call.b, kept_part, call.weight("kernel"), biases().first);
}

Operands Cell::step(Operand projected, const Operands& states) const {
  Operand h = states[0];
  Operand into = dropped_recurrent ? mul(call.b, h, dropped_recurrent) : h;
  switch (kind) {
    case CellKind::simple:
      return simple_step(*this, projected, into);
    case CellKind::gru:
      return gru_step(*this, projected, h, into);
    case CellKind::lstm:
      return lstm_step(*this, projected, into, states[1]);
  }
  return {};
}

WeightSpecs simple_weights(const Field& config, const Shape& input) {
  WeightSpec bias{.name = "bias", .sizes = {units_of(config)}, .initializer = "zeros"};
  return recurrent_weights(config, input, 1, bias);
}

WeightSpecs gru_weights(const Field& config, const Shape& input) {
  int all = 3 * units_of(config);
  WeightSpec bias{.name = "bias", .sizes = {all}, .initializer = "zeros"};
  if (config.get("reset_after").flag_or(false)) bias.sizes = {2, all};
  return recurrent_weights(config, input, 3, bias);
}

WeightSpecs lstm_weights(const Field& config, const Shape& input) {
  int units = units_of(config);
  WeightSpec bias{.name = "bias", .sizes = {4 * units}, .initializer = "zeros"};
  // What a cell remembers is kept at first: Jozefowicz et al. (2015).
  if (config.get("unit_forget_bias").flag_or(true)) {
    bias.ones_from = units;
    bias.ones_to = 2 * units;
  }
  return recurrent_weights(config, input, 4, bias);
}

}  // namespace gesso
