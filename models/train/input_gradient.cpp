#include "models/train/input_gradient.h"

#include <algorithm>

#include "core/gradient.h"
#include "models/train/names.h"

namespace gesso {
namespace {

Value find(Graph& graph, const std::vector<Port>& ports, Text kind, Text name) {
  std::vector<Text> known;
  for (const Port& port : ports) {
    if (port.name == name) return graph.value(port.edge);
    known.push_back(port.name);
  }
  fail(phrase({"gradient: the model has no ", kind, " \"", name, "\""}), {{"known", listed(known)}},
       known.empty() ? "a model that has one" : '"' + std::string(nearest(name, known)) + '"');
}

}  // namespace

void add_input_gradients(Graph& graph, Text output, std::span<const std::string> inputs) {
  Value y = find(graph, graph.outputs(), "output", output);
  Values of;
  for (const std::string& name : inputs) of.push_back(find(graph, graph.inputs(), "input", name));
  Value seed = graph.input("seed", y.type());
  Values derivatives = gradient({y}, {seed}, of);
  for (size_t i = 0; i < inputs.size(); ++i)
    graph.output("gradient of " + inputs[i], derivatives[i]);
}

}  // namespace gesso
