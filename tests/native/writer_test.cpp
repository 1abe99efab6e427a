// What writing promises: the model's own probabilities, choices as they were asked for, texts that
// depend on nothing but what they read, and states that can be taken up again.
#include "models/text/writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "models/layers/layers.h"
#include "tests/native/expect_error.h"
#include "tests/webgpu/runs_here.h"

namespace gesso {
namespace {

using Codes = std::vector<int>;
using Numbers = std::vector<double>;

constexpr int vocabulary = 7;

std::shared_ptr<LayersModel> voice(const std::vector<layers::Layer>& layers,
                                   const std::vector<int>& input = {-1},
                                   std::string_view dtype = "int32") {
  return create_model(layers::sequential(input, layers, dtype), 3);
}

layers::Layer lstm(bool stateful = false) {
  return layers::lstm({.units = 5, .return_sequences = true, .stateful = stateful});
}

layers::Layer embedding() {
  return layers::embedding(
      {.input_dim = vocabulary, .output_dim = 4, .embeddings_initializer = "random_normal"});
}

layers::Layer last(const char* activation = "softmax") {
  return layers::dense({.units = vocabulary, .activation = activation});
}

// Weights large enough for probabilities that differ.
std::shared_ptr<LayersModel> lively(std::shared_ptr<LayersModel> model) {
  for (Parameter& p : model->weights())
    for (float& w : p.data->as<float>()) w *= 4;
  return model;
}

std::shared_ptr<LayersModel> small_voice() {
  return lively(voice({embedding(), lstm(), last()}));
}

Numbers weight(LayersModel& model, const std::string& name) {
  for (const Parameter& p : model.weights())
    if (p.name == name) {
      auto data = p.data->as<float>().first(p.type.shape.count());
      return {data.begin(), data.end()};
    }
  ADD_FAILURE() << "no weight " << name;
  return {};
}

void add_product(const Numbers& x, const Numbers& w, Numbers& y) {
  for (size_t k = 0; k < x.size(); ++k)
    for (size_t j = 0; j < y.size(); ++j) y[j] += x[k] * w[k * y.size() + j];
}

double squashed(double x) {
  return 1 / (1 + std::exp(-x));
}

// One LSTM layer as its definition says, in double.
struct PlainLstm {
  Numbers kernel, recurrent, bias, h, c;

  PlainLstm(LayersModel& model, const std::string& name, size_t units)
      : kernel(weight(model, name + "/kernel")),
        recurrent(weight(model, name + "/recurrent_kernel")),
        bias(weight(model, name + "/bias")),
        h(units),
        c(units) {}

  void step(const Numbers& x) {
    Numbers z = bias;
    add_product(x, kernel, z);
    add_product(h, recurrent, z);
    size_t n = h.size();
    for (size_t j = 0; j < n; ++j) {
      c[j] = squashed(z[n + j]) * c[j] + squashed(z[j]) * std::tanh(z[2 * n + j]);
      h[j] = squashed(z[3 * n + j]) * std::tanh(c[j]);
    }
  }
};

Numbers softmax(Numbers x) {
  double most = *std::max_element(x.begin(), x.end()), sum = 0;
  for (double& v : x) sum += v = std::exp(v - most);
  for (double& v : x) v /= sum;
  return x;
}

// Embedding, two layers, probabilities; code after code.
class PlainVoice {
 public:
  explicit PlainVoice(LayersModel& model)
      : rows_(weight(model, "embedding/embeddings")),
        first_(model, "lstm", 5),
        second_(model, "lstm_1", 5),
        kernel_(weight(model, "dense/kernel")),
        bias_(weight(model, "dense/bias")) {}

  Numbers read(int code) {
    Numbers x(rows_.begin() + code * 4, rows_.begin() + code * 4 + 4);
    first_.step(x);
    second_.step(first_.h);
    Numbers y = bias_;
    add_product(second_.h, kernel_, y);
    return softmax(y);
  }

 private:
  Numbers rows_;
  PlainLstm first_, second_;
  Numbers kernel_, bias_;
};

WritingTask task(std::vector<Codes> prompts, int length, SamplingOptions sampling = {}) {
  return {.prompts = std::move(prompts), .stops = {}, .length = length, .sampling = sampling};
}

// All that is written, by lane, told in one piece or in many.
std::vector<Codes> write(Writer& writer, WritingTask what, double milliseconds = 1e9) {
  std::vector<Codes> texts(what.prompts.size());
  writer.begin(std::move(what));
  for (bool is_done = false; !is_done;) {
    is_done = writer.run(milliseconds);
    for (const WrittenCodes& piece : writer.written()) {
      EXPECT_FALSE(piece.codes.empty());
      Codes& text = texts[size_t(piece.lane)];
      text.insert(text.end(), piece.codes.begin(), piece.codes.end());
    }
  }
  return texts;
}

void feed(Writer& writer, const Codes& codes) {
  WritingTask what = task({codes}, 0);
  what.stateful = true;
  write(writer, what);
}

void expect_near(const Numbers& a, const Numbers& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

// --- choices ---

TEST(Sampling, follows_the_definition_of_temperature) {
  std::vector<float> logits{1, 2, 0.5f, -3};
  for (double temperature : {0.25, 1.0, 4.0}) {
    Numbers scaled;
    for (float x : logits) scaled.push_back(x / temperature);
    expect_near(probabilities(logits, {.temperature = temperature}), softmax(scaled), 1e-15);
  }
}

TEST(Sampling, takes_the_first_of_the_most_probable_where_it_is_cold) {
  std::vector<float> logits{1, 3, 2.99f, 3};
  EXPECT_EQ(probabilities(logits, {.temperature = 0}), (Numbers{0, 1, 0, 0}));
  EXPECT_EQ(probabilities(logits, {.temperature = 1e-6}), (Numbers{0, 0.5, 0, 0.5}));
  EXPECT_EQ(probabilities(logits, {.temperature = 1e-320}), (Numbers{0, 0.5, 0, 0.5}));
  Numbers hot = probabilities(logits, {.temperature = 1e300});
  expect_near(hot, Numbers(4, 0.25), 1e-12);
}

TEST(Sampling, leaves_the_most_probable) {
  std::vector<float> logits;
  for (double p : {0.1, 0.4, 0.2, 0.2, 0.1}) logits.push_back(float(std::log(p)));
  auto leave = [&](int k, double p) { return probabilities(logits, {.top_k = k, .top_p = p}); };
  expect_near(leave(0, 1), {0.1, 0.4, 0.2, 0.2, 0.1}, 1e-7);
  expect_near(leave(1, 1), {0, 1, 0, 0, 0}, 1e-7);
  expect_near(leave(2, 1), {0, 2 / 3.0, 1 / 3.0, 0, 0}, 1e-7);  // of equals the first
  expect_near(leave(9, 1), {0.1, 0.4, 0.2, 0.2, 0.1}, 1e-7);
  expect_near(leave(0, 0), {0, 1, 0, 0, 0}, 1e-7);
  expect_near(leave(0, 0.39), {0, 1, 0, 0, 0}, 1e-7);
  expect_near(leave(0, 0.5), {0, 2 / 3.0, 1 / 3.0, 0, 0}, 1e-7);
  expect_near(leave(0, 0.7), {0, 0.5, 0.25, 0.25, 0}, 1e-7);
  expect_near(leave(3, 0.6), {0, 2 / 3.0, 1 / 3.0, 0, 0}, 1e-7);  // of the three that are left
}

TEST(Sampling, gives_numbers_for_logits_without_bounds) {
  float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(probabilities(std::vector<float>{-infinity, 3, -infinity}, {}), (Numbers{0, 1, 0}));
  expect_near(probabilities(std::vector<float>{-3e38f, 3e38f, 3e38f}, {.temperature = 0.01}),
              {0, 0.5, 0.5}, 0);
  std::string_view message =
      "generate: what the model computes are no numbers.\n"
      "  Try: weights from before they became infinite or NaN; to train with a smaller learning "
      "rate or clipping";
  float nan = std::numeric_limits<float>::quiet_NaN();
  for (float bad : {infinity, nan})
    for (double temperature : {0.0, 1.0})
      expect_error(
          [&] { probabilities(std::vector<float>{1, bad, 2}, {.temperature = temperature}); },
          message);
  expect_error([&] { probabilities(std::vector<float>{-infinity, -infinity}, {}); }, message);
}

TEST(Sampling, chooses_by_the_sums_of_probabilities) {
  Numbers p{0, 0.25, 0, 0.5, 0.25, 0};
  EXPECT_EQ(choose(p, 0), 1);
  EXPECT_EQ(choose(p, 0.2499), 1);
  EXPECT_EQ(choose(p, 0.25), 3);
  EXPECT_EQ(choose(p, 0.7499), 3);
  EXPECT_EQ(choose(p, 0.75), 4);
  EXPECT_EQ(choose(p, 1), 4);  // never one that is impossible
}

// --- what the model says ---

TEST(Writer, computes_what_a_plain_loop_computes) {
  auto model = lively(voice({embedding(), lstm(), lstm(), last()}));
  PlainVoice plain(*model);
  Writer writer(model);
  EXPECT_EQ(writer.vocabulary(), vocabulary);
  for (int code : {3, 0, 6, 6, 1, 2, 5, 4, 4, 0}) {
    feed(writer, {code});
    expect_near(writer.next({}), plain.read(code), 2e-6);
  }
}

TEST(Writer, writes_what_a_plain_loop_writes) {
  auto model = lively(voice({embedding(), lstm(), lstm(), last()}));
  Writer writer(model);
  for (int first = 0; first < vocabulary; ++first)
    for (double temperature : {0.0, 1.0}) {
      PlainVoice plain(*model);
      plain.read(first);
      Numbers p = plain.read(2);
      Codes expected;
      Random random(9, 0);
      for (int i = 0; i < 40; ++i) {
        int best = int(std::max_element(p.begin(), p.end()) - p.begin());
        expected.push_back(temperature > 0 ? choose(p, random.uniform()) : best);
        p = plain.read(expected.back());
      }
      auto texts = write(writer, task({{first, 2}}, 40, {.temperature = temperature, .random = 9}));
      EXPECT_EQ(texts[0], expected) << first;
    }
}

TEST(Writer, writes_each_code_as_often_as_it_is_probable) {
  Writer writer(small_voice());
  feed(writer, {3});
  SamplingOptions how{.temperature = 1.3, .top_k = 5};
  Numbers p = writer.next(how), counts(vocabulary);
  constexpr int texts = 20000;
  for (uint32_t i = 0; i < texts; i += 100) {
    how.random = i;
    for (const Codes& text : write(writer, task(std::vector<Codes>(100, {3}), 1, how)))
      ++counts[size_t(text.at(0))];
  }
  double deviations = 0;  // chi squared, of 4 degrees of freedom
  for (size_t i = 0; i < counts.size(); ++i) {
    double wanted = p[i] * texts;
    if (wanted == 0)
      EXPECT_EQ(counts[i], 0);
    else
      deviations += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
  }
  EXPECT_LT(deviations, 18.5);  // one in a thousand seeds would exceed it
}

// Models that are saved in other ways give the same texts: as stateful or not, with steps that are
// fixed or open, with softmax or without, from codes as int32 or float32, in a model inside.
TEST(Writer, takes_models_of_many_forms) {
  auto plain = small_voice();
  auto expected = write(*std::make_unique<Writer>(plain), task({{1, 2}}, 30, {.random = 4}));
  auto expect_same = [&](std::shared_ptr<LayersModel> model) {
    for (size_t i = 0; i < model->weights().size(); ++i)
      std::memcpy(model->weights()[i].data->data(), plain->weights()[i].data->data(),
                  plain->weights()[i].type.bytes());
    Writer writer(model);
    EXPECT_EQ(write(writer, task({{1, 2}}, 30, {.random = 4})), expected);
  };
  expect_same(voice({embedding(), lstm(true), last()}));
  expect_same(voice({embedding(), lstm(), last("linear")}));
  expect_same(voice({embedding(), lstm(), layers::dropout(0.5), last()}, {40}, "float32"));
  expect_same(voice({embedding(), lstm(), last("linear"), layers::activation("softmax")}));
  expect_same(voice({embedding(), lstm(), layers::time_distributed(last())}, {40}));
  expect_same(voice({embedding(), layers::lstm({.units = 5}), last()}, {40}));
}

TEST(Writer, takes_one_hot_rows_and_other_cells) {
  for (bool resets_after : {false, true})
    for (auto cell : {layers::gru, layers::lstm, layers::simple_rnn}) {
      auto model = lively(
          voice({cell({.units = 5, .return_sequences = true, .reset_after = resets_after}), last()},
                {-1, vocabulary}, "float32"));
      Writer writer(model);
      auto text = write(writer, task({{2, 3}}, 12, {.temperature = 0}))[0];
      // The same from the model, which reads all of it at once.
      Codes whole{2, 3};
      whole.insert(whole.end(), text.begin(), text.end());
      int steps = int(whole.size());
      auto program = compile(model->build({{model->inputs()[0].name, {1, steps, vocabulary}}}));
      auto* x = reinterpret_cast<float*>(program->input(0).data());
      for (size_t t = 0; t < whole.size(); ++t) x[t * vocabulary + size_t(whole[t])] = 1;
      program->run();
      auto* y = reinterpret_cast<const float*>(program->output(0).data());
      for (size_t t = 1; t + 1 < whole.size(); ++t) {
        const float* row = y + t * vocabulary;
        EXPECT_EQ(std::max_element(row, row + vocabulary) - row, whole[t + 1]) << t;
      }
    }
}

TEST(Writer, reads_weights_again_when_it_is_told) {
  auto model = small_voice();
  Writer writer(model);
  feed(writer, {1});
  Numbers before = writer.next({});
  model->weights().back().data->as<float>()[6] += 2;  // the bias of a code
  writer.refresh();
  writer.reset();
  feed(writer, {1});
  Numbers after = writer.next({});
  EXPECT_NEAR(after[6] / after[0], before[6] / before[0] * std::exp(2), 1e-3);
}

// --- texts ---

TEST(Writer, writes_in_many_pieces_what_it_writes_in_one) {
  Writer writer(small_voice());
  WritingTask what = task({{1}, {2, 3, 4}, {5, 5}}, 50, {.random = 1});
  what.stops = {{2, 2}, {0, 1, 0}};
  auto whole = write(writer, what);
  EXPECT_EQ(write(writer, what, 0), whole);
}

TEST(Writer, gives_each_lane_the_text_that_it_gives_alone) {
  Writer writer(small_voice());
  std::vector<Codes> prompts{{1}, {2, 3, 4, 0, 1, 1}, {6, 2}, {5}, {1}};
  for (double temperature : {0.0, 0.8}) {
    auto together = write(writer, task(prompts, 60, {.temperature = temperature, .random = 5}));
    EXPECT_EQ(write(writer, task({prompts[0]}, 60, {.temperature = temperature, .random = 5}))[0],
              together[0]);
    if (temperature == 0)
      for (size_t i = 0; i < prompts.size(); ++i)
        EXPECT_EQ(write(writer, task({prompts[i]}, 60, {.temperature = 0}))[0], together[i]);
    else
      EXPECT_NE(together[0], together[4]);  // the same prompt, other numbers
  }
}

TEST(Writer, gives_another_text_for_another_seed_and_the_same_for_the_same) {
  auto model = small_voice();
  Writer one(model), other(model);
  auto with = [](uint32_t seed) { return task({{1}}, 50, {.random = seed}); };
  auto text = write(one, with(1));
  EXPECT_EQ(write(other, with(1)), text);
  EXPECT_NE(write(one, with(2)), text);
  EXPECT_EQ(write(one, with(1)), text);
}

TEST(Writer, ends_before_a_stop_and_holds_its_beginning_back) {
  Writer writer(small_voice());
  Codes whole = write(writer, task({{1}}, 60, {.random = 3}))[0];
  for (size_t at : {0u, 1u, 7u, 30u}) {
    for (size_t length : {1u, 3u}) {
      WritingTask what = task({{1}}, 60, {.random = 3});
      Codes stop(whole.begin() + ptrdiff_t(at), whole.begin() + ptrdiff_t(at + length));
      what.stops = {{1, 0, 0, 0, 0, 0, 0, 0}, stop};
      auto found = std::search(whole.begin(), whole.end(), stop.begin(), stop.end());
      EXPECT_EQ(write(writer, what, 0)[0], Codes(whole.begin(), found));
    }
  }
  // What only began like a stop is told when the text is over.
  WritingTask what = task({{1}}, 60, {.random = 3});
  Codes longer(whole.end() - 4, whole.end());
  longer.insert(longer.end(), 5, 0);
  what.stops = {longer};
  EXPECT_EQ(write(writer, what, 0)[0], whole);
}

TEST(Writer, takes_the_longest_of_the_stops_that_end_together) {
  Writer writer(small_voice());
  Codes whole = write(writer, task({{1}}, 20, {.random = 3}))[0];
  WritingTask what = task({{1}}, 20, {.random = 3});
  what.stops = {{whole[4]}, {whole[2], whole[3], whole[4]}, {whole[3], whole[4]}};
  size_t first = size_t(std::find(whole.begin(), whole.end(), whole[4]) - whole.begin());
  Codes text = write(writer, what)[0];
  EXPECT_EQ(text, Codes(whole.begin(), whole.begin() + ptrdiff_t(first == 4 ? 2 : first)));
}

// --- programs that run elsewhere ---

// Has its own copies of the variables, as a device has them.
class FarProgram : public Program {
 public:
  explicit FarProgram(const Graph& graph) : here_(compile_here(graph)) {
    for (const Node& node : graph.nodes())
      if (node.is_variable()) variables_.push_back({node.state, Buffer(node.state->size())});
  }

  const std::vector<ProgramPort>& inputs() const override { return here_->inputs(); }
  const std::vector<ProgramPort>& outputs() const override { return here_->outputs(); }
  std::span<std::byte> input(int i) override { return here_->input(i); }
  std::span<const std::byte> output(int i) const override { return here_->output(i); }
  ProgramMemory memory() const override { return here_->memory(); }
  const std::vector<StepInfo>& steps() const override { return here_->steps(); }
  void profile(std::span<double>) noexcept override {}
  void run() noexcept override {
    for (auto& [near, far] : variables_) std::swap_ranges(near->data(), end(*near), far.data());
    here_->run();
    for (auto& [near, far] : variables_) std::swap_ranges(near->data(), end(*near), far.data());
  }

  void upload() {
    for (auto& [near, far] : variables_) std::copy(near->data(), end(*near), far.data());
  }
  void download() {
    for (auto& [near, far] : variables_) std::copy_n(far.data(), near->size(), near->data());
  }

 private:
  static std::byte* end(Buffer& buffer) { return buffer.data() + buffer.size(); }

  std::unique_ptr<Program> here_;
  std::vector<std::pair<std::shared_ptr<Buffer>, Buffer>> variables_;
};

// Runs what was staged, for as many rounds as are given. Gives whether the text is done.
bool write_far(Writer& writer, int rounds = 1 << 30, int most = 4) {
  auto& program = dynamic_cast<FarProgram&>(writer.program());
  for (int steps; rounds > 0 && (steps = writer.stage(most)) > 0; --rounds) {
    std::span<std::byte> input = program.input(0);
    EXPECT_EQ(writer.staged().size(), input.size() * size_t(steps));
    for (size_t at = 0; at < writer.staged().size(); at += input.size()) {
      std::ranges::copy(writer.staged().subspan(at, input.size()), input.begin());
      program.run();
    }
    if (!writer.settle()) continue;
    program.download();
    writer.keep();
  }
  return writer.is_done();
}

std::unique_ptr<Program> compile_far(const Graph& graph) {
  return std::make_unique<FarProgram>(graph);
}

std::vector<Codes> told(Writer& writer, size_t lanes) {
  std::vector<Codes> texts(lanes);
  for (WrittenCodes& piece : writer.written()) texts[size_t(piece.lane)] = std::move(piece.codes);
  return texts;
}

WritingTask three_texts(bool stateful) {
  WritingTask what = task({{1}, {2, 3, 4, 5, 6, 1, 0, 2, 2, 2}, {5, 5}}, 50, {.random = 1});
  what.stops = {{2, 2}, {0, 1, 0}};
  what.stateful = stateful;
  return what;
}

// Compares every digit: what is far must compute as what is here does.
class FarWriter : public testing::Test {
  void SetUp() override {
    if (!runs_here()) GTEST_SKIP() << "what is far is this processor, what is here another backend";
  }
};

TEST_F(FarWriter, writes_what_one_writes_that_is_here) {
  Writer here(small_voice()), far(small_voice());
  far.use(compile_far);
  for (bool stateful : {false, true}) {
    WritingTask what = three_texts(stateful);
    auto wanted = write(here, what);
    far.begin(what);
    dynamic_cast<FarProgram&>(far.program()).upload();
    EXPECT_TRUE(write_far(far));
    EXPECT_EQ(told(far, 3), wanted);
  }
  for (size_t i = 0; i < here.state().size(); ++i) {
    auto a = here.state()[i].data->as<float>(), b = far.state()[i].data->as<float>();
    EXPECT_TRUE(std::ranges::equal(a, b)) << here.state()[i].name;
  }
}

TEST_F(FarWriter, stages_a_prompt_at_once) {
  Writer writer(small_voice());
  writer.use(compile_far);
  writer.begin(task({{1, 2, 3, 4, 5}}, 2));
  EXPECT_EQ(writer.stage(3), 3);
  EXPECT_EQ(writer.stage(64), 2);
  EXPECT_EQ(writer.stage(64), 1);
  EXPECT_EQ(writer.stage(64), 0);
  EXPECT_TRUE(writer.is_done());
}

TEST_F(FarWriter, goes_on_here_from_where_it_was) {
  for (bool stateful : {false, true})
    for (int rounds : {0, 1, 2, 9, 40}) {
      WritingTask what = three_texts(stateful);
      Writer here(small_voice()), far(small_voice());
      auto wanted = write(here, what);
      far.use(compile_far);
      far.begin(what);
      dynamic_cast<FarProgram&>(far.program()).upload();
      write_far(far, rounds);
      if (rounds % 2) far.stage(4);  // and it is lost before there was an answer
      far.use(nullptr);
      far.run(1e9);
      EXPECT_EQ(told(far, 3), wanted) << rounds;
      for (size_t i = 0; i < here.state().size(); ++i) {
        auto a = here.state()[i].data->as<float>(), b = far.state()[i].data->as<float>();
        EXPECT_TRUE(std::ranges::equal(a, b)) << here.state()[i].name;
      }
    }
}

TEST_F(FarWriter, repeats_no_more_than_some_hundred_steps) {
  Writer writer(small_voice());
  writer.use(compile_far);
  writer.begin(task({Codes(1000, 1)}, 0));
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(writer.stage(64), 64);
    bool wanted = writer.settle();
    EXPECT_EQ(wanted, i == 3 || i == 7);
    if (wanted) writer.keep();
  }
}

TEST(Writer, rehearses_without_a_trace) {
  Writer writer(small_voice());
  auto whole = write(writer, task({{1, 2}}, 20, {.random = 1}));
  writer.begin(task({{1, 2}}, 20, {.random = 1}));
  writer.run(0);
  writer.run(0);
  writer.run(0);
  EXPECT_GT(writer.rehearse(1), 0);
  writer.run(1e9);
  EXPECT_EQ(told(writer, 1), whole);
}

// --- what is kept ---

TEST(Writer, goes_on_where_it_was) {
  Writer writer(small_voice());
  SamplingOptions greedy{.temperature = 0};
  Codes whole = write(writer, task({{1, 2}}, 30, greedy))[0];
  auto stateful = [&](const Codes& prompt, int length) {
    WritingTask what = task({prompt}, length, greedy);
    what.stateful = true;
    return write(writer, what)[0];
  };
  Codes pieces = stateful({1, 2}, 10);
  Codes second = stateful({}, 20);
  pieces.insert(pieces.end(), second.begin(), second.end());
  EXPECT_EQ(pieces, whole);
  // A text of its own leaves what is kept alone, whatever its lanes.
  writer.reset();
  feed(writer, {1, 2});
  write(writer, task({{5}, {6}}, 10));
  EXPECT_EQ(stateful({}, 30), whole);
  // Reading piece by piece is reading.
  writer.reset();
  feed(writer, {1});
  EXPECT_EQ(stateful({2}, 30), whole);
}

TEST(Writer, keeps_what_a_text_had_read_when_it_was_left) {
  Writer writer(small_voice());
  WritingTask what = task({{1, 2}}, 1000000, {.temperature = 0});
  what.stateful = true;
  writer.begin(what);
  writer.run(0);
  writer.run(0);
  writer.run(0);
  Codes first = writer.written().at(0).codes;
  ASSERT_EQ(first.size(), 1u);
  what = task({{}}, 9, {.temperature = 0});
  what.stateful = true;
  Codes rest = write(writer, what)[0];
  rest.insert(rest.begin(), first[0]);
  EXPECT_EQ(rest, write(writer, task({{1, 2}}, 10, {.temperature = 0}))[0]);
}

TEST(Writer, leaves_a_text_when_it_forgets_or_reads_weights_again) {
  Writer writer(small_voice());
  WritingTask what = task({{1, 2}}, 1000);
  what.stateful = true;
  for (void (Writer::*call)() : {&Writer::reset, &Writer::refresh}) {
    writer.begin(what);
    EXPECT_FALSE(writer.run(0));
    (writer.*call)();
    EXPECT_TRUE(writer.run(0));
    EXPECT_TRUE(writer.written().empty());
  }
}

TEST(Writer, has_read_the_stop_that_ended_a_text) {
  Writer writer(small_voice());
  Codes whole = write(writer, task({{1}}, 40, {.temperature = 0}))[0];
  WritingTask what = task({{1}}, 40, {.temperature = 0});
  what.stateful = true;
  what.stops = {{whole[0], whole[1]}};
  EXPECT_EQ(write(writer, what)[0], Codes{});
  what = task({{}}, 38, {.temperature = 0});
  what.stateful = true;
  EXPECT_EQ(write(writer, what)[0], Codes(whole.begin() + 2, whole.end()));
}

TEST(Writer, takes_up_a_state_that_was_saved) {
  auto model = small_voice();
  Writer writer(model), other(model);
  WritingTask what = task({{1, 2}, {3}}, 5);
  what.stateful = true;
  write(writer, what);
  const auto& saved = writer.state();
  ASSERT_EQ(saved.size(), 3u);
  EXPECT_EQ(saved[0].name, "lstm/state_0");
  EXPECT_EQ(to_string(saved[1].type), "float32 [2, 5]");
  EXPECT_EQ(saved[2].name, "next");
  auto names = saved;
  for (StateTensor& tensor : names) tensor.data = nullptr;
  const auto& restored = other.restore(names);
  for (size_t i = 0; i < saved.size(); ++i)
    std::memcpy(restored[i].data->data(), saved[i].data->data(), saved[i].type.bytes());
  EXPECT_EQ(other.next({}), writer.next({}));
  what = task({{}, {}}, 30, {.random = 8});
  what.stateful = true;
  EXPECT_EQ(write(other, what), write(writer, what));
  other.restore({});
  EXPECT_TRUE(other.state().empty());
}

// --- what cannot be ---

TEST(Writer, says_what_is_missing) {
  Writer writer(small_voice());
  expect_error([&] { writer.next({}); },
               "predict: nothing has been read yet.\n"
               "  Try: feed() a few characters first");
  expect_error([&] { writer.begin(task({{}}, 5)); },
               "generate: there is nothing to go on from.\n"
               "  Try: a seed of one character or more");
  expect_error([&] { writer.begin(task({{1, 7}}, 5)); },
               "generate: a code is not in the vocabulary.\n"
               "  code  7\n"
               "  vocabulary  7\n"
               "  Try: codes from 0 to below that");
  expect_error([&] { writer.begin(task({}, 5)); },
               "generate: there cannot be so many texts at once.\n"
               "  texts  0\n"
               "  most  1024\n"
               "  Try: some now, the others later");
  feed(writer, {1});
  WritingTask two = task({{1}, {2}}, 5);
  two.stateful = true;
  expect_error([&] { writer.begin(two); },
               "generate: what is remembered is of another number of texts.\n"
               "  texts  2\n"
               "  remembered  1\n"
               "  Try: as many texts as before, or reset()");
  std::vector<StateTensor> other{{"lstm/state_0", {DType::f32, {1, 4}}, nullptr}};
  expect_error([&] { writer.restore(other); },
               "setState: the state is not of this model.\n"
               "  its first tensor  lstm/state_0\n"
               "  its type  float32 [1, 4]\n"
               "  the model's  float32 [1, 5]\n"
               "  Try: what state() of the same model gave");
}

TEST(Writer, refuses_models_that_cannot_write) {
  auto refuses = [](std::shared_ptr<LayersModel> model, std::string_view message) {
    expect_error([&] { Writer writer(model); }, message);
  };
  refuses(
      voice({embedding(), layers::bidirectional(lstm()), last()}),
      "topology: layer \"backward_lstm\": reads from the end to the beginning, and cannot write.\n"
      "  class  LSTM\n"
      "  input  [1, 1, 4]\n"
      "  Try: a model whose layers read forwards only");
  refuses(voice({embedding(), layers::global_average_pooling1d(), last()}, {4}),
          "topology: layer \"global_average_pooling1d\": sees several steps at once, and cannot "
          "write.\n"
          "  class  GlobalAveragePooling1D\n"
          "  input  [1, 1, 4]\n"
          "  Try: recurrent layers");
  refuses(voice({embedding(), layers::flatten(), last()}, {4}),
          "topology: layer \"dense\": gemm: the kernel does not fit the last axis of the input.\n"
          "  input  [1, 4]\n"
          "  kernel  [16, 7]\n"
          "  Try: a kernel [in, out], where in is the last size of the input");
  refuses(
      voice({lstm(), last()}, {-1, 3}, "float32"),
      "charRNN: this model does not go from codes to the probabilities of codes.\n"
      "  inputs  1\n"
      "  the first  float32 [?, ?, 3]\n"
      "  outputs  1\n"
      "  the first  float32 [?, ?, 7]\n"
      "  Try: codes [batch, steps] or one-hot rows [batch, steps, vocabulary] as the only input, "
      "and [batch, vocabulary] or [batch, steps, vocabulary] as the only output");
  refuses(voice({layers::embedding({.input_dim = 9, .output_dim = 4}), lstm(), last()}),
          "charRNN: the model reads other codes than it writes.\n"
          "  reads  9\n"
          "  writes  7\n"
          "  Try: an embedding of as many rows as the last layer has units");
  refuses(voice({embedding(), lstm(), last("sigmoid")}),
          "charRNN: the model's outputs are not the probabilities of one choice.\n"
          "  activation  sigmoid\n"
          "  Try: a last layer with softmax, or with no activation");
}

}  // namespace
}  // namespace gesso
