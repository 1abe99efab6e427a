// Runs a node with its operator's own reference kernel, in float.
#include "core/backends/cpu/step.h"

namespace gesso::cpu {
namespace {

class ReferenceStep final : public Step {
 public:
  explicit ReferenceStep(const Lowering& l) : node_(l.node), kernel_{node_, {}, {}} {
    node_.data = nullptr;
    for (const TensorType& type : l.in) kernel_.in.push_back({type, nullptr});
    for (const TensorType& type : l.node.outputs) kernel_.out.push_back({type, nullptr});
  }

  void bind(const Memory& memory) override {
    for (size_t i = 0; i < memory.in.size(); ++i) kernel_.in[i].data = memory.in[i];
    for (size_t o = 0; o < memory.out.size(); ++o) kernel_.out[o].data = memory.out[o];
  }

  void run() noexcept override { node_.op->cpu.f32(kernel_); }

 private:
  Node node_;  // a copy: the graph is gone when the program runs
  Kernel<float> kernel_;
};

}  // namespace

std::unique_ptr<Step> lower_to_reference(const Lowering& lowering) {
  return std::make_unique<ReferenceStep>(lowering);
}

}  // namespace gesso::cpu
