// One prepared piece of work in a CPU program, and how the kernels of each kind make theirs.
#pragma once

#include <memory>
#include <vector>

#include "core/op.h"

namespace gesso::cpu {

// The memory of one step, fixed when the program is planned.
struct Memory {
  std::vector<void*> in;  // null: an input that was left out
  std::vector<void*> out;
  void* workspace = nullptr;
};

inline const float* in(const Memory& m, int i) {
  return static_cast<const float*>(m.in[size_t(i)]);
}

inline float* out(const Memory& m) {
  return static_cast<float*>(m.out[0]);
}

class Step {
 public:
  virtual ~Step() = default;
  // Scratch memory that is needed only while the step runs.
  virtual size_t workspace_bytes() const { return 0; }
  // Whether the step reads this input while it runs. Packed weights are not read again.
  virtual bool reads([[maybe_unused]] int input) const { return true; }
  // Called once, before the first run.
  virtual void bind(const Memory& memory) = 0;
  virtual void run() noexcept = 0;
};

// A node on its way to becoming a step.
struct Lowering {
  const Node& node;
  std::vector<TensorType> in;       // of each input; scalars for those left out
  std::vector<const Node*> source;  // the constants among the inputs, null otherwise

  bool has(int i) const { return i < int(node.inputs.size()) && node.inputs[size_t(i)].id >= 0; }
  const Shape& shape(int i = 0) const { return in[size_t(i)].shape; }
  DType dtype(int i = 0) const { return in[size_t(i)].dtype; }
  const TensorType& out(int i = 0) const { return node.outputs[size_t(i)]; }
  // The elements of a constant input, or null.
  const float* constant(int i) const {
    return has(i) && source[size_t(i)] ? source[size_t(i)]->data->as<float>().data() : nullptr;
  }
};

// Whether all of a node's inputs, and its output, are of type f32.
inline bool all_f32(const Lowering& lowering) {
  for (const TensorType& type : lowering.in)
    if (type.dtype != DType::f32) return false;
  return lowering.out().dtype == DType::f32;
}

// Each gives a step, or null when it has no kernel for this node.
std::unique_ptr<Step> lower_to_xnnpack(const Lowering& lowering);
std::unique_ptr<Step> lower_to_simd(const Lowering& lowering);
std::unique_ptr<Step> lower_to_reference(const Lowering& lowering);

// How many aligned bytes XNNPACK has taken since the start, whether or not they have been freed by
// now: its operators, and the weights that it has packed into them.
size_t xnnpack_bytes();

}  // namespace gesso::cpu
