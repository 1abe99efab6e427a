// Which operators have a kernel.
#include "core/backends/webgpu/kernel.h"
#include "core/ops/list.h"

namespace gesso::webgpu {
namespace {

constexpr std::span<const Kernel> rows;

}  // namespace

std::span<const Kernel> kernels() {
  return rows;
}

}  // namespace gesso::webgpu
