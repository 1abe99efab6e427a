// A graph is a list of nodes in the order they run. That is the whole IR.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/attrs.h"
#include "core/error.h"
#include "core/tensor.h"
#include "core/view.h"

namespace gesso {

struct Op;
class Graph;

// The most elements of a tensor: 2 GiB of floats, more than a 32-bit module can hold.
inline constexpr size_t most_elements = size_t{1} << 29;

// What flows along one edge: an output of a node. Small: pass it by value. It points into its
// graph and is void once that graph has moved. A default Value stands for an input left out.
struct Value {
  Graph* graph = nullptr;
  int id = -1;
  int output = 0;  // most operators have one; split and top-k have more

  explicit operator bool() const { return graph != nullptr; }
  const TensorType& type() const;
  const Shape& shape() const { return type().shape; }
  DType dtype() const { return type().dtype; }
  Value at(int other_output) const { return {graph, id, other_output}; }
};
using Values = std::vector<Value>;

// A Value without its graph, as a node keeps it. An id of -1: the input was left out.
struct Edge {
  int id = -1;
  int output = 0;
  auto operator<=>(const Edge&) const = default;
};

struct Node {
  const Op* op = nullptr;              // what to compute; null for what is given
  std::vector<Edge> inputs;            // from which earlier nodes
  Attrs attrs;                         // how: every attribute the operator has
  std::vector<TensorType> outputs;     // inferred when the node is added
  std::shared_ptr<const Buffer> data;  // the elements of a constant
  std::shared_ptr<Buffer> state;       // the elements of a variable
  std::string name;                    // what the model's file calls it, for messages

  bool is_input() const { return !op && !data && !state; }
  bool is_constant() const { return data != nullptr; }
  bool is_variable() const { return state != nullptr; }
  bool is_empty() const;  // no output has an element: there is nothing to compute

  double number(Text attr) const;
  int integer(Text attr) const { return int(number(attr)); }
  bool flag(Text attr) const;
  const std::string& text(Text attr) const;
  const Ints& ints(Text attr) const;
  const Numbers& numbers(Text attr) const;
  bool has(Text attr) const;  // whether an optional list was given
};

// A named way in or out of a graph.
struct Port {
  std::string name;
  Edge edge;
};

// What a variable becomes at the end of a run.
struct Assignment {
  Edge variable, value;
};

// Nodes are only appended, so an input always has a smaller id than its user and
// running the graph is one loop. Nothing here needs a sort or a visitor.
class Graph {
 public:
  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  Value input(std::string name, TensorType type);
  Value constant(TensorType type, std::shared_ptr<const Buffer> data);
  Value constant(const Shape& shape, std::span<const float> elements);
  Value constant(const Shape& shape, std::span<const int32_t> elements);
  Value scalar(double value, DType dtype = DType::f32);

  // Memory that outlives a run and that several graphs may share: weights in training, the state of
  // an optimiser. Programs read and write the buffer itself.
  Value variable(std::string name, TensorType type, std::shared_ptr<Buffer> state);

  // From the end of each run on, the variable holds this value. In the run itself every operator
  // that reads the variable sees what it held before; an output that is the variable shows what it
  // holds after the run.
  void assign(Value variable, Value value);

  // Appends a node. Fails, in words that teach, when the operator does not accept these inputs
  // and attributes. Gives the first output; Value::at gives the others.
  Value apply(const Op& op, const View<Value>& inputs, const Options& options = {});
  Value apply(const Op& op, const View<Value>& inputs, const Attrs& attrs);

  // Names a value that the outside wants to read.
  void output(std::string name, Value value);

  // Forgets what was named so: only what is named from here on is read.
  void clear_outputs() { outputs_.clear(); }

  // Every node added from here on is called this in messages: the name in the model's file.
  void name_next(std::string name) { next_name_ = std::move(name); }

  const std::deque<Node>& nodes() const { return nodes_; }
  const Node& node(Value v) const { return nodes_[size_t(v.id)]; }
  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }
  const std::vector<Assignment>& assignments() const { return assignments_; }
  Value value(Edge edge) { return edge.id < 0 ? Value{} : Value{this, edge.id, edge.output}; }

 private:
  Value append(Node node);
  Value apply_with(const Op& op, const View<Value>& inputs, std::span<const Option> options);

  std::deque<Node> nodes_;  // not a vector: rules hold a Shape& while they append
  std::vector<Port> inputs_, outputs_;
  std::vector<Assignment> assignments_;
  std::string next_name_;
};

}  // namespace gesso
