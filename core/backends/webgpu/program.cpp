#include "core/backends/webgpu/program.h"

namespace gesso::webgpu {

DeviceProgram::DeviceProgram(const Graph& graph, const Options& options)
    : plan_(webgpu::plan(graph, options)) {
  static int count = 0;
  number_ = ++count;
  auto add = [](const std::vector<PlanPort>& from, std::vector<ProgramPort>& ports,
                std::vector<Buffer>& buffers) {
    for (const PlanPort& port : from) {
      ports.push_back({port.name, port.type});
      buffers.emplace_back(port.type.bytes());
    }
  };
  add(plan_.inputs, inputs_, in_);
  add(plan_.outputs, outputs_, out_);
  for (const PlanStep& step : plan_.steps) infos_.push_back(step.info);
}

ProgramMemory DeviceProgram::memory() const {
  ProgramMemory memory;
  for (const DeviceBuffer& buffer : plan_.buffers)
    (buffer.contents ? memory.shared : memory.arena) += buffer.bytes;
  return memory;
}

}  // namespace gesso::webgpu
