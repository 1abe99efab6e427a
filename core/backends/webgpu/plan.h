// A graph as work for a GPU: texts of shaders, buffers, and what to dispatch in which order.
// Nothing here talks to a device: web/src/webgpu replays a plan, and tests read it.
//
// On the device every element takes four bytes: floats are f32, all other types i32, truth values
// as 0 and 1. Where the user allows it, weights take two, as f16.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/backends/backend.h"

namespace gesso::webgpu {

// What a device allows: the names and the defaults of WebGPU's limits, which every device has.
struct Limits {
  uint32_t max_storage_buffers_per_shader_stage = 8;
  uint32_t max_compute_workgroup_storage_size = 16384;  // bytes
  uint32_t max_compute_invocations_per_workgroup = 256;
  uint32_t max_compute_workgroups_per_dimension = 65535;
  uint64_t max_storage_buffer_binding_size = 128 << 20;  // bytes
  uint64_t max_buffer_size = 256 << 20;                  // bytes
};

struct Options {
  Limits limits;
  // The fewest invocations of a subgroup; 0: there are no subgroups.
  uint32_t subgroups = 0;
  bool half = false;             // f16 is enough for the weights of products and convolutions
  bool f16 = false;              // shaders can compute with f16, and do so where `half` allows it
  std::set<std::string> on_cpu;  // operators that are to stay on the processor
  std::map<std::string, int> chosen;  // by Choice::key, which variant of a kernel to take
};

// Memory on the device. What a plan computes with has no contents; constants and variables have
// those of a buffer of the processor, of which variables are written back on demand.
struct DeviceBuffer {
  enum class Kind { scratch, constant, variable };
  Kind kind = Kind::scratch;
  size_t bytes = 0;  // a multiple of 16
  std::shared_ptr<const Buffer> contents;
  TensorType type;    // of the contents
  bool half = false;  // f32 as contents, and f16 on the device
};

struct ShaderText {
  std::string label;  // the operators in it, for messages
  std::string code;   // WGSL; the entry point is main, bindings are of group 0
};

struct Binding {
  int buffer = 0;
  bool writes = false;  // and perhaps reads
};

// One thing to do.
struct PlanStep {
  enum class Kind {
    dispatch,
    copy,  // bytes from the first buffer to the second
    call,  // of a program on the processor: reads and writes are its inputs and outputs
  };
  Kind kind = Kind::dispatch;
  int shader = 0;                    // of a dispatch
  std::array<uint32_t, 3> groups{};  // of a dispatch
  std::vector<Binding> bindings;     // of a dispatch, in the order of the shader's numbers
  std::vector<int> choices;          // of a dispatch, those in Plan::choices that it came of
  int from = 0, to = 0;              // of a copy
  size_t bytes = 0;                  // of a copy
  int call = 0;                      // of a call, into Plan::calls
  std::vector<int> reads, writes;    // of a call
  StepInfo info;
};

struct PlanPort {
  std::string name;
  TensorType type;
  int buffer = 0;
};

// Kernels of a node among which a device may choose by timing them.
struct Choice {
  std::string key;  // of all nodes of the same shapes
  int variants = 0, chosen = 0;
};

struct DevicePlan {
  std::vector<DeviceBuffer> buffers;
  std::vector<ShaderText> shaders;
  std::vector<PlanStep> steps;
  std::vector<PlanPort> inputs, outputs;
  std::vector<Choice> choices;
  std::vector<std::unique_ptr<Program>> calls;  // what stays on the processor
  size_t nodes = 0;  // of the graph as it was given, without what is given
};

// Optimises the graph and plans it for a device with these limits. Buffers of the processor are
// kept alive by the plan.
DevicePlan plan(const Graph& graph, const Options& options);

}  // namespace gesso::webgpu
