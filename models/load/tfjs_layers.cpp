#include "models/load/tfjs_layers.h"

#include <algorithm>
#include <map>
#include <set>

#include "models/load/file_model.h"
#include "models/load/order.h"
#include "models/load/tfjs_layer_table.h"
#include "models/load/weights.h"

namespace gesso {

// Layers and how they call one another: a Keras model, which may itself be a layer of another.
class Network {
 public:
  // Where a layer gets an input from: an output of a call.
  struct Source {
    int call = 0;
    int output = 0;
  };
  struct Call {
    int layer = -1;  // -1: an input of the network
    std::vector<Source> inputs;
  };

  Network(const Field& model, bool keras3);

  Operands call(Builder& b, const Operands& inputs) const;
  const std::string& name() const { return name_; }
  const std::vector<ModelPort>& inputs() const { return inputs_; }
  const std::vector<std::string>& output_names() const { return output_names_; }
  std::vector<Layer>& layers() { return layers_; }

 private:
  void read_sequential(const std::vector<Field>& layers, const Field& config);
  void read_functional(const std::vector<Field>& layers, const Field& config);
  void add_input(ModelPort port);

  std::string file_, name_;
  bool keras3_;
  std::vector<Layer> layers_;
  std::vector<Call> calls_;
  std::vector<int> order_;  // of the calls that the outputs need
  std::vector<int> input_calls_;
  std::vector<ModelPort> inputs_;
  std::vector<Source> outputs_;
  std::vector<std::string> output_names_;
};

namespace {

bool is_network(std::string_view class_name) {
  return class_name == "Sequential" || class_name == "Model" || class_name == "Functional";
}

bool is_input_layer(std::string_view class_name) {
  return class_name == "InputLayer";
}

// Layers that carry something from step to step.
bool is_recurrent(std::string_view class_name) {
  static const std::set<std::string_view> names{
      "LSTM",       "GRU",       "SimpleRNN",      "RNN",       "Bidirectional",
      "ConvLSTM2D", "ConvRNN2D", "ConvLSTM2DCell", "CuDNNLSTM", "CuDNNGRU"};
  return names.contains(class_name);
}

std::string name_of(const Field& layer) {
  Field config = layer.get("config");
  Field name = layer.get("name") ? layer.get("name") : config.get("name");
  return name ? name.text() : layer.at("class_name").text();
}

Layer read_layer(const Field& field, bool keras3) {
  std::string class_name = field.at("class_name").text();
  Field config = field.at("config");
  Layer layer{name_of(field), class_name, config, nullptr, nullptr, nullptr, {}, {}, keras3};
  if (is_network(class_name)) {
    layer.network = std::make_shared<Network>(field, keras3);
    return layer;
  }
  if (!config.is_object()) config.refuse("must be an object", "a file that a converter wrote");
  if (is_input_layer(class_name)) return layer;
  layer.kind = find_layer_class(class_name);
  if (!layer.kind)
    fail(field.file() + ": the layer " + in_quotes(layer.name) + " cannot be loaded",
         {{"class", class_name}, {"field", field.path()}},
         is_recurrent(class_name) ? "a model without recurrent layers"
                                  : "a model of Keras' own layers, without Lambda or custom ones");
  if (class_name == "TimeDistributed") {
    Field inner = config.at("layer");
    layer.inner = std::make_unique<Layer>(read_layer(inner, keras3));
    if (layer.inner->network || !layer.inner->kind)
      inner.refuse("cannot be loaded inside TimeDistributed", "a single layer, such as Dense");
  }
  if (layer.kind->weights) layer.specs = layer.kind->weights(config);
  layer.weights.resize(layer.specs.size());
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
    shape.refuse("has too many sizes", "at most " + std::to_string(Shape::max_rank));
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

std::vector<Reference> read_node(const Field& node) {
  if (!node.is_object()) return read_references(node);
  std::vector<Reference> found, extra;
  find_tensors(node.at("args"), found);
  if (Field kwargs = node.get("kwargs")) {
    for (const auto& [name, value] : kwargs.members()) {
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

Network::Network(const Field& model, bool keras3)
    : file_(model.file()), name_(model.at("class_name").text()), keras3_(keras3) {
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
    config.refuse("has layers that need one another in a circle, such as " +
                      in_quotes(layer < 0 ? "an input" : layers_[size_t(layer)].name),
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
    layers_.push_back(read_layer(field, keras3_));
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
      layers_.push_back(read_layer(field, keras3_));
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
      field.refuse("has the name of another layer: " + in_quotes(name), "names that differ");
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
                     "a node below " + std::to_string(place.calls + place.first_node));
    bool is_network = !place.is_input && layers_[size_t(place.layer)].network;
    size_t outputs = is_network ? layers_[size_t(place.layer)].network->output_names().size() : 1;
    if (size_t(r.tensor) >= outputs)
      r.field.refuse("names a tensor that does not exist",
                     "a tensor below " + std::to_string(outputs));
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

Operands Network::call(Builder& b, const Operands& inputs) const {
  if (inputs.size() != inputs_.size())
    fail(file_ + ": the model " + in_quotes(name_) + " is called with a wrong number of inputs",
         {{"needs", std::to_string(inputs_.size())}, {"given", std::to_string(inputs.size())}},
         "a file that a converter wrote");
  std::vector<Operands> results(calls_.size());
  for (size_t i = 0; i < inputs.size(); ++i) results[size_t(input_calls_[i])] = {inputs[i]};
  for (int id : order_) {
    const Call& call = calls_[size_t(id)];
    if (call.layer < 0) {
      if (results[size_t(id)].empty())
        fail(file_ + ": the model " + in_quotes(name_) + " needs an input that it does not list",
             {{"field", "input_layers"}}, "a file that a converter wrote");
      continue;
    }
    Operands arguments;
    for (const Source& s : call.inputs)
      arguments.push_back(results[size_t(s.call)][size_t(s.output)]);
    results[size_t(id)] = call_layer(b, layers_[size_t(call.layer)], arguments);
  }
  Operands outputs;
  for (const Source& s : outputs_) outputs.push_back(results[size_t(s.call)][size_t(s.output)]);
  return outputs;
}

Operands call_layer(Builder& b, const Layer& layer, const Operands& inputs) {
  b.count_call();
  if (layer.network) return layer.network->call(b, inputs);
  LayerCall call{b, layer, inputs};
  if (inputs.empty()) call.refuse("has no input", "a file that a converter wrote");
  if (inputs.size() > 1 && !layer.kind->many_inputs)
    call.refuse("takes one input only", "a file that a converter wrote");
  bool masked = std::any_of(inputs.begin(), inputs.end(), [](auto& x) { return x.masked; });
  if (masked && layer.kind->needs_mask)
    call.refuse("would have to leave out masked steps, which it cannot do here",
                "a model without Masking and with mask_zero=False");
  b.name(layer.name);
  try {
    Operand y = layer.kind->write(call);
    y.masked = y.masked || masked;
    return {y};
  } catch (const Error& error) {
    std::string_view what = error.what();
    if (what.starts_with(layer.config.file())) throw;
    throw Error(layer.config.file() + ": layer " + in_quotes(layer.name) + ": " +
                std::string(what));
  }
}

namespace {

// A weight that a layer of the model waits for.
struct Wanted {
  Layer* layer;
  size_t slot;
  std::vector<std::string> names;  // by which the file may call it, the most precise first
};

void collect(Network& network, const std::vector<std::string>& scope, std::vector<Wanted>& wanted) {
  for (Layer& outer : network.layers()) {
    if (outer.network) {
      auto inside = scope;
      inside.push_back(outer.name);
      collect(*outer.network, inside, wanted);
      continue;
    }
    Layer& layer = outer.inner ? *outer.inner : outer;
    std::vector<std::string> owners{outer.name};
    if (outer.inner) owners = {outer.name + '/' + layer.name, outer.name, layer.name};
    for (size_t slot = 0; slot < layer.specs.size(); ++slot) {
      Wanted w{&layer, slot, {}};
      for (std::string_view suffix : {layer.specs[slot].name, layer.specs[slot].other_name})
        for (const std::string& owner : owners)
          for (size_t from = 0; from <= scope.size() && !suffix.empty(); ++from) {
            std::string name;
            for (size_t i = from; i < scope.size(); ++i) name += scope[i] + '/';
            w.names.push_back(name + owner + '/' + std::string(suffix));
          }
      wanted.push_back(std::move(w));
    }
  }
}

bool fits(const Weight& weight, const WeightSpec& spec) {
  if (spec.sizes.empty()) return true;
  const Shape& shape = weight.type().shape;
  if (shape.rank() != int(spec.sizes.size())) return false;
  for (int i = 0; i < shape.rank(); ++i)
    if (spec.sizes[size_t(i)] >= 0 && spec.sizes[size_t(i)] != shape[i]) return false;
  return true;
}

std::string without_output(std::string name) {
  if (name.ends_with(":0")) name.resize(name.size() - 2);
  return name;
}

// TensorFlow 2.2 puts the name of a cell before the last part: layer/cell/kernel.
std::string without_cell(const std::string& name) {
  size_t last = name.rfind('/');
  size_t cell = last == 0 || last == name.npos ? name.npos : name.rfind('/', last - 1);
  return cell == name.npos ? name : name.substr(0, cell) + name.substr(last);
}

// Gives every layer its weights: by the full name, then by the end of the name where only one
// weight has it, then, if the file's names mean nothing, by order and shape.
class Matching {
 public:
  Matching(const Field& manifest, const Weights& weights, std::vector<Wanted> wanted)
      : manifest_(manifest), wanted_(std::move(wanted)) {
    for (const auto& weight : weights.all())
      if (!weight->of_optimizer) free_.push_back(weight.get());
  }

  void match() {
    std::map<std::string, const Weight*, std::less<>> exact;
    for (const Weight* w : free_) exact.emplace(without_output(w->name()), w);
    match_each([&](const std::string& name) {
      auto found = exact.find(name);
      return found == exact.end() ? nullptr : found->second;
    });
    if (!wanted_.empty()) {
      std::map<std::string, const Weight*, std::less<>> shortened;
      for (const Weight* w : free_) shortened.emplace(without_cell(without_output(w->name())), w);
      match_each([&](const std::string& name) {
        auto found = shortened.find(name);
        return found == shortened.end() ? nullptr : found->second;
      });
    }
    if (!wanted_.empty()) match_each([&](const std::string& name) { return only_end(name); });
    match_by_order();
    refuse_rest();
  }

 private:
  template <class Find>
  void match_each(Find find) {
    std::erase_if(wanted_, [&](Wanted& w) {
      for (const std::string& name : w.names) {
        const Weight* weight = find(name);
        if (!weight || !std::erase(free_, weight)) continue;
        take(w, *weight);
        return true;
      }
      return false;
    });
  }

  const Weight* only_end(const std::string& name) const {
    const Weight* only = nullptr;
    for (const Weight* w : free_) {
      if (!without_output(w->name()).ends_with('/' + name)) continue;
      if (only) return nullptr;
      only = w;
    }
    return only;
  }

  void match_by_order() {
    std::erase_if(wanted_, [](const Wanted& w) { return w.layer->specs[w.slot].optional; });
    if (wanted_.size() != free_.size()) return;
    for (size_t i = 0; i < wanted_.size(); ++i)
      if (!fits(*free_[i], wanted_[i].layer->specs[wanted_[i].slot])) return;
    for (size_t i = 0; i < wanted_.size(); ++i) take(wanted_[i], *free_[i]);
    wanted_.clear();
    free_.clear();
  }

  void take(const Wanted& w, const Weight& weight) const {
    const WeightSpec& spec = w.layer->specs[w.slot];
    if (!fits(weight, spec)) {
      std::string sizes;
      for (int size : spec.sizes)
        sizes += (sizes.empty() ? "" : ", ") + (size < 0 ? "?" : std::to_string(size));
      fail(
          manifest_.file() + ": the weight " + in_quotes(weight.name()) + " does not fit its layer",
          {{"layer", in_quotes(w.layer->name)},
           {"needs", '[' + sizes + ']'},
           {"found", to_string(weight.type().shape)}},
          "a topology and weights that were saved together");
    }
    if (weight.type().dtype != DType::f32 && !spec.optional)
      fail(manifest_.file() + ": the weight " + in_quotes(weight.name()) + " must hold numbers",
           {{"layer", in_quotes(w.layer->name)}, {"found", to_string(weight.type())}}, "float32");
    w.layer->weights[w.slot] = &weight;
  }

  void refuse_rest() const {
    std::string left;
    for (const Weight* w : free_)
      if (left.size() < 200) left += (left.empty() ? "" : ", ") + w->name();
    if (!wanted_.empty()) {
      const Wanted& w = wanted_.front();
      fail(manifest_.file() + ": weightsManifest lacks a weight of the layer " +
               in_quotes(w.layer->name),
           {{"missing", in_quotes(w.names.front())}, {"unused", left.empty() ? "(none)" : left}},
           "a topology and weights that were saved together");
    }
    if (!free_.empty())
      fail(manifest_.file() + ": weightsManifest holds weights that no layer needs",
           {{"unused", left}}, "a topology and weights that were saved together");
  }

  const Field& manifest_;
  std::vector<Wanted> wanted_;
  std::vector<const Weight*> free_;
};

class LayersModel : public FileModel {
 public:
  LayersModel(const Files& files, std::shared_ptr<const Json> json, const Field& root)
      : FileModel(root.file()),
        json_(std::move(json)),
        weights_(files, root.at("weightsManifest")) {
    Field topology = root.at("modelTopology");
    Field model = topology.get("model_config") ? topology.get("model_config") : topology;
    Field version = topology.get("keras_version");
    bool keras3 = version.is_text() && version.text().starts_with("3");
    if (!is_network(model.at("class_name").text()))
      model.at("class_name").refuse("is not a kind of model", "Sequential, Model or Functional");
    network_ = std::make_unique<Network>(model, keras3);
    Field manifest = root.at("weightsManifest");
    std::vector<Wanted> wanted;
    collect(*network_, {}, wanted);
    Matching(manifest, weights_, std::move(wanted)).match();
    inputs_ = network_->inputs();
    try_out();
  }

  std::string_view format() const override { return "tfjs-layers"; }
  size_t parameters() const override { return weights_.elements(); }

 protected:
  void write(Graph& graph, const std::vector<Shape>& sizes) const override {
    Builder b(graph);
    Operands inputs;
    for (size_t i = 0; i < inputs_.size(); ++i)
      inputs.push_back(b.input(inputs_[i].name, {inputs_[i].dtype, sizes[i]}));
    Operands outputs = network_->call(b, inputs);
    for (size_t i = 0; i < outputs.size(); ++i) b.output(network_->output_names()[i], outputs[i]);
  }

 private:
  std::shared_ptr<const Json> json_;  // the layers read their configurations from it
  Weights weights_;
  std::unique_ptr<Network> network_;
};

}  // namespace

std::unique_ptr<Model> load_tfjs_layers(const Files& files, std::shared_ptr<const Json> json,
                                        const Field& root) {
  return std::make_unique<LayersModel>(files, std::move(json), root);
}

}  // namespace gesso
