// TF.js optimisers, step after step: the weights and what the optimiser remembers live in variables
// that one program after the other reads and assigns.
#include <algorithm>
#include <cstring>

#include "core/ops/math.h"
#include "tests/suites/folders.h"

namespace gesso::suites {
namespace {

// TF.js' class is our operator with these states besides the weight, each filled with a number.
struct Rule {
  const Op& op;
  std::vector<const char*> initial;  // the option of TF.js' that says with what; null: with 0
  std::map<std::string, std::string> options = {};  // ours by TF.js' names
  bool counts = false;                              // whether the operator takes the step
};

const Rule& rule_named(const std::string& name) {
  static const std::map<std::string, std::string> same_options{
      {"beta1", "beta1"},     {"beta2", "beta2"},       {"rho", "rho"},
      {"epsilon", "epsilon"}, {"momentum", "momentum"}, {"useNesterov", "nesterov"}};
  static const std::map<std::string, std::string> rms_options{{"decay", "decay"},
                                                              {"momentum", "momentum"},
                                                              {"epsilon", "epsilon"},
                                                              {"centered", "centered"}};
  static const std::map<std::string, Rule> rules{
      {"Adadelta", {adadelta_op, {nullptr, nullptr}, same_options}},
      {"Adagrad", {adagrad_op, {"initialAccumulatorValue"}}},
      {"Adam", {adam_op, {nullptr, nullptr}, same_options, true}},
      {"Adamax", {adamax_op, {nullptr, nullptr}, same_options, true}},
      {"Momentum", {momentum_op, {nullptr}, same_options}},
      {"RMSProp", {rms_prop_op, {nullptr, nullptr, nullptr}, rms_options}},
      {"SGD", {sgd_op, {}}},
  };
  auto found = rules.find(name);
  if (found == rules.end()) throw Skip{"no operator: optimiser " + name};
  return found->second;
}

// What one weight's update keeps between steps.
struct Kept {
  TensorType type;
  std::vector<std::shared_ptr<Buffer>> states;  // the weight first
};

Kept kept_for(const Rule& rule, const Json& config, const Tensor& initial) {
  Kept kept{initial.type, {std::make_shared<Buffer>(initial.bytes.size())}};
  std::copy(initial.bytes.begin(), initial.bytes.end(), kept.states[0]->data());
  for (const char* option : rule.initial) {
    auto& state = kept.states.emplace_back(std::make_shared<Buffer>(initial.bytes.size()));
    auto floats = state->as<float>();
    std::fill(floats.begin(), floats.end(), option ? float(number(member(config, option))) : 0);
  }
  return kept;
}

Attrs options(const Rule& rule, const Json& config) {
  Attrs attrs;
  for (const auto& [theirs, ours] : rule.options)
    if (const Json* given = optional_member(config, theirs))
      attrs[ours] = given->is_boolean() ? Attr(flag(*given)) : Attr(number(*given));
  return attrs;
}

// The learning rate of a step, the first being 0. Only Adamax lets it decay.
double rate(const std::string& optimizer, const Json& config, int step) {
  const Json* decay = optimizer == "Adamax" ? optional_member(config, "decay") : nullptr;
  return number(member(config, "learningRate")) / (1 + step * (decay ? number(*decay) : 0));
}

void update(Graph& graph, const std::string& name, const Rule& rule, const Kept& kept,
            const Attrs& attrs, Value learning_rate, Value step) {
  Values inputs;
  for (size_t i = 0; i < kept.states.size(); ++i)
    inputs.push_back(
        graph.variable(name + " state " + std::to_string(i), kept.type, kept.states[i]));
  size_t states = inputs.size();
  inputs.push_back(graph.input(name, kept.type));
  inputs.push_back(learning_rate);
  if (rule.counts) inputs.push_back(step);
  Value updated = graph.apply(rule.op, inputs, attrs);
  for (size_t i = 0; i < states; ++i) graph.assign(inputs[i], updated.at(int(i)));
  graph.output(name, updated);
}

}  // namespace

void run_tfjs_optimizer(const std::string& stem, const Json& test, Trial& trial) {
  constexpr Tolerance within{Tolerance::Metric::absolute, 1e-5, 0};
  const Rule& rule = rule_named(stem);
  const Json& config = member(test, "config");
  std::vector<Kept> weights;
  for (const Json& initial : member(test, "initial"))
    weights.push_back(kept_for(rule, config, tensor(initial)));
  auto counter = std::make_shared<Buffer>(sizeof(int32_t));
  int steps = 0;
  for (const Json& step : member(test, "steps")) {
    const Json &gradients = member(step, "grads"), &expected = member(step, "vars");
    if (gradients.size() != weights.size() || expected.size() != weights.size())
      fail("case: a step must have a gradient and a result for each variable", {},
           std::to_string(weights.size()) + " of each");
    Graph graph;
    Value count = graph.variable("step", {DType::i32, {}}, counter);
    Value next = count + graph.scalar(1, DType::i32);
    graph.assign(count, next);
    Value learning_rate = graph.scalar(rate(stem, config, steps++));
    std::vector<NamedTensor> inputs;
    std::vector<Expectation> results;
    for (size_t i = 0; i < weights.size(); ++i) {
      std::string name = "weight " + std::to_string(i);
      update(graph, name, rule, weights[i], options(rule, config), learning_rate, next);
      inputs.push_back({name, tensor(gradients[i])});
      results.push_back({tensor(expected[i]), within});
    }
    trial.check(graph, inputs, results, "step " + std::to_string(steps));
  }
}

}  // namespace gesso::suites
