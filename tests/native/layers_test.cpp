// Keras layers as they are made and trained: initial weights, noise, statistics, masks, states.
#include "models/layers/layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "core/backends/backend.h"
#include "core/gradient.h"
#include "models/layers/constraints.h"
#include "models/layers/initializers.h"
#include "models/layers/layers_model.h"
#include "tests/native/expect_error.h"

namespace gesso {
namespace {

using Floats = std::vector<float>;

// A sequence of layers; `first` is the input shape of the first one.
std::string sequence(const std::string& layers) {
  return R"({"class_name": "Sequential", "config": {"name": "net", "layers": [)" + layers + "]}}";
}

std::string layer(const std::string& class_name, const std::string& config) {
  return R"({"class_name": ")" + class_name + R"(", "config": {)" + config + "}}";
}

std::string dense(const std::string& more = "") {
  return layer("Dense", R"("name": "d", "units": 3, "batch_input_shape": [null, 2])" + more);
}

Floats floats(const Buffer& buffer, size_t count) {
  auto all = buffer.as<float>().first(count);
  return {all.begin(), all.end()};
}

Floats weight(LayersModel& model, size_t i) {
  Parameter& p = model.weights()[i];
  return floats(*p.data, p.type.shape.count());
}

void set(LayersModel& model, size_t i, const Floats& values) {
  Parameter& p = model.weights()[i];
  ASSERT_EQ(p.type.shape.count(), values.size());
  std::memcpy(p.data->data(), values.data(), values.size() * sizeof(float));
}

Floats run(const Graph& graph, const std::vector<Floats>& inputs, int times = 1) {
  auto program = compile(graph);
  for (int t = 0; t < times; ++t) {
    for (size_t i = 0; i < inputs.size(); ++i)
      std::memcpy(program->input(int(i)).data(), inputs[i].data(),
                  inputs[i].size() * sizeof(float));
    program->run();
  }
  auto bytes = program->output(0);
  Floats y(program->outputs()[0].type.shape.count());
  std::memcpy(y.data(), bytes.data(), y.size() * sizeof(float));
  return y;
}

Floats predict(LayersModel& model, const Shape& shape, const Floats& x) {
  return run(model.build({{model.inputs()[0].name, shape}}), {x});
}

// The model's first output as in training, for a seed and a step.
Floats train(LayersModel& model, const Shape& shape, const Floats& x, int32_t step = 0,
             int times = 1) {
  Graph graph;
  std::vector<int32_t> state{7, step};
  Value input = graph.input("x", {DType::f32, shape});
  Value random = graph.constant({2}, std::span<const int32_t>(state));
  graph.output("y", model.call_for_training(graph, {input}, random).outputs[0]);
  return run(graph, {x}, times);
}

double mean_of(const Floats& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / double(x.size());
}

double deviation_of(const Floats& x) {
  double mean = mean_of(x), sum = 0;
  for (float value : x) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / double(x.size()));
}

Floats initial(const std::string& text, const Shape& shape, RandomSource source = {1, 0}) {
  Document json("test", std::as_bytes(std::span(text)));
  return floats(*initial_weight(json.root(), "zeros", shape, source), shape.count());
}

TEST(Initializers, fill_with_what_they_are_told) {
  EXPECT_EQ(initial(R"("ones")", {2}), (Floats{1, 1}));
  EXPECT_EQ(initial(R"({"class_name": "Constant", "config": {"value": 3}})", {2}), (Floats{3, 3}));
  EXPECT_EQ(initial(R"({"class_name": "Identity", "config": {"gain": 2}})", {2, 3}),
            (Floats{2, 0, 0, 0, 2, 0}));
}

TEST(Initializers, have_the_spread_that_keras_gives) {
  // 300 inputs, 100 outputs.
  Shape shape{300, 100};
  EXPECT_NEAR(deviation_of(initial(R"("glorot_uniform")", shape)), std::sqrt(2.0 / 400), 1e-3);
  EXPECT_NEAR(deviation_of(initial(R"("glorotNormal")", shape)), std::sqrt(2.0 / 400), 1e-3);
  EXPECT_NEAR(deviation_of(initial(R"("HeNormal")", shape)), std::sqrt(2.0 / 300), 1e-3);
  EXPECT_NEAR(deviation_of(initial(R"("he_uniform")", shape)), std::sqrt(2.0 / 300), 1e-3);
  EXPECT_NEAR(deviation_of(initial(R"("leCunNormal")", shape)), std::sqrt(1.0 / 300), 1e-3);
  EXPECT_NEAR(deviation_of(initial(R"("lecun_uniform")", shape)), std::sqrt(1.0 / 300), 1e-3);
  EXPECT_NEAR(deviation_of(initial(R"("random_normal")", shape)), 0.05, 1e-3);
  Floats scaled = initial(R"({"class_name": "VarianceScaling",
      "config": {"scale": 4, "mode": "fan_out", "distribution": "untruncated_normal"}})",
                          shape);
  EXPECT_NEAR(deviation_of(scaled), 0.2, 3e-3);
  EXPECT_NEAR(mean_of(scaled), 0, 5e-3);
  for (float w : initial(R"({"class_name": "TruncatedNormal", "config": {"stddev": 1}})", shape))
    EXPECT_LE(std::abs(w), 2);
  // A filter [3, 3, 80, 160] has 720 inputs and 1440 outputs.
  EXPECT_NEAR(deviation_of(initial(R"("glorot_uniform")", {3, 3, 80, 160})), std::sqrt(2.0 / 2160),
              1e-3);
}

TEST(Initializers, make_orthogonal_rows_or_columns) {
  for (Shape shape : {Shape{4, 7}, Shape{7, 4}}) {
    Floats w = initial(R"({"class_name": "Orthogonal", "config": {"gain": 2}})", shape);
    int few = std::min(shape[0], shape[1]), many = std::max(shape[0], shape[1]);
    bool by_row = shape[0] < shape[1];
    for (int i = 0; i < few; ++i)
      for (int j = 0; j < few; ++j) {
        double sum = 0;
        for (int k = 0; k < many; ++k)
          sum += double(w[size_t(by_row ? i * 7 + k : k * 4 + i)]) *
                 double(w[size_t(by_row ? j * 7 + k : k * 4 + j)]);
        EXPECT_NEAR(sum, i == j ? 4 : 0, 1e-5);
      }
  }
}

TEST(Initializers, follow_seeds) {
  std::string seeded = R"({"class_name": "RandomUniform", "config": {"seed": 5}})";
  EXPECT_EQ(initial(seeded, {8}, {1, 0}), initial(seeded, {8}, {2, 3}));
  EXPECT_EQ(initial(R"("he_normal")", {8}, {1, 2}), initial(R"("he_normal")", {8}, {1, 2}));
  EXPECT_NE(initial(R"("he_normal")", {8}, {1, 2}), initial(R"("he_normal")", {8}, {1, 3}));
  EXPECT_NE(initial(R"("he_normal")", {8}, {1, 2}), initial(R"("he_normal")", {8}, {2, 2}));
}

TEST(LayersModel, makes_its_weights) {
  auto model = create_model(sequence(dense()), 1);
  ASSERT_EQ(model->weights().size(), 2u);
  EXPECT_EQ(model->weights()[0].name, "d/kernel");
  EXPECT_EQ(to_string(model->weights()[0].type), "float32 [2, 3]");
  EXPECT_EQ(weight(*model, 1), (Floats{0, 0, 0}));
  EXPECT_EQ(model->parameters(), 9u);
  auto same = create_model(sequence(dense()), 1), other = create_model(sequence(dense()), 2);
  EXPECT_EQ(weight(*model, 0), weight(*same, 0));
  EXPECT_NE(weight(*model, 0), weight(*other, 0));
}

TEST(LayersModel, computes_with_its_weights_as_they_are) {
  auto model = create_model(sequence(dense()), 1);
  set(*model, 0, {1, 2, 3, 4, 5, 6});
  set(*model, 1, {0, 1, 0});
  EXPECT_EQ(predict(*model, {1, 2}, {1, 1}), (Floats{5, 8, 9}));
  set(*model, 1, {1, 1, 1});
  EXPECT_EQ(predict(*model, {1, 2}, {1, 1}), (Floats{6, 8, 10}));
}

TEST(LayersModel, keeps_one_copy_of_a_kernel) {
  auto model = create_model(sequence(dense()), 1);
  Graph graph = model->build({});
  int shared = 0;
  for (const Node& node : graph.nodes())
    for (const Parameter& p : model->weights())
      if (node.data == p.data) ++shared;
  EXPECT_EQ(shared, 2);
}

TEST(LayersModel, lets_the_forget_gate_begin_open) {
  std::string config = R"("name": "l", "units": 2, "batch_input_shape": [null, 3, 1])";
  auto open = create_model(sequence(layer("LSTM", config)), 1);
  EXPECT_EQ(weight(*open, 2), (Floats{0, 0, 1, 1, 0, 0, 0, 0}));
  auto closed = create_model(sequence(layer("LSTM", config + R"(, "unit_forget_bias": false)")), 1);
  EXPECT_EQ(weight(*closed, 2), Floats(8));
}

TEST(LayersModel, differentiates_by_its_weights) {
  auto model = create_model(sequence(dense()), 1);
  Graph graph;
  Value x = graph.input("x", {DType::f32, {1, 2}});
  TrainingCall call = model->call_for_inference(graph, {x});
  graph.output("dkernel", gradient(call.outputs, {}, {call.parameters[0]})[0]);
  EXPECT_EQ(run(graph, {{2, 3}}), (Floats{2, 2, 2, 3, 3, 3}));
}

TEST(LayersModel, punishes_weights_and_activities) {
  auto model = create_model(
      sequence(dense(R"(, "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.5,
      "l2": 2}}, "bias_regularizer": "l2", "activity_regularizer": {"class_name": "L1",
      "config": {"l1": 1}})")),
      1);
  set(*model, 0, {1, -1, 0, 0, 0, 2});
  set(*model, 1, {10, 0, 0});
  Graph graph;
  std::vector<int32_t> state{1, 0};
  Value x = graph.input("x", {DType::f32, {2, 2}});
  TrainingCall call =
      model->call_for_training(graph, {x}, graph.constant({2}, std::span<const int32_t>(state)));
  ASSERT_EQ(call.penalties.size(), 3u);
  // Activities of x = 0 are the bias: 10 in each of the two rows.
  for (size_t i = 0; i < 3; ++i) graph.output("p" + std::to_string(i), call.penalties[i]);
  auto program = compile(graph);
  program->run();
  Floats expected{10, 0.5f * 4 + 2 * 6, 0.01f * 100};
  for (int i = 0; i < 3; ++i) {
    float value = 0;
    std::memcpy(&value, program->output(i).data(), sizeof value);
    EXPECT_NEAR(value, expected[size_t(i)], 1e-5) << i;
  }
}

TEST(LayersModel, drops_in_training_only) {
  std::string config = R"("name": "n", "rate": 0.25, "batch_input_shape": [null, 4000])";
  auto model = create_model(sequence(layer("Dropout", config)), 1);
  Floats ones(4000, 1);
  EXPECT_EQ(predict(*model, {1, 4000}, ones), ones);
  Floats y = train(*model, {1, 4000}, ones);
  EXPECT_NEAR(double(std::count(y.begin(), y.end(), 0.0f)) / 4000, 0.25, 0.03);
  for (float value : y) EXPECT_TRUE(value == 0 || std::abs(value - 4.0f / 3) < 1e-6);
  EXPECT_EQ(y, train(*model, {1, 4000}, ones));
  EXPECT_NE(y, train(*model, {1, 4000}, ones, 1));
}

TEST(LayersModel, draws_differently_in_every_layer_without_a_seed) {
  auto twice = [](const std::string& seed) {
    std::string input = R"({"name": "x", "class_name": "InputLayer", "inbound_nodes": [],
        "config": {"name": "x", "batch_input_shape": [null, 64]}})";
    auto drop = [&](const std::string& name) {
      return R"({"name": ")" + name + R"(", "class_name": "Dropout", "config": {"name": ")" + name +
             R"(", "rate": 0.5)" + seed + R"(}, "inbound_nodes": [[["x", 0, 0]]]})";
    };
    return R"({"class_name": "Model", "config": {"name": "m", "layers": [)" + input + ',' +
           drop("a") + ',' + drop("b") + R"(, {"name": "s", "class_name": "Subtract",
           "config": {"name": "s"}, "inbound_nodes": [[["a", 0, 0], ["b", 0, 0]]]}],
           "input_layers": [["x", 0, 0]], "output_layers": [["s", 0, 0]]}})";
  };
  auto free = create_model(twice(""), 1), seeded = create_model(twice(R"(, "seed": 3)"), 1);
  EXPECT_NE(train(*free, {1, 64}, Floats(64, 1)), Floats(64));
  EXPECT_EQ(train(*seeded, {1, 64}, Floats(64, 1)), Floats(64));
}

TEST(LayersModel, drops_whole_channels) {
  std::string config = R"("name": "n", "rate": 0.5, "batch_input_shape": [null, 5, 16])";
  auto model = create_model(sequence(layer("SpatialDropout1D", config)), 1);
  Floats y = train(*model, {1, 5, 16}, Floats(80, 1));
  for (size_t i = 16; i < y.size(); ++i) EXPECT_EQ(y[i], y[i - 16]);
  EXPECT_NE(mean_of(y), 0);
}

TEST(LayersModel, keeps_mean_and_deviation_under_noise) {
  auto noisy = [](const char* class_name, const std::string& more, float x) {
    auto model = create_model(
        sequence(layer(class_name, R"("name": "n", "batch_input_shape": [null, 20000])" + more)),
        1);
    return train(*model, {1, 20000}, Floats(20000, x));
  };
  Floats noise = noisy("GaussianNoise", R"(, "stddev": 0.5)", 2);
  EXPECT_NEAR(mean_of(noise), 2, 0.02);
  EXPECT_NEAR(deviation_of(noise), 0.5, 0.02);
  Floats factors = noisy("GaussianDropout", R"(, "rate": 0.2)", 3);
  EXPECT_NEAR(mean_of(factors), 3, 0.03);
  EXPECT_NEAR(deviation_of(factors), 1.5, 0.03);
  // Inputs of mean 0 and deviation 1 keep both.
  auto model =
      create_model(sequence(layer("AlphaDropout",
                                  R"("name": "n", "rate": 0.3, "batch_input_shape": [null, 2])")),
                   1);
  Floats x(20000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 2 ? 1 : -1;
  Floats y = train(*model, {10000, 2}, x);
  EXPECT_NEAR(mean_of(y), 0, 0.03);
  EXPECT_NEAR(deviation_of(y), 1, 0.03);
}

TEST(LayersModel, follows_batch_statistics) {
  std::string config = R"("name": "b", "momentum": 0.9, "batch_input_shape": [null, 1])";
  auto model = create_model(sequence(layer("BatchNormalization", config)), 1);
  // Of 1 and 5: mean 3, variance 4.
  Floats y = train(*model, {2, 1}, {1, 5});
  EXPECT_NEAR(y[0], -2 / std::sqrt(4.001), 1e-5);
  EXPECT_EQ(model->weights()[2].name, "b/moving_mean");
  EXPECT_FALSE(model->weights()[2].trainable);
  EXPECT_NEAR(weight(*model, 2)[0], 0.3, 1e-6);
  EXPECT_NEAR(weight(*model, 3)[0], 0.9 + 0.4, 1e-6);
  train(*model, {2, 1}, {1, 5});
  EXPECT_NEAR(weight(*model, 2)[0], 0.27 + 0.3, 1e-6);
}

TEST(LayersModel, leaves_the_statistics_of_a_frozen_layer) {
  std::string config = R"("name": "b", "trainable": false, "batch_input_shape": [null, 1])";
  auto model = create_model(sequence(layer("BatchNormalization", config)), 1);
  Floats y = train(*model, {2, 1}, {1, 5});
  EXPECT_NEAR(y[1], 5 / std::sqrt(1.001), 1e-5);
  EXPECT_EQ(weight(*model, 2), Floats{0});
  for (const Parameter& p : model->weights()) EXPECT_FALSE(p.trainable) << p.name;
}

TEST(LayersModel, freezes_a_layer_and_says_so_in_its_topology) {
  std::string config = R"("name": "b", "momentum": 0.9, "batch_input_shape": [null, 1])";
  auto model = create_model(sequence(layer("BatchNormalization", config)), 1);
  EXPECT_NEAR(train(*model, {2, 1}, {1, 5})[0], -2 / std::sqrt(4.001), 1e-5);
  Floats mean = weight(*model, 2);
  model->set_trainable("b", false);
  for (const Parameter& p : model->weights()) EXPECT_FALSE(p.trainable) << p.name;
  // It keeps to its averages, which stay what they are.
  EXPECT_NEAR(train(*model, {2, 1}, {1, 5})[0],
              (1 - mean[0]) / std::sqrt(weight(*model, 3)[0] + 0.001), 1e-5);
  EXPECT_EQ(weight(*model, 2), mean);
  auto again = create_model(model->topology(), 1);
  EXPECT_FALSE(again->weights()[0].trainable);
  model->set_trainable("b", true);
  EXPECT_TRUE(model->weights()[0].trainable);
  EXPECT_FALSE(model->weights()[2].trainable);
  EXPECT_NEAR(train(*model, {2, 1}, {1, 5})[0], -2 / std::sqrt(4.001), 1e-5);
  EXPECT_TRUE(create_model(model->topology(), 1)->weights()[0].trainable);
  expect_error([&] { model->set_trainable("c", true); },
               "setTrainable: there is no layer \"c\" with weights.\n"
               "  known  b\n"
               "  Try: one of these");
}

TEST(LayersModel, freezes_what_a_wrapper_wraps) {
  std::string inside = R"({"class_name": "LSTM", "config": {"name": "l", "units": 1,
      "kernel_initializer": {"class_name": "Ones", "config": {}}}})";
  auto model = create_model(
      sequence(layer("Bidirectional", R"("name": "two", "batch_input_shape": [null, 3, 1],
          "layer": )" + inside)),
      1);
  model->set_trainable("two", false);
  for (const Parameter& p : model->weights()) EXPECT_FALSE(p.trainable) << p.name;
  auto again = create_model(model->topology(), 1);
  for (const Parameter& p : again->weights()) EXPECT_FALSE(p.trainable) << p.name;
  again->set_trainable("two", true);
  auto free = create_model(again->topology(), 1);
  for (const Parameter& p : free->weights()) EXPECT_TRUE(p.trainable) << p.name;
}

TEST(LayersModel, freezes_models_inside_of_models) {
  std::string inside = R"({"class_name": "Sequential", "config": {"name": "base",
      "trainable": false, "layers": [)" +
                       dense() + "]}}";
  auto model =
      create_model(sequence(inside + ',' + layer("Dense", R"("name": "d2", "units": 1)")), 1);
  ASSERT_EQ(model->weights().size(), 4u);
  EXPECT_FALSE(model->weights()[0].trainable);
  EXPECT_TRUE(model->weights()[2].trainable);
  model->set_trainable("base", true);
  EXPECT_TRUE(model->weights()[0].trainable);
  EXPECT_TRUE(create_model(model->topology(), 1)->weights()[0].trainable);
}

TEST(LayersModel, masks_the_steps_inside_of_time_distributed) {
  // Three sentences of two words each; word 0 is none. What is summed inside are the words that
  // count, and a sentence without any does not count outside.
  std::string words = layer("Embedding", R"("name": "e", "input_dim": 3, "output_dim": 1,
      "mask_zero": true, "batch_input_shape": [null, 3, 2], "dtype": "int32")");
  std::string sums = layer("TimeDistributed", R"("name": "t", "layer": {"class_name": "SimpleRNN",
      "config": {"name": "r", "units": 1, "activation": "linear", "kernel_initializer": "ones",
                 "recurrent_initializer": "ones"}})");
  std::string last = layer("SimpleRNN", R"("name": "s", "units": 1, "activation": "linear",
      "kernel_initializer": "ones", "recurrent_initializer": "ones", "bias_initializer": "ones")");
  auto model = create_model(sequence(words + ',' + sums + ',' + last), 1);
  set(*model, 0, {1000, 1, 10});  // what the words are worth
  Graph graph;
  std::vector<int32_t> given{1, 2, /**/ 2, 0, /**/ 0, 0};
  Value x = graph.constant({1, 3, 2}, std::span<const int32_t>(given));
  graph.output("y", model->call_for_inference(graph, {x}).outputs[0]);
  EXPECT_EQ(run(graph, {}), Floats{11 + 1 + 10 + 1});
}

TEST(LayersModel, remembers_states_until_it_is_told_to_forget) {
  std::string config = R"("name": "r", "units": 1, "stateful": true, "activation": "linear",
      "kernel_initializer": "ones", "recurrent_initializer": "ones",
      "batch_input_shape": [1, 2, 1])";
  auto model = create_model(sequence(layer("SimpleRNN", config)), 1);
  EXPECT_EQ(predict(*model, {1, 2, 1}, {1, 2}), Floats{3});
  EXPECT_EQ(predict(*model, {1, 2, 1}, {1, 2}), Floats{6});
  model->states().reset();
  EXPECT_EQ(predict(*model, {1, 2, 1}, {1, 2}), Floats{3});
}

// The output and its derivative by the first weight, for a call in training or not.
Floats output_and_gradient(LayersModel& model, const Shape& shape, const Floats& x, bool training) {
  Graph graph;
  std::vector<int32_t> state{7, 0};
  Value input = graph.input("x", {DType::f32, shape});
  Value random = graph.constant({2}, std::span<const int32_t>(state));
  TrainingCall call = training ? model.call_for_training(graph, {input}, random)
                               : model.call_for_inference(graph, {input});
  graph.output("y", call.outputs[0]);
  graph.output("dkernel", gradient({call.outputs[0]}, {}, {call.parameters[0]})[0]);
  auto program = compile(graph);
  std::memcpy(program->input(0).data(), x.data(), x.size() * sizeof(float));
  program->run();
  Floats all;
  for (size_t i = 0; i < program->outputs().size(); ++i) {
    auto bytes = program->output(int(i));
    Floats y(program->outputs()[i].type.shape.count());
    std::memcpy(y.data(), bytes.data(), y.size() * sizeof(float));
    all.insert(all.end(), y.begin(), y.end());
  }
  return all;
}

// Recurrent dropout of next to nothing has the cells run one by one.
TEST(LayersModel, runs_whole_sequences_as_it_runs_steps) {
  for (const char* class_name : {"LSTM", "GRU"})
    for (const char* more : {"", R"(, "reset_after": true, "bias_initializer": "he_normal")",
                             R"(, "go_backwards": true)", R"(, "return_sequences": true)",
                             R"(, "return_sequences": true, "go_backwards": true)",
                             R"(, "recurrent_activation": "hard_sigmoid", "use_bias": false)"}) {
      SCOPED_TRACE(std::string(class_name) + more);
      std::string mask = layer("Masking", R"("name": "m", "batch_input_shape": [null, 4, 2])");
      auto model = create_model(sequence(mask + ',' + layer(class_name, R"("name": "r", "units": 3,
              "recurrent_dropout": 1e-9)" + std::string(more))),
                                1);
      Floats x{1, 2, 0, 0, -1, 0.5f, 3, 1, 0, 0, 2, 1, -2, 1, 0, 0};
      Floats steps = output_and_gradient(*model, {2, 4, 2}, x, true);
      Floats whole = output_and_gradient(*model, {2, 4, 2}, x, false);
      ASSERT_EQ(steps.size(), whole.size());
      for (size_t i = 0; i < steps.size(); ++i)
        EXPECT_NEAR(steps[i], whole[i], 1e-5 * (1 + std::abs(whole[i]))) << i;
    }
}

TEST(LayersModel, skips_masked_steps) {
  std::string layers = layer("Embedding", R"("name": "e", "input_dim": 3, "output_dim": 1,
      "mask_zero": true, "batch_input_shape": [null, 3], "embeddings_initializer": "ones")");
  auto pooled =
      create_model(sequence(layers + ',' + layer("GlobalAveragePooling1D", R"("name": "g")")), 1);
  set(*pooled, 0, {100, 1, 2});
  EXPECT_EQ(predict(*pooled, {1, 3}, {1, 2, 0}), Floats{1.5f});
  auto recurrent =
      create_model(sequence(layers + ',' + layer("SimpleRNN", R"("name": "r", "units": 1,
      "activation": "linear", "kernel_initializer": "ones", "recurrent_initializer": "ones")")),
                   1);
  set(*recurrent, 0, {100, 1, 2});
  EXPECT_EQ(predict(*recurrent, {1, 3}, {1, 2, 0}), Floats{3});
}

TEST(LayersModel, gives_the_masks_of_its_outputs) {
  auto model = create_model(sequence(layer("Masking", R"("name": "m", "mask_value": 9,
      "batch_input_shape": [null, 2, 1])")),
                            1);
  Graph graph;
  Value x = graph.input("x", {DType::f32, {1, 2, 1}});
  TrainingCall call = model->call_for_inference(graph, {x});
  ASSERT_TRUE(call.masks[0]);
  EXPECT_EQ(to_string(call.masks[0].type()), "bool [1, 2]");
}

TEST(LayersModel, saves_a_topology_that_says_everything) {
  std::string text = R"({"className": "Sequential", "config": {"name": "net", "layers": [
      {"className": "LSTM", "config": {"name": "l", "units": 2, "batchInputShape": [null, 3, 1],
       "recurrentActivation": "hardSigmoid", "kernelInitializer": "leCunNormal",
       "kernelRegularizer": "l2"}}]}})";
  std::string saved = create_model(text, 1)->topology();
  for (const char* part :
       {R"("class_name":"LSTM")", R"("recurrent_activation":"hard_sigmoid")",
        R"("batch_input_shape":[null,3,1])", R"("activation":"tanh")", R"("return_state":false)",
        R"("kernel_initializer":{"class_name":"VarianceScaling")",
        R"("recurrent_initializer":{"class_name":"Orthogonal","config":{}})",
        R"("kernel_regularizer":{"class_name":"L1L2","config":{"l1":0,"l2":0.01}})"})
    EXPECT_NE(saved.find(part), std::string::npos) << part << " in " << saved;
  EXPECT_EQ(create_model(saved, 1)->topology(), saved);
}

TEST(LayersModel, refuses_weights_that_depend_on_an_open_size) {
  expect_error(
      [] {
        create_model(
            sequence(layer("Flatten", R"("name": "f", "batch_input_shape": [null, null, 2])") +
                     ',' + layer("Dense", R"("name": "d", "units": 3)")),
            1);
      },
      "topology: layer \"d\": its weights depend on an open size.\n"
      "  class  Dense\n"
      "  input  float32 [?, ?, 2]\n"
      "  Try: an input whose sizes are given, but for the batch");
}

TEST(LayersModel, refuses_an_input_without_a_shape) {
  expect_error([] { create_model(sequence(layer("Dense", R"("name": "d", "units": 3)")), 1); },
               "topology: the input \"d_input\" has no shape.\n"
               "  model  net\n"
               "  Try: batch_input_shape in the configuration of the first layer");
}

TEST(LayersModel, refuses_a_layer_that_is_shared_by_inputs_of_other_sizes) {
  std::string text = R"({"class_name": "Model", "config": {"name": "m", "layers": [
      {"name": "a", "class_name": "InputLayer", "config": {"name": "a", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
      {"name": "b", "class_name": "InputLayer", "config": {"name": "b", "batch_input_shape": [null, 3]}, "inbound_nodes": []},
      {"name": "d", "class_name": "Dense", "config": {"name": "d", "units": 1},
       "inbound_nodes": [[["a", 0, 0]], [["b", 0, 0]]]}],
      "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["d", 0, 0], ["d", 1, 0]]}})";
  expect_error([&] { create_model(text, 1); },
               "topology: layer \"d\": is called again with an input that needs other weights.\n"
               "  class  Dense\n"
               "  input  [1, 3]\n"
               "  Try: inputs of the same size, or a layer for each");
}

// Sizes are refused before anything is made of them.
TEST(LayersModel, refuses_more_than_memory_can_hold) {
  auto refuses = [](const std::string& topology) {
    EXPECT_THROW(create_model(topology, 1), Error) << topology;
  };
  auto units = [](const std::string& class_name, const std::string& n) {
    return sequence(layer(class_name, R"("name": "d", "batch_input_shape": [null, 1000, 1000],
        "units": )" + n));
  };
  for (const char* n : {"2147483647", "536870912", "0", "-1", "1e300", "0.5"})
    for (const char* name : {"Dense", "LSTM", "GRU", "SimpleRNN"}) refuses(units(name, n));
  std::string filters = R"("name": "c", "batch_input_shape": [null, 8, 8, 1024], "kernel_size": )";
  refuses(sequence(layer("Conv2D", filters + R"([3, 3], "filters": 2147483647)")));
  refuses(sequence(layer("Conv2D", filters + R"([2147483647, 2147483647], "filters": 1)")));
  refuses(sequence(layer("Conv2D", filters + R"([], "filters": 1)")));
  refuses(sequence(layer("DepthwiseConv2D", filters + R"(1, "depth_multiplier": 2147483647)")));
  refuses(sequence(layer("Embedding", R"("name": "e", "batch_input_shape": [null, 2],
      "input_dim": 2147483647, "output_dim": 2147483647)")));
  refuses(sequence(layer("Dense", R"("name": "d", "units": 30000,
      "batch_input_shape": [null, 30000])")));
  refuses(sequence(layer("SimpleRNN", R"("name": "r", "units": 4,
      "batch_input_shape": [null, 100000000, 1])")));
  // Each layer is small enough, all of them are not.
  std::string many = layer("Dense", R"("name": "d", "units": 16000,
      "batch_input_shape": [null, 16000])");
  for (int i = 0; i < 3; ++i)
    many += ',' + layer("Dense", R"("name": "d)" + std::to_string(i) + R"(", "units": 16000)");
  refuses(sequence(many));
}

// Whatever text is given, an Error is the worst that comes of it.
TEST(LayersModel, survives_damaged_topologies) {
  std::string text = layers::sequential(
      {6, 3}, {layers::masking(),
               layers::bidirectional(layers::lstm({.units = 2, .return_sequences = true})),
               layers::gru({.units = 2, .return_sequences = true, .stateful = true}),
               layers::conv1d({.filters = 2, .kernel_size = {2}}), layers::batch_normalization(),
               layers::time_distributed(layers::dense({.units = 2})), layers::flatten(),
               layers::dense({.units = 1})});
  std::mt19937 random(1);
  std::string_view pieces = "0123456789[]{}\",:-.nullltrue";
  int accepted = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = text;
    for (int n = 1 + int(random() % 3); n-- > 0;)
      damaged[random() % damaged.size()] = pieces[random() % pieces.size()];
    try {
      create_model(damaged, 1)->topology();
      ++accepted;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Layers, write_sequences) {
  auto model =
      create_model(layers::sequential(
                       {8, 8, 2},
                       {
                           layers::conv2d({.filters = 4, .kernel_size = {3}, .activation = "relu"}),
                           layers::batch_normalization(),
                           layers::max_pooling2d({}),
                           layers::flatten(),
                           layers::dropout(0.5),
                           layers::dense({.units = 5}),
                           layers::dense({.units = 3, .activation = "softmax"}),
                       }),
                   1);
  EXPECT_EQ(model->outputs()[0].shape, (std::vector<int>{-1, 3}));
  std::vector<std::string> names;
  for (const Parameter& p : model->weights()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "conv2d/kernel", "conv2d/bias", "batch_normalization/gamma",
                       "batch_normalization/beta", "dense/kernel", "dense/bias", "dense_1/kernel",
                       "dense_1/bias", "batch_normalization/moving_mean",
                       "batch_normalization/moving_variance"}));
}

TEST(Layers, write_networks) {
  auto shared = layers::dense({.units = 1, .use_bias = false, .kernel_initializer = "ones"});
  auto a = layers::input({2}), b = layers::input({2});
  auto model =
      create_model(layers::model({a, b}, {layers::concatenate()({shared(a), shared(b)})}), 1);
  EXPECT_EQ(model->parameters(), 2u);
  EXPECT_EQ(run(model->build({}), {{1, 2}, {3, 4}}), (Floats{3, 7}));
}

TEST(Layers, write_recurrent_layers) {
  auto model = create_model(
      layers::sequential(
          {5, 3}, {layers::masking(),
                   layers::bidirectional(layers::lstm({.units = 2, .return_sequences = true})),
                   layers::gru({.units = 4, .return_sequences = true}),
                   layers::time_distributed(layers::dense({.units = 2}))}),
      1);
  EXPECT_EQ(model->outputs()[0].shape, (std::vector<int>{-1, 5, 2}));
  EXPECT_EQ(model->weights()[0].name, "bidirectional/forward_lstm/kernel");
  EXPECT_EQ(model->weights()[9].name, "time_distributed/kernel");
}

TEST(Constraints, bring_weights_back) {
  auto constrained = [](const std::string& constraint, const Shape& shape, const Floats& w) {
    Graph graph;
    Value weight = graph.input("w", {DType::f32, shape});
    graph.output("y", constrain(weight, constraint));
    return run(graph, {w});
  };
  EXPECT_EQ(constrained(R"("nonNeg")", {3}, {-1, 0, 2}), (Floats{0, 0, 2}));
  // Columns of norm 5 and 1.
  Floats w{3, 1, 4, 0};
  Floats unit = constrained(R"({"class_name": "UnitNorm", "config": {}})", {2, 2}, w);
  EXPECT_NEAR(unit[0], 0.6, 1e-6);
  EXPECT_NEAR(unit[1], 1, 1e-6);
  Floats most = constrained(R"({"className": "MaxNorm", "config": {"maxValue": 2}})", {2, 2}, w);
  EXPECT_NEAR(most[2], 1.6, 1e-6);
  EXPECT_NEAR(most[1], 1, 1e-6);
  Floats both = constrained(R"({"class_name": "MinMaxNorm", "config": {"min_value": 2,
      "max_value": 4, "rate": 0.5}})",
                            {2, 2}, w);
  EXPECT_NEAR(both[0], 3 * 4.5 / 5, 1e-6);
  EXPECT_NEAR(both[1], 1.5, 1e-6);
  expect_error([&] { constrained(R"("tight")", {1}, {1}); },
               "constraint is not a constraint.\n"
               "  found  \"tight\"\n"
               "  Try: max_norm, min_max_norm, non_neg or unit_norm");
}

}  // namespace
}  // namespace gesso
