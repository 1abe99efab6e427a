#include "models/layers/layer.h"

#include <algorithm>

#include "core/ops/list.h"
#include "models/layers/context.h"
#include "models/layers/network.h"
#include "models/layers/regularizers.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

// What every call of a layer must be, before its row sees it.
void check(const LayerCall& call) {
  if (call.in.empty())
    call.refuse("has no input", call.layer.config.remedy("apply() with what another layer gives"));
  if (call.in.size() > 1 && !call.layer.kind->many_inputs)
    call.refuse("takes one input only",
                call.layer.config.remedy("concatenate() or add() before it"));
}

// Keras: the penalty of an activity is that of the batch, divided by its size.
void punish_activity(const LayerCall& call, Operand y) {
  Field config = call.config("activity_regularizer");
  if (!config || !call.context.judged() || y.rank() < 1) return;
  Operand whole = penalty(call.b, as_float(call.b, y), config);
  if (whole)
    call.context.add_penalty(
        call.b.apply(linear_op, {whole}, {{"alpha", 1.0 / std::max(1, y.shape()[0])}}));
}

Flows write(const LayerCall& call) {
  const LayerClass& kind = *call.layer.kind;
  if (kind.write_all) return kind.write_all(call);
  Operand y = kind.write(call);
  return {{y, kind.mask ? kind.mask(call) : Operand{}}};
}

}  // namespace

Flows call_layer(LayerContext& context, const Layer& layer, const Flows& inputs) {
  context.b.count_call();
  if (layer.network) return layer.network->call(context, inputs);
  LayerCall call{context, context.b, layer, {}, {}};
  for (const Flow& flow : inputs) {
    call.in.push_back(flow.x);
    call.masks.push_back(flow.mask);
  }
  check(call);
  if (context.carries() && layer.kind->spans_steps)
    call.refuse("sees several steps at once, and cannot write", "recurrent layers");
  context.b.name(layer.name);
  try {
    context.prepare(layer, call.x().shape());
    Flows outputs = write(call);
    punish_activity(call, outputs[0].x);
    return outputs;
  } catch (const Error& error) {
    std::string_view what = error.what();
    if (what.starts_with(layer.config.file())) throw;
    throw Error(layer.config.file() + ": layer " + in_quotes(layer.name) + ": " +
                std::string(what));
  }
}

Operand same_mask(const LayerCall& call) {
  return call.mask();
}

Operand common_mask(const LayerCall& call) {
  Operand common;
  for (Operand mask : call.masks)
    if (mask) common = common ? call.b.apply(logical_and_op, {common, mask}) : mask;
  return common;
}

int size_at(const Shape& shape, int axis) {
  axis = positive_axis(axis, shape.rank());
  return axis >= 0 && axis < shape.rank() ? shape[axis] : -1;
}

bool is_channels_first(const Field& config) {
  Field field = config.get("data_format");
  std::string format = snake_case(field.text_or("channels_last"));
  if (format != "channels_last" && format != "channels_first")
    field.refuse("is not a layout", "channels_last or channels_first");
  return format == "channels_first";
}

bool is_channels_first(const LayerCall& call) {
  return is_channels_first(call.layer.config);
}

Field LayerCall::config(Text name) const {
  return layer.config.get(name);
}

std::string LayerCall::word(Text name, Text otherwise) const {
  return snake_case(config(name).text_or(otherwise));
}

Ints LayerCall::pair(Text name, Ints otherwise) const {
  Field field = config(name);
  if (!field) return otherwise;
  Ints sizes = field.is_list() ? field.integers() : Ints{field.integer()};
  if (sizes.size() == 1) sizes.push_back(sizes[0]);
  if (sizes.size() != 2) field.refuse("must be one number or two", "[2, 2]");
  return sizes;
}

int LayerCall::single(Text name, int otherwise) const {
  Field field = config(name);
  if (!field) return otherwise;
  if (!field.is_list()) return field.integer();
  auto items = field.items();
  if (items.size() != 1) field.refuse("must be one number", "1");
  return items[0].integer();
}

int LayerCall::axis(int otherwise) const {
  int axis = positive_axis(single("axis", otherwise), x().rank());
  if (axis < 0 || axis >= x().rank()) config("axis").refuse("is not an axis of the input", "-1");
  return axis;
}

Operand LayerCall::weight(Text name) const {
  return context.weight(layer, name);
}

Operand LayerCall::activate(Operand x, Text name) const {
  Field field = config(name);
  if (!field) return x;
  Field word = field;
  // Keras writes an activation that is a layer as it writes layers.
  if (field.is_object()) {
    Field class_name = field.at("class_name"), settings = field.at("config");
    const LayerClass* kind = find_layer_class(class_name.text());
    if (settings.is_object() && kind && kind->write && !kind->weights) {
      Layer inside{layer.name, class_name.text(), settings, layer.keras3, true, kind};
      return kind->write({context, b, inside, {x}, {{}}});
    }
    word = settings.is_text() ? settings : class_name;
  }
  Operand y = activation(b, snake_case(word.text()), x, layer.keras3);
  if (!y) field.refuse("is not an activation that can be loaded", "relu, sigmoid, softmax, ...");
  return y;
}

bool LayerCall::is_training() const {
  return context.training();
}

void LayerCall::refuse(Text what, Text hint) const {
  std::string inputs;
  for (Operand operand : in) inputs += (inputs.empty() ? "" : ", ") + to_string(operand.shape());
  fail(phrase({layer.config.file(), ": layer ", in_quotes(layer.name), ": ", what}),
       {{"class", layer.class_name}, {"input", inputs}}, hint);
}

const LayerClass* find_layer_class(Text name) {
  for (auto family : {activation_layers, convolution_layers, core_layers, merge_layers,
                      noise_layers, normalization_layers, pooling_layers, preprocessing_layers,
                      recurrent_layers, wrapper_layers})
    for (const LayerClass& row : family)
      if (row.name == name) return &row;
  return nullptr;
}

}  // namespace gesso
