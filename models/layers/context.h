// How a whole model is being called: with which weights, in training or not, and what the call
// leaves behind.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "models/layers/layer.h"
#include "models/layers/states.h"

namespace gesso {

class LayerContext {
 public:
  // Gives the weight of a layer's i-th specification.
  using Source = std::function<Operand(Builder& b, const Layer& layer, size_t slot)>;

  LayerContext(Graph& graph, Source source, States& states)
      : b(graph), graph_(graph), source_(std::move(source)), states_(states) {}

  // A call that creates no weights and only notes which ones the layers will need.
  LayerContext(Graph& graph, States& states) : LayerContext(graph, nullptr, states) {}

  void train(Value random) {
    training_ = true;
    random_ = random;
  }
  bool training() const { return training_; }
  // Makes every recurrent layer go on from its states, and keep them, whatever it says of itself.
  void carry() { carries_ = true; }
  bool carries() const { return carries_; }
  // Asks for what adds to a loss, in training and evaluation alike.
  void judge() { judged_ = true; }
  bool judged() const { return judged_; }
  bool planning() const { return !source_; }

  // To be called before a layer asks for its weights.
  void prepare(const Layer& layer, const Shape& input);
  Operand weight(const Layer& layer, Text name);

  // At the end of the run the weight becomes what `next` gives for its value, which includes what
  // earlier calls of the same layer have asked for.
  void update(const Layer& layer, Text name, const std::function<Operand(Operand)>& next);

  // A state of a stateful layer, and what it becomes.
  Operand state(const Layer& layer, int i, const Shape& shape);
  void keep(const Layer& layer, int i, Operand value);

  // Numbers that differ from call to call and from step to step: uniform in [0, 1), or with mean 0
  // and deviation 1. A layer that has a seed of its own always draws from the same stream.
  Operand uniform(const Layer& layer, const Shape& shape) { return draw(layer, shape, false); }
  Operand normal(const Layer& layer, const Shape& shape) { return draw(layer, shape, true); }

  void add_penalty(Operand penalty);
  const Operands& penalties() const { return penalties_; }

  // Writes the assignments. Call it once, after everything else.
  void finish();

  const std::map<const Layer*, WeightSpecs>& planned() const { return planned_; }

  Builder b;

 private:
  Operand draw(const Layer& layer, const Shape& shape, bool normal);

  struct Kept {
    Value variable;
    Operand next;
  };
  Graph& graph_;
  Source source_;
  States& states_;
  bool training_ = false, judged_ = false, carries_ = false;
  Value random_;
  int streams_ = 0;
  Operands penalties_;
  std::map<std::pair<const Layer*, int>, Kept> kept_;
  std::map<std::pair<const Layer*, size_t>, Kept> updated_;
  std::map<const Layer*, WeightSpecs> planned_;
  std::map<const Layer*, Operands> stand_ins_;  // of the weights, while planning
};

}  // namespace gesso
