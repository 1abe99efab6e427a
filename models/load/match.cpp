#include "models/load/match.h"

#include <algorithm>

#include "models/layers/network.h"

namespace gesso {
namespace {

// What the file may call the layer, the most precise first.
std::vector<std::string> owners_of(const Layer& owner, const Layer& layer) {
  if (&owner == &layer) return {owner.name};
  if (layer.scope.empty()) return {owner.name + '/' + layer.name, owner.name, layer.name};
  return {owner.name + '/' + layer.scope, layer.scope, owner.name + '/' + layer.name, layer.name};
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

std::string shown(const std::vector<int>& sizes) {
  std::string text;
  for (int size : sizes)
    text += (text.empty() ? "" : ", ") + (size < 0 ? "?" : std::to_string(size));
  return '[' + text + ']';
}

// Gives every layer its weights, in three attempts; what is left over is refused.
class Matching {
 public:
  Matching(const std::string& file, const Weights& weights, std::vector<Wanted>& wanted)
      : file_(file) {
    for (Wanted& w : wanted) open_.push_back(&w);
    for (const auto& weight : weights.all())
      if (!weight->of_optimizer) free_.push_back(weight.get());
  }

  void match() {
    match_names([](const std::string& name) { return name; });
    if (!open_.empty()) match_names(without_cell);
    if (!open_.empty()) match_each([&](const std::string& name) { return only_end(name); });
    match_by_order();
    refuse_rest();
  }

 private:
  template <class Shorten>
  void match_names(Shorten shorten) {
    std::map<std::string, const Weight*, std::less<>> known;
    for (const Weight* w : free_) known.emplace(shorten(without_output(w->name())), w);
    match_each([&](const std::string& name) {
      auto found = known.find(name);
      return found == known.end() ? nullptr : found->second;
    });
  }

  template <class Find>
  void match_each(Find find) {
    std::erase_if(open_, [&](Wanted* w) {
      for (const std::string& name : w->names) {
        const Weight* weight = find(name);
        if (!weight || !std::erase(free_, weight)) continue;
        take(*w, *weight);
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
    std::erase_if(open_, [](const Wanted* w) { return spec_of(*w).optional; });
    if (open_.size() != free_.size()) return;
    for (size_t i = 0; i < open_.size(); ++i)
      if (!fits(*free_[i], spec_of(*open_[i]))) return;
    for (size_t i = 0; i < open_.size(); ++i) take(*open_[i], *free_[i]);
    open_.clear();
    free_.clear();
  }

  static const WeightSpec& spec_of(const Wanted& w) { return w.layer->specs[w.slot]; }

  void take(Wanted& w, const Weight& weight) const {
    const WeightSpec& spec = spec_of(w);
    if (!fits(weight, spec))
      fail(phrase({file_, ": the weight ", in_quotes(weight.name()), " does not fit its layer"}),
           {{"layer", in_quotes(w.layer->name)},
            {"needs", shown(spec.sizes)},
            {"found", weight.type().shape}},
           "a topology and weights that were saved together");
    if (weight.type().dtype != DType::f32 && !spec.optional)
      fail(phrase({file_, ": the weight ", in_quotes(weight.name()), " must hold numbers"}),
           {{"layer", in_quotes(w.layer->name)}, {"found", weight.type()}}, "float32");
    w.found = &weight;
  }

  void refuse_rest() const {
    std::string left;
    for (const Weight* w : free_)
      if (left.size() < 200) left += (left.empty() ? "" : ", ") + w->name();
    if (!open_.empty()) {
      const Wanted& w = *open_.front();
      fail(phrase(
               {file_, ": weightsManifest lacks a weight of the layer ", in_quotes(w.layer->name)}),
           {{"missing", in_quotes(w.names.front())}, {"unused", left.empty() ? "(none)" : left}},
           "a topology and weights that were saved together");
    }
    if (!free_.empty())
      fail(phrase({file_, ": weightsManifest holds weights that no layer needs"}),
           {{"unused", left}}, "a topology and weights that were saved together");
  }

  const std::string& file_;
  std::vector<Wanted*> open_;
  std::vector<const Weight*> free_;
};

}  // namespace

std::vector<Wanted> wanted_weights(Network& network) {
  std::vector<Wanted> wanted;
  for_each_layer(network, [&](Layer& owner, Layer& layer, const std::vector<std::string>& scope) {
    std::vector<std::string> owners = owners_of(owner, layer);
    for (size_t slot = 0; slot < layer.specs.size(); ++slot) {
      Wanted w{&layer, slot, {}};
      for (std::string_view suffix : {layer.specs[slot].name, layer.specs[slot].other_name})
        for (const std::string& name : owners)
          for (size_t from = 0; from <= scope.size() && !suffix.empty(); ++from) {
            std::string path;
            for (size_t i = from; i < scope.size(); ++i) path += scope[i] + '/';
            w.names.push_back(path + name + '/' + std::string(suffix));
          }
      wanted.push_back(std::move(w));
    }
  });
  return wanted;
}

void match(const std::string& file, const Weights& weights, std::vector<Wanted>& wanted) {
  Matching(file, weights, wanted).match();
}

}  // namespace gesso
