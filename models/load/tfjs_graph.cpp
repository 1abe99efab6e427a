#include "models/load/tfjs_graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "models/load/file_model.h"
#include "models/load/order.h"
#include "models/load/tfjs_op_table.h"
#include "models/load/weights.h"

namespace gesso {
namespace {

// "conv1:0", "conv1" or "^conv1": a node, its output, and whether only the order is meant.
struct InputName {
  std::string_view node;
  int output = 0;
  bool control = false;
};

InputName parse_input(std::string_view text) {
  InputName name{text};
  if (text.starts_with('^')) {
    name.control = true;
    name.node = text.substr(1);
  }
  // The parts of functions have three: name:output_name:number.
  size_t first = name.node.find(':'), last = name.node.rfind(':');
  if (first != text.npos) {
    std::string_view number = name.node.substr(last + 1);
    bool digits =
        !number.empty() && number.size() < 6 &&
        std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits) name.output = std::stoi(std::string(number));
    if (digits) name.node = name.node.substr(0, first);
  }
  return name;
}

// Ops whose nodes run or not depending on data, or carry something from step to step.
bool is_control_flow(std::string_view op) {
  constexpr Text names[] = {"Enter",
                            "Exit",
                            "If",
                            "LoopCond",
                            "Merge",
                            "NextIteration",
                            "StatelessIf",
                            "StatelessWhile",
                            "Switch",
                            "While",
                            "PartitionedCall",
                            "StatefulPartitionedCall"};
  return std::find(std::begin(names), std::end(names), op) != std::end(names) ||
         op.starts_with("TensorArray") || op.starts_with("TensorList");
}

bool is_placeholder(std::string_view op) {
  return op == "Placeholder" || op == "PlaceholderV2";
}

// An end of the graph that gives no tensor.
bool gives_nothing(std::string_view op) {
  return op == "NoOp" || op == "Assert";
}

class GraphModel : public FileModel {
 public:
  GraphModel(const Files& files, std::shared_ptr<const Document> document)
      : FileModel(document->file()),
        document_(std::move(document)),
        weights_(files, document_->root().at("weightsManifest")) {
    Field root = document_->root();
    Field nodes = root.at("modelTopology").at("node");
    read_nodes(nodes);
    Field signature = root.get("user_defined_metadata").get("signature");
    if (!signature) signature = root.get("signature");
    find_outputs(nodes, signature.get("outputs"));
    find_inputs(signature.get("inputs"));
    find_order(nodes);
    find_rows();
    try_out();
  }

  std::string_view format() const override { return "tfjs-graph"; }
  size_t parameters() const override { return weights_.elements(); }

 protected:
  void write(Graph& graph, const std::vector<Shape>& sizes) const override;

 private:
  struct Output {
    int node = 0;
    int output = -1;  // -1: all there are
    bool operator==(const Output&) const = default;
  };

  void read_nodes(const Field& field);
  void find_outputs(const Field& nodes, const Field& signature);
  void find_inputs(const Field& signature);
  void find_order(const Field& nodes);
  void find_rows();
  int find_node(std::string_view name, const Field& field) const;
  bool is_input(int node) const {
    return std::find(input_nodes_.begin(), input_nodes_.end(), node) != input_nodes_.end();
  }
  Operands run(Builder& b, const GraphNode& node, const std::vector<Operands>& values) const;

  std::shared_ptr<const Document> document_;  // the nodes read their attributes from it
  Weights weights_;
  std::vector<GraphNode> nodes_;
  std::map<std::string, int, std::less<>> by_name_;
  std::vector<bool> has_children_;
  std::vector<int> input_nodes_;  // in the order of inputs_
  std::vector<Output> outputs_;
  std::vector<int> order_;
};

int GraphModel::find_node(std::string_view name, const Field& field) const {
  auto found = by_name_.find(name);
  if (found == by_name_.end())
    field.refuse("names a node that does not exist", "the name of a node of the same graph");
  return found->second;
}

void GraphModel::read_nodes(const Field& field) {
  for (const Field& node : field.items()) {
    const std::string& name = node.at("name").text();
    if (!by_name_.emplace(name, int(nodes_.size())).second)
      node.at("name").refuse("is the name of two nodes", "a file that a converter wrote");
    nodes_.push_back({name, node.at("op").text(), node});
  }
  has_children_.resize(nodes_.size());
  for (GraphNode& node : nodes_) {
    Field inputs = node.field.get("input");
    if (!inputs) continue;
    for (const Field& input : inputs.items()) {
      InputName name = parse_input(input.text());
      int from = find_node(name.node, input);
      has_children_[size_t(from)] = true;
      if (!name.control) node.inputs.push_back({from, name.output});
    }
  }
}

// The signature says what the outputs are; without one they are the nodes that no other uses.
void GraphModel::find_outputs(const Field& nodes, const Field& signature) {
  if (signature) {
    for (const auto& [key, tensor] : signature.members()) {
      Field field = tensor.at("name");
      InputName name = parse_input(field.text());
      Output output{find_node(name.node, field), name.output};
      if (std::find(outputs_.begin(), outputs_.end(), output) == outputs_.end())
        outputs_.push_back(output);
    }
  }
  for (size_t i = 0; i < nodes_.size() && (!signature || signature.members().empty()); ++i)
    if (!has_children_[i] && !gives_nothing(nodes_[i].op)) outputs_.push_back({int(i), -1});
  if (outputs_.empty()) nodes.refuse("has no output: all nodes are used by others", "another file");
}

void GraphModel::find_inputs(const Field& signature) {
  auto add = [&](int node, const Field& tensor) {
    if (is_input(node)) return;
    Field attr = nodes_[size_t(node)].field.get("attr");
    ModelPort port{nodes_[size_t(node)].name, DType::f32, {}, false};
    Field type = attr.get("dtype").get("type");
    if (type) port.dtype = tensor_type(type);
    port.any_shape = !tensor_shape(attr.get("shape").get("shape"), port.shape) &&
                     !tensor_shape(tensor.get("tensor_shape"), port.shape);
    inputs_.push_back(std::move(port));
    input_nodes_.push_back(node);
  };
  if (signature) {
    for (const auto& [key, tensor] : signature.members()) {
      Field field = tensor.at("name");
      int node = find_node(parse_input(field.text()).node, field);
      if (!nodes_[size_t(node)].op.starts_with("Placeholder"))
        field.refuse("must name a Placeholder", "a node that is an input");
      add(node, tensor);
    }
  }
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (is_placeholder(nodes_[i].op)) add(int(i), Field());
}

void GraphModel::find_order(const Field& field) {
  std::vector<std::vector<int>> needs(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (!is_input(int(i)))
      for (const auto& input : nodes_[i].inputs) needs[i].push_back(input.node);
  std::vector<int> wanted;
  for (const Output& output : outputs_) wanted.push_back(output.node);
  int circle = -1;
  order_ = run_order(needs, wanted, circle);
  if (circle < 0) return;
  const GraphNode& node = nodes_[size_t(circle)];
  bool loop =
      std::any_of(nodes_.begin(), nodes_.end(), [](auto& n) { return n.op == "NextIteration"; });
  fail(phrase({file_, ": ", field.path(), " has nodes that need one another in a circle"}),
       {{"node", in_quotes(node.name)}, {"op", node.op}},
       loop ? "a model without loops" : "a file that a converter wrote");
}

// Refuses the model where an op has no row, and names all such ops at once.
void GraphModel::find_rows() {
  const GraphNode* first = nullptr;
  std::string others;
  std::set<std::string_view> seen;
  for (int i : order_) {
    GraphNode& node = nodes_[size_t(i)];
    if (is_input(i) || node.op == "Const") continue;
    node.row = find_op_row(node.op);
    if (node.row || !seen.insert(node.op).second) continue;
    if (first)
      others += (others.empty() ? "" : ", ") + node.op;
    else
      first = &node;
  }
  if (!first) return;
  fail(phrase({file_, ": the op ", in_quotes(first->op), " cannot be loaded"}),
       {{"node", in_quotes(first->name)}, {"others", others.empty() ? "(none)" : others}},
       is_control_flow(first->op)
           ? "a model without loops and branches"
           : "a model of simpler ops, or the part of this one before the node");
}

Operands GraphModel::run(Builder& b, const GraphNode& node,
                         const std::vector<Operands>& values) const {
  OpCall call{b, node, {}};
  for (const auto& input : node.inputs) {
    const Operands& all = values[size_t(input.node)];
    if (size_t(input.output) >= all.size())
      call.refuse(phrase({"uses output ", input.output, " of ",
                          in_quotes(nodes_[size_t(input.node)].name), ", which cannot be loaded"}),
                  "a model that uses other outputs");
    call.in.push_back(all[size_t(input.output)]);
  }
  b.name(node.name);
  try {
    return node.row->write(call);
  } catch (const Error& error) {
    std::string_view what = error.what();
    if (what.starts_with(file_)) throw;
    throw Error(file_ + ": node " + in_quotes(node.name) + " (" + node.op +
                "): " + std::string(what));
  }
}

void GraphModel::write(Graph& graph, const std::vector<Shape>& sizes) const {
  Builder b(graph);
  std::vector<Operands> values(nodes_.size());
  for (size_t i = 0; i < inputs_.size(); ++i)
    values[size_t(input_nodes_[i])] = {b.input(inputs_[i].name, {inputs_[i].dtype, sizes[i]})};
  for (int i : order_) {
    const GraphNode& node = nodes_[size_t(i)];
    if (is_input(i)) continue;
    if (node.op == "Const") {
      const Weight* weight = weights_.find(node.name);
      if (!weight)
        fail(phrase({file_, ": weightsManifest lacks the value of a constant"}),
             {{"node", in_quotes(node.name)}, {"field", node.field.path()}},
             "a topology and weights that were saved together");
      values[size_t(i)] = {b.weight(*weight)};
      continue;
    }
    values[size_t(i)] = run(b, node, values);
  }
  for (const Output& output : outputs_) {
    const GraphNode& node = nodes_[size_t(output.node)];
    const Operands& all = values[size_t(output.node)];
    int first = std::max(output.output, 0), end = output.output < 0 ? int(all.size()) : first + 1;
    if (size_t(end) > all.size())
      fail(phrase({file_, ": the output ", first, " of node ", in_quotes(node.name),
                   " cannot be loaded"}),
           {{"op", node.op}}, "a model with other outputs");
    for (int k = first; k < end; ++k)
      b.output(k ? node.name + ':' + std::to_string(k) : node.name, all[size_t(k)]);
  }
}

}  // namespace

std::unique_ptr<Model> load_tfjs_graph(const Files& files,
                                       std::shared_ptr<const Document> document) {
  return std::make_unique<GraphModel>(files, std::move(document));
}

}  // namespace gesso
