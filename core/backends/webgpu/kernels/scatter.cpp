// Operators that put elements in places found by index. An output looks for what is put into it,
// so that sums do not depend on the order in which a device works.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/moves.h"
#include "core/backends/webgpu/kernels/path.h"

namespace gesso::webgpu {
namespace {

// Updates on their way to slots. There are `lines` of their own: in each line, update j of `count`
// goes to the slot key(line, j) of `slots`.
struct Routes {
  size_t lines, count, slots;
  // Declares fn key(line: u32, j: u32) -> u32.
  std::string key;
  Operand indices;

  void declare(Shader& shader) const { shader.use(index_in).reads(indices, "index").declare(key); }
};

// What becomes of an output that is in a slot of a line.
struct Target {
  std::string find;    // WGSL: declares line and slot, u32, of output i
  std::string start;   // WGSL: what it is without an update
  std::string update;  // WGSL: update j
  bool adds;
};

// Every slot looks at all updates.
std::string look_at_all(const Routes& routes, const Target& target) {
  std::string body =
      target.adds ? text("value += ", target.update, ";") : text("value = ", target.update, ";");
  return text(target.find, "  var value = ", target.start, ";\n  for (var j = 0u; j < ",
              routes.count, "u; j++) {\n    if (key(line, j) == slot) {\n      ", body,
              "\n    }\n  }\n  y(i, value);\n");
}

// Updates of the same slot form a chain: `first` has the first one of each slot, `next` the one
// after each update; -1 ends it.
std::string follow_chain(const Target& target) {
  std::string body =
      target.adds ? text("value += ", target.update, ";") : text("value = ", target.update, ";");
  return text(target.find, "  var value = ", target.start,
              ";\n  for (var at = first(line * slots + slot); at >= 0; at = next(line * count + "
              "u32(at))) {\n    let j = u32(at);\n    ",
              body, "\n  }\n  y(i, value);\n");
}

template <class Read>
void scatter(Lowering& l, const Routes& routes, const Target& target, Read read) {
  size_t outputs = l.out_shape().count();
  bool few = routes.count <= 32 || double(outputs) * double(routes.count) < 1e6;
  int variant = l.choose(
      text(l.node.op->name, " ", routes.lines, " ", routes.count, " ", routes.slots, " ", outputs),
      2, few ? 0 : 1);
  if (variant == 0) {
    Shader shader = l.shader();
    routes.declare(shader);
    read(shader);
    shader.writes(l.output(), "y").run(outputs, look_at_all(routes, target));
    return;
  }
  Operand first = l.scratch({DType::i32, {int(routes.lines * routes.slots)}});
  Operand next = l.scratch({DType::i32, {int(std::max<size_t>(routes.lines * routes.count, 1))}});
  l.shader().writes(first, "first").run(first.count(), "  first(i, -1);\n");
  if (routes.count > 0) {
    Shader shader = l.shader();
    routes.declare(shader);
    shader.writes(first, "first").writes(next, "next");
    shader.define("count", routes.count).define("slots", routes.slots);
    shader.run(routes.lines * routes.count, R"(  let line = i / count;
  let j = i % count;
  let slot = key(line, j);
  var later = j + 1u;
  while (later < count && key(line, later) != slot) {
    later++;
  }
  next(i, select(-1, i32(later), later < count));
  var earlier = i32(j) - 1;
  while (earlier >= 0 && key(line, u32(max(earlier, 0))) != slot) {
    earlier--;
  }
  if (earlier < 0) {
    first(line * slots + slot, i32(j));
  }
)");
  }
  Shader shader = l.shader();
  shader.define("count", routes.count).define("slots", routes.slots);
  shader.reads(first, "first").reads(next, "next");
  read(shader);
  shader.writes(l.output(), "y").run(outputs, follow_chain(target));
}

}  // namespace

// dx = 0;  dx[outer..., indices[j...], inner...] += dy[outer..., j..., inner...].
void gather_gradient(Lowering& l) {
  Lines lines(l.out_shape(), positive_axis(l.node.integer("axis"), l.out_shape().rank()));
  size_t count = l.shape(1).count();
  Routes routes{
      1, count, lines.size,
      text("fn key(line: u32, j: u32) -> u32 {\n  return index_in(index(j), ", lines.size, ");\n}"),
      l.input(1)};
  Target target{
      text("  let line = 0u;\n  let outer = i / ", lines.size * lines.inner,
           "u;\n  let slot = (i / ", lines.inner, "u) % ", lines.size, "u;\n"),
      "0.0", text("dy((outer * ", count, "u + j) * ", lines.inner, "u + i % ", lines.inner, "u)"),
      true};
  scatter(l, routes, target, [&](Shader& shader) { shader.reads(l.input(0), "dy"); });
}

// y = x;  y[i, indices[i, j, k], k] = updates[i, j, k] along axis 1, and so on.
void scatter_elements(Lowering& l) {
  int axis = positive_axis(l.node.integer("axis"), l.shape().rank());
  Lines lines(l.shape(), axis);
  size_t count = size_t(l.shape(1)[axis]);
  std::string at = text("((line / ", lines.inner, "u) * ", count, "u + j) * ", lines.inner,
                        "u + line % ", lines.inner, "u");
  Routes routes{lines.count(), count, lines.size,
                text("fn key(line: u32, j: u32) -> u32 {\n  return index_in(index(", at, "), ",
                     lines.size, ");\n}"),
                l.input(1)};
  Target target{
      text("  let line = (i / ", lines.size * lines.inner, "u) * ", lines.inner, "u + i % ",
           lines.inner, "u;\n  let slot = (i / ", lines.inner, "u) % ", lines.size, "u;\n"),
      "x(i)", text("updates(", at, ")"), l.node.text("reduction") == "add"};
  scatter(l, routes, target,
          [&](Shader& shader) { shader.reads(l.input(0), "x").reads(l.input(2), "updates"); });
}

// y = x;  y[indices[n..., 0], indices[n..., 1], …, j...] = updates[n..., j...].
void scatter_nd(Lowering& l) {
  const Shape &shape = l.shape(), &indices = l.shape(1);
  int depth = indices.back();
  size_t run = shape.count(depth, shape.rank()), count = indices.count(0, indices.rank() - 1);
  Routes routes{1, count, shape.count(0, depth),
                text("fn key(line: u32, j: u32) -> u32 {\n  return ",
                     located("j", "index", shape, depth), ";\n}"),
                l.input(1)};
  Target target{text("  let line = 0u;\n  let slot = i / ", run, "u;\n"), "x(i)",
                text("updates(j * ", run, "u + i % ", run, "u)"),
                l.node.text("reduction") == "add"};
  scatter(l, routes, target,
          [&](Shader& shader) { shader.reads(l.input(0), "x").reads(l.input(2), "updates"); });
}

}  // namespace gesso::webgpu
