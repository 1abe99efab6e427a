#include "tests/suites/trial.h"

#include <algorithm>
#include <cstring>

#include "core/backends/backend.h"
#include "core/reference.h"

namespace gesso::suites {
namespace {

const Tensor& feed_for(const std::string& name, const TensorType& type,
                       const std::vector<NamedTensor>& inputs) {
  auto found = std::find_if(inputs.begin(), inputs.end(),
                            [&](const NamedTensor& t) { return t.name == name; });
  if (found == inputs.end())
    fail("case: the graph wants an input that the case does not give", {{"input", name}},
         "a tensor with this name");
  if (found->tensor.type != type)
    fail("case: the graph wants another type or shape",
         {{"input", name}, {"graph", to_string(type)}, {"case", to_string(found->tensor.type)}},
         "a placeholder that fits");
  return found->tensor;
}

std::vector<Tensor> run_on_cpu(const Graph& graph, const std::vector<NamedTensor>& inputs,
                               std::map<std::string, std::set<std::string>>& kernels) {
  std::unique_ptr<Program> program = compile(graph);
  for (const StepInfo& step : program->steps())
    kernels[std::string(step.op)].insert(std::string(step.kernel));
  for (size_t i = 0; i < program->inputs().size(); ++i) {
    const ProgramPort& port = program->inputs()[i];
    const Tensor& feed = feed_for(port.name, port.type, inputs);
    std::copy(feed.bytes.begin(), feed.bytes.end(), program->input(int(i)).begin());
  }
  program->run();
  std::vector<Tensor> results;
  for (size_t i = 0; i < program->outputs().size(); ++i) {
    std::span<const std::byte> bytes = program->output(int(i));
    const TensorType& type = program->outputs()[i].type;
    results.push_back({type, {bytes.begin(), bytes.begin() + ptrdiff_t(type.bytes())}});
  }
  return results;
}

Tensor from_reference(ReferenceTensor& t) {
  if (t.type.dtype != DType::f32) return {t.type, t.bytes};
  auto real = t.as<double>();
  return tensor_of(DType::f32, t.type.shape, {real.begin(), real.end()});
}

std::vector<Tensor> run_in_double(const Graph& graph, const std::vector<NamedTensor>& inputs) {
  std::vector<ReferenceTensor> feeds;
  for (const Port& port : graph.inputs()) {
    const TensorType& type = graph.nodes()[size_t(port.edge.id)].outputs[0];
    feeds.push_back(to_reference<double>(type, feed_for(port.name, type, inputs).bytes));
  }
  auto values = run_reference<double>(graph, std::move(feeds));
  std::vector<Tensor> results;
  for (const Port& port : graph.outputs())
    results.push_back(from_reference(values[size_t(port.edge.id)][size_t(port.edge.output)]));
  return results;
}

std::string first_mismatch(const Graph& graph, const std::vector<Tensor>& results,
                           const std::vector<Expectation>& expected, const std::string& reading,
                           double enough_ulp = 0) {
  for (size_t i = 0; i < expected.size(); ++i) {
    Tolerance tolerance = expected[i].tolerance;
    tolerance.enough_ulp = enough_ulp;
    if (auto wrong = mismatch(expected[i].tensor, results[i], tolerance))
      return graph.outputs()[i].name + (reading.empty() ? "" : " (" + reading + ")") + ": " +
             *wrong;
  }
  return {};
}

}  // namespace

std::vector<Tensor> Trial::run(const Graph& graph, const std::vector<NamedTensor>& inputs) {
  for (const Node& node : graph.nodes())
    if (node.op) operators_.emplace(node.op->name);
  return run_on_cpu(graph, inputs, kernels_);
}

void Trial::check(const Graph& graph, const std::vector<NamedTensor>& inputs,
                  const std::vector<Expectation>& expected, const std::string& reading) {
  for (const Node& node : graph.nodes())
    if (node.op) operators_.emplace(node.op->name);
  if (graph.outputs().size() != expected.size())
    throw Wrong{"there are " + std::to_string(graph.outputs().size()) + " outputs, expected " +
                std::to_string(expected.size())};
  if (judge_ && judgement_.empty())
    judgement_ = first_mismatch(graph, run_in_double(graph, inputs), expected, reading);
  std::string wrong =
      first_mismatch(graph, run_on_cpu(graph, inputs, kernels_), expected, reading, enough_ulp_);
  if (!wrong.empty()) throw Wrong{std::move(wrong)};
}

}  // namespace gesso::suites
