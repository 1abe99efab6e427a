#include "models/layers/topology.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace gesso {
namespace {

// What a class does where its configuration says nothing: Keras 2's choices, and TF.js' where it
// knows no other (reset_after).
constexpr std::pair<std::string_view, std::string_view> defaults[] = {
    {"Activation", R"({"activation": "linear"})"},
    {"ActivityRegularization", R"({"l1": 0, "l2": 0})"},
    {"AveragePooling1D", R"({"pool_size": [2], "padding": "valid"})"},
    {"AveragePooling2D",
     R"({"pool_size": [2, 2], "padding": "valid", "data_format": "channels_last"})"},
    {"BatchNormalization",
     R"({"axis": -1, "momentum": 0.99, "epsilon": 0.001, "center": true, "scale": true,
         "beta_initializer": "zeros", "gamma_initializer": "ones",
         "moving_mean_initializer": "zeros", "moving_variance_initializer": "ones"})"},
    {"Bidirectional", R"({"merge_mode": "concat"})"},
    {"CategoryEncoding", R"({"output_mode": "multi_hot"})"},
    {"Concatenate", R"({"axis": -1})"},
    {"Conv1D",
     R"({"strides": [1], "padding": "valid", "dilation_rate": [1], "activation": "linear",
         "use_bias": true, "kernel_initializer": "glorot_uniform",
         "bias_initializer": "zeros"})"},
    {"Conv2D",
     R"({"strides": [1, 1], "padding": "valid", "data_format": "channels_last",
         "dilation_rate": [1, 1], "activation": "linear", "use_bias": true,
         "kernel_initializer": "glorot_uniform", "bias_initializer": "zeros"})"},
    {"Conv2DTranspose",
     R"({"strides": [1, 1], "padding": "valid", "data_format": "channels_last",
         "dilation_rate": [1, 1], "activation": "linear", "use_bias": true,
         "kernel_initializer": "glorot_uniform", "bias_initializer": "zeros"})"},
    {"Cropping2D", R"({"cropping": [[0, 0], [0, 0]], "data_format": "channels_last"})"},
    {"Dense",
     R"({"activation": "linear", "use_bias": true, "kernel_initializer": "glorot_uniform",
         "bias_initializer": "zeros"})"},
    {"DepthwiseConv2D",
     R"({"strides": [1, 1], "padding": "valid", "data_format": "channels_last",
         "dilation_rate": [1, 1], "depth_multiplier": 1, "activation": "linear",
         "use_bias": true, "depthwise_initializer": "glorot_uniform",
         "bias_initializer": "zeros"})"},
    {"Dot", R"({"normalize": false})"},
    {"ELU", R"({"alpha": 1})"},
    {"Embedding", R"({"embeddings_initializer": "random_uniform", "mask_zero": false})"},
    {"GRU",
     R"({"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
         "kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal",
         "bias_initializer": "zeros", "dropout": 0, "recurrent_dropout": 0,
         "reset_after": false, "return_sequences": false, "return_state": false,
         "go_backwards": false, "stateful": false, "unroll": false})"},
    {"GRUCell",
     R"({"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
         "kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal",
         "bias_initializer": "zeros", "dropout": 0, "recurrent_dropout": 0,
         "reset_after": false})"},
    {"LSTM",
     R"({"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
         "kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal",
         "bias_initializer": "zeros", "unit_forget_bias": true, "dropout": 0,
         "recurrent_dropout": 0, "return_sequences": false, "return_state": false,
         "go_backwards": false, "stateful": false, "unroll": false})"},
    {"LSTMCell",
     R"({"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
         "kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal",
         "bias_initializer": "zeros", "unit_forget_bias": true, "dropout": 0,
         "recurrent_dropout": 0})"},
    {"LayerNormalization",
     R"({"axis": -1, "epsilon": 0.001, "center": true, "scale": true,
         "beta_initializer": "zeros", "gamma_initializer": "ones"})"},
    {"Masking", R"({"mask_value": 0})"},
    {"MaxPooling1D", R"({"pool_size": [2], "padding": "valid"})"},
    {"MaxPooling2D",
     R"({"pool_size": [2, 2], "padding": "valid", "data_format": "channels_last"})"},
    {"PReLU", R"({"alpha_initializer": "zeros"})"},
    {"RNN",
     R"({"return_sequences": false, "return_state": false, "go_backwards": false,
         "stateful": false, "unroll": false})"},
    {"SeparableConv2D",
     R"({"strides": [1, 1], "padding": "valid", "data_format": "channels_last",
         "dilation_rate": [1, 1], "depth_multiplier": 1, "activation": "linear",
         "use_bias": true, "depthwise_initializer": "glorot_uniform",
         "pointwise_initializer": "glorot_uniform", "bias_initializer": "zeros"})"},
    {"SimpleRNN",
     R"({"activation": "tanh", "use_bias": true, "kernel_initializer": "glorot_uniform",
         "recurrent_initializer": "orthogonal", "bias_initializer": "zeros", "dropout": 0,
         "recurrent_dropout": 0, "return_sequences": false, "return_state": false,
         "go_backwards": false, "stateful": false, "unroll": false})"},
    {"SimpleRNNCell",
     R"({"activation": "tanh", "use_bias": true, "kernel_initializer": "glorot_uniform",
         "recurrent_initializer": "orthogonal", "bias_initializer": "zeros", "dropout": 0,
         "recurrent_dropout": 0})"},
    {"Softmax", R"({"axis": -1})"},
    {"ThresholdedReLU", R"({"theta": 1})"},
    {"UpSampling2D",
     R"({"size": [2, 2], "data_format": "channels_last", "interpolation": "nearest"})"},
    {"ZeroPadding2D", R"({"padding": [[1, 1], [1, 1]], "data_format": "channels_last"})"},
};

// Fields whose value is one of a few words.
bool is_choice(std::string_view field) {
  constexpr Text choices[] = {"activation",    "data_format", "distribution",
                              "interpolation", "merge_mode",  "mode",
                              "output_mode",   "padding",     "recurrent_activation"};
  return std::find(std::begin(choices), std::end(choices), field) != std::end(choices) ||
         field.ends_with("_initializer") || field.ends_with("_regularizer") ||
         field.ends_with("_constraint");
}

Json object(std::string_view class_name, Json::Object config = {}) {
  return {Json::Object{{"class_name", {std::string(class_name)}}, {"config", {std::move(config)}}}};
}

// Keras and TF.js spell LeCun's name differently; both know what it stands for.
Json lecun(std::string_view distribution) {
  return object("VarianceScaling", {{"scale", {1.0}},
                                    {"mode", {std::string("fan_in")}},
                                    {"distribution", {std::string(distribution)}},
                                    {"seed", {nullptr}}});
}

// An initialiser that is only named, as the object that Keras writes.
Json initializer(const std::string& name) {
  if (name == "le_cun_normal" || name == "lecun_normal") return lecun("truncated_normal");
  if (name == "le_cun_uniform" || name == "lecun_uniform") return lecun("uniform");
  std::string class_name;
  for (size_t i = 0; i < name.size(); ++i)
    if (name[i] != '_')
      class_name += i == 0 || name[i - 1] == '_' ? char(std::toupper(uint8_t(name[i]))) : name[i];
  return object(class_name);
}

// L1, L2 and L1L2, named or as objects, all as L1L2, the only one that TF.js has.
Json regularizer(const Json& json) {
  constexpr double usual = 0.01;
  Document document("regularizer", json);
  Field field = document.root();
  Field name = field.is_object() ? field.get("class_name") : field;
  std::string word = name.is_text() ? snake_case(name.text()) : "";
  bool has_l1 = word == "l1" || word == "l1_l2" || word == "l1l2";
  bool has_l2 = word == "l2" || word == "l1_l2" || word == "l1l2";
  if (!has_l1 && !has_l2) return json;
  Field config = field.is_object() ? field.get("config") : Field{};
  double otherwise = config.get("l1") || config.get("l2") ? 0 : usual;
  return object("L1L2", {{"l1", {has_l1 ? config.get("l1").number_or(otherwise) : 0.0}},
                         {"l2", {has_l2 ? config.get("l2").number_or(otherwise) : 0.0}}});
}

Json complete(const Json& json, std::string_view field);

std::string class_of(const Json::Object& object) {
  for (const auto& [name, value] : object)
    if (snake_case(name) == "class_name")
      if (auto* text = std::get_if<std::string>(&value.value)) return *text;
  return {};
}

void add_defaults(Json::Object& config, std::string_view class_name) {
  for (const auto& [name, text] : defaults) {
    if (name != class_name) continue;
    Json all = parse_json("defaults", std::as_bytes(std::span(text)));
    for (auto& [field, value] : std::get<Json::Object>(all.value)) {
      bool known = false;
      for (const auto& member : config) known = known || member.first == field;
      if (!known) config.emplace_back(field, complete(value, field));
    }
  }
}

Json complete_object(const Json::Object& object) {
  std::string class_name = class_of(object);
  Json::Object result;
  for (const auto& [name, value] : object) {
    std::string field = snake_case(name);
    Json item = complete(value, field);
    if (field.ends_with("_regularizer")) item = regularizer(item);
    if (auto* config = std::get_if<Json::Object>(&item.value); config && field == "config")
      add_defaults(*config, class_name);
    result.emplace_back(std::move(field), std::move(item));
  }
  return {std::move(result)};
}

// `field` is the name of the field that holds the value.
Json complete(const Json& json, std::string_view field) {
  if (auto* object = std::get_if<Json::Object>(&json.value)) return complete_object(*object);
  if (auto* items = std::get_if<Json::Array>(&json.value)) {
    Json::Array result;
    for (const Json& item : *items) result.push_back(complete(item, ""));
    return {std::move(result)};
  }
  auto* text = std::get_if<std::string>(&json.value);
  if (!text || !is_choice(field)) return json;
  std::string word = snake_case(*text);
  return field.ends_with("_initializer") ? initializer(word) : Json{word};
}

Json* member(Json& json, std::string_view name) {
  return const_cast<Json*>(std::as_const(json).find(name));
}

bool is_called(Json& layer, std::string_view name) {
  Json* config = member(layer, "config");
  Json* found = config ? member(*config, "name") : nullptr;
  auto* text = found ? std::get_if<std::string>(&found->value) : nullptr;
  return text && *text == name;
}

void set_trainable(Json& config, std::string_view name, bool trainable);

// Without a name, every layer is meant.
void set_trainable_of(Json& layer, std::string_view name, bool trainable) {
  bool is_meant = name.empty() || is_called(layer, name);
  Json* config = member(layer, "config");
  if (!config) return;
  set_trainable(*config, is_meant ? "" : name, trainable);
  auto* members = std::get_if<Json::Object>(&config->value);
  if (!is_meant || !members) return;
  std::erase_if(*members, [](const auto& each) { return each.first == "trainable"; });
  members->emplace_back("trainable", Json{trainable});
}

// The layers of a model or a wrapper.
void set_trainable(Json& config, std::string_view name, bool trainable) {
  if (auto* list = std::get_if<Json::Array>(&config.value))
    for (Json& layer : *list) set_trainable_of(layer, name, trainable);
  for (std::string_view holder : {"layers", "layer", "backward_layer", "cell", "cells"})
    if (Json* held = member(config, holder)) {
      if (std::holds_alternative<Json::Array>(held->value))
        set_trainable(*held, name, trainable);
      else
        set_trainable_of(*held, name, trainable);
    }
}

}  // namespace

Json complete_topology(const Json& topology) {
  Json complete_json = complete(topology, "");
  auto& members = std::get<Json::Object>(complete_json.value);
  auto add = [&](std::string_view name, std::string_view value) {
    if (!complete_json.find(name)) members.emplace_back(name, Json{std::string(value)});
  };
  add("keras_version", "2.15.0");
  add("backend", "tensorflow");
  return complete_json;
}

void set_trainable_in(Json& topology, std::string_view layer, bool trainable) {
  Json* model = member(topology, "model_config");
  Json* config = member(model ? *model : topology, "config");
  if (config) set_trainable(*config, layer, trainable);
}

}  // namespace gesso
