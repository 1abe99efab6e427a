// Runs graphs on WebGPU from test programs that know nothing of it: the program waits in a worker
// of Node while another thread drives a GPU (tests/webgpu/host.ts).
//
//   GESSO_TEST_BACKEND=dawn      Dawn in Node, on SwiftShader
//   GESSO_TEST_BACKEND=chromium  Debian's Chromium, on SwiftShader
//   GESSO_TEST_LIMITS=least      a device with the limits that every device has, and no features
//   GESSO_TEST_ON_CPU=relu,add   operators that the plan is to leave to the processor
//   GESSO_TEST_HALF=1            weights as f16
//   GESSO_TEST_VARIANT=2         of each kernel the variant with this number, or the last
#pragma once

#include <memory>

#include "core/backends/backend.h"

namespace gesso {

// A program on the device. What the device refuses is an Error: when it is compiled, or when an
// output of the run is read, since a run itself cannot fail. Variables lie in the processor's
// memory before and after each run.
std::unique_ptr<Program> compile_hosted(const Graph& graph);

// Whether GESSO_TEST_BACKEND asks for it.
bool is_hosted();

}  // namespace gesso
