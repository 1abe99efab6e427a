#include "models/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/gradient.h"
#include "core/ops/math.h"
#include "models/layers/constraints.h"
#include "models/load/file_model.h"
#include "models/train/names.h"

namespace gesso {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t most_sets = 16;

std::vector<std::string> names_of(const std::vector<ModelPort>& ports) {
  std::vector<std::string> names;
  for (const ModelPort& port : ports) names.push_back(port.name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  return listed(std::vector<Text>(names.begin(), names.end()));
}

// What an option says for each output: the same for all, a list in order, or by name. A part of it
// may be missing.
std::vector<Field> by_output(const Field& option, const std::vector<std::string>& outputs) {
  if (!option.is_object() && !option.is_list()) return std::vector<Field>(outputs.size(), option);
  if (option.is_list()) {
    std::vector<Field> items = option.items();
    if (items.size() != outputs.size())
      option.refuse("must have as many items as the model has outputs",
                    phrase({"one for each of ", joined(outputs)}));
    return items;
  }
  for (const auto& [name, field] : option.members())
    if (std::find(outputs.begin(), outputs.end(), name) == outputs.end())
      field.refuse("is for no output of the model", phrase({"one of ", joined(outputs)}));
  std::vector<Field> fields;
  for (const std::string& name : outputs) fields.push_back(option.get(name));
  return fields;
}

// The port of the labels for an output.
ModelPort labels_for(const ModelPort& output, const Loss& loss) {
  ModelPort port = output;
  port.dtype = DType::f32;
  if (!loss.takes_indices) return port;
  port.dtype = DType::i32;
  if (!port.shape.empty()) port.shape.pop_back();
  return port;
}

uint32_t seed_of(const Field& field) {
  double seed = field.number_or(0);
  if (!(seed >= 0 && seed < 0x1p32 && seed == std::floor(seed)))
    field.refuse("must be a whole number of 32 bits", "0 or more");
  return uint32_t(seed);
}

int last_size(const ModelPort& port) {
  return port.shape.empty() ? -1 : port.shape.back();
}

Shape with_batch(int batch, const Shape& row) {
  Shape shape = row;
  shape.insert(0, batch);
  return shape;
}

std::span<const float> floats(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// The mean over all axes from this one on.
Value mean_from(Value x, int axis) {
  Ints axes = all_axes(x.shape().rank());
  axes.erase(axes.begin(), axes.begin() + axis);
  return axes.empty() ? x : mean(x, axes);
}

// The mean over a batch of what a loss gives for it, each sample counted as its weight says.
Value weighted_mean(Value loss, Value weights) {
  return mean(mean_from(loss, 1) * weights);
}

// A shape with sizes of 1 behind it.
Shape padded(Shape shape, int rank) {
  while (shape.rank() < rank) shape.push_back(1);
  return shape;
}

// Which time steps of a batch count.
struct Counts {
  Value ones;   // 0 for those that do not, [batch, steps]
  Value total;  // their sum, at least 1

  explicit Counts(Value mask)
      : ones(cast(mask, DType::f32)), total(max(sum(ones), mask.graph->scalar(1))) {}

  // The mean of what counts, weighed by sample.
  Value mean(Value x, Value weights = {}) const {
    Value kept = mean_from(x, ones.shape().rank()) * ones;
    if (weights) kept = kept * reshape(weights, padded(weights.shape(), kept.shape().rank()));
    return sum(kept) / total;
  }
};

// The mask of an output, where it tells steps of these differences apart.
std::optional<Counts> counts_for(Value mask, Value differences) {
  if (!mask || mask.shape().rank() > differences.shape().rank()) return {};
  for (int i = 0; i < mask.shape().rank(); ++i)
    if (mask.shape()[i] != differences.shape()[i]) return {};
  return Counts(mask);
}

// What a figure is made of: see Trainer::Figure. `whole` is the size of the batch.
Values measure(const Metric& metric, Value labels, Value predictions,
               const std::optional<Counts>& counts, Value whole) {
  if (!metric.of) {
    if (!counts) return metric.sums(labels, predictions, {});
    Shape shape = padded(counts->ones.shape(), predictions.shape().rank());
    return metric.sums(labels, predictions, reshape(counts->ones, shape));
  }
  Value each = metric.of(labels, predictions);
  if (!counts) return {mean(each), whole};
  return {counts->mean(each), sum(counts->ones)};
}

}  // namespace

Trainer::Trainer(std::shared_ptr<LayersModel> model, const Field& options)
    : model_(std::move(model)), optimizer_(options.at("optimizer")), clipping_(options) {
  TensorType type{DType::i32, {2}};
  random_ = {"random", type, std::make_shared<Buffer>(type.bytes())};
  random_.data->as<uint32_t>()[0] = seed_of(options.get("seed"));
  input_names_ = names_of(model_->inputs());
  target_names_ = names_of(model_->outputs());
  read_losses(options);
  read_metrics(options);
  list_figures();
}

void Trainer::read_losses(const Field& options) {
  std::vector<Field> losses = by_output(options.at("loss"), target_names_);
  std::vector<Field> weights = by_output(options.get("loss_weights"), target_names_);
  for (size_t i = 0; i < target_names_.size(); ++i) {
    const ModelPort& output = model_->outputs()[i];
    if (!losses[i])
      fail("compile: an output has no loss", {{"output", output.name}},
           phrase({"a loss for each of ", joined(target_names_)}));
    const Loss& loss = find_loss(losses[i].text());
    outputs_.push_back({output.name, &loss, weights[i].number_or(1), {}});
    targets_.push_back(labels_for(output, loss));
  }
}

void Trainer::read_metrics(const Field& options) {
  Field field = options.get("metrics");
  bool shared = field.is_list() && (field.items().empty() || field.items()[0].is_text());
  std::vector<Field> metrics =
      shared ? std::vector<Field>(outputs_.size(), field) : by_output(field, target_names_);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!metrics[i]) continue;
    Target& output = outputs_[i];
    for (const Field& item :
         metrics[i].is_list() ? metrics[i].items() : std::vector<Field>{metrics[i]}) {
      const Metric& metric =
          find_metric(item.text(), *output.loss, last_size(model_->outputs()[i]));
      if (metric.takes_indices != output.loss->takes_indices)
        fail(phrase({"metric: ", metric.name, " and the loss want different labels"}),
             {{"loss", std::string(output.loss->name)}, {"output", output.name}},
             metric.takes_indices ? "the metric for one-hot labels"
                                  : "the metric for indices of classes, or \"accuracy\"");
      output.metrics.push_back({item.text(), &metric});
    }
  }
}

void Trainer::list_figures() {
  figures_ = {{"loss", nullptr, 2}};
  bool several = outputs_.size() > 1;
  if (several)
    for (const Target& output : outputs_) figures_.push_back({output.name + "_loss", nullptr, 2});
  for (const Target& output : outputs_)
    for (const auto& [name, metric] : output.metrics) {
      int count = 2;
      const Metric* sums = metric->of ? nullptr : metric;
      if (sums) {
        Graph graph;  // only to count them
        Value sample = graph.input("sample", {DType::f32, {1, 1}});
        count = int(metric->sums(sample, sample, {}).size());
      }
      figures_.push_back({several ? output.name + '_' + name : name, sums, count});
    }
}

std::vector<std::string> Trainer::metrics() const {
  std::vector<std::string> names;
  for (const Figure& figure : figures_) names.push_back(figure.name);
  return names;
}

TensorType Trainer::row_type(Role role, int index, Shape row) const {
  const auto& ports = role == Role::input ? inputs() : targets_;
  Text what = role == Role::input ? "input" : "target";
  if (index < 0 || size_t(index) >= ports.size())
    fail(phrase({"reserve: there is no such ", what}),
         {{"index", index}, {"there are", ports.size()}}, "an index from 0");
  if (role == Role::weight) return {DType::f32, {}};
  const ModelPort& port = ports[size_t(index)];
  bool indices = role == Role::target && outputs_[size_t(index)].loss->takes_indices;
  if (indices && row.rank() == int(port.shape.size()) && row.rank() > 0 && row.back() == 1)
    row.erase(row.rank() - 1);
  bool fits = port.any_shape || row.rank() + 1 == int(port.shape.size());
  for (int i = 0; fits && !port.any_shape && i < row.rank(); ++i)
    fits = row[i] >= 0 && (port.shape[size_t(i) + 1] < 0 || port.shape[size_t(i) + 1] == row[i]);
  if (!fits)
    fail(phrase({"reserve: rows of ", port.name, " cannot have this shape"}),
         {{"declared", to_string(port)}, {"row", to_string(row)}},
         "the declared sizes after the first; ? may be any");
  return {port.dtype, row};
}

std::span<std::byte> Trainer::reserve(int set, Role role, int index, size_t samples) {
  const auto& ports = role == Role::input ? inputs() : targets_;
  Shape row;
  DType kept = DType::f32;
  if (role != Role::weight && index >= 0 && size_t(index) < ports.size()) {
    const ModelPort& port = ports[size_t(index)];
    kept = port.dtype;
    for (size_t i = 1; i < port.shape.size(); ++i) row.push_back(port.shape[i]);
    if (port.any_shape || std::count(row.begin(), row.end(), -1) > 0)
      fail(phrase({"reserve: ", port.name, " has open sizes"}), {{"declared", to_string(port)}},
           "the shape of a row, as the last argument");
  }
  return reserve(set, role, index, samples, kept, row);
}

std::span<std::byte> Trainer::reserve(int set, Role role, int index, size_t samples, DType kept,
                                      const Shape& row) {
  if (set < 0 || size_t(set) >= most_sets)
    fail("reserve: there is no such data set", {{"set", set}}, "0 for training, 1 for validation");
  TensorType type = row_type(role, index, row);
  if (sets_.size() <= size_t(set)) {
    sets_.resize(size_t(set) + 1);
    tallies_.resize(sets_.size());
  }
  DataSet& data = sets_[size_t(set)];
  data.inputs.resize(input_names_.size());
  data.targets.resize(target_names_.size());
  data.weights.resize(target_names_.size());
  auto& list = role == Role::input    ? data.inputs
               : role == Role::target ? data.targets
                                      : data.weights;
  const auto& names = role == Role::input ? input_names_ : target_names_;
  Rows& rows = list[size_t(index)];
  rows = Rows();  // so that the old and the new are never both in memory
  if (role == Role::input)
    for (Rows& weights : data.weights) weights = Rows();
  rows = Rows(names[size_t(index)], type, kept, samples);
  stop();
  return rows.bytes();
}

int Trainer::classes(size_t target) const {
  return outputs_[target].loss->takes_indices ? std::max(0, last_size(model_->outputs()[target]))
                                              : 0;
}

int Trainer::begin(const Epoch& epoch) {
  if (epoch.set < 0 || size_t(epoch.set) >= sets_.size())
    fail("fit: there is no such data set", {{"set", epoch.set}}, "reserve() and fill it first");
  const DataSet& data = sets_[size_t(epoch.set)];
  size_t samples = data.samples(input_names_, target_names_);
  if (epoch.first > samples || epoch.count > samples - epoch.first || epoch.count == 0)
    fail("fit: there are no such samples",
         {{"first", epoch.first}, {"count", epoch.count}, {"there are", samples}},
         "a part of them");
  if (epoch.batch_size < 1)
    fail("fit: a batch needs samples", {{"batchSize", epoch.batch_size}}, "32");

  std::vector<Shape> shapes;
  for (const Rows& rows : data.inputs) shapes.push_back(rows.row().shape);
  for (const Rows& rows : data.targets) shapes.push_back(rows.row().shape);
  if (shapes != rows_ || model_->freezes() != freezes_) programs_.clear();
  rows_ = std::move(shapes);
  freezes_ = model_->freezes();

  epoch_ = epoch;
  if (epoch.train && epoch.fresh) model_->states().reset();
  if (!epoch.train && !epoch.goes_on) forget_judged(epoch.batch_size);
  order_ = order_of(uint32_t(epoch.first), uint32_t(epoch.count), epoch.shuffle,
                    random_.data->as<uint32_t>()[0], epoch.number);
  size_t batch = size_t(epoch.batch_size);
  if (epoch.steps > 0 && size_t(epoch.steps) < order_.size() / batch + 1)
    order_.resize(std::min(order_.size(), size_t(epoch.steps) * batch));
  at_ = 0;
  staged_.clear();
  bad_.clear();
  Tally& tally = tallies_[size_t(epoch.set)];
  size_t outputs = 0;
  for (const Figure& figure : figures_) outputs += size_t(figure.outputs);
  if (!epoch.goes_on || tally.sums.empty()) tally = {.sums = std::vector<double>(outputs)};
  mark();
  return int((order_.size() + batch - 1) / batch);
}

// What is looked at is apart from what is trained on, and begins with nothing remembered.
void Trainer::forget_judged(int batch) {
  judged_.reset();
  if (batch == judged_batch_) return;
  judged_.release();
  std::erase_if(programs_, [](const StepProgram& p) { return !p.train; });
  judged_batch_ = batch;
}

Progress Trainer::run(double milliseconds) {
  auto end = Clock::now() + std::chrono::duration<double, std::milli>(milliseconds);
  while (at_ < order_.size()) {
    step(nullptr);
    if (Clock::now() >= end) break;
  }
  if (epoch_.train && bad_.empty()) bad_ = first_bad_weight();
  if (!bad_.empty()) stop();
  return progress();
}

Progress Trainer::progress() const {
  if (tallies_.empty()) return {true, 0, 0, {}, {}};
  const Tally& tally = tallies_[size_t(epoch_.set)];
  bool is_done = at_ >= order_.size() && staged_.empty();
  Progress progress{is_done, tally.step, tally.samples, {}, bad_};
  const double* sum = tally.sums.data();
  for (const Figure& figure : figures_) {
    std::span<const double> sums(sum, size_t(figure.outputs));
    double mean = sums[1] > 0 ? sums[0] / sums[1] : 0;
    progress.metrics.push_back(figure.metric ? figure.metric->finish(sums) : mean);
    sum += figure.outputs;
  }
  return progress;
}

void Trainer::stop() {
  at_ = order_.size();
  staged_.clear();
}

const std::vector<StepInfo>& Trainer::profile(std::vector<double>& seconds) {
  if (at_ >= order_.size()) fail("profile: the epoch is over", {}, "begin() before each step");
  return step(&seconds)->steps();
}

const Program* Trainer::step(std::vector<double>* seconds) {
  Program& program = *stage();
  if (seconds) {
    seconds->resize(program.steps().size());
    program.profile(*seconds);
  } else {
    program.run();
  }
  count_results();
  return &program;
}

Program* Trainer::stage() {
  if (at_ >= order_.size()) return nullptr;
  size_t count = std::min(size_t(epoch_.batch_size), order_.size() - at_);
  Program& program = program_for(epoch_.train, int(count));
  gather(program, std::span(order_).subspan(at_, count));
  if (epoch_.train) {
    ++random_.data->as<int32_t>()[1];
    optimizer_.count_step();
  }
  at_ += count;
  staged_.push_back({&program, count});
  return &program;
}

Progress Trainer::settle() {
  if (!staged_.empty()) count_results();
  return progress();
}

// Of the oldest step that was staged.
void Trainer::count_results() {
  auto [program, samples] = staged_.front();
  staged_.erase(staged_.begin());
  add_results(*program);
  Tally& tally = tallies_[size_t(epoch_.set)];
  ++tally.step;
  tally.samples += samples;
  if (epoch_.train) bad_ = first_bad_loss(*program);
  if (!bad_.empty()) stop();
}

void Trainer::mark() {
  mark_ = {at_, tallies_[size_t(epoch_.set)], random_.data->as<int32_t>()[1], optimizer_.step()};
}

void Trainer::rewind() {
  at_ = mark_.at;
  tallies_[size_t(epoch_.set)] = mark_.tally;
  random_.data->as<int32_t>()[1] = mark_.random;
  optimizer_.set_step(mark_.step);
  staged_.clear();
  bad_.clear();
}

void Trainer::use(std::function<std::unique_ptr<Program>(const Graph&)> compiler) {
  compiler_ = compiler ? std::move(compiler) : compile;
  programs_.clear();
  staged_.clear();
}

std::vector<Program*> Trainer::all_programs() const {
  std::vector<Program*> all;
  for (const StepProgram& p : programs_) all.push_back(p.program.get());
  return all;
}

std::vector<std::shared_ptr<const Buffer>> Trainer::written_by_stage() const {
  std::vector<std::shared_ptr<const Buffer>> written{random_.data};
  for (const char* name : {"rate", "step"}) {
    auto found = optimizer_.state().find(name);
    if (found != optimizer_.state().end()) written.push_back(found->second.data);
  }
  return written;
}

void Trainer::gather(Program& program, std::span<const uint32_t> samples) {
  const DataSet& data = sets_[size_t(epoch_.set)];
  int input = 0;
  for (const Rows& rows : data.inputs) rows.gather(samples, program.input(input++).data());
  for (size_t i = 0; i < data.targets.size(); ++i) {
    data.targets[i].gather(samples, program.input(input++).data());
    std::span<std::byte> weights = program.input(input++);
    if (data.weights[i])
      data.weights[i].gather(samples, weights.data());
    else
      std::fill_n(reinterpret_cast<float*>(weights.data()), samples.size(), 1.0f);
  }
}

void Trainer::add_results(const Program& program) {
  std::vector<double>& sums = tallies_[size_t(epoch_.set)].sums;
  int output = 0;
  auto next = [&] { return double(floats(program.output(output++))[0]); };
  for (const Figure& figure : figures_) {
    auto sum = sums.begin() + output;
    if (figure.metric) {
      for (int i = 0; i < figure.outputs; ++i) *sum++ += next();
    } else {
      double mean = next(), count = next();
      if (count > 0) sum[0] += mean * count;  // nothing counts where all is masked
      sum[1] += count;
    }
  }
}

std::string Trainer::first_bad_loss(const Program& program) const {
  auto is_finite = [&](size_t figure) {
    return std::isfinite(floats(program.output(2 * int(figure)))[0]);
  };
  if (is_finite(0)) return {};
  for (size_t i = 1; outputs_.size() > 1 && i <= outputs_.size(); ++i)
    if (!is_finite(i)) return figures_[i].name;
  return figures_[0].name;
}

std::string Trainer::first_bad_weight() const {
  for (const Parameter& parameter : model_->weights())
    if (parameter.type.dtype == DType::f32 &&
        !all_finite(parameter.data->as<float>().first(parameter.type.shape.count())))
      return parameter.name;
  return {};
}

Program& Trainer::program_for(bool train, int batch) {
  for (StepProgram& p : programs_)
    if (p.train == train && p.batch == batch) return *p.program;
  // Batches of one size and what is left over, in training and in validation; generators that
  // give batches of many sizes do not fill the memory with programs.
  constexpr size_t most_programs = 6;
  if (programs_.size() >= most_programs) {
    auto idle = std::ranges::find_if(programs_, [&](const StepProgram& p) {
      return std::ranges::none_of(
          staged_, [&](const Staged& staged) { return staged.program == p.program.get(); });
    });
    if (idle != programs_.end()) programs_.erase(idle);
  }
  programs_.push_back({train, batch, make_program(train, batch)});
  return *programs_.back().program;
}

std::unique_ptr<Program> Trainer::make_program(bool train, int batch) {
  Graph graph;
  Values given;
  for (size_t i = 0; i < inputs().size(); ++i) {
    const ModelPort& port = inputs()[i];
    given.push_back(graph.input(port.name, {port.dtype, with_batch(batch, rows_[i])}));
  }
  Value random = graph.variable(random_.name, random_.type, random_.data);
  TrainingCall call = train ? model_->call_for_training(graph, given, random)
                            : model_->call_for_inference(graph, given, {}, &judged_);
  graph.name_next("loss");
  Values losses, measured;
  Value total, whole = graph.scalar(batch);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    Value predictions = call.outputs[i];
    Value labels = add_target(graph, i, predictions, batch);
    Value weights = graph.input("weight of " + target_names_[i], {DType::f32, {batch}});
    const Target& output = outputs_[i];
    Value loss = loss_of(*output.loss, labels, predictions);
    auto counts = counts_for(call.masks[i], loss);
    losses.push_back(counts ? counts->mean(loss, weights) : weighted_mean(loss, weights));
    Value part = output.weight == 1 ? losses.back() : losses.back() * output.weight;
    total = total ? total + part : part;
    for (const auto& [name, metric] : output.metrics)
      for (Value v : measure(*metric, labels, predictions, counts, whole)) measured.push_back(v);
  }
  for (Value penalty : call.penalties) total = total + penalty;
  if (train) add_update(graph, total, call.parameters);
  auto tell = [&](const std::string& name, Value mean) {
    graph.output(name, mean);
    graph.output("samples", whole);
  };
  tell("loss", total);
  for (size_t i = 0; outputs_.size() > 1 && i < losses.size(); ++i)
    tell(target_names_[i] + "_loss", losses[i]);
  for (Value v : measured) graph.output("metric", v);
  return compiler_(graph);
}

// Labels in the shape in which losses compare them with predictions.
Value Trainer::add_target(Graph& graph, size_t index, Value predictions, int batch) {
  const ModelPort& port = targets_[index];
  TensorType type{port.dtype, with_batch(batch, rows_[inputs().size() + index])};
  Shape wanted = predictions.shape();
  if (outputs_[index].loss->takes_indices && wanted.rank() > 0) wanted.erase(wanted.rank() - 1);
  if (type.shape != wanted)
    fail("fit: targets do not have the shape of the output",
         {{"output", port.name}, {"computed", predictions.type()}, {"targets", to_string(type)}},
         phrase({"targets of shape ", to_string(wanted)}));
  return graph.input("target of " + port.name, type);
}

void Trainer::add_update(Graph& graph, Value loss, const Values& parameters) {
  const std::vector<Parameter>& weights = model_->weights();
  Values trained;
  std::vector<const Parameter*> theirs;
  for (size_t i = 0; i < weights.size(); ++i)
    if (weights[i].trainable) {
      trained.push_back(parameters[i]);
      theirs.push_back(&weights[i]);
    }
  Values gradients = clipping_.apply(gradient({loss}, {}, trained));
  graph.name_next("optimizer");
  Values updated = optimizer_.update(trained, optimizer_.clipping().apply(gradients));
  for (size_t i = 0; i < updated.size(); ++i) {
    const std::string& constraint = theirs[i]->constraint;
    graph.assign(trained[i], constraint.empty() ? updated[i] : constrain(updated[i], constraint));
  }
}

std::vector<StateTensor> Trainer::state() const {
  std::vector<StateTensor> tensors{random_};
  for (const auto& [name, tensor] : optimizer_.state()) tensors.push_back(tensor);
  for (StateTensor& tensor : model_->states().tensors()) tensors.push_back(std::move(tensor));
  return tensors;
}

StateTensor Trainer::state_tensor(const std::string& name, const TensorType& type) {
  for (const Parameter& parameter : model_->weights())
    if (name.starts_with(parameter.name + '/')) optimizer_.prepare(parameter.name, parameter.type);
  for (const StateTensor& tensor : state())
    if (tensor.name == name && tensor.type == type) return tensor;
  if (auto data = model_->states().restore(name, type)) {
    programs_.clear();  // they remember elsewhere, for batches of another size
    return {name, type, data};
  }
  fail("loadState: the state is not of this model and optimizer",
       {{"tensor", name}, {"its type", to_string(type)}},
       "the model that was saved with it, compiled with the same optimizer");
}

std::vector<Trainer::ProgramInfo> Trainer::programs() const {
  std::vector<ProgramInfo> infos;
  for (const StepProgram& p : programs_) infos.push_back({p.train, p.batch, p.program->memory()});
  return infos;
}

size_t Trainer::sample_bytes() const {
  size_t bytes = 0;
  for (const DataSet& set : sets_)
    for (const auto* list : {&set.inputs, &set.targets, &set.weights})
      for (const Rows& rows : *list) bytes += rows.size();
  return bytes;
}

}  // namespace gesso
