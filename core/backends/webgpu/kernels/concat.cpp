// More tensors one after another along an axis than one dispatch can read.
#include "core/backends/webgpu/kernel.h"
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/path.h"

namespace gesso::webgpu {

void concat_many(Lowering& l) {
  const Shape& out = l.out_shape();
  int axis = positive_axis(l.node.integer("axis"), out.rank());
  size_t run = out.count(axis, out.rank()), end = 0;
  for (int k = 0; k < int(l.in.size()); ++k) {
    size_t part = l.shape(k).count(axis, out.rank()), begin = end;
    if (part == 0) continue;
    end += part;
    l.shader()
        .reads(l.input(k), "x")
        .writes(l.output(), "y")
        .run(l.shape(k).count(),
             text("  y((i / ", part, "u) * ", run, "u + ", begin, "u + i % ", part, "u, x(i));\n"));
  }
}

}  // namespace gesso::webgpu
