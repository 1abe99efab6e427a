#include "models/layers/layers_model.h"

#include <algorithm>
#include <set>

#include "models/layers/context.h"
#include "models/layers/initializers.h"
#include "models/layers/network.h"
#include "models/layers/regularizers.h"
#include "models/layers/topology.h"
#include "models/load/match.h"

namespace gesso {
namespace {

// What the configuration of a layer says about one of its weights.
Field setting(const Layer& layer, size_t slot, Text what) {
  const WeightSpec& spec = layer.specs[slot];
  Text name = spec.settings.empty() ? spec.name : spec.settings;
  return layer.config.named(phrase({name, "_", what}));
}

Field model_config(const Field& topology) {
  Field config = topology.get("model_config");
  return config ? config : topology;
}

std::unique_ptr<Network> read_network(const Field& topology) {
  Field model = model_config(topology), version = topology.get("keras_version");
  bool keras3 = version.is_text() && version.text().starts_with("3");
  Field class_name = model.at("class_name");
  if (!is_network(class_name.text()))
    class_name.refuse("is not a kind of model", "Sequential, Model or Functional");
  return std::make_unique<Network>(model, keras3);
}

// "dense_1/kernel", with the names of the models around it where that is taken.
std::string name_of(const Layer& owner, const Layer& layer, const WeightSpec& spec,
                    const std::vector<std::string>& scope, std::set<std::string>& taken) {
  std::string name = owner.name + '/';
  if (!layer.scope.empty()) name += layer.scope + '/';
  name += spec.name;
  for (size_t i = scope.size(); i-- > 0 && taken.contains(name);) name = scope[i] + '/' + name;
  std::string unique = name;
  for (int i = 1; !taken.insert(unique).second; ++i) unique = name + '_' + std::to_string(i);
  return unique;
}

bool same_plan(const std::map<const Layer*, WeightSpecs>& a,
               const std::map<const Layer*, WeightSpecs>& b, const Layer*& other) {
  for (const auto& [layer, specs] : a)
    for (size_t i = 0; i < specs.size(); ++i)
      if (specs[i].sizes != b.at(layer)[i].sizes) {
        other = layer;
        return false;
      }
  return true;
}

// Which weights the layers need for inputs of these sizes.
std::map<const Layer*, WeightSpecs> planned(const Network& network,
                                            const std::vector<Shape>& sizes) {
  Graph graph;
  States states;
  LayerContext context(graph, states);
  Flows inputs;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const ModelPort& port = network.inputs()[i];
    inputs.push_back({context.b.input(port.name, {port.dtype, sizes[i]})});
  }
  network.call(context, inputs);
  return context.planned();
}

std::shared_ptr<Buffer> first_weight(const Layer& layer, size_t slot, RandomSource source) {
  const WeightSpec& spec = layer.specs[slot];
  try {
    auto data = initial_weight(setting(layer, slot, "initializer"), spec.initializer,
                               Shape(spec.sizes), source);
    auto elements = data->as<float>();
    for (int i = spec.ones_from; i < spec.ones_to; ++i) elements[size_t(i)] = 1;
    return data;
  } catch (const Error& error) {
    std::string_view what = error.what();
    if (what.starts_with(layer.config.file())) throw;
    throw Error(layer.config.file() + ": layer " + in_quotes(layer.name) + ": " +
                std::string(what));
  }
}

}  // namespace

LayersModel::LayersModel(std::shared_ptr<const Document> document, const Field& topology,
                         std::shared_ptr<const Weights> weights, uint32_t seed)
    : FileModel(topology.file()),
      document_(std::move(document)),
      topology_(topology),
      loaded_(std::move(weights)),
      network_(read_network(topology)),
      states_(std::make_unique<States>()) {
  inputs_ = network_->inputs();
  if (loaded_)
    take(*loaded_);
  else
    create(seed);
  try_out();
  states_->release();  // of the batches that were tried
}

LayersModel::~LayersModel() = default;

// Weights out of a file: the layers say what they know of the sizes, the file says the rest.
void LayersModel::take(const Weights& weights) {
  for_each_layer(*network_, [](Layer&, Layer& layer, const auto&) {
    if (layer.kind->weights) layer.specs = layer.kind->weights(layer.config, Shape());
    layer.weights.assign(layer.specs.size(), -1);
  });
  std::vector<Wanted> wanted = wanted_weights(*network_);
  match(file_, weights, wanted);
  std::map<std::pair<const Layer*, size_t>, const Weight*> found;
  for (const Wanted& w : wanted) found[{w.layer, w.slot}] = w.found;
  std::set<std::string> names;
  for_each_layer(*network_, [&](Layer& owner, Layer& layer, const auto& scope) {
    for (size_t slot = 0; slot < layer.specs.size(); ++slot)
      if (const Weight* weight = found[{&layer, slot}])
        places_.push_back(
            {name_of(owner, layer, layer.specs[slot], scope, names), &layer, slot, weight});
  });
  number_places();
}

// TF.js' order: what can be trained comes before statistics.
void LayersModel::number_places() {
  std::vector<Place> ordered;
  for (bool trainable : {true, false})
    for (const Place& place : places_)
      if (place.layer->specs[place.slot].trainable == trainable) ordered.push_back(place);
  places_ = std::move(ordered);
  for (size_t i = 0; i < places_.size(); ++i) places_[i].layer->weights[places_[i].slot] = int(i);
}

// Finds out the full sizes of all weights without making any.
void LayersModel::plan() {
  for (const ModelPort& port : inputs_)
    if (port.any_shape)
      fail(phrase({file_, ": the input \"", port.name, "\" has no shape"}),
           {{"model", network_->name()}},
           "batch_input_shape in the configuration of the first layer");
  std::map<const Layer*, WeightSpecs> plan;
  std::string refusal;
  int size = 0;
  for (int likely : likely_sizes()) {
    try {
      plan = planned(*network_, fill_in(1, likely));
      size = likely;
      break;
    } catch (const Error& error) {
      if (refusal.empty()) refusal = error.what();
      if (fill_in(1, 1) == fill_in(1, 2)) break;  // no size is open
    }
  }
  if (!size) throw Error(refusal);
  // Weights must not depend on a size that is open.
  std::map<const Layer*, WeightSpecs> other = plan;
  try {
    other = planned(*network_, fill_in(1, 2 * size));
  } catch (const Error&) {  // the model does not take this size at all
  }
  const Layer* depends = nullptr;
  if (!same_plan(plan, other, depends))
    fail(phrase(
             {file_, ": layer ", in_quotes(depends->name), ": its weights depend on an open size"}),
         {{"class", depends->class_name}, {"input", to_string(inputs_[0])}},
         "an input whose sizes are given, but for the batch");
  for_each_layer(*network_, [&](Layer&, Layer& layer, const auto&) {
    if (auto found = plan.find(&layer); found != plan.end()) layer.specs = found->second;
  });
}

void LayersModel::create(uint32_t seed) {
  plan();
  double elements = 0;
  std::set<std::string> names;
  for_each_layer(*network_, [&](Layer& owner, Layer& layer, const auto& scope) {
    for (size_t slot = 0; slot < layer.specs.size(); ++slot) {
      layer.weights.push_back(-1);
      const WeightSpec& spec = layer.specs[slot];
      places_.push_back({name_of(owner, layer, spec, scope, names), &layer, slot, nullptr});
      elements += double(Shape(spec.sizes).count());
    }
  });
  if (elements > double(most_elements))
    fail(phrase({file_, ": the model has too many weights"}),
         {{"numbers", uint64_t(elements)}, {"most", most_elements}},
         "fewer layers, units or filters");
  number_places();
  for (Place& place : places_) {
    const Shape shape(place.layer->specs[place.slot].sizes);
    auto data = first_weight(*place.layer, place.slot, {seed, uint32_t(&place - places_.data())});
    created_.push_back(
        std::make_unique<Weight>(place.name, TensorType{DType::f32, shape}, std::move(data)));
    place.weight = created_.back().get();
  }
}

size_t LayersModel::parameters() const {
  size_t sum = 0;
  for (const Place& place : places_) sum += place.weight->type().shape.count();
  return sum;
}

bool LayersModel::is_trained(const Place& place) {
  return place.layer->specs[place.slot].trainable && place.layer->trainable;
}

std::vector<Parameter>& LayersModel::weights() {
  if (!parameters_.empty()) return parameters_;
  for (const Place& place : places_) {
    Field constraint = setting(*place.layer, place.slot, "constraint");
    parameters_.push_back({place.name, place.weight->type(), place.weight->open(),
                           is_trained(place), constraint ? to_text(*constraint.json()) : ""});
  }
  return parameters_;
}

void LayersModel::set_trainable(std::string_view name, bool trainable) {
  std::string known;
  bool found = false;
  for_each_layer(*network_, [&](Layer& owner, Layer& layer, const auto& scope) {
    if (layer.specs.empty()) return;
    bool is_meant = owner.name == name || std::ranges::find(scope, name) != scope.end();
    if (is_meant) layer.trainable = trainable;
    found = found || is_meant;
    if (!known.ends_with(owner.name)) known += phrase({known.empty() ? "" : ", ", owner.name});
  });
  if (!found)
    fail("setTrainable: there is no layer " + in_quotes(name) + " with weights", {{"known", known}},
         "one of these");
  frozen_.emplace_back(name, trainable);
  for (size_t i = 0; i < parameters_.size(); ++i) parameters_[i].trainable = is_trained(places_[i]);
}

Operand LayersModel::constant(Builder& b, const Layer& layer, size_t slot) const {
  return b.weight(*places_[size_t(layer.weights[slot])].weight);
}

Value LayersModel::call_for_writing(Graph& graph, Value input, States& states) const {
  auto source = [this](auto&&... slot) { return constant(slot...); };
  LayerContext context(graph, source, states);
  context.carry();
  Flows outputs = network_->call(context, {{context.b.operand(input)}});
  context.finish();
  return context.b.value(outputs[0].x);
}

void LayersModel::write(Graph& graph, const std::vector<Shape>& sizes) const {
  auto source = [this](auto&&... slot) { return constant(slot...); };
  LayerContext context(graph, source, *states_);
  Flows inputs;
  for (size_t i = 0; i < inputs_.size(); ++i)
    inputs.push_back({context.b.input(inputs_[i].name, {inputs_[i].dtype, sizes[i]})});
  Flows outputs = network_->call(context, inputs);
  for (size_t i = 0; i < outputs.size(); ++i)
    context.b.output(network_->output_names()[i], outputs[i].x);
  context.finish();
}

TrainingCall LayersModel::call(Graph& graph, const Values& inputs, Value random,
                               const Values& masks, States& states) {
  if (inputs.size() != inputs_.size())
    fail(phrase({file_, ": the model is called with a wrong number of inputs"}),
         {{"needs", inputs_.size()}, {"given", inputs.size()}}, "a value for each input");
  TrainingCall result;
  for (const Parameter& p : weights())
    result.parameters.push_back(graph.variable(p.name, p.type, p.data));
  auto source = [&](Builder& b, const Layer& layer, size_t slot) {
    return b.operand(result.parameters[size_t(layer.weights[slot])]);
  };
  LayerContext context(graph, source, states);
  context.judge();
  auto operand = [&](Value v) { return context.b.operand(v); };
  if (random) context.train(random);
  Flows flows;
  for (size_t i = 0; i < inputs.size(); ++i) {
    bool masked = i < masks.size() && masks[i];
    flows.push_back({operand(inputs[i]), masked ? operand(masks[i]) : Operand{}});
  }
  for (const Flow& flow : network_->call(context, flows)) {
    result.outputs.push_back(context.b.value(flow.x));
    result.masks.push_back(flow.mask ? context.b.value(flow.mask) : Value{});
  }
  for (size_t i = 0; i < places_.size(); ++i)
    if (Field config = setting(*places_[i].layer, places_[i].slot, "regularizer"))
      if (Operand whole = penalty(context.b, operand(result.parameters[i]), config))
        context.add_penalty(whole);
  for (Operand whole : context.penalties()) result.penalties.push_back(context.b.value(whole));
  context.finish();
  return result;
}

TrainingCall LayersModel::call_for_training(Graph& graph, const Values& inputs, Value random,
                                            const Values& masks) {
  return call(graph, inputs, random, masks, *states_);
}

TrainingCall LayersModel::call_for_inference(Graph& graph, const Values& inputs,
                                             const Values& masks, States* states) {
  return call(graph, inputs, {}, masks, states ? *states : *states_);
}

std::string LayersModel::topology() const {
  Json json = complete_topology(*topology_.json());
  for (const auto& [layer, trainable] : frozen_) set_trainable_in(json, layer, trainable);
  return to_text(json);
}

std::unique_ptr<LayersModel> create_model(std::string_view topology, uint32_t seed) {
  Document given("topology", std::as_bytes(std::span(topology)), Document::Origin::options);
  Field root = given.root();
  if (Field inside = root.is_object() ? root.get("modelTopology") : Field{}) root = inside;
  if (!root.is_object()) root.refuse("must hold an object", R"({"class_name": "Sequential", ...})");
  // With every default written out, so that the model does now what it will do once saved.
  auto document = std::make_shared<const Document>("topology", complete_topology(*root.json()),
                                                   Document::Origin::options);
  return std::make_unique<LayersModel>(document, document->root(), nullptr, seed);
}

}  // namespace gesso
