#include "models/load/layers_of.h"

#include <algorithm>
#include <map>

#include "core/op.h"
#include "core/passes.h"
#include "models/load/file_model.h"
#include "models/load/json.h"
#include "models/train/names.h"

namespace gesso {
namespace {

struct NamedNode {
  std::string name;
  int id;  // the last of the nodes that the layer has become
};

// Which nodes follow from an input: neither constants nor what was computed from them alone.
std::vector<bool> depending(const Graph& graph) {
  std::vector<bool> depends;
  for (const Node& node : graph.nodes())
    depends.push_back(node.is_input() || std::ranges::any_of(node.inputs, [&](const Edge& edge) {
                        return edge.id >= 0 && depends[size_t(edge.id)];
                      }));
  return depends;
}

std::vector<NamedNode> named_nodes(const Graph& graph) {
  std::vector<bool> depends = depending(graph);
  std::vector<NamedNode> layers;
  std::map<std::string, int, std::less<>> calls;
  std::string_view before;
  for (size_t id = 0; id < depends.size(); ++id) {
    const Node& node = graph.nodes()[id];
    if (!node.op || !depends[id] || node.name.empty()) continue;
    if (layers.empty() || node.name != before) {
      int call = ++calls[node.name];
      layers.push_back({call == 1 ? node.name : phrase({node.name, "#", call}), 0});
    }
    before = node.name;
    layers.back().id = int(id);
  }
  return layers;
}

class CutModel final : public FileModel {
 public:
  // All layers for an empty list; `ops`, where given, then gets the operator of each.
  CutModel(std::shared_ptr<const Model> whole, std::vector<std::string> layers,
           std::vector<std::string_view>* ops = nullptr)
      : FileModel("model"), whole_(std::move(whole)), layers_(std::move(layers)), ops_(ops) {
    inputs_ = whole_->inputs();
    for (const ModelPort& port : inputs_)
      if (port.any_shape)
        fail("layers: the model does not say which shape its input has", {{"input", port.name}},
             "a model that was saved with the shapes of its inputs");
    try_out();
  }
  std::string_view format() const override { return whole_->format(); }
  size_t parameters() const override { return whole_->parameters(); }

 private:
  void write(Graph& graph, const std::vector<Shape>& sizes) const override {
    std::map<std::string, Shape> shapes;
    for (size_t i = 0; i < sizes.size(); ++i) shapes.emplace(inputs_[i].name, sizes[i]);
    graph = whole_->build(shapes);
    graph.clear_outputs();
    std::vector<NamedNode> known = named_nodes(graph);
    if (layers_.empty())
      for (const NamedNode& layer : known) graph.output(layer.name, {&graph, layer.id});
    if (ops_) {
      ops_->clear();
      for (const NamedNode& layer : known)
        ops_->push_back(graph.nodes()[size_t(layer.id)].op->name);
    }
    for (const std::string& name : layers_) graph.output(name, {&graph, find(known, name)});
    if (!layers_.empty()) graph = drop_dead(graph);
  }

  static int find(const std::vector<NamedNode>& known, const std::string& name) {
    std::vector<Text> names;
    for (const NamedNode& layer : known) {
      if (layer.name == name) return layer.id;
      names.push_back(layer.name);
    }
    fail("layers: the model has no layer " + in_quotes(name), {{"layers", names.size()}},
         names.empty() ? "a model with layers" : in_quotes(std::string(nearest(name, names))));
  }

  std::shared_ptr<const Model> whole_;
  std::vector<std::string> layers_;
  std::vector<std::string_view>* ops_;
};

}  // namespace

std::vector<LayerOf> layers_of(std::shared_ptr<const Model> model) {
  std::vector<std::string_view> ops;
  CutModel all(std::move(model), {}, &ops);
  std::vector<LayerOf> layers;
  for (size_t i = 0; i < ops.size(); ++i) layers.push_back({ops[i], all.outputs()[i]});
  return layers;
}

std::unique_ptr<Model> cut(std::shared_ptr<const Model> model, std::vector<std::string> layers) {
  if (layers.empty()) fail("layers: the list of outputs is empty", {}, "the name of a layer");
  for (size_t i = 0; i < layers.size(); ++i)
    if (std::find(layers.begin(), layers.begin() + std::ptrdiff_t(i), layers[i]) !=
        layers.begin() + std::ptrdiff_t(i))
      fail("layers: a layer is named twice", {{"layer", in_quotes(layers[i])}}, "each name once");
  return std::make_unique<CutModel>(std::move(model), std::move(layers));
}

}  // namespace gesso
