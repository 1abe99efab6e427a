// Gradients of TF.js kernel calls: dy and the derivatives by the inputs that it gives.
#include <optional>

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

// Why TF.js' derivative is not that of its own forward kernel, for the two kernels where it is not.
// Both are linear in x.
std::optional<std::string> known_to_be_wrong(const std::string& stem, const Json& attrs) {
  if (stem == "MirrorPad") return "TF.js leaves the mirrored border out of the derivative";
  if (stem == "AvgPool" && member(attrs, "pad") != 0 && member(attrs, "pad") != "valid")
    return "TF.js counts the padding in the derivative, but not in the average";
  return {};
}

// The derivatives of Σ dy * y by x from differences of a kernel's results. Where y is linear in x,
// a step of 1 is as good as any.
Tensor differences(const Graph& forward, std::vector<NamedTensor> feeds, const Tensor& dy,
                   Trial& trial) {
  Tensor& x = feeds.at(0).tensor;
  std::vector<double> weights = elements(dy), at = elements(x), result(at.size());
  std::vector<double> before = elements(trial.run(forward, feeds).at(0));
  for (size_t i = 0; i < at.size(); ++i) {
    std::vector<double> moved = at;
    ++moved[i];
    x = tensor_of(x.type.dtype, x.type.shape, moved);
    std::vector<double> after = elements(trial.run(forward, feeds).at(0));
    for (size_t k = 0; k < after.size(); ++k) result[i] += weights[k] * (after[k] - before[k]);
  }
  return tensor_of(x.type.dtype, x.type.shape, result);
}

// What TF.js should have answered: shows that gesso computes what TF.js computes, and that TF.js'
// derivative is not the derivative of that.
Tensor right_derivative(const std::string& stem, const Json& test, const std::string& input,
                        const Tensor& claimed, Trial& trial) {
  std::vector<NamedTensor> feeds = kernel_inputs(test);
  if (feeds.at(0).name != input || member(test, "dy").size() != 1)
    fail("case: the exception is for kernels of one input and one output", {{"kernel", stem}},
         "an exception of its own");
  Graph forward = graph_of_kernel(stem, test, 1);
  trial.check(forward, feeds, {{tensor(member(test, "outputs")[0]), tfjs_tolerance}});
  Tensor right = differences(forward, feeds, tensor(member(test, "dy")[0]), trial);
  if (!mismatch(claimed, right, tfjs_tolerance))
    throw Wrong{"TF.js' derivative is right after all: the exception must go"};
  return right;
}

}  // namespace

void run_tfjs_grad(const std::string& stem, const Json& test, Trial& trial) {
  std::optional<std::string> wrong = known_to_be_wrong(stem, member(test, "attrs"));
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
    Tensor claimed = tensor(derivative);
    if (wrong) claimed = right_derivative(stem, test, name, claimed, trial);
    expected.push_back({claimed, tfjs_tolerance});
  }
  Values derivatives = gradient(outputs, seeds, of);
  for (size_t i = 0; i < derivatives.size(); ++i) graph.output(names[i], derivatives[i]);
  trial.check(graph, feeds, expected);
  if (wrong) throw Skip{*wrong};
}

}  // namespace gesso::suites
