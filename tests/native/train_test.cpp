// Losses, metrics, optimisers and data sets, each by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>

#include "core/backends/backend.h"
#include "core/gradient.h"
#include "core/ops/math.h"
#include "models/load/write_json.h"
#include "models/train/data_set.h"
#include "models/train/input_gradient.h"
#include "models/train/metrics.h"
#include "models/train/names.h"
#include "models/train/optimizers.h"
#include "tests/native/expect_error.h"
#include "tests/webgpu/runs_here.h"

namespace gesso {
namespace {

std::vector<float> read(const Program& program, int output = 0) {
  auto bytes = program.output(output);
  auto* values = reinterpret_cast<const float*>(bytes.data());
  return {values, values + bytes.size() / sizeof(float)};
}

std::vector<float> computed(Graph& graph, Value value) {
  graph.output("value", value);
  auto program = compile(graph);
  program->run();
  return read(*program);
}

void expect_near(const std::vector<float>& got, const std::vector<float>& wanted, float tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], tolerance) << "at " << i;
}

bool uses(const Graph& graph, const Op& op) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                     [&](const Node& node) { return node.op == &op; });
}

// --- names ---

TEST(Names, DifferInCaseAndUnderscoresOnly) {
  EXPECT_TRUE(same_name("mean_squared_error", "meanSquaredError"));
  EXPECT_TRUE(same_name("MSE", "mse"));
  EXPECT_FALSE(same_name("mse", "mae"));
}

TEST(Names, NearestTakesTheFewestChanges) {
  const std::vector<Text> known = {"hinge", "poisson", "logcosh"};
  EXPECT_EQ(nearest("hing", known), "hinge");
  EXPECT_EQ(nearest("LogCos", known), "logcosh");
}

// --- losses ---

TEST(Losses, AreFoundByEveryName) {
  for (const char* name : {"meanSquaredError", "mean_squared_error", "mse", "MSE"})
    EXPECT_EQ(find_loss(name).name, "meanSquaredError") << name;
  EXPECT_EQ(find_loss("kl_divergence").name, "kullbackLeiblerDivergence");
}

TEST(Losses, RefuseUnknownNamesWithTheNearest) {
  expect_error([] { find_loss("meanSquareError"); },
               "loss: there is none called \"meanSquareError\".\n"
               "  known  binaryCrossentropy, categoricalCrossentropy, categoricalHinge, "
               "cosineProximity, hinge, kullbackLeiblerDivergence, logcosh, meanAbsoluteError, "
               "meanAbsolutePercentageError, meanSquaredError, meanSquaredLogarithmicError, "
               "poisson, sparseCategoricalCrossentropy, squaredHinge\n"
               "  Try: \"meanSquaredError\"");
}

TEST(Losses, EveryOneHasFiniteDerivatives) {
  for (const Loss& loss : all_losses()) {
    Graph g;
    Value p = g.constant({2, 3}, std::vector<float>{0.2f, 0.5f, 0.3f, 0.7f, 0.1f, 0.2f});
    Value t = loss.takes_indices ? g.constant({2}, std::vector<int32_t>{2, 0})
                                 : g.constant({2, 3}, std::vector<float>{0, 0.25f, 0.75f, 1, 0, 0});
    for (float d : computed(g, gradient({loss_of(loss, t, p)}, {}, {p})[0]))
      EXPECT_TRUE(std::isfinite(d)) << loss.name.c_str();
  }
}

// The loss by its own formula, and by way of the logits, with its derivative by them.
void expect_fused(const std::string& name, const Op& activation, const Op& fused,
                  const Shape& batch, const std::vector<float>& logits, Value (*labels)(Graph&)) {
  std::vector<std::vector<float>> results;
  for (bool plain : {false, true}) {
    Graph g;
    Value x = g.constant(batch, logits), p = apply(activation, {x}), t = labels(g);
    const Loss& loss = find_loss(name);
    Value y = plain ? loss.of(t, p) : loss_of(loss, t, p);
    EXPECT_EQ(uses(g, fused), !plain || &fused == &sigmoid_cross_entropy_op);
    Value dx = gradient({y}, {}, {x})[0];
    results.push_back(computed(
        g,
        concat({reshape(y, {int(y.shape().count())}), reshape(dx, {int(dx.shape().count())})}, 0)));
  }
  expect_near(results[0], results[1], 1e-5f);
}

TEST(Losses, OfASoftmaxUseItsLogits) {
  std::vector<float> logits{0.5f, -1, 2, 0.1f, 0.2f, 0.3f};
  expect_fused(
      "categoricalCrossentropy", softmax_op, softmax_cross_entropy_op, {2, 3}, logits,
      [](Graph& g) { return g.constant({2, 3}, std::vector<float>{0, 0, 1, 0.5f, 0.5f, 0}); });
  expect_fused("sparseCategoricalCrossentropy", softmax_op, softmax_cross_entropy_op, {2, 3},
               logits, [](Graph& g) { return g.constant({2, 1}, std::vector<int32_t>{2, 0}); });
}

TEST(Losses, OfASigmoidUseItsLogits) {
  expect_fused("binaryCrossentropy", sigmoid_op, sigmoid_cross_entropy_op, {3, 1}, {0.5f, -1, 2},
               [](Graph& g) { return g.constant({3, 1}, std::vector<float>{0, 1, 1}); });
}

TEST(Losses, StayExactWhereProbabilitiesVanish) {
  Graph g;
  Value p = apply(softmax_op, {g.constant({1, 2}, std::vector<float>{100, 0})});
  Value t = g.constant({1, 2}, std::vector<float>{0, 1});
  expect_near(computed(g, loss_of(find_loss("cce"), t, p)), {100}, 1e-4f);
}

TEST(Losses, LeaveWhatIsRightAlone) {
  Graph g;
  Value x = g.constant({1, 2}, std::vector<float>{40, 0});
  Value t = g.constant({1, 2}, std::vector<float>{1, 0});
  Value y = loss_of(find_loss("cce"), t, apply(softmax_op, {x}));
  EXPECT_EQ(computed(g, gradient({y}, {}, {x})[0]), (std::vector<float>{0, 0}));
}

TEST(Losses, SeeASoftmaxBehindAReshape) {
  Graph g;
  Value x = g.constant({4, 3}, std::vector<float>(12, 1.0f));
  Value p = reshape(apply(softmax_op, {x}), {2, 2, 3});
  Value t = g.constant({2, 2}, std::vector<int32_t>{0, 1, 2, 0});
  std::vector<float> each = computed(g, loss_of(find_loss("scce"), t, p));
  expect_near(each, std::vector<float>(4, std::log(3.0f)), 1e-6f);
  EXPECT_TRUE(uses(g, softmax_cross_entropy_op));
}

TEST(Losses, RefuseLabelsThatAreNotIndices) {
  Graph g;
  Value p = g.input("p", {DType::f32, {4, 3}}), t = g.input("t", {DType::f32, {4, 3}});
  expect_error([&] { loss_of(find_loss("sparseCategoricalCrossentropy"), t, p); },
               "loss: there must be one index of a class for each row of predictions.\n"
               "  labels  float32 [4, 3]\n"
               "  predictions  float32 [4, 3]\n"
               "  Try: labels of shape [4], or categoricalCrossentropy for one-hot labels");
}

// --- metrics ---

TEST(Metrics, AccuracySuitsTheLossAndTheSize) {
  auto kind = [](const char* name, const char* loss, int size) {
    return find_metric(name, find_loss(loss), size).name;
  };
  EXPECT_EQ(kind("accuracy", "categoricalCrossentropy", 3), "categoricalAccuracy");
  EXPECT_EQ(kind("acc", "sparseCategoricalCrossentropy", 3), "sparseCategoricalAccuracy");
  EXPECT_EQ(kind("accuracy", "binaryCrossentropy", 3), "binaryAccuracy");
  EXPECT_EQ(kind("accuracy", "meanSquaredError", 1), "binaryAccuracy");
  EXPECT_EQ(kind("ce", "sparseCategoricalCrossentropy", 3), "sparseCategoricalCrossentropy");
  EXPECT_EQ(kind("mae", "meanSquaredError", 1), "meanAbsoluteError");
}

TEST(Metrics, RefuseUnknownNamesWithTheNearest) {
  try {
    find_metric("acuracy", find_loss("mse"), 1);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_TRUE(std::string(e.what()).ends_with("Try: \"accuracy\"")) << e.what();
  }
}

// A metric of sums over two batches, and over both at once.
void expect_same_in_parts(const char* name, double wanted) {
  const Metric& metric = find_metric(name, find_loss("mse"), 1);
  std::vector<float> labels{1, 0, 1, 1, 0, 1, 0}, predictions{0.9f, 0.6f, 0.2f, 0.7f, 0.1f, 1, 0};
  auto sums = [&](size_t first, size_t count) {
    Graph g;
    auto part = [&](const std::vector<float>& all) {
      return g.constant({int(count), 1}, std::span(all).subspan(first, count));
    };
    Values values = metric.sums(part(labels), part(predictions), {});
    for (Value& v : values) v = reshape(v, {1});
    std::vector<float> each = computed(g, concat(values, 0));
    return std::vector<double>(each.begin(), each.end());
  };
  std::vector<double> whole = sums(0, 7), parts = sums(0, 5), rest = sums(5, 2);
  std::transform(parts.begin(), parts.end(), rest.begin(), parts.begin(), std::plus<>());
  EXPECT_NEAR(metric.finish(whole), wanted, 1e-6) << name;
  EXPECT_NEAR(metric.finish(parts), wanted, 1e-6) << name;
}

TEST(Metrics, OfSumsAddUpOverBatches) {
  expect_same_in_parts("precision", 0.75);
  expect_same_in_parts("recall", 0.75);
  expect_same_in_parts("r2Score", 1 - (0.01 + 0.36 + 0.64 + 0.09 + 0.01) / (12.0 / 7));
}

// --- optimisers ---

Document options(const std::string& text) {
  return {"options", std::as_bytes(std::span(text))};
}

Optimizer optimizer(const std::string& text) {
  Document json = options(text);
  return Optimizer(json.root());
}

// A weight of two numbers after updates by the same gradient.
std::vector<float> updated(Optimizer& rule, const std::vector<float>& gradient, int steps) {
  auto weight = std::make_shared<Buffer>(2 * sizeof(float));
  Graph g;
  Value w = g.variable("w", {DType::f32, {2}}, weight);
  g.assign(w, rule.update({w}, rule.clipping().apply({g.constant({2}, gradient)}))[0]);
  auto program = compile(g);
  for (int i = 0; i < steps; ++i) {
    rule.count_step();
    program->run();
  }
  auto now = weight->as<float>();
  return {now.begin(), now.end()};
}

std::vector<float> updated(const std::string& text, const std::vector<float>& gradient,
                           int steps = 1) {
  Optimizer rule = optimizer(text);
  return updated(rule, gradient, steps);
}

TEST(Optimizers, HaveTheDefaultsOfTfjs) {
  EXPECT_FLOAT_EQ(optimizer("\"sgd\"").rate(), 0.01f);
  EXPECT_FLOAT_EQ(optimizer("\"adam\"").rate(), 0.001f);
  EXPECT_FLOAT_EQ(optimizer(R"({"className": "Adamax"})").rate(), 0.002f);
  expect_near(updated("\"sgd\"", {1, -2}), {-0.01f, 0.02f}, 1e-8f);
  expect_near(updated("\"adam\"", {1, -2}, 3), {-0.003f, 0.003f}, 1e-6f);
}

TEST(Optimizers, ReadNamesOfKerasToo) {
  std::string keras = R"({"class_name": "SGD", "config": {"name": "sgd", "learning_rate": 0.5,
      "decay": 0.0, "momentum": 0.9, "nesterov": true, "clipnorm": null}})";
  std::string tfjs = R"({"className": "Momentum",
      "config": {"learningRate": 0.5, "momentum": 0.9, "useNesterov": true}})";
  EXPECT_EQ(updated(keras, {1, 2}, 3), updated(tfjs, {1, 2}, 3));
  std::string rho = R"({"class_name": "RMSprop", "config": {"rho": 0.5, "decay": 0.0}})";
  std::string decay = R"({"className": "RMSProp", "config": {"decay": 0.5}})";
  EXPECT_EQ(updated(rho, {1, 2}, 3), updated(decay, {1, 2}, 3));
}

TEST(Optimizers, TakeANewRateWithoutANewProgram) {
  Optimizer rule = optimizer(R"({"className": "SGD", "config": {"learningRate": 1}})");
  auto weight = std::make_shared<Buffer>(sizeof(float));
  Graph g;
  Value w = g.variable("w", {DType::f32, {}}, weight);
  g.assign(w, rule.update({w}, {g.scalar(1)})[0]);
  auto program = compile(g);
  program->run();
  rule.set_rate(0.25f);
  program->run();
  EXPECT_FLOAT_EQ(weight->as<float>()[0], -1.25f);
}

TEST(Optimizers, LowerTheRateByDecay) {
  // 1 / (1 + 0.5 * updates so far): 1 + 1 / 1.5 + 1 / 2.
  expect_near(
      updated(R"({"className": "SGD", "config": {"learningRate": 1, "decay": 0.5}})", {1, 0}, 3),
      {-float(1 + 1 / 1.5 + 0.5), 0}, 1e-6f);
}

TEST(Optimizers, ClipGradients) {
  auto clipped = [](const std::string& how) {
    return updated(R"({"className": "SGD", "config": {"learningRate": 1, )" + how + "}}", {3, -4});
  };
  EXPECT_EQ(clipped(R"("clipValue": 3.5)"), (std::vector<float>{-3, 3.5f}));
  expect_near(clipped(R"("clipNorm": 1)"), {-0.6f, 0.8f}, 1e-6f);
  expect_near(clipped(R"("clipNorm": 10)"), {-3, 4}, 1e-6f);
  expect_near(clipped(R"("globalClipNorm": 0.5)"), {-0.3f, 0.4f}, 1e-6f);
}

TEST(Optimizers, ClipAllGradientsTogether) {
  Document json = options(R"({"globalClipNorm": 1})");
  Clipping clipping{json.root()};
  Graph g;
  Values both = clipping.apply({g.constant({1}, std::vector<float>{3}), g.scalar(4)});
  expect_near(computed(g, concat({both[0], reshape(both[1], {1})}, 0)), {0.6f, 0.8f}, 1e-6f);
}

// One gradient that counts, then thousands that are nearly 0, as of a unit that is never active.
TEST(Optimizers, RememberNoSubnormalNumbers) {
  if (!runs_here()) GTEST_SKIP() << "18000 runs take minutes off the processor";
  for (
      const char* text :
      {R"({"className": "Momentum", "config": {"learningRate": 0.1, "momentum": 0.9}})", "\"adam\"",
       "\"adamax\"", "\"adagrad\"", "\"adadelta\"",
       R"({"className": "RMSProp", "config": {"learningRate": 0.1, "momentum": 0.9, "centered": true}})"}) {
    SCOPED_TRACE(text);
    Optimizer rule = optimizer(text);
    auto weight = std::make_shared<Buffer>(2 * sizeof(float));
    Graph g;
    Value w = g.variable("w", {DType::f32, {2}}, weight);
    g.assign(w, rule.update({w}, {g.input("gradient", {DType::f32, {2}})})[0]);
    auto program = compile(g);
    auto gradient = program->input(0);
    const float first[] = {1e-3f, -1e-3f}, later[] = {0, 1e-25f};
    for (int step = 0; step < 3000; ++step) {
      std::memcpy(gradient.data(), step == 0 ? first : later, sizeof first);
      rule.count_step();
      program->run();
      for (const auto& [name, tensor] : rule.state())
        for (float x : tensor.data->as<float>())
          ASSERT_TRUE(tensor.type.dtype != DType::f32 || x == 0 || std::isnormal(x))
              << name << " is " << x << " after step " << step;
    }
  }
}

TEST(Optimizers, DoNotChangeZeroGradientsWhenClipping) {
  EXPECT_EQ(updated(R"({"className": "SGD", "config": {"clipNorm": 1}})", {0, 0}),
            (std::vector<float>{0, 0}));
}

TEST(Optimizers, ShareTheirStateBetweenPrograms) {
  std::string text = R"({"className": "Adagrad", "config": {"learningRate": 1}})";
  Optimizer rule = optimizer(text);
  updated(rule, {1, 2}, 1);
  updated(rule, {1, 2}, 1);
  auto state = rule.state().at("w/accumulator").data->as<float>();
  expect_near({state[0], state[1]}, {2.1f, 8.1f}, 1e-6f);
  EXPECT_EQ(rule.state().at("step").data->as<int32_t>()[0], 2);
}

TEST(Optimizers, RefuseUnknownNamesWithTheNearest) {
  expect_error([] { optimizer("\"adem\""); },
               "optimizer: there is none called \"adem\".\n"
               "  known  SGD, Momentum, Adam, AdamW, Adamax, RMSProp, Adagrad, Adadelta\n"
               "  Try: \"Adam\"");
}

TEST(Optimizers, RefuseOptionsTheyDoNotHave) {
  expect_error([] { optimizer(R"({"className": "Adagrad", "config": {"momentun": 1}})"); },
               "Adagrad: there is no option \"momentun\".\n"
               "  known  learning_rate, lr, decay, clip_value, clipvalue, clip_norm, "
               "global_clip_norm, global_clipnorm, clipnorm, epsilon, initial_accumulator_value\n"
               "  Try: \"decay\"");
  EXPECT_THROW(optimizer(R"({"className": "Adam", "config": {"amsgrad": true}})"), Error);
  EXPECT_NO_THROW(optimizer(R"({"className": "Adam", "config": {"amsgrad": false}})"));
}

TEST(Optimizers, RefuseRatesThatAreSchedules) {
  expect_error(
      [] {
        optimizer(R"({"className": "SGD", "config": {"learning_rate": {"class_name": "X"}}})");
      },
      "options: config.learning_rate must be a number: schedules are not read from files.\n"
      "  found  an object\n"
      "  Try: a number, and setLearningRate() between epochs");
}

// --- gradients by inputs ---

TEST(InputGradients, AreOutputsOfTheModelsOwnGraph) {
  Graph g;
  Value x = g.input("x", {DType::f32, {2}});
  g.output("square", square(x));
  std::vector<std::string> inputs{"x"};
  add_input_gradients(g, "square", inputs);
  auto program = compile(g);
  ASSERT_EQ(program->inputs()[1].name, "seed");
  ASSERT_EQ(program->outputs()[1].name, "gradient of x");
  std::vector<float> x_values{3, -4}, seeds{1, 0.5f};
  std::memcpy(program->input(0).data(), x_values.data(), 8);
  std::memcpy(program->input(1).data(), seeds.data(), 8);
  program->run();
  EXPECT_EQ(read(*program, 0), (std::vector<float>{9, 16}));
  EXPECT_EQ(read(*program, 1), (std::vector<float>{6, -4}));
}

TEST(InputGradients, RefuseNamesThatAreNotThere) {
  Graph g;
  Value x = g.input("image", {DType::f32, {2}});
  g.output("classes", square(x));
  std::vector<std::string> inputs{"imge"};
  expect_error([&] { add_input_gradients(g, "classes", inputs); },
               "gradient: the model has no input \"imge\".\n"
               "  known  image\n"
               "  Try: \"image\"");
}

// --- JSON text ---

TEST(WriteJson, EscapesAndKeepsNumbersExact) {
  EXPECT_EQ(json_text("a\"b\\c\n"), R"("a\"b\\c\u000a")");
  EXPECT_EQ(json_number(3), "3");
  EXPECT_EQ(json_number(0.1), "0.1");
  EXPECT_EQ(json_number(1.0 / 3), "0.33333333333333331");
  EXPECT_EQ(json_number(-std::numeric_limits<double>::infinity()), "-1e999");
  EXPECT_EQ(json_number(std::nan("")), "null");
  EXPECT_EQ(json_object({{"a", json_list({"1", "2"})}, {"b", json_flag(true)}}),
            R"({"a":[1,2],"b":true})");
  EXPECT_EQ(json_object({}), "{}");
}

// --- data sets ---

TEST(DataSets, GatherRowsInAnyOrder) {
  Rows rows("x", {DType::f32, {2}}, DType::f32, 3);
  std::vector<float> values{0, 1, 10, 11, 20, 21};
  std::memcpy(rows.bytes().data(), values.data(), rows.bytes().size());
  std::vector<float> batch(4);
  rows.gather(std::vector<uint32_t>{2, 0}, reinterpret_cast<std::byte*>(batch.data()));
  EXPECT_EQ(batch, (std::vector<float>{20, 21, 0, 1}));
}

TEST(DataSets, WidenBytes) {
  for (DType used : {DType::f32, DType::i32}) {
    Rows rows("x", {used, {2}}, DType::u8, 2);
    EXPECT_EQ(rows.bytes().size(), 4u);
    for (int i = 0; i < 4; ++i) rows.bytes()[size_t(i)] = std::byte(252 + i);
    Buffer batch(2 * sizeof(float));
    rows.gather(std::vector<uint32_t>{1}, batch.data());
    if (used == DType::f32)
      EXPECT_EQ(batch.as<float>()[1], 255.0f);
    else
      EXPECT_EQ(batch.as<int32_t>()[1], 255);
  }
}

TEST(DataSets, RefuseOtherTypes) {
  expect_error([] { Rows("image", {DType::i32, {2}}, DType::f32, 2); },
               "image: samples cannot be of this type.\n"
               "  given  float32\n"
               "  wanted  int32\n"
               "  Try: numbers of type int32, or bytes");
}

TEST(DataSets, RefuseDifferentNumbersOfSamples) {
  DataSet set;
  set.inputs.emplace_back("x", TensorType{DType::f32, {2}}, DType::f32, 3);
  set.targets.emplace_back("y", TensorType{DType::f32, {}}, DType::f32, 2);
  std::vector<std::string> x{"x"}, y{"y"};
  expect_error([&] { set.samples(x, y); },
               "fit: the numbers of samples differ.\n"
               "  x  3\n"
               "  y  2\n"
               "  Try: as many rows for each input, target and list of weights");
  expect_error([&] { DataSet().samples(x, y); },
               "fit: there are no samples.\n"
               "  x  0\n"
               "  y  0\n"
               "  Try: as many rows for each input, target and list of weights");
}

TEST(DataSets, ShuffleIsAPermutationOfItsOwnForEachEpoch) {
  std::vector<uint32_t> plain(1000), first = order_of(5, 1000, true, 7, 0);
  std::iota(plain.begin(), plain.end(), 5u);
  EXPECT_EQ(order_of(5, 1000, false, 7, 0), plain);
  EXPECT_NE(first, plain);
  EXPECT_EQ(order_of(5, 1000, true, 7, 0), first);
  EXPECT_NE(order_of(5, 1000, true, 7, 1), first);
  EXPECT_NE(order_of(5, 1000, true, 8, 0), first);
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, plain);
}

TEST(DataSets, ShuffleMakesEveryOrderEquallyLikely) {
  std::map<std::vector<uint32_t>, int> counts;
  for (uint32_t epoch = 0; epoch < 6000; ++epoch) ++counts[order_of(0, 3, true, 1, epoch)];
  EXPECT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 120);
}

}  // namespace
}  // namespace gesso
