// Keras' losses and metrics as functions of labels and predictions.
#include "core/backends/backend.h"
#include "models/train/metrics.h"
#include "tests/suites/folders.h"

namespace gesso::suites {
namespace {

constexpr Tolerance tolerance{Tolerance::Metric::absolute, 1e-3, 0};

// The arguments of a call: tensors as inputs of the graph, others as they are.
struct Call {
  const Json& args;
  Graph graph = {};
  std::vector<NamedTensor> inputs = {};

  Value value(size_t i) {
    Tensor given = tensor(member(args.at(i), "tensor"));
    std::string name = "argument " + std::to_string(i);
    Value input = graph.input(name, given.type);
    inputs.push_back({name, std::move(given)});
    return input;
  }
};

Value loss(Call& call, const std::string& name) {
  Value first = call.value(0);
  if (name == "l2Normalize")
    return call.args.size() > 1 ? l2_normalize(first, integer(call.args.at(1)))
                                : l2_normalize(first);
  Value second = call.value(1);
  if (name == "sigmoidCrossEntropyWithLogits")
    return sigmoid_cross_entropy_with_logits(first, second);
  if (call.args.size() > 2 && flag(call.args.at(2)))
    return categorical_crossentropy_from_logits(first, second);
  return loss_of(find_loss(name), first, second);
}

// Metrics that follow from sums: the graph gives those, the rest is arithmetic in double.
void check_sums(const Metric& metric, Call& call, const Tensor& expected, Trial& trial) {
  Value labels = call.value(0), predictions = call.value(1);
  for (Value sum : metric.sums(labels, predictions, {})) call.graph.output("sum", sum);
  std::vector<double> sums;
  for (const Tensor& sum : trial.run(call.graph, call.inputs)) sums.push_back(element(sum, 0));
  Tensor result = tensor_of(DType::f32, {}, {metric.finish(sums)});
  if (auto wrong = mismatch(expected, result, tolerance)) throw Wrong{*wrong};
}

}  // namespace

void run_tfjs_fn(const std::string& stem, const Json& test, Trial& trial) {
  Call call{member(test, "args")};
  Tensor expected = tensor(member(member(test, "result"), "tensor"));
  std::string name = stem.substr(stem.find('.') + 1);
  if (stem.starts_with("losses.")) {
    call.graph.output("loss", loss(call, name));
    return trial.check(call.graph, call.inputs, {{expected, tolerance}});
  }
  const Metric& metric = find_metric(name, find_loss("mse"), 1);
  if (!metric.of) return check_sums(metric, call, expected, trial);
  Value labels = call.value(0);
  call.graph.output("metric", metric.of(labels, call.value(1)));
  trial.check(call.graph, call.inputs, {{expected, tolerance}});
}

}  // namespace gesso::suites
