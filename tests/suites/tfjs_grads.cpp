// Gradients of TF.js kernel calls: dy and the derivatives by the inputs that it gives.
#include "core/gradient.h"
#include "tests/suites/folders.h"
#include "tests/suites/graph_model.h"
#include "tests/suites/kernel_call.h"

namespace gesso::suites {
namespace {

Value input_named(Graph& graph, const std::string& name) {
  for (const Port& port : graph.inputs())
    if (port.name == name) return graph.value(port.edge);
  fail("case: the kernel has no input of this name", {{"input", name}}, "one of its inputs");
}

// Two derivatives of TF.js are not those of its own forward kernels, as finite differences show;
// gesso's agree with these. Of a mirrored border TF.js passes on nothing, and under a window that
// reaches into the padding it divides by the whole window, not by the pixels that were averaged.
void refuse_wrong_derivatives(const std::string& stem, const Json& attrs) {
  if (stem == "MirrorPad") throw Skip{"TF.js leaves the mirrored border out of the derivative"};
  if (stem == "AvgPool" && member(attrs, "pad") != 0 && member(attrs, "pad") != "valid")
    throw Skip{"TF.js counts the padding in the derivative, but not in the average"};
}

}  // namespace

void run_tfjs_grad(const std::string& stem, const Json& test, Trial& trial) {
  refuse_wrong_derivatives(stem, member(test, "attrs"));
  std::vector<NamedTensor> feeds = kernel_inputs(test);
  std::vector<Expectation> expected;
  for (const Json& output : member(test, "outputs"))
    expected.push_back({tensor(output), tfjs_tolerance});
  Graph graph = graph_of_kernel(stem, test, expected.size());

  // Integers and truth values have no derivative, whatever dy says.
  Values outputs, seeds, of;
  const Json& dys = member(test, "dy");
  if (dys.size() != graph.outputs().size())
    fail("case: there must be one dy for each output", {}, "as many as the kernel has outputs");
  for (size_t i = 0; i < dys.size(); ++i) {
    Value output = graph.value(graph.outputs()[i].edge);
    if (output.dtype() != DType::f32) continue;
    outputs.push_back(output);
    feeds.push_back({"dy" + std::to_string(i), tensor(dys[i])});
    seeds.push_back(graph.input(feeds.back().name, feeds.back().tensor.type));
  }
  std::vector<std::string> names;
  for (const auto& [name, derivative] : member(test, "grads").items()) {
    names.push_back("d " + name);
    of.push_back(input_named(graph, name));
    expected.push_back({tensor(derivative), tfjs_tolerance});
  }
  Values derivatives = gradient(outputs, seeds, of);
  for (size_t i = 0; i < derivatives.size(); ++i) graph.output(names[i], derivatives[i]);
  trial.check(graph, feeds, expected);
}

}  // namespace gesso::suites
