// Writes a graph from a model file's nodes, computing on the way whatever is already known.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/graph.h"
#include "core/op.h"
#include "models/load/weights.h"

namespace gesso {

// What flows between the nodes of a file: a value of the graph, or a constant, which enters the
// graph only when a node needs it there. A default Operand stands for an input left out.
struct Operand {
  TensorType type;
  Value value;                         // not a constant
  const Weight* weight = nullptr;      // a constant as it lies in the file
  std::shared_ptr<const Buffer> data;  // another constant

  const Shape& shape() const { return type.shape; }
  int rank() const { return type.shape.rank(); }
  DType dtype() const { return type.dtype; }
  bool is_constant() const { return weight || data; }
  explicit operator bool() const { return value || is_constant(); }
};
using Operands = std::vector<Operand>;

// Nodes whose inputs are all constant and small are computed at once, so that arithmetic on
// shapes leaves no trace in the graph and its results can be read while building.
class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}

  // Counts a call of a layer. Models nested in models can multiply without end.
  void count_call();

  // What the file calls the nodes that come next.
  void name(std::string name) { graph_.name_next(std::move(name)); }

  Operand input(std::string name, TensorType type);
  void output(std::string name, const Operand& x) { graph_.output(std::move(name), value(x)); }

  static Operand weight(const Weight& weight) { return {weight.type(), {}, &weight, {}}; }
  static Operand constant(TensorType type, std::shared_ptr<const Buffer> data);
  static Operand ints(const Shape& shape, const std::vector<int>& elements);
  static Operand numbers(const Shape& shape, const std::vector<float>& elements);
  static Operand scalar(double value, DType dtype = DType::f32);
  Operand filled(const TensorType& type, double value);

  // The outputs, or the first output, of an operator.
  Operands apply_all(const Op& op, const Operands& inputs, Attrs attrs = {});
  Operand apply(const Op& op, const Operands& inputs, Attrs attrs = {}) {
    return apply_all(op, inputs, std::move(attrs)).front();
  }

  // These cost nothing for constants; the transposed weights of a model are computed once.
  Operand reshape(const Operand& x, const Shape& shape);
  Operand transpose(const Operand& x, const std::vector<int>& order);
  Operand cast(const Operand& x, DType dtype);

  Value value(const Operand& x);  // enters the graph

 private:
  Operands fold(const Op& op, const Operands& inputs, const Attrs& attrs);

  Graph& graph_;
  int calls_ = 0;
  std::map<const Buffer*, Value> constants_;
};

// The elements of a constant.
std::shared_ptr<const Buffer> data_of(const Operand& constant);
std::vector<double> elements_of(const Operand& constant);

}  // namespace gesso
