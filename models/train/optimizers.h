// How weights follow their gradients: the optimisers of Keras and TF.js, as nodes of a graph.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/graph.h"
#include "models/layers/states.h"
#include "models/load/json.h"

namespace gesso {

// Limits for gradients, applied in this order; infinity for none.
struct Clipping {
  double value;        // of each number
  double norm;         // of each weight's gradient: longer ones are scaled down to it
  double global_norm;  // of all gradients together

  // "clip_value", "clip_norm" and "global_clip_norm" of a configuration, each above 0.
  explicit Clipping(const Field& config = {});
  Values apply(Values gradients) const;
};

class Optimizer {
 public:
  // {"className": "Adam", "config": {"learningRate": 0.001}}, or only the name. Names and options
  // are those of TF.js or Keras, in camelCase or snake_case, with the defaults of TF.js. Options
  // "clipValue", "clipNorm" and "globalClipNorm" are read by Clipping. Fails, naming what is
  // nearest, on a name or an option that is not known.
  explicit Optimizer(const Field& description);

  // Appends one update. `weights` are variables of the graph, all with different names. Gives what
  // they are to become and assigns the optimiser's own state, which begins with the first program
  // that updates a weight and which all programs share.
  Values update(const Values& weights, const Values& gradients);

  // The learning rate of the steps to come; it needs no new program.
  float rate() const { return rate_->as<float>()[0]; }
  void set_rate(float rate) { rate_->as<float>()[0] = rate; }

  // Counts the updates. The update that follows must be preceded by one call.
  void count_step() { ++step_->as<int32_t>()[0]; }
  int32_t step() const { return step_->as<int32_t>()[0]; }
  void set_step(int32_t step) { step_->as<int32_t>()[0] = step; }

  const Clipping& clipping() const { return clipping_; }

  // Makes the state for a weight of this name, where there is none yet: what is loaded before the
  // first step. Fails when there is one for another type.
  void prepare(const std::string& weight, const TensorType& type);

  // Everything there is to save, by name: "rate", "step" and a few tensors for each weight.
  const std::map<std::string, StateTensor>& state() const { return state_; }

  struct Kind;

 private:
  StateTensor& tensor(const std::string& name, const TensorType& type, float initial = 0);
  Value scaled_rate(Graph& graph) const;

  const Kind* kind_;
  Attrs attrs_;
  double initial_ = 0;  // of an accumulator
  double decay_ = 0;    // of the rate: rate / (1 + decay * updates so far)
  Clipping clipping_;
  std::map<std::string, StateTensor> state_;
  std::shared_ptr<Buffer> rate_, step_;
};

}  // namespace gesso
