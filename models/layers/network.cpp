#include "models/layers/network.h"

#include <algorithm>
#include <map>

#include "models/layers/context.h"
#include "models/load/order.h"

namespace gesso {
namespace {

bool is_input_layer(std::string_view class_name) {
  return class_name == "InputLayer";
}

std::string name_of(const Field& layer) {
  Field config = layer.get("config");
  Field name = layer.get("name") ? layer.get("name") : config.get("name");
  return name ? name.text() : layer.at("class_name").text();
}

Layer read_layer(const Field& field, bool keras3, bool trainable);

// A layer without the layers inside of it.
Layer read_single(const Field& field, bool keras3, bool trainable) {
  std::string class_name = field.at("class_name").text();
  Field config = field.at("config");
  Layer layer{name_of(field), class_name, config, keras3, trainable};
  if (!config.is_object()) config.refuse("must be an object", config.remedy("an object"));
  // Where a file gives two names, calls use the outer one and weights the inner one.
  layer.name = config.get("name").text_or(layer.name);
  layer.trainable = trainable && config.get("trainable").flag_or(true);
  if (is_input_layer(class_name)) return layer;
  layer.kind = find_layer_class(class_name);
  if (!layer.kind)
    fail(phrase({field.file(), ": the layer ", in_quotes(layer.name), " cannot be loaded"}),
         {{"class", class_name}, {"field", field.path()}},
         "a model of Keras' own layers, without Lambda or custom ones");
  return layer;
}

// The layer that a wrapper wraps. `scope` is its part of the names of weights.
Layer read_inner(const Layer& wrapper, const Field& field, std::string scope) {
  Layer inner = read_layer(field, wrapper.keras3, wrapper.trainable);
  if (!inner.network && !inner.kind)
    field.refuse(phrase({"cannot be loaded inside of ", wrapper.class_name}),
                 "a layer, such as Dense");
  for (Layer& deeper : inner.inner)
    deeper.scope =
        deeper.scope.empty() || scope.empty() ? scope + deeper.scope : scope + '/' + deeper.scope;
  inner.scope = std::move(scope);
  return inner;
}

// A bidirectional layer is one that runs forward and one that runs backward, of the same kind
// unless the file says otherwise.
void read_directions(Layer& layer) {
  Field forward = layer.config.at("layer"), backward = layer.config.get("backward_layer");
  for (bool back : {false, true}) {
    Field field = back && backward ? backward : forward;
    std::string name = name_of(field), prefix = back ? "backward_" : "forward_";
    if (!name.starts_with(prefix)) name = prefix + name;
    Layer inner = read_inner(layer, field, name);
    inner.name = name;
    inner.backwards = back && !backward;
    layer.inner.push_back(std::move(inner));
  }
}

void read_cells(Layer& layer) {
  Field cell = layer.config.at("cell");
  if (cell.at("class_name").text() != "StackedRNNCells") {
    layer.inner.push_back(read_inner(layer, cell, ""));
    return;
  }
  for (const Field& one : cell.at("config").at("cells").items())
    layer.inner.push_back(read_inner(layer, one, "RNNCell_" + std::to_string(layer.inner.size())));
  if (layer.inner.empty()) cell.refuse("has no cells", "at least one cell");
}

Layer read_layer(const Field& field, bool keras3, bool trainable) {
  if (is_network(field.at("class_name").text())) {
    Layer layer{name_of(field), field.at("class_name").text(), field.at("config"), keras3};
    Field flag = layer.config.is_object() ? layer.config.get("trainable") : Field{};
    layer.trainable = trainable && flag.flag_or(true);
    layer.network = std::make_shared<Network>(field, keras3, layer.trainable);
    return layer;
  }
  Layer layer = read_single(field, keras3, trainable);
  if (layer.class_name == "TimeDistributed")
    layer.inner.push_back(read_inner(layer, layer.config.at("layer"), ""));
  if (layer.class_name == "Bidirectional") read_directions(layer);
  if (layer.class_name == "RNN") read_cells(layer);
  return layer;
}

DType dtype_of(const Field& field) {
  if (!field) return DType::f32;
  // Keras 3 writes a policy where others write a name.
  std::string name = field.is_object() ? field.at("config").at("name").text() : field.text();
  if (name == "bool") return DType::boolean;
  if (name == "int32" || name == "int64" || name == "uint8" || name == "int8") return DType::i32;
  if (name.ends_with("float32") || name.ends_with("float16") || name == "float64")
    return DType::f32;
  field.refuse("is not a type that a model can take", "float32, int32 or bool");
}

// The shape of an input, from a configuration that has one.
bool read_shape(const Field& config, ModelPort& port) {
  Field shape = config.get("batch_input_shape");
  if (!shape) shape = config.get("batch_shape");
  if (!shape) shape = config.get("build_input_shape");
  if (!shape) {
    Field rest = config.get("input_shape");
    if (!rest) return false;
    shape = rest;
    port.shape.push_back(-1);
  }
  for (const Field& item : shape.items()) {
    int size = item ? item.integer() : -1;
    if (size < -1) item.refuse("cannot be negative", "a size, or null where it is open");
    port.shape.push_back(size);
  }
  if (port.shape.size() > Shape::max_rank)
    shape.refuse("has too many sizes", phrase({"at most ", Shape::max_rank}));
  port.dtype = dtype_of(config.get("dtype"));
  port.any_shape = false;
  return true;
}

// A tensor as "inbound_nodes" and "output_layers" name it.
struct Reference {
  std::string layer;
  int node = 0, tensor = 0;
  Field field;
};

Reference read_reference(const Field& field) {
  auto items = field.items();
  if (items.size() < 3 || items.size() > 4)
    field.refuse("must name a layer, a node and a tensor", R"(["conv1", 0, 0])");
  if (items.size() == 4 && items[3].is_object() && items[3].get("training").is_flag() &&
      items[3].get("training").flag())
    items[3].refuse("calls a layer as in training", "export the model with training=False");
  Reference r{items[0].text(), items[1].integer(), items[2].integer(), field};
  if (r.node < 0 || r.tensor < 0) field.refuse("cannot be negative", R"(["conv1", 0, 0])");
  return r;
}

// One or several references; a single one may stand without a list around it.
std::vector<Reference> read_references(const Field& field) {
  auto items = field.items();
  if (!items.empty() && items[0].is_text()) return {read_reference(field)};
  std::vector<Reference> all;
  for (const Field& item : items) all.push_back(read_reference(item));
  return all;
}

// Keras 3 writes a call's arguments as they were, with tensors somewhere among them.
void find_tensors(const Field& field, std::vector<Reference>& found) {
  if (field.is_list()) {
    for (const Field& item : field.items()) find_tensors(item, found);
  } else if (field.is_object() && field.get("class_name").is_text() &&
             field.get("class_name").text() == "__keras_tensor__") {
    found.push_back(read_reference(field.at("config").at("keras_history")));
  }
}

// The tensors that a call takes: its inputs, and behind them the first states of a recurrent layer.
std::vector<Reference> read_node(const Field& node) {
  std::vector<Reference> found;
  if (!node.is_object()) {
    found = read_references(node);
    auto items = node.items();
    if (!items.empty() && items[0].is_text()) return found;
    for (const Field& item : items)
      if (auto parts = item.items(); parts.size() == 4 && parts[3].is_object())
        if (Field states = parts[3].get("initial_state"))
          for (const Reference& state : read_references(states)) found.push_back(state);
    return found;
  }
  find_tensors(node.at("args"), found);
  if (Field kwargs = node.get("kwargs")) {
    for (const auto& [name, value] : kwargs.members()) {
      if (name == "initial_state") {
        find_tensors(value, found);
        continue;
      }
      std::vector<Reference> extra;
      find_tensors(value, extra);
      bool training = name == "training" && value.is_flag() && value.flag();
      if (training || !extra.empty())
        value.refuse("is an argument that cannot be loaded", "export the model without it");
    }
  }
  return found;
}

// Names of outputs, made different where Keras' layers give the same one twice.
std::string unused(const std::string& name, const std::vector<std::string>& names) {
  std::string candidate = name;
  for (int i = 1; std::find(names.begin(), names.end(), candidate) != names.end(); ++i)
    candidate = name + '_' + std::to_string(i);
  return candidate;
}

}  // namespace

Network::Network(const Field& model, bool keras3, bool trainable)
    : file_(model.file()),
      name_(model.at("class_name").text()),
      keras3_(keras3),
      trainable_(trainable) {
  Field config = model.at("config");
  bool sequential = name_ == "Sequential";
  if (!config.is_list()) name_ = config.get("name").text_or(name_);
  std::vector<Field> layers = config.is_list() ? config.items() : config.at("layers").items();
  if (layers.empty()) config.refuse("has no layers", "a model with layers");
  if (sequential)
    read_sequential(layers, config);
  else
    read_functional(layers, config);
  // Which calls the outputs need, in an order that works.
  std::vector<std::vector<int>> needs;
  for (const Call& call : calls_) {
    auto& all = needs.emplace_back();
    for (const Source& source : call.inputs) all.push_back(source.call);
  }
  std::vector<int> wanted;
  for (const Source& source : outputs_) wanted.push_back(source.call);
  int circle = -1;
  order_ = run_order(needs, wanted, circle);
  if (circle >= 0) {
    int layer = calls_[size_t(circle)].layer;
    config.refuse(phrase({"has layers that need one another in a circle, such as ",
                          in_quotes(layer < 0 ? "an input" : layers_[size_t(layer)].name)}),
                  "a file that a converter wrote");
  }
}

void Network::add_input(ModelPort port) {
  input_calls_.push_back(int(calls_.size()));
  calls_.push_back({});
  inputs_.push_back(std::move(port));
}

void Network::read_sequential(const std::vector<Field>& fields, const Field& config) {
  for (const Field& field : fields) {
    if (is_input_layer(field.at("class_name").text()) && layers_.empty() && inputs_.empty()) {
      ModelPort port{name_of(field), DType::f32, {}, true};
      read_shape(field.at("config"), port);
      add_input(port);
      continue;
    }
    layers_.push_back(read_layer(field, keras3_, trainable_));
    Layer& layer = layers_.back();
    if (!layer.network && !layer.kind)
      field.refuse("is an input in the middle of a sequence", "layers after the first");
    Call call{int(layers_.size()) - 1, {}};
    if (calls_.empty() && layer.network) {
      for (const ModelPort& port : layer.network->inputs()) add_input(port);
      for (int input : input_calls_) call.inputs.push_back({input, 0});
    } else {
      if (calls_.empty()) {
        ModelPort port{layer.name + "_input", DType::f32, {}, true};
        read_shape(field.at("config"), port) || (config.is_object() && read_shape(config, port));
        add_input(port);
      }
      call.inputs.push_back({int(calls_.size()) - 1, 0});
    }
    calls_.push_back(std::move(call));
  }
  outputs_.push_back({int(calls_.size()) - 1, 0});
  const Layer* last = layers_.empty() ? nullptr : &layers_.back();
  if (layers_.size() == 1 && last->network) {
    output_names_ = last->network->output_names();
    for (size_t i = 1; i < output_names_.size(); ++i)
      outputs_.push_back({outputs_[0].call, int(i)});
  } else {
    output_names_.push_back(last ? last->name : inputs_[0].name);
  }
}

void Network::read_functional(const std::vector<Field>& fields, const Field& config) {
  struct Place {
    int layer = -1;
    int first_call = 0, calls = 0;
    int first_node = 0;  // what the file calls the first one
    bool is_input = false;
  };
  std::map<std::string, Place, std::less<>> places;
  std::vector<std::pair<int, std::vector<Reference>>> wiring;  // by call
  for (const Field& field : fields) {
    std::string name = name_of(field);
    Place place;
    Field config_field = field.at("config");
    place.first_call = int(calls_.size());
    if (is_input_layer(field.at("class_name").text())) {
      ModelPort port{name, DType::f32, {}, true};
      read_shape(config_field, port);
      place.is_input = true;
      place.calls = 1;
      place.layer = int(inputs_.size());
      add_input(port);
    } else {
      place.layer = int(layers_.size());
      layers_.push_back(read_layer(field, keras3_, trainable_));
      if (Field nodes = field.get("inbound_nodes"))
        for (const Field& node : nodes.items()) {
          wiring.emplace_back(int(calls_.size()), read_node(node));
          calls_.push_back({place.layer, {}});
          ++place.calls;
        }
      // A model that is a layer counts its own definition as its first node.
      place.first_node = layers_.back().network ? 1 : 0;
    }
    if (!places.emplace(name, place).second)
      field.refuse(phrase({"has the name of another layer: ", in_quotes(name)}),
                   "names that differ");
  }

  std::vector<Reference> ins = read_references(config.at("input_layers"));
  std::vector<Reference> outs = read_references(config.at("output_layers"));
  if (outs.empty()) config.at("output_layers").refuse("is empty", "a model with an output");
  // ... but not in every version: where something refers to node 0, counting begins there.
  auto note = [&](const Reference& r) {
    auto place = places.find(r.layer);
    if (place != places.end() && r.node == 0) place->second.first_node = 0;
  };
  for (const auto& [call, references] : wiring)
    std::for_each(references.begin(), references.end(), note);
  std::for_each(outs.begin(), outs.end(), note);

  auto find = [&](const Reference& r) -> Source {
    auto found = places.find(r.layer);
    if (found == places.end())
      r.field.refuse("names a layer that does not exist", "the name of a layer of the same model");
    const Place& place = found->second;
    int node = r.node - place.first_node;
    if (node < 0 || node >= place.calls)
      r.field.refuse("names a node that does not exist",
                     phrase({"a node below ", place.calls + place.first_node}));
    int outputs = place.is_input ? 1 : outputs_of(layers_[size_t(place.layer)]);
    if (r.tensor >= outputs)
      r.field.refuse("names a tensor that does not exist", phrase({"a tensor below ", outputs}));
    return {place.first_call + node, r.tensor};
  };
  for (const auto& [call, references] : wiring)
    for (const Reference& r : references) calls_[size_t(call)].inputs.push_back(find(r));
  for (const Reference& r : outs) {
    outputs_.push_back(find(r));
    output_names_.push_back(unused(r.layer, output_names_));
  }
  // The order of "input_layers" is the order of the model's inputs.
  std::vector<ModelPort> ports;
  std::vector<int> calls;
  for (const Reference& r : ins) {
    auto found = places.find(r.layer);
    if (found == places.end() || !found->second.is_input)
      r.field.refuse("must name an InputLayer", "the name of an InputLayer of the same model");
    int call = found->second.first_call;
    if (std::find(calls.begin(), calls.end(), call) != calls.end())
      r.field.refuse("is named twice", "each input once");
    ports.push_back(inputs_[size_t(found->second.layer)]);
    calls.push_back(call);
  }
  inputs_ = std::move(ports);
  input_calls_ = std::move(calls);
}

Flows Network::call(LayerContext& context, const Flows& inputs) const {
  if (inputs.size() != inputs_.size())
    fail(phrase(
             {file_, ": the model ", in_quotes(name_), " is called with a wrong number of inputs"}),
         {{"needs", inputs_.size()}, {"given", inputs.size()}}, "a file that a converter wrote");
  std::vector<Flows> results(calls_.size());
  for (size_t i = 0; i < inputs.size(); ++i) results[size_t(input_calls_[i])] = {inputs[i]};
  auto result = [&](const Source& s) { return results[size_t(s.call)].at(size_t(s.output)); };
  for (int id : order_) {
    const Call& call = calls_[size_t(id)];
    if (call.layer < 0) {
      if (results[size_t(id)].empty())
        fail(phrase({file_, ": the model ", in_quotes(name_),
                     " needs an input that it does not list"}),
             {{"field", "input_layers"}}, "a file that a converter wrote");
      continue;
    }
    Flows arguments;
    for (const Source& s : call.inputs) arguments.push_back(result(s));
    results[size_t(id)] = call_layer(context, layers_[size_t(call.layer)], arguments);
  }
  Flows outputs;
  for (const Source& s : outputs_) outputs.push_back(result(s));
  return outputs;
}

bool is_network(std::string_view class_name) {
  return class_name == "Sequential" || class_name == "Model" || class_name == "Functional";
}

int outputs_of(const Layer& layer) {
  if (layer.network) return int(layer.network->output_names().size());
  return layer.kind && layer.kind->write_all ? outputs_of_recurrent(layer) : 1;
}

namespace {

void visit_layers(Network& network, const std::vector<std::string>& scope, const Visit& visit) {
  for (Layer& layer : network.layers()) {
    // A wrapper may wrap a model, and a model a wrapper.
    std::function<void(Layer&)> enter = [&](Layer& one) {
      if (one.network) {
        auto inside = scope;
        inside.push_back(layer.name);
        return visit_layers(*one.network, inside, visit);
      }
      if (one.inner.empty()) return visit(layer, one, scope);
      for (Layer& inner : one.inner) enter(inner);
    };
    enter(layer);
  }
}

}  // namespace

void for_each_layer(Network& network, const Visit& visit) {
  visit_layers(network, {}, visit);
}

}  // namespace gesso
