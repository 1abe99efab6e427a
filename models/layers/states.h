// Tensors that outlive a run: what is remembered besides the weights.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace gesso {

struct Layer;

// A tensor that outlives a run and is no weight of the model.
struct StateTensor {
  std::string name;  // "dense/kernel/variance"
  TensorType type;
  std::shared_ptr<Buffer> data;
};

// What recurrent layers remember from one run to the next.
class States {
 public:
  // The memory of a layer's i-th state, zero at first. Fails where the layer remembers a state of
  // another shape.
  std::shared_ptr<Buffer> at(const Layer& layer, int i, const TensorType& type);
  void reset();
  // Forgets for which batches the states were, and keeps their names.
  void release();

  // Those that have memory, in the order in which the model asked for them: "lstm/state_0".
  std::vector<StateTensor> tensors() const;
  // The memory of the state of this name, made where there is none yet; null where no layer has one
  // of this type.
  std::shared_ptr<Buffer> restore(std::string_view name, const TensorType& type);

 private:
  struct State {
    const Layer* layer;
    int i;
    StateTensor tensor;
  };
  std::vector<State> all_;
};

}  // namespace gesso
