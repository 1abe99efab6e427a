// The k largest elements along the last axis, largest first, and their indices.
#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/kernels/reduction.h"

namespace gesso::webgpu {
namespace {

// Numbers in the order of the elements: NaN is the greatest, and both zeros are one.
constexpr const char* key_of_floats = R"(fn key(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) {
    return 0xffffffffu;
  }
  return select(0x80000000u + size, 0x80000000u - size, bits >> 31u == 1u);
})";

constexpr const char* key_of_ints = R"(fn key(x: i32) -> u32 {
  return bitcast<u32>(x) ^ 0x80000000u;
})";

// Whether the element with key a at place i comes before the one with key b at place j.
constexpr const char* before = R"(fn before(a: u32, i: u32, b: u32, j: u32) -> bool {
  return a > b || (a == b && i < j);
})";

}  // namespace

void top_k(Lowering& l) {
  size_t size = size_t(l.shape().back()), k = size_t(l.out_shape().back());
  size_t rows = l.shape().count() / size;
  auto shader = [&] {
    Shader made = l.shader();
    made.reads(l.input(), "x").writes(l.output(0), "values").writes(l.output(1), "places");
    made.define("size", size).define("most", k);
    made.declare(l.dtype() == DType::f32 ? key_of_floats : key_of_ints).declare(before);
    return made;
  };
  // As many comparisons as rounds would need, and all at once.
  bool count = size <= 1024 || k >= 64;
  if (l.choose(text("topK ", rows, " ", size, " ", k), 2, count ? 0 : 1) == 0) {
    // Each element counts those before it.
    shader().run(rows * size, R"(  let own = key(x(i));
  let at = i % size;
  let start = i - at;
  var rank = 0u;
  for (var j = 0u; j < size; j++) {
    rank += select(0u, 1u, before(key(x(start + j)), j, own, at));
  }
  if (rank < most) {
    let to = (i / size) * most + rank;
    values(to, x(i));
    places(to, i32(at));
  }
)");
    return;
  }
  // A workgroup for each row, which looks k times for the best of those after the last one.
  OneEach each(l, rows, "row");
  Shader made = shader();
  made.declare(R"(struct Total {
  key: u32,
  at: u32,
}
var<workgroup> totals: array<Total, 256>;
fn join(a: Total, b: Total) -> Total {
  if (b.at != 0xffffffffu && (a.at == 0xffffffffu || before(b.key, b.at, a.key, a.at))) {
    return b;
  }
  return a;
})");
  made.run(each.groups, {256, 1, 1},
           text(each.start, R"(  var last = Total(0xffffffffu, 0u);
  for (var n = 0u; n < most; n++) {
    var best = Total(0u, 0xffffffffu);
    for (var j = index; j < size; j += 256u) {
      let own = key(x(row * size + j));
      if (n == 0u || before(last.key, last.at, own, j)) {
        best = join(best, Total(own, j));
      }
    }
    totals[index] = best;
)",
                fold_totals(256), R"(    last = workgroupUniformLoad(&totals[0]);
    if (index == 0u) {
      values(row * most + n, x(row * size + last.at));
      places(row * most + n, i32(last.at));
    }
    workgroupBarrier();
  }
)"));
}

}  // namespace gesso::webgpu
