#include "models/train/optimizers.h"

#include <cmath>
#include <limits>
#include <set>

#include "core/ops/math.h"
#include "models/train/names.h"

namespace gesso {

// An option of a configuration, in snake_case, and the attribute it sets.
struct Setting {
  Text name, attr;
  Attr otherwise = {};
  Text also = {};  // another name of it
};

struct Optimizer::Kind {
  Text name;
  const Op* op;
  double rate;
  std::vector<Text> states;
  std::vector<Setting> options;
  bool takes_step = false;
};

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double epsilon = 1e-7;

const Optimizer::Kind momentum_kind{
    "Momentum",
    &momentum_op,
    0.01,
    {"velocity"},
    {{"momentum", "momentum", 0.9}, {"nesterov", "nesterov", false, "use_nesterov"}}};

// The defaults are those of TF.js 4.22; of AdamW, which it does not have, Keras'.
const Optimizer::Kind kinds[] = {
    {"SGD", &sgd_op, 0.01, {}, {}},
    momentum_kind,
    {"Adam",
     &adam_op,
     0.001,
     {"mean", "variance"},
     {{"beta_1", "beta1", 0.9},
      {"beta_2", "beta2", 0.999},
      {"epsilon", "epsilon", epsilon},
      {"weight_decay", "weightDecay", 0.0}},
     true},
    {"AdamW",
     &adam_op,
     0.001,
     {"mean", "variance"},
     {{"beta_1", "beta1", 0.9},
      {"beta_2", "beta2", 0.999},
      {"epsilon", "epsilon", epsilon},
      {"weight_decay", "weightDecay", 0.004}},
     true},
    {"Adamax",
     &adamax_op,
     0.002,
     {"mean", "norm"},
     {{"beta_1", "beta1", 0.9}, {"beta_2", "beta2", 0.999}, {"epsilon", "epsilon", epsilon}},
     true},
    {"RMSProp",
     &rms_prop_op,
     0.001,
     {"meanSquare", "velocity", "meanGradient"},
     {{"decay", "decay", 0.9, "rho"},
      {"momentum", "momentum", 0.0},
      {"epsilon", "epsilon", epsilon},
      {"centered", "centered", false}}},
    {"Adagrad", &adagrad_op, 0.01, {"accumulator"}, {{"epsilon", "epsilon", epsilon}}},
    {"Adadelta",
     &adadelta_op,
     0.001,
     {"accumulatedGradient", "accumulatedUpdate"},
     {{"rho", "rho", 0.95}, {"epsilon", "epsilon", epsilon}}},
};

// What Keras writes into every configuration and what does not change an update.
constexpr Text without_effect[] = {"name",
                                   "jit_compile",
                                   "is_legacy_optimizer",
                                   "ema_momentum",
                                   "ema_overwrite_frequency",
                                   "loss_scale_factor",
                                   "gradient_accumulation_steps"};
// What is known but only accepted when it is off.
constexpr Text not_offered[] = {"amsgrad", "use_ema"};
constexpr Text common[] = {
    "learning_rate",
    "lr",
    "decay",
    "clip_value",
    "clipvalue",
    "clip_norm",
    "global_clip_norm",
    "global_clipnorm",
    "clipnorm",
};

const Optimizer::Kind& find_kind(Text name) {
  std::vector<Text> known;
  for (const Optimizer::Kind& kind : kinds) {
    if (same_name(kind.name, name)) return kind;
    known.push_back(kind.name);
  }
  fail(phrase({"optimizer: there is none called \"", name, "\""}), {{"known", listed(known)}},
       phrase({"\"", nearest(name, known), "\""}));
}

template <class List>
bool contains(const List& names, Text name) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](Text known) { return same_name(known, name); });
}

void check_options(Text optimizer, const Field& config, const std::vector<Text>& known) {
  if (!config) return;
  for (const auto& [name, field] : config.members()) {
    if (!field || contains(without_effect, name) || contains(known, name)) continue;
    if (contains(not_offered, name) && field.is_flag()) {
      if (field.flag()) field.refuse("is not offered", "leave it out");
      continue;
    }
    fail(phrase({optimizer, ": there is no option \"", name, "\""}), {{"known", listed(known)}},
         phrase({"\"", nearest(name, known), "\""}));
  }
}

Field either(const Field& config, Text name, Text also) {
  Field field = config.get(name);
  return field || also.empty() ? field : config.get(also);
}

double positive(const Field& field, double otherwise) {
  if (!field) return otherwise;
  double value = field.number();
  if (!(value > 0) || std::isinf(value)) field.refuse("must be above 0", "a positive number");
  return value;
}

double learning_rate(const Field& config, double otherwise) {
  Field field = either(config, "learning_rate", "lr");
  if (field.is_object())
    field.refuse("must be a number: schedules are not read from files",
                 "a number, and setLearningRate() between epochs");
  double rate = field.number_or(otherwise);
  if (!(rate >= 0) || std::isinf(rate)) field.refuse("must not be negative", "0.001");
  return rate;
}

Attr read(const Setting& option, const Field& config) {
  Field field = either(config, option.name, option.also);
  if (!field) return option.otherwise;
  if (std::holds_alternative<bool>(option.otherwise)) return field.flag();
  return field.number();
}

Value shrunk(Value gradient, Value norm, double limit) {
  return gradient * (limit / max(norm, norm.graph->scalar(limit)));
}

std::shared_ptr<Buffer> filled(const TensorType& type, float value) {
  auto data = std::make_shared<Buffer>(type.bytes());
  if (value != 0) std::fill_n(data->as<float>().begin(), type.shape.count(), value);
  return data;
}

}  // namespace

Clipping::Clipping(const Field& config)
    : value(positive(either(config, "clip_value", "clipvalue"), infinity)),
      norm(positive(either(config, "clip_norm", "clipnorm"), infinity)),
      global_norm(positive(either(config, "global_clip_norm", "global_clipnorm"), infinity)) {}

Values Clipping::apply(Values gradients) const {
  if (value < infinity)
    for (Value& g : gradients) g = clamp(g, -value, value);
  if (norm < infinity)
    for (Value& g : gradients) g = shrunk(g, reduce(reduce_l2_op, g), norm);
  if (global_norm == infinity || gradients.empty()) return gradients;
  Value squares;
  for (Value g : gradients) {
    Value part = reduce(reduce_sum_square_op, g);
    squares = squares ? squares + part : part;
  }
  Value length = sqrt(squares);
  for (Value& g : gradients) g = shrunk(g, length, global_norm);
  return gradients;
}

Optimizer::Optimizer(const Field& description) {
  std::string name =
      description.is_text() ? description.text() : description.at("class_name").text();
  Field config = description.get("config");
  kind_ = &find_kind(name);
  std::vector<Text> known(std::begin(common), std::end(common));
  if (kind_->op == &sgd_op) {
    for (const Setting& option : momentum_kind.options) known.push_back(option.name);
    known.push_back("use_nesterov");
    if (config.get("momentum").number_or(0) != 0) kind_ = &kinds[1];
  }
  for (const Setting& option : kind_->options) {
    known.push_back(option.name);
    if (!option.also.empty()) known.push_back(option.also);
    attrs_[std::string(option.attr)] = read(option, config);
  }
  if (kind_->op == &adagrad_op) {
    known.push_back("initial_accumulator_value");
    initial_ = config.get("initial_accumulator_value").number_or(0.1);
  }
  check_options(name, config, known);
  clipping_ = Clipping(config);
  // RMSProp's decay is that of its mean, unless it is called rho, as Keras has it.
  if (kind_->op != &rms_prop_op || config.get("rho")) decay_ = config.get("decay").number_or(0);
  if (kind_->op == &rms_prop_op && config.get("rho"))
    attrs_.set("decay", config.get("rho").number());
  rate_ = tensor("rate", {DType::f32, {}}, float(learning_rate(config, kind_->rate))).data;
  step_ = tensor("step", {DType::i32, {}}).data;
}

StateTensor& Optimizer::tensor(const std::string& name, const TensorType& type, float initial) {
  auto found = state_.find(name);
  if (found == state_.end())
    found = state_.emplace(name, StateTensor{name, type, filled(type, initial)}).first;
  if (found->second.type != type)
    fail("optimizer: a weight has another shape than its state",
         {{"state", name}, {"its type", found->second.type}, {"wanted", to_string(type)}},
         "the state of the same model");
  return found->second;
}

void Optimizer::prepare(const std::string& weight, const TensorType& type) {
  for (Text name : kind_->states) tensor(weight + '/' + std::string(name), type, float(initial_));
}

Value Optimizer::scaled_rate(Graph& graph) const {
  Value rate = graph.variable("rate", {DType::f32, {}}, rate_);
  if (decay_ == 0) return rate;
  Value before = cast(graph.variable("step", {DType::i32, {}}, step_), DType::f32) - 1;
  return rate / (1 + decay_ * before);
}

Values Optimizer::update(const Values& weights, const Values& gradients) {
  if (weights.empty()) return {};
  Graph& graph = *weights[0].graph;
  Value rate = scaled_rate(graph);
  Value step = kind_->takes_step ? graph.variable("step", {DType::i32, {}}, step_) : Value{};
  Values results;
  for (size_t i = 0; i < weights.size(); ++i) {
    Values inputs{weights[i]};
    const std::string& weight = graph.node(weights[i]).name;
    prepare(weight, weights[i].type());
    for (Text name : kind_->states) {
      const StateTensor& state = state_.at(weight + '/' + std::string(name));
      inputs.push_back(graph.variable(state.name, state.type, state.data));
    }
    inputs.insert(inputs.end(), {gradients[i], rate});
    if (step) inputs.push_back(step);
    Value updated = apply(*kind_->op, inputs, attrs_);
    for (int s = 1; s <= int(kind_->states.size()); ++s)
      graph.assign(inputs[size_t(s)], updated.at(s));
    results.push_back(updated);
  }
  return results;
}

}  // namespace gesso
