#include "models/layers/context.h"

#include <algorithm>
#include <cstring>

#include "core/ops/list.h"

namespace gesso {
namespace {

[[noreturn]] void refuse(const Layer& layer, Text what, std::initializer_list<Fact> facts,
                         Text hint) {
  fail(phrase({layer.config.file(), ": layer ", in_quotes(layer.name), ": ", what}), facts, hint);
}

TensorType type_of(const Layer& layer, const WeightSpec& spec, const Shape& input) {
  Shape shape;
  double count = 1;
  for (int size : spec.sizes) {
    if (size < 0)
      refuse(layer, "a weight cannot have this shape",
             {{"class", layer.class_name},
              {"weight", std::string(spec.name)},
              {"input", to_string(input)}},
             "sizes above 0, and an input whose last sizes are given");
    shape.push_back(size);
    count *= size;
  }
  if (count > double(most_elements))
    refuse(layer, "a weight is too large",
           {{"class", layer.class_name},
            {"weight", std::string(spec.name)},
            {"shape", shape},
            {"most elements", most_elements}},
           "fewer units or filters");
  return {DType::f32, shape};
}

bool same_sizes(const WeightSpecs& a, const WeightSpecs& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto& x, auto& y) { return x.name == y.name && x.sizes == y.sizes; });
}

}  // namespace

std::shared_ptr<Buffer> States::at(const Layer& layer, int i, const TensorType& type) {
  auto state = std::find_if(all_.begin(), all_.end(),
                            [&](const State& s) { return s.layer == &layer && s.i == i; });
  if (state == all_.end()) {
    std::string name = phrase({layer.name, "/state_", i});
    auto is_taken = [&](const State& s) { return s.tensor.name == name; };
    while (std::any_of(all_.begin(), all_.end(), is_taken)) name += '+';
    state = all_.insert(state, {&layer, i, {name, type, nullptr}});
  }
  auto& [name, known, data] = state->tensor;
  if (!data) {
    known = type;
    data = std::make_shared<Buffer>(type.bytes());
  }
  if (known != type)
    refuse(layer, "remembers states of another batch size",
           {{"remembers", known}, {"needs", to_string(type)}},
           "the same batch size in every call, or stateful=False");
  return data;
}

void States::reset() {
  for (State& state : all_)
    if (Buffer* data = state.tensor.data.get()) std::memset(data->data(), 0, data->size());
}

void States::release() {
  for (State& state : all_) state.tensor.data = nullptr;
}

std::vector<StateTensor> States::tensors() const {
  std::vector<StateTensor> tensors;
  for (const State& state : all_)
    if (state.tensor.data) tensors.push_back(state.tensor);
  return tensors;
}

std::shared_ptr<Buffer> States::restore(std::string_view name, const TensorType& type) {
  for (State& state : all_) {
    StateTensor& tensor = state.tensor;
    if (tensor.name != name || type.shape.rank() != 2 || type.shape[0] < 1) continue;
    if (type != TensorType{DType::f32, {type.shape[0], tensor.type.shape[1]}}) continue;
    if (!tensor.data || tensor.type != type) {
      tensor.type = type;
      tensor.data = std::make_shared<Buffer>(type.bytes());
    }
    return tensor.data;
  }
  return nullptr;
}

void LayerContext::prepare(const Layer& layer, const Shape& input) {
  if (!planning() || !layer.kind->weights) return;
  WeightSpecs specs = layer.kind->weights(layer.config, input);
  std::erase_if(specs, [](const WeightSpec& spec) { return spec.optional; });
  auto [known, is_new] = planned_.emplace(&layer, specs);
  if (!is_new) {
    if (!same_sizes(known->second, specs))
      refuse(layer, "is called again with an input that needs other weights",
             {{"class", layer.class_name}, {"input", to_string(input)}},
             "inputs of the same size, or a layer for each");
    return;
  }
  Operands& operands = stand_ins_[&layer];
  for (const WeightSpec& spec : specs)
    operands.push_back(
        b.input(layer.name + '/' + std::string(spec.name), type_of(layer, spec, input)));
}

Operand LayerContext::weight(const Layer& layer, Text name) {
  const WeightSpecs& specs = planning() ? planned_[&layer] : layer.specs;
  for (size_t slot = 0; slot < specs.size(); ++slot) {
    if (specs[slot].name != name) continue;
    if (planning()) return stand_ins_[&layer][slot];
    return layer.weights[slot] < 0 ? Operand{} : source_(b, layer, slot);
  }
  return {};
}

void LayerContext::update(const Layer& layer, Text name,
                          const std::function<Operand(Operand)>& next) {
  if (planning()) return;
  for (size_t slot = 0; slot < layer.specs.size(); ++slot) {
    if (layer.specs[slot].name != name) continue;
    Operand now = source_(b, layer, slot);
    if (now.is_constant()) return;
    auto& kept = updated_.try_emplace({&layer, slot}, Kept{b.value(now), now}).first->second;
    kept.next = next(kept.next);
  }
}

Operand LayerContext::state(const Layer& layer, int i, const Shape& shape) {
  TensorType type{DType::f32, shape};
  if (planning()) return b.filled(type, 0);
  auto known = kept_.find({&layer, i});
  if (known == kept_.end()) {
    Value variable = graph_.variable(layer.name + "/state", type, states_.at(layer, i, type));
    known = kept_.emplace(std::pair(&layer, i), Kept{variable, b.operand(variable)}).first;
  }
  return known->second.next;
}

void LayerContext::keep(const Layer& layer, int i, Operand value) {
  auto known = kept_.find({&layer, i});
  if (known != kept_.end()) known->second.next = value;
}

// `newShape` numbers in [0, 1), or normally distributed ones, out of their own stream.
Operand LayerContext::draw(const Layer& layer, const Shape& shape, bool normal) {
  // Streams of layers with a seed lie above those that are counted.
  constexpr uint32_t first_seeded = 1u << 30;
  Field seed = layer.config.get("seed");
  double stream = streams_++;
  if (seed) stream = double(first_seeded + uint32_t(seed.integer()) % first_seeded);
  return b.apply(normal ? random_normal_op : random_uniform_op, {b.operand(random_)},
                 {{"newShape", shape}, {"stream", stream}});
}

void LayerContext::add_penalty(Operand penalty) {
  penalties_.push_back(penalty);
}

void LayerContext::finish() {
  auto write = [&](const auto& all) {
    for (const auto& [key, kept] : all)
      if (Value next = b.value(kept.next); next.id != kept.variable.id)
        graph_.assign(kept.variable, next);
  };
  write(kept_);
  write(updated_);
}

}  // namespace gesso
