// Writes a graph from a model file's nodes, computing on the way whatever is already known.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/graph.h"
#include "core/op.h"
#include "models/load/weights.h"

namespace gesso {

// What flows between the nodes of a file: a value of the graph, or a constant, which enters the
// graph only when a node needs it there. A default Operand stands for an input left out. It is a
// handle that its builder keeps valid: pass it by value.
class Operand {
 public:
  Operand() = default;

  const TensorType& type() const { return entry_->type; }
  const Shape& shape() const { return type().shape; }
  int rank() const { return shape().rank(); }
  DType dtype() const { return type().dtype; }
  bool is_constant() const { return entry_->weight || entry_->data; }
  explicit operator bool() const { return entry_ != nullptr; }

 private:
  struct Entry {
    TensorType type;
    Value value = {};                         // not a constant
    const Weight* weight = nullptr;           // a constant as it lies in the file
    std::shared_ptr<const Buffer> data = {};  // another constant
  };
  explicit Operand(const Entry& entry) : entry_(&entry) {}
  const Entry* entry_ = nullptr;

  friend class Builder;
  friend std::shared_ptr<const Buffer> data_of(Operand constant);
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
  void output(std::string name, Operand x) { graph_.output(std::move(name), value(x)); }

  Operand operand(Value value);          // of this builder's graph
  Operand weight(const Weight& weight);  // which must outlive the builder
  Operand constant(const TensorType& type, std::shared_ptr<const Buffer> data);
  Operand ints(const Shape& shape, const View<int>& elements);
  Operand numbers(const Shape& shape, const View<float>& elements);
  Operand scalar(double value, DType dtype = DType::f32);
  Operand filled(const TensorType& type, double value);

  // The outputs, or the first output, of an operator.
  Operands apply_all(const Op& op, const View<Operand>& inputs, const Options& options = {});
  Operands apply_all(const Op& op, const View<Operand>& inputs, const Attrs& attrs);
  Operand apply(const Op& op, const View<Operand>& inputs, const Options& options = {});
  Operand apply(const Op& op, const View<Operand>& inputs, const Attrs& attrs) {
    return apply_all(op, inputs, attrs).front();
  }

  // These cost nothing for constants; the transposed weights of a model are computed once.
  Operand reshape(Operand x, const Shape& shape);
  Operand transpose(Operand x, const View<int>& order);
  Operand cast(Operand x, DType dtype);

  Value value(Operand x);  // enters the graph

 private:
  Operand add(Operand::Entry entry);
  Operands fold(const Op& op, const View<Operand>& inputs, const Attrs& attrs);

  Graph& graph_;
  std::deque<Operand::Entry> entries_;  // not a vector: Operands point into it
  int calls_ = 0;
  std::map<const Buffer*, Value> constants_;
};

// The elements of a constant; as integers they are brought into 32 bits, and NaN is 0.
std::shared_ptr<const Buffer> data_of(Operand constant);
std::vector<double> elements_of(Operand constant);
Ints integers_of(Operand constant);

}  // namespace gesso
