// The weights of a TF.js model: what `weightsManifest` promises, decoded from the shards.
//
// Format: a list of groups; a group is the concatenation of its files ("paths"), and its tensors
// ("weights") lie in it one after the other, without padding. A tensor with a "quantization" is
// stored as uint8 or uint16 and means q * scale + min, or as float16 without a scale.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "models/load/json.h"
#include "models/load/model.h"

namespace gesso {

// One stored tensor: f32, i32 or boolean, whatever it was in the file (integers of 8 and 16 bits
// become i32, as they are in TF.js).
class Weight {
 public:
  Weight(std::string name, TensorType type, std::shared_ptr<Buffer> data);

  // Whether only training would need it: the state of an optimiser, saved along with the model.
  bool of_optimizer = false;

  const std::string& name() const { return name_; }
  const TensorType& type() const { return type_; }

  // The elements with their axes in another order: axis i of the result is axis order[i] of the
  // file's tensor. Each order is computed once and shared by everybody who asks; an order that
  // nobody has asked for is not kept in memory.
  std::shared_ptr<const Buffer> data(const std::vector<int>& order) const;
  std::shared_ptr<const Buffer> data() const;  // as in the file

  // The elements as in the file, in memory that may be written. From now on other orders are
  // computed from them whenever they are asked for.
  std::shared_ptr<Buffer> open() const;

 private:
  struct Layout {
    std::vector<int> order;
    std::shared_ptr<Buffer> data;
    bool wanted;
  };
  std::shared_ptr<Buffer> in_order(const std::vector<int>& order) const;

  std::string name_;
  TensorType type_;
  mutable std::vector<Layout> layouts_;  // a memo, never empty
  mutable bool is_open_ = false;
};

// All weights of a model, in the order of the file.
class Weights {
 public:
  // `manifest` is the value of "weightsManifest" in the main file, `files` what was downloaded.
  Weights(const Files& files, const Field& manifest);

  const Weight* find(std::string_view name) const;
  const std::vector<std::unique_ptr<Weight>>& all() const { return all_; }
  size_t elements() const;

 private:
  std::vector<std::unique_ptr<Weight>> all_;
  std::map<std::string, const Weight*, std::less<>> by_name_;
};

// A half-precision number: 1 sign bit, 5 bits of exponent, 10 of fraction (IEEE 754 binary16).
float float_from_half(uint16_t half);

// The elements of a tensor of this type with their axes in another order.
std::shared_ptr<Buffer> transposed(const TensorType& type, const Buffer& data,
                                   const std::vector<int>& order);

}  // namespace gesso
