#include "core/gradient.h"

#include <algorithm>

#include "core/ops/math.h"

namespace gesso {
namespace {

// The derivatives known so far, by node and output.
class Derivatives {
 public:
  explicit Derivatives(Graph& graph) : graph_(graph), known_(graph.nodes().size()) {}

  void add(Edge to, Value part) {
    auto& outputs = known_[size_t(to.id)];
    outputs.resize(graph_.nodes()[size_t(to.id)].outputs.size());
    Value& sum = outputs[size_t(to.output)];
    sum = sum ? sum + part : part;
  }
  const Values& of(int id) const { return known_[size_t(id)]; }
  Value of(Edge e) const {
    const Values& outputs = of(e.id);
    return outputs.empty() ? Value{} : outputs[size_t(e.output)];
  }

 private:
  Graph& graph_;
  std::vector<Values> known_;
};

// Whether real numbers flow along an edge from what depends on any of `of`.
bool carries(const Graph& graph, Edge e, const std::vector<bool>& depends) {
  if (e.id < 0 || !depends[size_t(e.id)]) return false;
  const TensorType& type = graph.nodes()[size_t(e.id)].outputs[size_t(e.output)];
  return type.dtype == DType::f32 && type.shape.count() > 0;
}

// Whether a node's outputs depend on any of `of` by real numbers, by node.
std::vector<bool> dependents(const Graph& graph, const Values& of) {
  std::vector<bool> depends(graph.nodes().size());
  for (Value v : of) depends[size_t(v.id)] = true;
  for (size_t id = 0; id < depends.size(); ++id)
    for (Edge e : graph.nodes()[id].inputs)
      if (carries(graph, e, depends)) depends[id] = true;
  return depends;
}

void check_values(const Values& values, const Graph* graph) {
  for (Value v : values) {
    if (!v || v.graph != graph)
      fail("gradient: a value is missing or of another graph", {},
           "values that one graph has computed");
    if (v.dtype() != DType::f32)
      fail("gradient: only float32 values have one", {{"given", v.type()}},
           "a value that is computed with real numbers");
  }
}

void check(const Values& outputs, const Values& seeds, const Values& of) {
  const Graph* graph = outputs.empty() ? of[0].graph : outputs[0].graph;
  check_values(outputs, graph);
  check_values(of, graph);
  if (seeds.size() > outputs.size())
    fail("gradient: there are more seeds than outputs",
         {{"outputs", outputs.size()}, {"seeds", seeds.size()}}, "one seed for each output");
  for (size_t i = 0; i < seeds.size(); ++i) {
    if (!seeds[i]) continue;
    check_values({seeds[i]}, graph);
    if (seeds[i].type() != outputs[i].type())
      fail("gradient: a seed has another type than its output",
           {{"output", outputs[i].type()}, {"seed", seeds[i].type()}},
           "a seed of the output's type");
  }
}

// Adds a node's part of the derivatives by its inputs.
void descend(Graph& graph, int id, const std::vector<bool>& depends, Derivatives& derivatives) {
  const Node& node = graph.nodes()[size_t(id)];
  Grad g{graph, node, {}, {}, derivatives.of(id), {}};
  for (Edge e : node.inputs) {
    g.x.push_back(graph.value(e));
    g.wanted.push_back(carries(graph, e, depends));
  }
  if (std::ranges::find(g.wanted, true) == g.wanted.end()) return;
  if (!node.op->gradient)
    fail(phrase({"gradient: ", node.op->name, " has none"}),
         node.name.empty() ? std::vector<Fact>{} : std::vector<Fact>{{"node", node.name}},
         "derivatives by values that do not pass through it");
  for (int o = 0; o < int(node.outputs.size()); ++o) g.y.push_back({&graph, id, o});
  if (!node.name.empty()) graph.name_next("gradient of " + node.name);
  Values parts = node.op->gradient(g);
  // A rule may answer for optional inputs that were not given.
  for (size_t i = 0; i < std::min(parts.size(), node.inputs.size()); ++i)
    if (parts[i] && g.wanted[i]) derivatives.add(node.inputs[i], parts[i]);
}

}  // namespace

Value Grad::dy(int output) const {
  Value known = dys[size_t(output)];
  return known ? known : zeros_like(y[size_t(output)]);
}

Values gradient(const Values& outputs, const Values& seeds, const Values& of) {
  if (of.empty()) return {};
  check(outputs, seeds, of);
  Graph& graph = *of[0].graph;
  int last = int(graph.nodes().size()) - 1;
  std::vector<bool> depends = dependents(graph, of);
  Derivatives derivatives(graph);
  for (size_t i = 0; i < outputs.size(); ++i) {
    Value seed = i < seeds.size() ? seeds[i] : Value{};
    derivatives.add({outputs[i].id, outputs[i].output}, seed ? seed : ones_like(outputs[i]));
  }
  for (int id = last; id >= 0; --id)
    if (depends[size_t(id)] && graph.nodes()[size_t(id)].op && !derivatives.of(id).empty())
      descend(graph, id, depends, derivatives);
  Values results;
  for (Value v : of) {
    Value d = derivatives.of(Edge{v.id, v.output});
    results.push_back(d ? d : zeros_like(v));
  }
  return results;
}

}  // namespace gesso
