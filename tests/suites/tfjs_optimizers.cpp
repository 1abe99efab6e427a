// Sequences of updates by TF.js' optimisers.
#include "core/backends/backend.h"
#include "models/train/optimizers.h"
#include "tests/suites/folders.h"

namespace gesso::suites {
namespace {

constexpr Tolerance tolerance{Tolerance::Metric::absolute, 1e-5, 0};

Optimizer optimizer(const std::string& class_name, const Json& config) {
  std::string text = Json{{"className", class_name}, {"config", config}}.dump();
  Document json("optimizer", std::as_bytes(std::span(text)));
  return Optimizer(json.root());
}

std::vector<Tensor> tensors(const Json& list) {
  std::vector<Tensor> result;
  for (const Json& entry : list) result.push_back(tensor(entry));
  return result;
}

std::shared_ptr<Buffer> copy(const Tensor& tensor) {
  auto buffer = std::make_shared<Buffer>(tensor.bytes.size());
  std::copy(tensor.bytes.begin(), tensor.bytes.end(), buffer->data());
  return buffer;
}

}  // namespace

void run_tfjs_optimizer(const std::string& stem, const Json& test, Trial& trial) {
  Optimizer rule = optimizer(stem, member(test, "config"));
  std::vector<Tensor> initial = tensors(member(test, "initial"));
  std::vector<std::shared_ptr<Buffer>> weights;
  for (const Tensor& weight : initial) weights.push_back(copy(weight));

  Graph graph;
  Values variables, gradients;
  for (size_t i = 0; i < weights.size(); ++i) {
    std::string name = "weight " + std::to_string(i);
    variables.push_back(graph.variable(name, initial[i].type, weights[i]));
    gradients.push_back(graph.input("gradient of " + name, initial[i].type));
  }
  Values updated = rule.update(variables, gradients);
  for (size_t i = 0; i < updated.size(); ++i) graph.assign(variables[i], updated[i]);

  for (const Json& step : member(test, "steps")) {
    std::vector<NamedTensor> given;
    for (Tensor& gradient : tensors(member(step, "grads")))
      given.push_back({graph.inputs()[given.size()].name, std::move(gradient)});
    rule.count_step();
    trial.run(graph, given);
    size_t i = 0;
    for (const Tensor& expected : tensors(member(step, "vars"))) {
      const std::byte* bytes = weights[i]->data();
      Tensor now{initial[i].type, {bytes, bytes + initial[i].type.bytes()}};
      if (auto wrong = mismatch(expected, now, tolerance))
        throw Wrong{graph.node(variables[i]).name + ": " + *wrong};
      ++i;
    }
  }
}

}  // namespace gesso::suites
