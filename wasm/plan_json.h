// A plan for the GPU as the text in which it crosses to JavaScript.
#pragma once

#include <string>

#include "core/backends/webgpu/plan.h"

namespace gesso {

// {"buffers": [{"kind", "bytes", "at"?, "count"?, "dtype"?}], "shaders": [{"label", "code"}],
//  "steps": [{"shader", "bindings": [[buffer, writes]], "groups", ...} or {"copy": [from, to,
//  bytes]} or {"call", "reads", "writes"}], "inputs": [{"name", "shape", "dtype", "buffer"}],
//  "outputs", "choices": [{"key", "variants", "chosen"}], "nodes"}.
// "at" is the address of a buffer's contents in the memory of the processor.
std::string to_json(const webgpu::DevicePlan& plan);

}  // namespace gesso
