#include "models/layers/layers.h"

#include <cctype>
#include <map>

namespace gesso::layers {

struct WrittenLayer {
  std::string class_name;
  Json::Object config;
};

// Either a call of a layer or, without one, an input.
struct WrittenCall {
  std::shared_ptr<const WrittenLayer> layer;
  std::vector<std::shared_ptr<const WrittenCall>> inputs;
  Json::Object config = {};  // of an input
};

namespace {

// "max_pooling2d" from "MaxPooling2D", "lstm" from "LSTM".
std::string base_name(std::string_view class_name) {
  std::string name;
  for (size_t i = 0; i < class_name.size(); ++i) {
    bool starts_word =
        i > 0 && std::isupper(uint8_t(class_name[i])) && std::islower(uint8_t(class_name[i - 1]));
    if (starts_word) name += '_';
    name += char(std::tolower(uint8_t(class_name[i])));
  }
  return name;
}

Json number(double value) {
  return {value};
}

Json text(std::string_view value) {
  return {std::string(value)};
}

Json flag(bool value) {
  return {value};
}

Json list(const std::vector<int>& values) {
  Json::Array items;
  for (int value : values) items.push_back(number(value));
  return {std::move(items)};
}

Json object(std::string_view class_name, Json::Object config) {
  return {Json::Object{{"class_name", text(class_name)}, {"config", {std::move(config)}}}};
}

Json regularizer(const Regularizer& r) {
  if (r.l1 == 0 && r.l2 == 0) return {nullptr};
  return object("L1L2", {{"l1", number(r.l1)}, {"l2", number(r.l2)}});
}

// [null, ...]: the shape of a batch, where -1 is an open size.
Json batch_shape(const std::vector<int>& shape) {
  Json::Array sizes{{nullptr}};
  for (int size : shape) sizes.push_back(size < 0 ? Json{nullptr} : number(size));
  return {std::move(sizes)};
}

// {n} for every axis, or as it is.
Json pair(const std::vector<int>& sizes) {
  return list(sizes.size() == 1 ? std::vector<int>{sizes[0], sizes[0]} : sizes);
}

Layer convolution(std::string_view class_name, const Convolution& o, bool is_image) {
  auto sizes = [&](const std::vector<int>& given) { return is_image ? pair(given) : list(given); };
  Json::Object config{{"filters", number(o.filters)},
                      {"kernel_size", sizes(o.kernel_size)},
                      {"strides", sizes(o.strides)},
                      {"padding", text(o.padding)},
                      {"dilation_rate", sizes(o.dilation_rate)},
                      {"activation", text(o.activation)},
                      {"use_bias", flag(o.use_bias)},
                      {"bias_initializer", text(o.bias_initializer)}};
  bool separable = class_name == "SeparableConv2D";
  for (std::string name : separable ? std::vector<std::string>{"depthwise", "pointwise"}
                                    : std::vector<std::string>{"kernel"}) {
    config.emplace_back(name + "_initializer", text(o.kernel_initializer));
    config.emplace_back(name + "_regularizer", regularizer(o.kernel_regularizer));
  }
  return layer(class_name, std::move(config));
}

Layer pooling(std::string_view class_name, const Pooling& o, bool is_image) {
  auto sizes = [&](const std::vector<int>& given) { return is_image ? pair(given) : list(given); };
  return layer(class_name, {{"pool_size", sizes(o.pool_size)},
                            {"strides", sizes(o.strides.empty() ? o.pool_size : o.strides)},
                            {"padding", text(o.padding)}});
}

Layer recurrent(std::string_view class_name, const Recurrent& o) {
  Json::Object config{{"units", number(o.units)},
                      {"activation", text(o.activation)},
                      {"return_sequences", flag(o.return_sequences)},
                      {"go_backwards", flag(o.go_backwards)},
                      {"stateful", flag(o.stateful)},
                      {"dropout", number(o.dropout)},
                      {"recurrent_dropout", number(o.recurrent_dropout)}};
  if (class_name != "SimpleRNN")
    config.emplace_back("recurrent_activation", text(o.recurrent_activation));
  if (class_name == "GRU") config.emplace_back("reset_after", flag(o.reset_after));
  return layer(class_name, std::move(config));
}

Layer with_rate(std::string_view class_name, double rate) {
  return layer(class_name, {{"rate", number(rate)}});
}

}  // namespace

// Gives layers their names and writes them down.
class Writer {
 public:
  // A wrapper's configuration, with the layer inside.
  static Json::Object with_inner(const Layer& inner, Json::Object config) {
    const WrittenLayer& written = *inner.written_;
    Json::Object inside = written.config;
    inside.insert(inside.begin(), {"name", text(base_name(written.class_name))});
    config.emplace_back("layer", object(written.class_name, std::move(inside)));
    return config;
  }

  // "dense", then "dense_1", as Keras counts.
  std::string name(std::string_view class_name) {
    std::string base = base_name(class_name);
    int n = used_[base]++;
    return n ? base + '_' + std::to_string(n) : base;
  }

  Json sequence(const std::vector<int>& shape, std::string_view dtype,
                const std::vector<Layer>& all) {
    Json::Array written;
    for (const Layer& one : all) {
      Json::Object config = named(one.written_->config, one.written_->class_name);
      if (written.empty()) {
        config.emplace_back("batch_input_shape", batch_shape(shape));
        config.emplace_back("dtype", text(dtype));
      }
      written.push_back(object(one.written_->class_name, std::move(config)));
    }
    return object("Sequential", {{"name", text("sequential")}, {"layers", {std::move(written)}}});
  }

  Json functional(const std::vector<Symbol>& inputs, const std::vector<Symbol>& outputs) {
    Json::Array ins, outs, layers;
    for (const Symbol& x : inputs) ins.push_back(reference(*x.call_));
    for (const Symbol& y : outputs) outs.push_back(reference(*y.call_));
    for (Entry& entry : entries_)
      layers.push_back({Json::Object{{"name", text(entry.name)},
                                     {"class_name", text(entry.class_name)},
                                     {"config", {std::move(entry.config)}},
                                     {"inbound_nodes", {std::move(entry.nodes)}}}});
    return object("Functional", {{"name", text("model")},
                                 {"layers", {std::move(layers)}},
                                 {"input_layers", {std::move(ins)}},
                                 {"output_layers", {std::move(outs)}}});
  }

 private:
  struct Entry {
    std::string name, class_name;
    Json::Object config;
    Json::Array nodes = {};
  };

  Json::Object named(Json::Object config, std::string_view class_name) {
    config.insert(config.begin(), {"name", text(name(class_name))});
    return config;
  }

  // ["dense", 0, 0] for a call, which is written down with all before it the first time.
  Json reference(const WrittenCall& call) {
    if (auto known = calls_.find(&call); known != calls_.end()) return known->second;
    Json::Array arguments;
    for (const auto& input : call.inputs) arguments.push_back(reference(*input));
    size_t place = entries_.size();
    if (call.layer) place = layers_.emplace(call.layer.get(), place).first->second;
    if (place == entries_.size()) {
      std::string class_name = call.layer ? call.layer->class_name : "InputLayer";
      std::string own = name(call.layer ? class_name : "input");
      Json::Object config = call.layer ? call.layer->config : call.config;
      config.insert(config.begin(), {"name", text(own)});
      entries_.push_back({own, class_name, std::move(config)});
    }
    Entry& entry = entries_[place];
    Json self{Json::Array{text(entry.name), number(double(entry.nodes.size())), number(0)}};
    if (call.layer) entry.nodes.push_back({std::move(arguments)});
    calls_.emplace(&call, self);
    return self;
  }

  std::map<std::string, int> used_;
  std::map<const WrittenCall*, Json> calls_;
  std::map<const void*, size_t> layers_;
  std::vector<Entry> entries_;
};

Layer::Layer(std::string_view class_name, Json::Object config)
    : written_(std::make_shared<WrittenLayer>(
          WrittenLayer{std::string(class_name), std::move(config)})) {}

Symbol Layer::operator()(const Symbol& x) const {
  return (*this)(std::vector<Symbol>{x});
}

Symbol Layer::operator()(const std::vector<Symbol>& xs) const {
  WrittenCall call{written_, {}, {}};
  for (const Symbol& x : xs) call.inputs.push_back(x.call_);
  return Symbol(std::make_shared<const WrittenCall>(std::move(call)));
}

Layer layer(std::string_view class_name, Json::Object config) {
  return {class_name, std::move(config)};
}

Layer dense(const Dense& o) {
  return layer("Dense", {{"units", number(o.units)},
                         {"activation", text(o.activation)},
                         {"use_bias", flag(o.use_bias)},
                         {"kernel_initializer", text(o.kernel_initializer)},
                         {"bias_initializer", text(o.bias_initializer)},
                         {"kernel_regularizer", regularizer(o.kernel_regularizer)}});
}

Layer conv1d(const Convolution& o) {
  return convolution("Conv1D", o, false);
}
Layer conv2d(const Convolution& o) {
  return convolution("Conv2D", o, true);
}
Layer conv2d_transpose(const Convolution& o) {
  return convolution("Conv2DTranspose", o, true);
}
Layer separable_conv2d(const Convolution& o) {
  return convolution("SeparableConv2D", o, true);
}

Layer depthwise_conv2d(const DepthwiseConvolution& o) {
  return layer("DepthwiseConv2D", {{"kernel_size", pair(o.kernel_size)},
                                   {"strides", pair(o.strides)},
                                   {"padding", text(o.padding)},
                                   {"depth_multiplier", number(o.depth_multiplier)},
                                   {"activation", text(o.activation)},
                                   {"use_bias", flag(o.use_bias)}});
}

Layer average_pooling1d(const Pooling& o) {
  return pooling("AveragePooling1D", o, false);
}
Layer average_pooling2d(const Pooling& o) {
  return pooling("AveragePooling2D", o, true);
}
Layer max_pooling1d(const Pooling& o) {
  return pooling("MaxPooling1D", o, false);
}
Layer max_pooling2d(const Pooling& o) {
  return pooling("MaxPooling2D", o, true);
}
Layer global_average_pooling1d() {
  return layer("GlobalAveragePooling1D");
}
Layer global_average_pooling2d() {
  return layer("GlobalAveragePooling2D");
}
Layer global_max_pooling1d() {
  return layer("GlobalMaxPooling1D");
}
Layer global_max_pooling2d() {
  return layer("GlobalMaxPooling2D");
}

Layer flatten() {
  return layer("Flatten");
}
Layer reshape(const std::vector<int>& target_shape) {
  return layer("Reshape", {{"target_shape", list(target_shape)}});
}
Layer permute(const std::vector<int>& dims) {
  return layer("Permute", {{"dims", list(dims)}});
}
Layer repeat_vector(int n) {
  return layer("RepeatVector", {{"n", number(n)}});
}
Layer up_sampling2d(const std::vector<int>& size, std::string_view interpolation) {
  return layer("UpSampling2D", {{"size", pair(size)}, {"interpolation", text(interpolation)}});
}
Layer zero_padding2d(int padding) {
  return layer("ZeroPadding2D", {{"padding", number(padding)}});
}
Layer cropping2d(int cropping) {
  return layer("Cropping2D", {{"cropping", number(cropping)}});
}

Layer embedding(const Embedding& o) {
  return layer("Embedding", {{"input_dim", number(o.input_dim)},
                             {"output_dim", number(o.output_dim)},
                             {"mask_zero", flag(o.mask_zero)},
                             {"embeddings_initializer", text(o.embeddings_initializer)}});
}

Layer simple_rnn(const Recurrent& o) {
  return recurrent("SimpleRNN", o);
}
Layer gru(const Recurrent& o) {
  return recurrent("GRU", o);
}
Layer lstm(const Recurrent& o) {
  return recurrent("LSTM", o);
}

Layer bidirectional(const Layer& inner, std::string_view merge_mode) {
  return layer("Bidirectional", Writer::with_inner(inner, {{"merge_mode", text(merge_mode)}}));
}
Layer time_distributed(const Layer& inner) {
  return layer("TimeDistributed", Writer::with_inner(inner, {}));
}

Layer dropout(double rate) {
  return with_rate("Dropout", rate);
}
Layer spatial_dropout1d(double rate) {
  return with_rate("SpatialDropout1D", rate);
}
Layer spatial_dropout2d(double rate) {
  return with_rate("SpatialDropout2D", rate);
}
Layer alpha_dropout(double rate) {
  return with_rate("AlphaDropout", rate);
}
Layer gaussian_dropout(double rate) {
  return with_rate("GaussianDropout", rate);
}
Layer gaussian_noise(double deviation) {
  return layer("GaussianNoise", {{"stddev", number(deviation)}});
}

Layer batch_normalization(const Normalization& o) {
  return layer(
      "BatchNormalization",
      {{"axis", number(o.axis)}, {"epsilon", number(o.epsilon)}, {"momentum", number(o.momentum)}});
}
Layer layer_normalization(const Normalization& o) {
  return layer("LayerNormalization", {{"axis", number(o.axis)}, {"epsilon", number(o.epsilon)}});
}

Layer activation(std::string_view name) {
  return layer("Activation", {{"activation", text(name)}});
}
Layer masking(double mask_value) {
  return layer("Masking", {{"mask_value", number(mask_value)}});
}

Layer add() {
  return layer("Add");
}
Layer average() {
  return layer("Average");
}
Layer concatenate(int axis) {
  return layer("Concatenate", {{"axis", number(axis)}});
}
Layer dot(int axis, bool normalize) {
  return layer("Dot", {{"axes", number(axis)}, {"normalize", flag(normalize)}});
}
Layer maximum() {
  return layer("Maximum");
}
Layer minimum() {
  return layer("Minimum");
}
Layer multiply() {
  return layer("Multiply");
}

Symbol input(const std::vector<int>& shape, std::string_view dtype) {
  WrittenCall call{nullptr, {}, {}};
  call.config = {{"batch_input_shape", batch_shape(shape)}, {"dtype", text(dtype)}};
  return Symbol(std::make_shared<const WrittenCall>(std::move(call)));
}

std::string sequential(const std::vector<int>& input_shape, const std::vector<Layer>& layers,
                       std::string_view dtype) {
  return to_text(Writer().sequence(input_shape, dtype, layers));
}

std::string model(const std::vector<Symbol>& inputs, const std::vector<Symbol>& outputs) {
  return to_text(Writer().functional(inputs, outputs));
}

}  // namespace gesso::layers
