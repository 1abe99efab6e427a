// suites/tfjs-models/train: fit and trainOnBatch, with the history and the weights at the end.
#include <cmath>
#include <cstring>

#include "models/train/trainer.h"
#include "tests/suites/folders.h"
#include "tests/suites/layers_model.h"

namespace gesso::suites {
namespace {

// Sums in another order move the last digits, and every step carries them on.
constexpr double tolerance = 1e-4;

void compare(const std::string& what, const Tensor& expected, const Tensor& found) {
  double largest = 1;
  for (double value : elements(expected)) largest = std::max(largest, std::fabs(value));
  if (auto wrong = mismatch(expected, found, {Tolerance::Metric::absolute, tolerance * largest, 0}))
    throw Wrong{what + ": " + *wrong};
}

std::vector<double> state_of(const Trainer& trainer, const std::string& name) {
  for (const StateTensor& state : trainer.state())
    if (state.name == name) {
      const std::byte* bytes = state.data->data();
      return elements({state.type, {bytes, bytes + state.type.bytes()}});
    }
  throw Wrong{"the optimizer does not remember " + name};
}

// Adam divides a gradient by its own size: where the true one is 0, rounding decides which part of
// each step is made. Elements whose gradients were nothing but rounding, as the mean of their
// squares tells, count as expected when they have moved by no more than those steps.
Tensor without_rounding(const Trainer& trainer, const std::string& weight, const Tensor& expected,
                        const Tensor& found, const Json& config) {
  constexpr double rounding = 1e-6;  // of sums of numbers around 1
  double steps = state_of(trainer, "step")[0];
  double share = 1 - std::pow(number(member(config, "beta2")), steps);
  double farthest = steps * number(member(config, "learningRate"));
  std::vector<double> squares = state_of(trainer, weight + "/variance");
  std::vector<double> wanted = elements(expected), values = elements(found);
  if (wanted.size() != values.size()) return found;
  for (size_t i = 0; i < values.size(); ++i)
    if (std::sqrt(squares[i] / share) < rounding && std::fabs(values[i] - wanted[i]) <= farthest)
      values[i] = wanted[i];
  return tensor_of(found.type.dtype, found.type.shape, values);
}

Trainer trainer_of(const std::shared_ptr<LayersModel>& model, const Json& test) {
  Json options{{"optimizer", member(test, "optimizer")},
               {"loss", member(test, "loss")},
               {"metrics", member(test, "metrics")}};
  std::string text = options.dump();
  Document json("compile", std::as_bytes(std::span(text)));
  return Trainer(model, json.root());
}

size_t samples_of(const Tensor& tensor) {
  return size_t(tensor.type.shape[0]);
}

void give(Trainer& trainer, Trainer::Role role, const std::vector<ModelPort>& ports,
          const std::vector<Tensor>& all) {
  for (size_t i = 0; i < all.size(); ++i) {
    DType dtype = ports.at(i).dtype;
    Shape row = all[i].type.shape;
    row.erase(0);
    Tensor converted = tensor_of(dtype, all[i].type.shape, elements(all[i]));
    auto room = trainer.reserve(0, role, int(i), samples_of(all[i]), dtype, row);
    std::memcpy(room.data(), converted.bytes.data(), room.size());
  }
}

std::vector<double> go_through(Trainer& trainer, const Epoch& epoch) {
  trainer.begin(epoch);
  Progress progress = trainer.run(1e9);
  if (!progress.bad.empty()) throw Wrong{progress.bad + " is not finite"};
  return progress.metrics;
}

// What each epoch gave, by TF.js' names.
using History = std::map<std::string, std::vector<double>>;

void add(History& history, const std::string& prefix, const std::vector<std::string>& names,
         const std::vector<double>& values) {
  for (size_t i = 0; i < names.size(); ++i) {
    std::string name = names[i];
    if (name.ends_with("accuracy")) name.resize(name.size() - 5);  // "acc"
    history[prefix + name].push_back(values[i]);
  }
}

History fit(Trainer& trainer, const Json& args, size_t samples) {
  auto get = [&](const char* name, double otherwise) {
    const Json* given = optional_member(args, name);
    return given ? number(*given) : otherwise;
  };
  size_t count = size_t(double(samples) * (1 - get("validationSplit", 0)));
  Epoch training{.batch_size = int(get("batchSize", 32)), .shuffle = false, .count = count};
  Epoch validation = training;
  validation.train = false;
  validation.first = count;
  validation.count = samples - count;
  History history;
  for (int epoch = int(get("initialEpoch", 0)); epoch < int(get("epochs", 1)); ++epoch) {
    add(history, "", trainer.metrics(), go_through(trainer, training));
    if (validation.count > 0)
      add(history, "val_", trainer.metrics(), go_through(trainer, validation));
  }
  return history;
}

void compare_history(const History& history, const Json& expected) {
  for (const auto& [name, values] : expected.items()) {
    auto found = history.find(name);
    if (found == history.end()) throw Wrong{"there is no " + name};
    Shape shape{int(found->second.size())};
    Json whole{{"shape", {values.size()}}, {"dtype", "float32"}, {"data", values}};
    compare(name, tensor(whole), tensor_of(DType::f32, shape, found->second));
  }
}

}  // namespace

void run_tfjs_training(const Json& test) {
  skip_missing_layers(member(test, "topology"));
  std::shared_ptr<LayersModel> model = create_model(member(test, "topology").dump(), 1);
  set_weights(*model, member(test, "weights"));
  Trainer trainer = trainer_of(model, test);
  std::vector<Tensor> x = tensors(member(test, "x")), y = tensors(member(test, "y"));
  give(trainer, Trainer::Role::input, trainer.inputs(), x);
  give(trainer, Trainer::Role::target, trainer.targets(), y);
  size_t samples = samples_of(x.at(0));
  if (text(member(test, "how")) == "fit") {
    compare_history(fit(trainer, member(test, "args"), samples), member(test, "history"));
  } else {
    Epoch batch{.batch_size = int(samples), .shuffle = false, .count = samples};
    History history;
    for (size_t i = 0; i < member(test, "losses").size(); ++i)
      add(history, "", trainer.metrics(), go_through(trainer, batch));
    compare_history(history, {{"loss", member(test, "losses")}});
  }
  const Json& final_weights = member(test, "finalWeights");
  for (size_t i = 0; i < final_weights.size(); ++i) {
    const Parameter& weight = model->weights().at(i);
    const std::byte* bytes = weight.data->data();
    Tensor expected = tensor(final_weights[i]);
    Tensor found{weight.type, {bytes, bytes + weight.type.bytes()}};
    if (text(member(member(test, "optimizer"), "className")) == "Adam")
      found = without_rounding(trainer, weight.name, expected, found,
                               member(member(test, "optimizer"), "config"));
    compare(weight.name, expected, found);
  }
}

}  // namespace gesso::suites
