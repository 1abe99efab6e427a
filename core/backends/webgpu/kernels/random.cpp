// Random numbers: what core/random.h gives, place by place.
#include "core/backends/webgpu/kernel.h"
#include "core/backends/webgpu/kernels/kernels.h"

namespace gesso::webgpu {
namespace {

// WGSL has no product of 64 bits: it is put together from those of halves.
constexpr Snippet philox{R"(fn high_of_product(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}
fn philox(position: u32, step: u32, seed: u32, stream: u32) -> vec4u {
  var c = vec4u(position, 0u, step, 0u);
  var key = vec2u(seed, stream);
  for (var round = 0; round < 10; round++) {
    c = vec4u(high_of_product(0xcd9e8d57u, c.z) ^ c.y ^ key.x, 0xcd9e8d57u * c.z,
              high_of_product(0xd2511f53u, c.x) ^ c.w ^ key.y, 0xd2511f53u * c.x);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
fn uniform_from(bits: u32) -> f32 {
  return f32(bits >> 8u) * 0x1p-24;
}
)"};

// Logarithm and cosine are written out: WGSL's own are wrong by 2^-21 near 1 and by 2^-11.
constexpr Snippet normal_from{R"(fn log_of(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  var exponent = f32(bits >> 23u) - 127.0;
  var m = bitcast<f32>((bits & 0x7fffffu) | 0x3f800000u);
  if (m > 1.41421356) {
    m *= 0.5;
    exponent += 1.0;
  }
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let series = 1.0 + z * (0.333333333 + z * (0.2 + z * (0.142857143 + z * 0.111111111)));
  return exponent * 0.693145752 + (2.0 * s * series + exponent * 0.00000142860677);
}
fn cos_of_turn(u: f32) -> f32 {
  let quarter = i32(4.0 * u + 0.5);
  let x = (4.0 * u - f32(quarter)) * 1.57079633;
  let z = x * x;
  let sine = x * (1.0 - z * (0.166666667 - z * (0.00833333333 - z * (0.000198412698 -
      z * 0.00000275573192))));
  let cosine = 1.0 - z * (0.5 - z * (0.0416666667 - z * (0.00138888889 - z * (0.0000248015873 -
      z * 0.000000275573192))));
  let value = select(cosine, sine, (quarter & 1) == 1);
  return select(value, -value, quarter == 1 || quarter == 2);
}
fn normal_from(a: u32, b: u32) -> f32 {
  let radius = sqrt(max(-2.0 * log_of(1.0 - uniform_from(a)), 0.0));
  return radius * cos_of_turn(uniform_from(b));
}
)",
                              {&philox}};

// Runs `body`, which sets `made` from `words`, for as many elements at a time as a block gives.
void from_blocks(Lowering& l, size_t per_block, const Snippet& snippet, std::string_view body) {
  size_t count = l.out_shape().count();
  Shader shader = l.shader();
  shader.use(snippet).reads(l.input(0), "state");
  bool wide = per_block == 4 && count % 4 == 0;
  std::string store;
  if (wide) {
    shader.writes4(l.output(), "y");
    store = "  y(i, made);\n";
  } else {
    shader.writes(l.output(), "y").define("count", count);
    for (size_t e = 0; e < per_block; ++e) {
      std::string at = text(per_block, "u * i + ", e, "u");
      store += text("  if (", at, " < count) {\n    y(", at, ", made[", e, "]);\n  }\n");
    }
  }
  shader.run((count + per_block - 1) / per_block,
             text("  let seed = u32(state(0u));\n  let words = philox(i, u32(state(1u)), seed, ",
                  uint32_t(l.node.number("stream")), "u);\n", body, store));
}

}  // namespace

void random_uniform(Lowering& l) {
  float low = float(l.node.number("minValue")), range = float(l.node.number("maxValue")) - low;
  // The product is rounded before the sum as on the processor: through bits that a compiler does
  // not know, which keeps it from making one fused operation of both.
  from_blocks(l, 4, philox,
              text("  let none = (seed * (seed + 1u)) & 1u;\n"
                   "  let u = vec4f(uniform_from(words.x), uniform_from(words.y),\n"
                   "      uniform_from(words.z), uniform_from(words.w));\n"
                   "  let made = ",
                   literal(low), " + bitcast<vec4f>(bitcast<vec4u>(", literal(range),
                   " * u) ^ vec4u(none));\n"));
}

void random_normal(Lowering& l) {
  std::string mean = literal(l.node.number("mean"));
  std::string deviation = literal(l.node.number("deviation"));
  from_blocks(l, 2, normal_from,
              text("  let made = ", mean, " + ", deviation,
                   " * vec2f(normal_from(words.x, words.y), normal_from(words.z, words.w));\n"));
}

}  // namespace gesso::webgpu
