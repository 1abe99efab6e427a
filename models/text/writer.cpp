#include "models/text/writer.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/ops/list.h"
#include "models/load/file_model.h"

namespace gesso {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_lanes = 1024;
constexpr size_t most_steps_to_repeat = 256;

// What becomes probabilities at the end of the model, or its end, where nothing does.
Value logits_of(Graph& graph, Value output) {
  for (Value v = output; const Op* op = graph.node(v).op;) {
    Value before = graph.value(graph.node(v).inputs[0]);
    if (op == &softmax_op) return before;
    if (op == &sigmoid_op)
      fail("charRNN: the model's outputs are not the probabilities of one choice",
           {{"activation", "sigmoid"}}, "a last layer with softmax, or with no activation");
    if (op != &reshape_op) break;
    v = before;
  }
  return output;
}

void copy_all(const std::vector<StateTensor>& from, const std::vector<StateTensor>& to) {
  for (size_t i = 0; i < to.size(); ++i)
    std::memcpy(to[i].data->data(), from[i].data->data(), to[i].type.bytes());
}

void copy_row(const StateTensor& from, const StateTensor& to, size_t row) {
  size_t bytes = from.type.bytes() / size_t(from.type.shape[0]);
  std::memcpy(to.data->data() + row * bytes, from.data->data() + row * bytes, bytes);
}

}  // namespace

Writer::Writer(std::shared_ptr<LayersModel> model) : model_(std::move(model)) {
  const std::vector<ModelPort>&ins = model_->inputs(), &outs = model_->outputs();
  size_t rank = ins[0].any_shape ? 0 : ins[0].shape.size();
  is_one_hot_ = rank == 3 && ins[0].dtype == DType::f32;
  bool reads_codes = rank == 2 && (ins[0].dtype == DType::f32 || ins[0].dtype == DType::i32);
  if (ins.size() == 1 && outs.size() == 1 && outs[0].shape.size() >= 2 &&
      (is_one_hot_ || reads_codes))
    vocabulary_ = outs[0].shape.back();
  if (vocabulary_ < 2 || (is_one_hot_ && ins[0].shape[2] != vocabulary_))
    fail("charRNN: this model does not go from codes to the probabilities of codes",
         {{"inputs", ins.size()},
          {"the first", to_string(ins[0])},
          {"outputs", outs.size()},
          {"the first", outs.empty() ? "" : to_string(outs[0])}},
         "codes [batch, steps] or one-hot rows [batch, steps, vocabulary] as the only input, and "
         "[batch, vocabulary] or [batch, steps, vocabulary] as the only output");
  prepare(1);
}

int Writer::lanes_of(const std::vector<StateTensor>& state) const {
  return state.empty() ? 0 : state[0].type.shape[0];
}

// A state like that of the program.
std::vector<StateTensor> Writer::zeros() const {
  std::vector<StateTensor> state = now_;
  for (StateTensor& tensor : state) tensor.data = std::make_shared<Buffer>(tensor.type.bytes());
  return state;
}

void Writer::prepare(int lanes) {
  if (program_ && lanes_of(now_) == lanes) return;
  if (lanes < 1 || lanes > most_lanes)
    fail("generate: there cannot be so many texts at once",
         {{"texts", lanes}, {"most", most_lanes}}, "some now, the others later");
  program_ = nullptr;
  Graph graph;
  States states;
  const ModelPort& port = model_->inputs()[0];
  Shape shape{lanes, 1};
  if (is_one_hot_) shape.push_back(vocabulary_);
  Value input = graph.input(port.name, {port.dtype, shape});
  Value logits = logits_of(graph, model_->call_for_writing(graph, input, states));
  for (const Node& node : graph.nodes())
    if (node.op == &gather_op && graph.value(node.inputs[0]).shape()[0] != vocabulary_)
      fail("charRNN: the model reads other codes than it writes",
           {{"reads", graph.value(node.inputs[0]).shape()[0]}, {"writes", vocabulary_}},
           "an embedding of as many rows as the last layer has units");
  TensorType next{DType::f32, {lanes, vocabulary_}};
  if (logits.type().bytes() != next.bytes() || logits.dtype() != DType::f32)
    fail("charRNN: from one code the model does not give the probabilities of one",
         {{"gives", to_string(logits.type())}, {"needed", to_string(next)}},
         "recurrent layers between the codes and the last layer, and nothing across steps");
  graph.output("next", logits);
  program_ = compiler_(graph);
  now_ = states.tensors();
  now_.push_back({"next", next, std::make_shared<Buffer>(next.bytes())});
}

void Writer::begin(WritingTask task) {
  lanes_.clear();
  std::erase_if(task.stops, [](const auto& stop) { return stop.empty(); });
  for (const auto* list : {&task.prompts, &task.stops})
    for (const auto& codes : *list)
      for (int code : codes)
        if (code < 0 || code >= vocabulary_)
          fail("generate: a code is not in the vocabulary",
               {{"code", code}, {"vocabulary", vocabulary_}}, "codes from 0 to below that");
  int lanes = int(task.prompts.size()), before = task.stateful ? lanes_of(kept_) : 0;
  if (before && before != lanes)
    fail("generate: what is remembered is of another number of texts",
         {{"texts", lanes}, {"remembered", before}}, "as many texts as before, or reset()");
  for (const auto& prompt : task.prompts)
    if (prompt.empty() && !before)
      fail("generate: there is nothing to go on from", {}, "a seed of one character or more");
  prepare(lanes);
  if (task.stateful && !before) kept_ = zeros();
  copy_all(task.stateful ? kept_ : zeros(), now_);
  active_.clear();
  given_.clear();
  for (const auto& prompt : task.prompts)
    lanes_.push_back({.random = Random(task.sampling.random, uint32_t(lanes_.size())),
                      .is_done = prompt.empty() && task.length <= 0});
  task_ = std::move(task);
}

bool Writer::run(double milliseconds) {
  auto end = Clock::now() + std::chrono::duration<double, std::milli>(milliseconds);
  while (!is_done() && advance()) {
    program_->run();
    settle();
    keep();
    if (Clock::now() >= end) break;
  }
  return is_done();
}

bool Writer::is_done() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.is_done; });
}

// Gives the program what each lane reads next; false where nobody asks what would follow.
bool Writer::advance() {
  bool goes_on = task_.stateful;
  active_.clear();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    bool is_done = lanes_[i].is_done;
    if (!is_done) active_.push_back(i);
    int code = is_done ? 0 : next_code(i);
    give(i, code);
    given_.push_back(code);
    goes_on = goes_on || !lanes_[i].is_done;
  }
  return goes_on;
}

int Writer::stage(int most) {
  staged_.clear();
  int steps = 0;
  while (steps < most && !is_done() && advance()) {
    std::span<const std::byte> input = program_->input(0);
    staged_.insert(staged_.end(), input.begin(), input.end());
    ++steps;
    if (needs_answer()) break;
  }
  return steps;
}

// Whether a lane chooses next, or what one has read is to be kept.
bool Writer::needs_answer() const {
  for (size_t i = 0; i < lanes_.size(); ++i)
    if (!lanes_[i].is_done && lanes_[i].read == task_.prompts[i].size()) return true;
  return keeps_now();
}

// Whether a stateful lane has just ended: later steps leave it behind.
bool Writer::keeps_now() const {
  return task_.stateful &&
         std::ranges::any_of(active_, [&](size_t lane) { return lanes_[lane].is_done; });
}

bool Writer::settle() {
  std::span<const std::byte> next = program_->output(0);
  std::copy(next.begin(), next.end(), now_.back().data->data());
  return keeps_now() || given_.size() >= most_steps_to_repeat * lanes_.size();
}

void Writer::keep() {
  given_.clear();
  if (!task_.stateful) return;
  for (size_t lane : active_)
    for (size_t i = 0; i < now_.size(); ++i) copy_row(now_[i], kept_[i], lane);
}

void Writer::use(std::function<std::unique_ptr<Program>(const Graph&)> compiler) {
  compiler_ = compiler ? std::move(compiler) : compile;
  program_ = nullptr;
  if (lanes_.empty()) return;
  std::vector<StateTensor> before = now_;
  prepare(int(lanes_.size()));
  copy_all(before, now_);
  if (given_.empty()) return;
  std::vector<int> codes = std::move(given_);
  repeat(codes);
  keep();
}

// Reads again what all lanes have read.
void Writer::repeat(std::span<const int> codes) {
  for (size_t at = 0; at < codes.size(); at += lanes_.size()) {
    for (size_t i = 0; i < lanes_.size(); ++i) give(i, codes[at + i]);
    program_->run();
  }
  settle();
}

double Writer::rehearse(double milliseconds) {
  std::vector<StateTensor> before = zeros();
  copy_all(now_, before);
  auto start = Clock::now();
  std::chrono::duration<double, std::milli> passed{};
  int steps = 0;
  for (program_->run(); passed.count() < milliseconds; passed = Clock::now() - start) {
    if (steps++ == 0) start = Clock::now();
    program_->run();
  }
  copy_all(before, now_);
  return passed.count() / steps;
}

int Writer::next_code(size_t i) {
  Lane& lane = lanes_[i];
  const std::vector<int>& prompt = task_.prompts[i];
  if (lane.read < prompt.size()) {
    int code = prompt[lane.read++];
    lane.is_done = lane.read == prompt.size() && task_.length <= 0;
    return code;
  }
  size_t count = size_t(vocabulary_);
  auto logits = now_.back().data->as<float>().subspan(i * count, count);
  int code = choose(probabilities(logits, task_.sampling), lane.random.uniform());
  lane.codes.push_back(code);
  lane.is_done = ++lane.chosen == task_.length;
  end_at_stop(lane);
  return code;
}

void Writer::give(size_t lane, int code) {
  std::span<std::byte> input = program_->input(0);
  auto floats = reinterpret_cast<float*>(input.data());
  size_t count = size_t(vocabulary_);
  if (is_one_hot_) {
    std::fill_n(floats + lane * count, count, 0.0f);
    floats[lane * count + size_t(code)] = 1;
  } else if (model_->inputs()[0].dtype == DType::f32) {
    floats[lane] = float(code);
  } else {
    reinterpret_cast<int32_t*>(floats)[lane] = code;
  }
}

void Writer::end_at_stop(Lane& lane) const {
  size_t longest = 0;
  for (const std::vector<int>& stop : task_.stops)
    if (stop.size() > longest && stop.size() <= lane.codes.size() &&
        std::equal(stop.rbegin(), stop.rend(), lane.codes.rbegin()))
      longest = stop.size();
  if (longest) lane.is_done = true;
  lane.codes.resize(lane.codes.size() - longest);
}

// How many codes at the end are also those at the beginning of a stop.
size_t Writer::held_back(const Lane& lane) const {
  size_t longest = 0;
  if (lane.is_done) return longest;
  for (const std::vector<int>& stop : task_.stops)
    for (size_t n = std::min(stop.size() - 1, lane.codes.size()); n > longest; --n)
      if (std::equal(stop.begin(), stop.begin() + ptrdiff_t(n), lane.codes.end() - ptrdiff_t(n)))
        longest = n;
  return longest;
}

std::vector<WrittenCodes> Writer::written() {
  std::vector<WrittenCodes> pieces;
  for (Lane& lane : lanes_) {
    size_t end = lane.codes.size() - held_back(lane);
    if (end <= lane.told) continue;
    auto codes = lane.codes.begin();
    pieces.push_back(
        {int(&lane - lanes_.data()), {codes + ptrdiff_t(lane.told), codes + ptrdiff_t(end)}});
    lane.told = end;
  }
  return pieces;
}

std::vector<double> Writer::next(const SamplingOptions& sampling) const {
  if (kept_.empty())
    fail("predict: nothing has been read yet", {}, "feed() a few characters first");
  auto logits = kept_.back().data->as<float>().first(size_t(vocabulary_));
  return probabilities(logits, sampling);
}

const std::vector<StateTensor>& Writer::restore(std::vector<StateTensor> tensors) {
  lanes_.clear();
  if (tensors.empty()) {
    kept_.clear();
    return kept_;
  }
  const Shape& first = tensors[0].type.shape;
  prepare(first.rank() ? first[0] : 0);
  auto is_same = [](const StateTensor& a, const StateTensor& b) {
    return a.name == b.name && a.type == b.type;
  };
  if (!std::equal(now_.begin(), now_.end(), tensors.begin(), tensors.end(), is_same))
    fail("setState: the state is not of this model",
         {{"its first tensor", tensors[0].name},
          {"its type", to_string(tensors[0].type)},
          {"the model's", to_string(now_[0].type)}},
         "what state() of the same model gave");
  kept_ = zeros();
  return kept_;
}

}  // namespace gesso
