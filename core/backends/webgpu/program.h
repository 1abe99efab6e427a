// A program that runs on a device: its plan, and its inputs and outputs as the processor sees them.
#pragma once

#include "core/backends/webgpu/plan.h"

namespace gesso::webgpu {

// Whoever owns the device replays the plan: it reads what was written to the inputs, and writes to
// output() what is to be read there. run() does nothing.
class DeviceProgram : public Program {
 public:
  DeviceProgram(const Graph& graph, const Options& options);

  const std::vector<ProgramPort>& inputs() const override { return inputs_; }
  const std::vector<ProgramPort>& outputs() const override { return outputs_; }
  std::span<std::byte> input(int i) override { return bytes(in_[size_t(i)], inputs_[size_t(i)]); }
  std::span<const std::byte> output(int i) const override {
    return {out_[size_t(i)].data(), outputs_[size_t(i)].type.bytes()};
  }
  std::span<std::byte> result(int i) { return bytes(out_[size_t(i)], outputs_[size_t(i)]); }
  void run() noexcept override {}
  void profile(std::span<double>) noexcept override {}
  ProgramMemory memory() const override;
  const std::vector<StepInfo>& steps() const override { return infos_; }

  const DevicePlan& plan() const { return plan_; }
  int number() const { return number_; }  // no other program has or had it

 private:
  static std::span<std::byte> bytes(Buffer& buffer, const ProgramPort& port) {
    return {buffer.data(), port.type.bytes()};
  }

  DevicePlan plan_;
  std::vector<ProgramPort> inputs_, outputs_;
  std::vector<Buffer> in_, out_;
  std::vector<StepInfo> infos_;
  int number_;
};

}  // namespace gesso::webgpu
