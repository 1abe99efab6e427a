// Operators that pick elements by index.
#include "core/backends/webgpu/kernels/moves.h"
#include "core/backends/webgpu/kernels/path.h"

namespace gesso::webgpu {

constexpr Snippet index_in{R"(fn index_in(index: i32, size: i32) -> u32 {
  return u32(clamp(select(index, index + size, index < 0), 0, size - 1));
}
)"};

// y[outer..., j..., inner...] = x[outer..., indices[j...], inner...].
std::string gather(const Around& around, int) {
  Lines lines(around.shape(), positive_axis(around.node.integer("axis"), around.shape().rank()));
  size_t picked = around.shape(1).count();
  return text("  let j = (i / ", lines.inner, "u) % ", picked, "u;\n  let outer = i / ",
              picked * lines.inner, "u;\n  return $0((outer * ", lines.size, "u + index_in($1(j), ",
              lines.size, ")) * ", lines.inner, "u + i % ", lines.inner, "u);\n");
}

// y[i, j, k] = x[i, indices[i, j, k], k] along axis 1, and so on.
std::string gather_elements(const Around& around, int) {
  int axis = positive_axis(around.node.integer("axis"), around.shape().rank());
  Lines lines(around.shape(), axis);
  size_t picked = size_t(around.shape(1)[axis]);
  return text("  let outer = i / ", picked * lines.inner, "u;\n  return $0((outer * ", lines.size,
              "u + index_in($1(i), ", lines.size, ")) * ", lines.inner, "u + i % ", lines.inner,
              "u);\n");
}

std::string located(std::string_view n, std::string_view indices, const Shape& shape, int depth) {
  std::string place;
  for (int axis = 0; axis < depth; ++axis) {
    std::string index =
        text("index_in(", indices, "(", n, " * ", depth, "u + ", axis, "u), ", shape[axis], ")");
    place = place.empty() ? index : text("(", place, ") * ", shape[axis], "u + ", index);
  }
  return place.empty() ? "0u" : place;
}

// y[n..., j...] = x[indices[n..., 0], indices[n..., 1], …, j...].
std::string gather_nd(const Around& around, int) {
  const Shape& shape = around.shape();
  int depth = around.shape(1).back();
  size_t run = shape.count(depth, shape.rank());
  return text("  let n = i / ", run, "u;\n  return $0((", located("n", "$1", shape, depth), ") * ",
              run, "u + i % ", run, "u);\n");
}

}  // namespace gesso::webgpu
