// What training promises: it learns, tells the truth about it, and goes on where it stopped.
#include "models/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>

#include "models/layers/layers.h"
#include "models/load/write_json.h"
#include "tests/native/expect_error.h"
#include "tests/webgpu/runs_here.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GESSO_COUNTS_ALLOCATIONS
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace gesso {
namespace {

using Role = Trainer::Role;

std::string dense(const std::string& name, int units, const std::string& activation,
                  const std::string& more = "") {
  return R"({"class_name": "Dense", "config": {"name": ")" + name + R"(", "units": )" +
         std::to_string(units) + R"(, "activation": ")" + activation + '"' + more + "}}";
}

const std::string dropout =
    R"({"class_name": "Dropout", "config": {"name": "dropout", "rate": 0.5}})";

// A Sequential of these layers, the first of which sees rows of this many numbers.
std::shared_ptr<LayersModel> sequential(int inputs, const std::vector<std::string>& layers,
                                        uint32_t seed = 1) {
  std::string input = R"({"class_name": "InputLayer", "config": {"name": "x", "dtype": "float32",
      "batch_input_shape": [null, )" +
                      std::to_string(inputs) + "]}}";
  std::vector<std::string> all{input};
  all.insert(all.end(), layers.begin(), layers.end());
  return create_model(R"({"class_name": "Sequential", "config": {"name": "model", "layers": )" +
                          json_list(all) + "}}",
                      seed);
}

Trainer trainer(std::shared_ptr<LayersModel> model, const std::string& options) {
  Document json("options", std::as_bytes(std::span(options)));
  return Trainer(std::move(model), json.root());
}

size_t arena_bytes(const Trainer& t) {
  size_t bytes = 0;
  for (const Trainer::ProgramInfo& p : t.programs()) bytes += p.memory.arena;
  return bytes;
}

const std::string sgd = R"("optimizer": {"className": "SGD", "config": {"learningRate": 0.1}})";

template <class T>
void give(Trainer& t, Role role, int index, const std::vector<T>& values, size_t samples,
          int set = 0) {
  std::span<std::byte> room = t.reserve(set, role, index, samples);
  ASSERT_EQ(room.size(), values.size() * sizeof(T));
  std::memcpy(room.data(), values.data(), room.size());
}

Progress go_through(Trainer& t, const Epoch& epoch) {
  t.begin(epoch);
  return t.run(1e9);
}

std::vector<float> weights_of(LayersModel& model) {
  std::vector<float> all;
  for (const Parameter& p : model.weights()) {
    auto values = p.data->as<float>().first(p.type.shape.count());
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// y = 2 x - 1 for some x.
void give_line(Trainer& t, size_t samples = 10, int set = 0) {
  std::vector<float> x(samples), y(samples);
  for (size_t i = 0; i < samples; ++i) {
    x[i] = float(i) / float(samples) - 0.5f;
    y[i] = 2 * x[i] - 1;
  }
  give(t, Role::input, 0, x, samples, set);
  give(t, Role::target, 0, y, samples, set);
}

TEST(Trainer, LearnsALine) {
  auto model = sequential(1, {dense("line", 1, "linear")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "meanSquaredError"})");
  give_line(t);
  Progress last;
  for (uint32_t e = 0; e < 300; ++e)
    last = go_through(t, {.batch_size = 4, .count = 10, .number = e});
  EXPECT_TRUE(last.done);
  EXPECT_EQ(last.step, 3);
  EXPECT_EQ(last.samples, 10u);
  EXPECT_LT(last.metrics[0], 1e-4);
  std::vector<float> weights = weights_of(*model);
  EXPECT_NEAR(weights[0], 2, 0.02);
  EXPECT_NEAR(weights[1], -1, 0.02);
}

TEST(Trainer, LearnsXorWithEveryOptimizer) {
  if (!runs_here()) GTEST_SKIP() << "4800 steps take a minute off the processor";
  for (const char* name :
       {"SGD", "Momentum", "Adam", "AdamW", "Adamax", "RMSProp", "Adagrad", "Adadelta"}) {
    auto model = sequential(2, {dense("hidden", 8, "tanh"), dense("out", 2, "softmax")});
    double rate = std::string(name) == "Adadelta" ? 1 : std::string(name) == "SGD" ? 0.5 : 0.05;
    Trainer t = trainer(model, R"({"optimizer": {"className": ")" + std::string(name) +
                                   R"(", "config": {"learningRate": )" + json_number(rate) +
                                   R"(}}, "loss": "sparseCategoricalCrossentropy",
                                   "metrics": ["accuracy"]})");
    give<float>(t, Role::input, 0, {0, 0, 0, 1, 1, 0, 1, 1}, 4);
    give<int32_t>(t, Role::target, 0, {0, 1, 1, 0}, 4);
    Progress p;
    for (uint32_t e = 0; e < 600; ++e)
      p = go_through(t, {.batch_size = 4, .count = 4, .number = e});
    EXPECT_LT(p.metrics[0], 0.3) << name;
    EXPECT_EQ(p.metrics[1], 1) << name;
  }
}

TEST(Trainer, DescribesWhatItTakesAndTells) {
  auto model = sequential(2, {dense("out", 3, "softmax")});
  Trainer indices = trainer(model, "{" + sgd + R"(, "loss": "sparse_categorical_crossentropy",
                                     "metrics": ["accuracy", "ce"]})");
  EXPECT_EQ(to_string(indices.targets()[0].dtype), "int32");
  EXPECT_EQ(indices.targets()[0].shape, std::vector<int>{-1});
  EXPECT_EQ(indices.metrics(), (std::vector<std::string>{"loss", "accuracy", "ce"}));
  Trainer one_hot = trainer(model, "{" + sgd + R"(, "loss": "categoricalCrossentropy"})");
  EXPECT_EQ(one_hot.targets()[0].shape, (std::vector<int>{-1, 3}));
}

TEST(Trainer, TakesIndicesAsRowsOfOne) {
  Trainer t =
      trainer(sequential(1, {dense("out", 3, "softmax")}), "{" + sgd + R"(, "loss": "scce"})");
  EXPECT_EQ(t.reserve(0, Role::target, 0, 5, DType::i32, {1}).size(), 20u);
  EXPECT_THROW(t.reserve(0, Role::target, 0, 5, DType::i32, {3}), Error);
}

TEST(Trainer, TellsTheMeanOverSamplesNotOverBatches) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "zeros")")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse", "metrics": ["mae", "r2"]})");
  give<float>(t, Role::input, 0, {1, 1, 1}, 3);
  give<float>(t, Role::target, 0, {1, 3, 5}, 3);
  Progress p = go_through(t, {.train = false, .batch_size = 2, .shuffle = false, .count = 3});
  EXPECT_NEAR(p.metrics[0], (1 + 9 + 25) / 3.0, 1e-6);
  EXPECT_NEAR(p.metrics[1], 3, 1e-6);
  EXPECT_NEAR(p.metrics[2], 1 - 35 / 8.0, 1e-6);
}

TEST(Trainer, EvaluatesWithoutLearning) {
  auto model = sequential(1, {dense("a", 4, "relu"), dropout, dense("b", 1, "linear")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give_line(t);
  std::vector<float> before = weights_of(*model);
  Progress first = go_through(t, {.train = false, .count = 10});
  Progress second = go_through(t, {.train = false, .batch_size = 3, .count = 10, .number = 9});
  EXPECT_EQ(weights_of(*model), before);
  EXPECT_NEAR(first.metrics[0], second.metrics[0], 1e-6);
}

TEST(Trainer, CountsSamplesByTheirWeights) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "zeros")")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {1, 1}, 2);
  give<float>(t, Role::target, 0, {1, 2}, 2);
  give<float>(t, Role::weight, 0, {10, 0}, 2);
  EXPECT_NEAR(go_through(t, {.count = 2}).metrics[0], 5, 1e-6);
  // The derivative by the bias is the mean of 10 * 2 * (0 - 1) and 0.
  EXPECT_NEAR(weights_of(*model)[1], 0.1 * 10, 1e-6);
}

TEST(Trainer, ForgetsWeightsOfOtherSamples) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "zeros")")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {1}, 1);
  give<float>(t, Role::target, 0, {1}, 1);
  give<float>(t, Role::weight, 0, {0}, 1);
  EXPECT_EQ(go_through(t, {.train = false, .count = 1}).metrics[0], 0);
  give<float>(t, Role::input, 0, {1}, 1);
  EXPECT_EQ(go_through(t, {.train = false, .count = 1}).metrics[0], 1);
}

TEST(Trainer, TakesBytesForFloats) {
  std::vector<float> results;
  for (DType kept : {DType::f32, DType::u8}) {
    auto model = sequential(2, {dense("out", 1, "linear")});
    Trainer t = trainer(model, R"({"optimizer": "adam", "loss": "mse"})");
    std::span<std::byte> room = t.reserve(0, Role::input, 0, 2, kept, {2});
    for (int i = 0; i < 4; ++i) {
      float value = float(60 * i);
      if (kept == DType::u8)
        room[size_t(i)] = std::byte(60 * i);
      else
        std::memcpy(room.data() + 4 * i, &value, 4);
    }
    give<float>(t, Role::target, 0, {1, 2}, 2);
    results.push_back(float(go_through(t, {.count = 2}).metrics[0]));
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Trainer, LeavesFrozenWeightsAlone) {
  auto model = sequential(1, {dense("a", 2, "linear"), dense("b", 1, "linear")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give_line(t);
  go_through(t, {.count = 10});
  model->set_trainable("a", false);
  std::vector<float> before = weights_of(*model);
  go_through(t, {.count = 10});
  std::vector<float> after = weights_of(*model);
  EXPECT_EQ(std::vector(after.begin(), after.begin() + 2),
            std::vector(before.begin(), before.begin() + 2));
  EXPECT_NE(after.back(), before.back());
}

TEST(Trainer, KeepsConstraints) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_constraint":
      {"class_name": "NonNeg", "config": {}})")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {1, 2}, 2);
  give<float>(t, Role::target, 0, {-3, -6}, 2);
  for (int e = 0; e < 20; ++e) go_through(t, {.count = 2});
  EXPECT_EQ(weights_of(*model)[0], 0);
}

TEST(Trainer, AddsPenaltiesToTheLoss) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "ones",
      "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0, "l2": 0.25}})")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {1}, 1);
  give<float>(t, Role::target, 0, {1}, 1);
  EXPECT_NEAR(go_through(t, {.train = false, .count = 1}).metrics[0], 0.25, 1e-6);
  EXPECT_NEAR(go_through(t, {.count = 1}).metrics[0], 0.25, 1e-6);
  EXPECT_NEAR(weights_of(*model)[0], 1 - 0.1 * 2 * 0.25, 1e-6);
}

TEST(Trainer, PunishesActivitiesInEvaluationToo) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "ones",
      "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0}})")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {1, 3}, 2);
  give<float>(t, Role::target, 0, {1, 3}, 2);
  // Half of 1 + 3, divided by the batch.
  EXPECT_NEAR(go_through(t, {.train = false, .count = 2}).metrics[0], 1, 1e-6);
  EXPECT_NEAR(go_through(t, {.count = 2}).metrics[0], 1, 1e-6);
}

// Sequences of three steps, of which those that are 0 are masked; the output is the input.
std::shared_ptr<LayersModel> masked_steps() {
  return create_model(R"({"class_name": "Sequential", "config": {"name": "model", "layers": [
      {"class_name": "Masking", "config": {"name": "mask", "batch_input_shape": [null, 3, 1]}},
      {"class_name": "Dense", "config": {"name": "d", "units": 1,
       "kernel_initializer": "ones"}}]}})",
                      1);
}

TEST(Trainer, LeavesMaskedStepsOut) {
  auto model = masked_steps();
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse",
      "metrics": ["meanAbsoluteError", "precision", "r2Score"]})");
  // What is masked is told apart by targets that would change every figure.
  give<float>(t, Role::input, 0, {1, 2, 0, /**/ 1, 0, 0}, 2);
  give<float>(t, Role::target, 0, {1, 4, 100, /**/ 0, 100, -100}, 2);
  Epoch all{.train = false, .count = 2};
  std::vector<double> figures = go_through(t, all).metrics;
  EXPECT_NEAR(figures[0], (4.0 + 1) / 3, 1e-6);
  EXPECT_NEAR(figures[1], (2.0 + 1) / 3, 1e-6);
  EXPECT_NEAR(figures[2], 2.0 / 3, 1e-6);
  double mean = 5.0 / 3, around = 1 + 16 - 3 * mean * mean;
  EXPECT_NEAR(figures[3], 1 - 5 / around, 1e-6);
  // Means over batches count each step once; the loss counts each sample once, as in Keras.
  all.batch_size = 1;
  figures = go_through(t, all).metrics;
  EXPECT_NEAR(figures[0], (4.0 / 2 + 1) / 2, 1e-6);
  EXPECT_NEAR(figures[1], (2.0 + 1) / 3, 1e-6);
  EXPECT_NEAR(figures[3], 1 - 5 / around, 1e-6);
  give<float>(t, Role::weight, 0, {2, 0}, 2);
  all.batch_size = 2;
  EXPECT_NEAR(go_through(t, all).metrics[0], 2 * 4.0 / 3, 1e-6);
}

TEST(Trainer, LearnsNothingFromMaskedSteps) {
  auto model = masked_steps();
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {0, 0, 0}, 1);
  give<float>(t, Role::target, 0, {1, 100, 3}, 1);
  Progress progress = go_through(t, {.count = 1});
  EXPECT_EQ(progress.bad, "");
  EXPECT_EQ(progress.metrics[0], 0);
  EXPECT_EQ(weights_of(*model), (std::vector<float>{1, 0}));
}

TEST(Trainer, AddsUpOverBatchesThatComeOneByOne) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "ones")")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse", "metrics": ["precision"]})");
  auto one = [&](std::vector<float> x, std::vector<float> y, bool goes_on) {
    give(t, Role::input, 0, x, x.size(), 1);
    give(t, Role::target, 0, y, y.size(), 1);
    return go_through(t, {.set = 1, .train = false, .count = x.size(), .goes_on = goes_on});
  };
  one({1, 1, 1}, {0, 0, 0}, false);
  // Another set in between has figures of its own.
  give_line(t);
  go_through(t, {.train = false, .count = 10});
  Progress both = one({1}, {1}, true);
  EXPECT_EQ(both.step, 2);
  EXPECT_EQ(both.samples, 4u);
  EXPECT_NEAR(both.metrics[0], 3.0 / 4, 1e-6);
  EXPECT_NEAR(both.metrics[1], 1.0 / 4, 1e-6);  // not the mean of 0 and 1
  EXPECT_EQ(one({1}, {1}, false).samples, 1u);
}

TEST(Trainer, StopsAtALossThatIsNotFinite) {
  auto model = sequential(1, {dense("line", 1, "linear")});
  Trainer t = trainer(model, R"({"optimizer": {"className": "SGD", "config":
      {"learningRate": 1e30}}, "loss": "mse"})");
  give_line(t, 100);
  Progress p = go_through(t, {.batch_size = 1, .count = 100});
  EXPECT_TRUE(p.done);
  EXPECT_LT(p.step, 100);
  EXPECT_EQ(p.bad, "loss");
  EXPECT_EQ(t.run(0).step, p.step);  // it stays stopped
}

TEST(Trainer, NamesAWeightThatIsNotFinite) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "zeros")")});
  Trainer t = trainer(model, R"({"optimizer": {"className": "SGD", "config":
      {"learningRate": 3e38}}, "loss": "mse"})");
  give<float>(t, Role::input, 0, {1}, 1);
  give<float>(t, Role::target, 0, {1}, 1);
  EXPECT_EQ(go_through(t, {.count = 1}).bad, "out/kernel");
}

TEST(Trainer, RunsInSlices) {
  auto model = sequential(1, {dense("line", 1, "linear")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give_line(t);
  EXPECT_EQ(t.begin({.batch_size = 4, .count = 10}), 3);
  EXPECT_EQ(t.run(0).step, 1);
  Progress p = t.run(0);
  EXPECT_EQ(p.samples, 8u);
  EXPECT_FALSE(p.done);
  EXPECT_TRUE(t.run(0).done);
  EXPECT_EQ(t.run(0).step, 3);
  EXPECT_EQ(t.begin({.batch_size = 4, .count = 10, .steps = 2}), 2);
  EXPECT_EQ(t.run(1e9).samples, 8u);
  t.begin({.batch_size = 4, .count = 10});
  t.run(0);
  t.stop();
  EXPECT_TRUE(t.run(1e9).done);
  EXPECT_EQ(t.run(1e9).step, 1);
}

TEST(Trainer, SeesAPartOfTheSamples) {
  auto model = sequential(1, {dense("out", 1, "linear", R"(, "kernel_initializer": "zeros")")});
  Trainer t = trainer(model, "{" + sgd + R"(, "loss": "mse"})");
  give<float>(t, Role::input, 0, {0, 0, 0, 0}, 4);
  give<float>(t, Role::target, 0, {1, 1, 2, 2}, 4);
  EXPECT_NEAR(go_through(t, {.train = false, .first = 2, .count = 2}).metrics[0], 4, 1e-6);
  EXPECT_NEAR(go_through(t, {.train = false, .first = 1, .count = 2}).metrics[0], 2.5, 1e-6);
}

std::shared_ptr<LayersModel> with_dropout() {
  return sequential(1, {dense("a", 8, "relu"), dropout, dense("b", 1, "linear")}, 5);
}
const std::string adam = R"({"optimizer": "adam", "loss": "mse", "seed": 3})";

std::vector<double> losses(Trainer& t, uint32_t first, uint32_t end) {
  std::vector<double> list;
  for (uint32_t e = first; e < end; ++e)
    list.push_back(go_through(t, {.batch_size = 4, .count = 10, .number = e}).metrics[0]);
  return list;
}

TEST(Trainer, GoesOnAsIfItHadNeverStopped) {
  auto model = with_dropout();
  Trainer whole = trainer(model, adam);
  give_line(whole);
  losses(whole, 0, 3);

  auto copy = with_dropout();
  Trainer resumed = trainer(copy, adam);
  give_line(resumed);
  for (size_t i = 0; i < model->weights().size(); ++i) {
    const Parameter& from = model->weights()[i];
    std::memcpy(copy->weights()[i].data->data(), from.data->data(), from.type.bytes());
  }
  for (const StateTensor& tensor : whole.state())
    std::memcpy(resumed.state_tensor(tensor.name, tensor.type).data->data(), tensor.data->data(),
                tensor.type.bytes());
  EXPECT_EQ(losses(resumed, 3, 6), losses(whole, 3, 6));
  EXPECT_EQ(weights_of(*copy), weights_of(*model));
}

// A model that remembers from batch to batch: 24 rows of three steps, four rows in each batch.
std::shared_ptr<LayersModel> remembering() {
  return create_model(layers::sequential({3, 1}, {layers::lstm({.units = 4, .stateful = true}),
                                                  layers::dense({.units = 1})}),
                      5);
}

Trainer remembering_trainer(std::shared_ptr<LayersModel> model, const std::string& optimizer) {
  Trainer t = trainer(std::move(model), "{" + optimizer + R"(, "loss": "meanSquaredError"})");
  std::vector<float> x(24 * 3), y(24);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(float(i));
  for (size_t i = 0; i < y.size(); ++i) y[i] = std::cos(float(i / 4));
  for (int set : {0, 1}) {
    give(t, Role::input, 0, x, 24, set);
    give(t, Role::target, 0, y, 24, set);
  }
  return t;
}

const std::string with_adam = R"("optimizer": "adam")";
const Epoch in_order{.batch_size = 4, .shuffle = false, .count = 24, .fresh = true};

// The loss of each step of an epoch, from one of them on, with as many steps as are wanted.
std::vector<double> step_losses(Trainer& t, int from, int steps) {
  std::vector<double> list;
  for (int i = from; i < from + steps; ++i) {
    Epoch one = in_order;
    one.first = size_t(i) * 4;
    one.count = 4;
    one.fresh = i == 0;
    list.push_back(go_through(t, one).metrics[0]);
  }
  return list;
}

TEST(Trainer, GoesOnInTheMiddleOfAnEpochWithWhatLayersRemember) {
  auto whole_model = remembering(), resumed_model = remembering();
  Trainer whole = remembering_trainer(whole_model, with_adam);
  step_losses(whole, 0, 3);
  Trainer resumed = remembering_trainer(resumed_model, with_adam);
  std::vector<std::string> names;
  for (const StateTensor& tensor : whole.state()) {
    names.push_back(tensor.name);
    std::memcpy(resumed.state_tensor(tensor.name, tensor.type).data->data(), tensor.data->data(),
                tensor.type.bytes());
  }
  EXPECT_NE(std::find(names.begin(), names.end(), "lstm/state_1"), names.end());
  for (size_t i = 0; i < whole_model->weights().size(); ++i)
    std::memcpy(resumed_model->weights()[i].data->data(), whole_model->weights()[i].data->data(),
                whole_model->weights()[i].type.bytes());
  auto expected = step_losses(whole, 3, 3);
  EXPECT_EQ(step_losses(resumed, 3, 3), expected);
  expected = step_losses(whole, 0, 6);  // and the epoch after it
  EXPECT_EQ(step_losses(resumed, 0, 6), expected);
}

TEST(Trainer, TakesUpAStateOfBatchesOfAnotherSize) {
  Trainer t = remembering_trainer(remembering(), with_adam);
  step_losses(t, 0, 1);
  TensorType type{DType::f32, {2, 4}};
  EXPECT_EQ(t.state_tensor("lstm/state_0", type).type, type);
  t.state_tensor("lstm/state_1", type);
  Epoch smaller = in_order;
  smaller.batch_size = 2;
  EXPECT_TRUE(std::isfinite(go_through(t, smaller).metrics[0]));
  for (const TensorType& other : {TensorType{DType::f32, {2, 5}}, TensorType{DType::i32, {2, 4}},
                                  TensorType{DType::f32, {0, 4}}, TensorType{DType::f32, {4}}})
    expect_error([&] { t.state_tensor("lstm/state_0", other); },
                 "loadState: the state is not of this model and optimizer.\n"
                 "  tensor  lstm/state_0\n"
                 "  its type  " +
                     to_string(other) +
                     "\n"
                     "  Try: the model that was saved with it, compiled with the same optimizer");
}

TEST(Trainer, BeginsAnEpochWithNothingRememberedWhereItIsTold) {
  Trainer t = remembering_trainer(
      remembering(), R"("optimizer": {"className": "SGD", "config": {"learningRate": 1e-30}})");
  double first = go_through(t, in_order).metrics[0];
  EXPECT_EQ(go_through(t, in_order).metrics[0], first);
  Epoch on = in_order;
  on.fresh = false;
  EXPECT_NE(go_through(t, on).metrics[0], first);
}

TEST(Trainer, LooksAtSamplesWithoutATraceInWhatIsRemembered) {
  Trainer t = remembering_trainer(remembering(), with_adam);
  Trainer quiet = remembering_trainer(remembering(), with_adam);
  Epoch look = in_order;
  look.set = 1;
  look.train = false;
  auto expected = step_losses(quiet, 0, 6);
  auto seen = step_losses(t, 0, 3);
  double loss = go_through(t, look).metrics[0];
  EXPECT_EQ(go_through(t, look).metrics[0], loss);  // it begins with nothing remembered
  auto rest = step_losses(t, 3, 3);
  seen.insert(seen.end(), rest.begin(), rest.end());
  EXPECT_EQ(seen, expected);
  look.batch_size = 6;
  EXPECT_TRUE(std::isfinite(go_through(t, look).metrics[0]));
}

TEST(Trainer, GivesTheSameNumbersForTheSameSeed) {
  auto run = [](const std::string& options) {
    Trainer t = trainer(with_dropout(), options);
    give_line(t);
    return losses(t, 0, 3);
  };
  EXPECT_EQ(run(adam), run(adam));
  EXPECT_NE(run(adam), run(R"({"optimizer": "adam", "loss": "mse", "seed": 4})"));
}

TEST(Trainer, RefusesTheStateOfAnotherModel) {
  Trainer t = trainer(with_dropout(), adam);
  expect_error([&] { t.state_tensor("c/kernel/mean", {DType::f32, {1, 8}}); },
               "loadState: the state is not of this model and optimizer.\n"
               "  tensor  c/kernel/mean\n"
               "  its type  float32 [1, 8]\n"
               "  Try: the model that was saved with it, compiled with the same optimizer");
}

// Two outputs from one input.
std::shared_ptr<LayersModel> forked() {
  auto layer = [](const std::string& name, const std::string& activation) {
    std::string text = dense(name, 1, activation);
    text.pop_back();
    return text + R"(, "name": ")" + name + R"(", "inbound_nodes": [[["x", 0, 0, {}]]]})";
  };
  return create_model(R"({"class_name": "Model", "config": {"name": "forked", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "dtype": "float32",
       "batch_input_shape": [null, 1]}, "inbound_nodes": []}, )" +
                          layer("left", "linear") + ", " + layer("right", "sigmoid") + R"(],
      "input_layers": [["x", 0, 0]], "output_layers": [["left", 0, 0], ["right", 0, 0]]}})",
                      1);
}

TEST(Trainer, WeighsTheLossesOfSeveralOutputs) {
  Trainer t = trainer(forked(), "{" + sgd + R"(, "loss": {"left": "mse", "right":
      "binaryCrossentropy"}, "lossWeights": [1, 0.5], "metrics": {"right": "accuracy"}})");
  EXPECT_EQ(t.metrics(),
            (std::vector<std::string>{"loss", "left_loss", "right_loss", "right_accuracy"}));
  give<float>(t, Role::input, 0, {1, 2}, 2);
  give<float>(t, Role::target, 0, {1, 2}, 2);
  give<float>(t, Role::target, 1, {0, 1}, 2);
  Progress p = go_through(t, {.count = 2});
  EXPECT_NEAR(p.metrics[0], p.metrics[1] + 0.5 * p.metrics[2], 1e-6);
}

TEST(Trainer, RefusesOptionsThatDoNotFit) {
  expect_error([] { trainer(forked(), "{" + sgd + R"(, "loss": {"left": "mse"}})"); },
               "compile: an output has no loss.\n"
               "  output  right\n"
               "  Try: a loss for each of left, right");
  expect_error([] { trainer(forked(), "{" + sgd + R"(, "loss": ["mse"]})"); },
               "options: loss must have as many items as the model has outputs.\n"
               "  found  [\"mse\"]\n"
               "  Try: one for each of left, right");
  expect_error([] { trainer(forked(), "{" + sgd + R"(, "loss": {"middle": "mse"}})"); },
               "options: loss.middle is for no output of the model.\n"
               "  found  \"mse\"\n"
               "  Try: one of left, right");
  expect_error(
      [] {
        trainer(forked(), "{" + sgd + R"(, "loss": "mse", "metrics":
            ["sparseCategoricalAccuracy"]})");
      },
      "metric: sparseCategoricalAccuracy and the loss want different labels.\n"
      "  loss  meanSquaredError\n"
      "  output  left\n"
      "  Try: the metric for one-hot labels");
}

TEST(Trainer, RefusesSamplesThatAreNotThere) {
  Trainer t = trainer(with_dropout(), adam);
  EXPECT_THROW(t.begin({.count = 1}), Error);
  give_line(t);
  expect_error([&] { t.begin({.first = 8, .count = 3}); },
               "fit: there are no such samples.\n"
               "  first  8\n"
               "  count  3\n"
               "  there are  10\n"
               "  Try: a part of them");
  EXPECT_THROW(t.reserve(0, Role::input, 1, 1), Error);
  EXPECT_THROW(t.reserve(0, Role::input, 0, 1, DType::f32, {2}), Error);
  EXPECT_THROW(t.reserve(-1, Role::input, 0, 1), Error);
  give<float>(t, Role::target, 0, {1}, 1);
  EXPECT_THROW(t.begin({.count = 1}), Error);
}

// A step's memory against what it cannot do without: weights, their gradients and state, and what
// the forward pass keeps for the backward pass.
TEST(Trainer, StepsStayWithinTheirMemory) {
  constexpr int width = 64, batch = 128, layers = 4;
  std::vector<std::string> list;
  for (int i = 0; i < layers; ++i) list.push_back(dense("d" + std::to_string(i), width, "relu"));
  auto model = sequential(width, list);
  Trainer t = trainer(model, R"({"optimizer": "adam", "loss": "mse"})");
  give(t, Role::input, 0, std::vector<float>(width * batch), batch);
  give(t, Role::target, 0, std::vector<float>(width * batch), batch);
  go_through(t, {.batch_size = batch, .count = batch});
  size_t weights = layers * (width * width + width), activations = (layers + 1) * width * batch;
  size_t labels = width * batch;
  size_t outside = weights * 3 * sizeof(float);  // weights, and Adam's mean and variance
  size_t needed = outside + (weights + activations + labels) * sizeof(float);
  EXPECT_LE(double(arena_bytes(t) + outside), 1.5 * double(needed));
}

TEST(Trainer, SaysHowLongEachPartOfAStepTook) {
  auto model = sequential(8, {dense("hidden", 16, "relu"), dense("last", 2, "softmax")});
  auto other = sequential(8, {dense("hidden", 16, "relu"), dense("last", 2, "softmax")});
  std::vector<Trainer> trainers;
  for (auto& m : {model, other}) {
    Trainer& t = trainers.emplace_back(trainer(m, R"({"optimizer": "adam", "loss": "mse"})"));
    give(t, Role::input, 0, std::vector<float>(32 * 8, 0.5f), 32);
    give(t, Role::target, 0, std::vector<float>(32 * 2, 1.0f), 32);
    t.begin({.batch_size = 32, .count = 32});
  }
  std::vector<double> seconds;
  const std::vector<StepInfo>& steps = trainers[0].profile(seconds);
  ASSERT_EQ(seconds.size(), steps.size());
  auto has = [&](std::string_view op) {
    return std::ranges::any_of(steps, [&](const StepInfo& step) { return step.op == op; });
  };
  EXPECT_TRUE(has("adam"));
  for (const StepInfo& step : steps)
    if (step.op == "adam") EXPECT_EQ(step.name, "optimizer");
  EXPECT_TRUE(std::ranges::any_of(
      steps, [](const StepInfo& step) { return step.name == "gradient of hidden"; }));
  EXPECT_GT(std::accumulate(seconds.begin(), seconds.end(), 0.0), 0);

  trainers[1].run(0);  // the same step off the clock
  for (size_t i = 0; i < model->weights().size(); ++i) {
    auto ours = model->weights()[i].data->as<float>();
    auto theirs = other->weights()[i].data->as<float>();
    EXPECT_TRUE(std::ranges::equal(ours, theirs)) << model->weights()[i].name;
  }
  expect_error([&] { trainers[0].profile(seconds); },
               "profile: the epoch is over.\n  Try: begin() before each step");
}

TEST(Trainer, SaysHowMuchMemoryItTakes) {
  auto model = sequential(8, {dense("last", 2, "linear")});
  Trainer t = trainer(model, R"({"optimizer": "adam", "loss": "mse"})");
  give(t, Role::input, 0, std::vector<float>(32 * 8), 32);
  give(t, Role::target, 0, std::vector<float>(32 * 2), 32);
  EXPECT_EQ(t.sample_bytes(), 32 * (8 + 2) * sizeof(float));
  EXPECT_TRUE(t.programs().empty());
  go_through(t, {.batch_size = 16, .count = 32});
  ASSERT_EQ(t.programs().size(), 1u);
  const Trainer::ProgramInfo program = t.programs()[0];
  EXPECT_TRUE(program.train);
  EXPECT_EQ(program.batch, 16);
  EXPECT_GE(program.memory.arena, 16 * (8 + 2) * sizeof(float));
  size_t weights = (8 * 2 + 2) * sizeof(float);
  EXPECT_GE(program.memory.shared, 3 * weights) << "weights, and Adam's mean and variance";
}

#ifdef GESSO_COUNTS_ALLOCATIONS
std::atomic<bool> counting = false;
std::atomic<int> allocations = 0;

void count_allocation(const volatile void*, size_t) {
  if (counting) ++allocations;
}
void ignore_free(const volatile void*) {}

TEST(Trainer, AllocatesNothingInTenThousandSteps) {
  static const bool installed =
      __sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free) > 0;
  ASSERT_TRUE(installed);
  auto model = sequential(1, {dense("line", 1, "linear")});
  Trainer t = trainer(model, R"({"optimizer": "adam", "loss": "mse", "metrics": ["mae"]})");
  give_line(t, 10000);
  t.begin({.batch_size = 1, .count = 10000});
  t.run(0);
  size_t arena = arena_bytes(t);
  counting = true;
  Progress p = t.run(1e9);
  counting = false;
  EXPECT_EQ(p.step, 10000);
  EXPECT_EQ(arena_bytes(t), arena);
  EXPECT_LE(allocations, 4);  // the answer
}
#endif

}  // namespace
}  // namespace gesso
