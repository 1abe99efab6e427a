// Keras layers for C++: functions that write topologies, with Keras' names, meanings and defaults.
//
//   std::string topology = layers::sequential({28, 28, 1}, {
//       layers::conv2d({.filters = 16, .kernel_size = {3, 3}, .activation = "relu"}),
//       layers::max_pooling2d({}),
//       layers::flatten(),
//       layers::dense({.units = 10, .activation = "softmax"}),
//   });
//   auto model = create_model(topology, 1);
//
// Layers that have several inputs are called:
//
//   auto x = layers::input({4}), y = layers::dense({.units = 4})(x);
//   std::string topology = layers::model({x}, {layers::add()({x, y})});
//
// Wrong sizes and unknown words are refused by create_model, which names the layer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/load/json.h"

namespace gesso::layers {

class Layer;
struct WrittenLayer;  // before it has a name
struct WrittenCall;

// A tensor on its way between layers, without the batch: what a call of a layer gives.
class Symbol {
 private:
  explicit Symbol(std::shared_ptr<const WrittenCall> call) : call_(std::move(call)) {}
  std::shared_ptr<const WrittenCall> call_;

  friend class Layer;
  friend class Writer;
  friend Symbol input(const std::vector<int>& shape, std::string_view dtype);
};

// A layer. Its copies are the same layer: called twice, it has the same weights.
class Layer {
 public:
  Symbol operator()(const Symbol& x) const;
  Symbol operator()(const std::vector<Symbol>& xs) const;

 private:
  Layer(std::string_view class_name, Json::Object config);
  std::shared_ptr<const WrittenLayer> written_;

  friend class Writer;
  friend Layer layer(std::string_view class_name, Json::Object config);
};

// A layer of any class, from Keras' configuration. Names are given when a topology is written.
Layer layer(std::string_view class_name, Json::Object config = {});

// What large weights cost: l1 * sum(|w|) + l2 * sum(w^2).
struct Regularizer {
  double l1 = 0, l2 = 0;
};

struct Dense {
  int units;
  std::string activation = "linear";
  bool use_bias = true;
  std::string kernel_initializer = "glorot_uniform", bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
};
Layer dense(const Dense& options);

// Sizes and strides are {height, width}, or {steps} in one dimension. Padding is valid, same or,
// in one dimension, causal.
struct Convolution {
  int filters;
  std::vector<int> kernel_size;
  std::vector<int> strides = {1};
  std::string padding = "valid";
  std::vector<int> dilation_rate = {1};
  std::string activation = "linear";
  bool use_bias = true;
  std::string kernel_initializer = "glorot_uniform", bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
};
Layer conv1d(const Convolution& options);
Layer conv2d(const Convolution& options);
Layer conv2d_transpose(const Convolution& options);
Layer separable_conv2d(const Convolution& options);

struct DepthwiseConvolution {
  std::vector<int> kernel_size;
  std::vector<int> strides = {1};
  std::string padding = "valid";
  int depth_multiplier = 1;
  std::string activation = "linear";
  bool use_bias = true;
};
Layer depthwise_conv2d(const DepthwiseConvolution& options);

// No strides: those of the window.
struct Pooling {
  std::vector<int> pool_size = {2};
  std::vector<int> strides = {};
  std::string padding = "valid";
};
Layer average_pooling1d(const Pooling& options);
Layer average_pooling2d(const Pooling& options);
Layer max_pooling1d(const Pooling& options);
Layer max_pooling2d(const Pooling& options);
Layer global_average_pooling1d();
Layer global_average_pooling2d();
Layer global_max_pooling1d();
Layer global_max_pooling2d();

Layer flatten();
Layer reshape(const std::vector<int>& target_shape);
Layer permute(const std::vector<int>& dims);  // axes counted from 1, the batch left out
Layer repeat_vector(int n);
Layer up_sampling2d(const std::vector<int>& size = {2, 2},
                    std::string_view interpolation = "nearest");
Layer zero_padding2d(int padding);
Layer cropping2d(int cropping);

// Words 0 to input_dim - 1 to vectors; with mask_zero, word 0 stands for no word.
struct Embedding {
  int input_dim, output_dim;
  bool mask_zero = false;
  std::string embeddings_initializer = "random_uniform";
};
Layer embedding(const Embedding& options);

struct Recurrent {
  int units;
  std::string activation = "tanh";
  std::string recurrent_activation = "sigmoid";  // of gates
  bool return_sequences = false;
  bool go_backwards = false;
  bool stateful = false;
  double dropout = 0, recurrent_dropout = 0;
  bool reset_after = false;  // GRU
};
Layer simple_rnn(const Recurrent& options);
Layer gru(const Recurrent& options);
Layer lstm(const Recurrent& options);
Layer bidirectional(const Layer& layer, std::string_view merge_mode = "concat");
Layer time_distributed(const Layer& layer);

// `rate` is the part that is dropped, from 0 to below 1.
Layer dropout(double rate);
Layer spatial_dropout1d(double rate);
Layer spatial_dropout2d(double rate);
Layer alpha_dropout(double rate);
Layer gaussian_dropout(double rate);
Layer gaussian_noise(double deviation);

struct Normalization {
  int axis = -1;
  double epsilon = 1e-3;
  double momentum = 0.99;  // of a batch normalisation
};
Layer batch_normalization(const Normalization& options = {});
Layer layer_normalization(const Normalization& options = {});

Layer activation(std::string_view name);  // relu, softmax, ...
Layer masking(double mask_value = 0);

Layer add();
Layer average();
Layer concatenate(int axis = -1);
Layer dot(int axis, bool normalize = false);
Layer maximum();
Layer minimum();
Layer multiply();

// An input of this shape, without the batch; -1 for a size that is open.
Symbol input(const std::vector<int>& shape, std::string_view dtype = "float32");

// The topology of layers one after the other, as text for create_model.
std::string sequential(const std::vector<int>& input_shape, const std::vector<Layer>& layers,
                       std::string_view dtype = "float32");

// The topology of everything that lies between inputs and outputs.
std::string model(const std::vector<Symbol>& inputs, const std::vector<Symbol>& outputs);

}  // namespace gesso::layers
