#include "core/backends/webgpu/kernels/resample2d.h"

#include <cstdlib>
#include <numeric>

#include "core/backends/webgpu/kernel.h"
#include "core/backends/webgpu/kernels/kernels.h"

namespace gesso::webgpu {
namespace {

constexpr int64_t most = (int64_t{1} << 31) - 1;

}  // namespace

Resampling::Resampling(const Node& node, int in, int out)
    : in_(in), out_(out), factor_(in), denominator_(out), linear_(node.text("mode") == "linear") {
  const std::string& coordinates = node.text("coordinates");
  nearest_ = coordinates == "asymmetric"  ? Nearest::floor
             : coordinates == "halfPixel" ? Nearest::half_down
                                          : Nearest::half_up;
  if (coordinates == "alignCorners" && out > 1) {
    factor_ = in_ - 1;
    denominator_ = out_ - 1;
  } else if (coordinates == "halfPixel" || coordinates == "halfPixelUp") {
    factor_ = 2 * in_;
    offset_ = in_ - out_;
    denominator_ = 2 * out_;
  }
  int64_t common = std::gcd(std::gcd(factor_, offset_), denominator_);
  factor_ /= common;
  offset_ /= common;
  denominator_ /= common;
}

std::string Resampling::place(std::string_view o, std::string_view name) const {
  if (is_same())
    return text("  let ", name, " = ", o, ";\n",
                linear_ ? text("  let ", name, "_part = 0.0;\n") : "");
  std::string code;
  bool fits = factor_ * (out_ - 1) + std::abs(offset_) <= most && (in_ - 1) * denominator_ <= most;
  if (fits) {
    code = text("  let ", name, "_at = u32(clamp(i32(", o, ") * ", factor_, " + ", offset_, ", 0, ",
                (in_ - 1) * denominator_, "));\n  let ", name, "_pixel = ", name, "_at / ",
                denominator_, "u;\n  let ", name, "_rest = ", name, "_at % ", denominator_, "u;\n");
  } else {
    // The product does not fit into 32 bits: quotient and remainder by doubling, bit by bit.
    std::string d = text(denominator_, "u"), n = text(name, "_n"), q = text(name, "_q"),
                r = text(name, "_r");
    code = text("  var ", q, " = 0u;\n  var ", r, " = 0u;\n  let ", n, " = ", o,
                ";\n  for (var bit = 1u << 29u; bit > 0u; bit >>= 1u) {\n    let one = select(0u, "
                "1u, (",
                n, " & bit) != 0u);\n    ", q, " = 2u * ", q, " + one * ", factor_ / denominator_,
                "u;\n    ", r, " = 2u * ", r, " + one * ", factor_ % denominator_,
                "u;\n    let more = ", r, " / ", d, ";\n    ", q, " += more;\n    ", r,
                " -= more * ", d, ";\n  }\n");
    int64_t whole = offset_ / denominator_, part = offset_ % denominator_;
    if (part < 0) {
      part += denominator_;
      --whole;
    }
    code += text("  ", r, " += ", part, "u;\n  ", q, " = u32(i32(", q, " + ", r, " / ", d, ") + ",
                 whole, ");\n  ", r, " = ", r, " % ", d, ";\n  if (i32(", q, ") < 0) {\n    ", q,
                 " = 0u;\n    ", r, " = 0u;\n  }\n  if (", q, " >= ", in_ - 1, "u) {\n    ", q,
                 " = ", in_ - 1, "u;\n    ", r, " = 0u;\n  }\n  let ", name, "_pixel = ", q,
                 ";\n  let ", name, "_rest = ", r, ";\n");
  }
  if (linear_)
    return text(code, "  let ", name, " = ", name, "_pixel;\n  let ", name, "_part = f32(", name,
                "_rest) / ", literal(double(denominator_)), ";\n");
  if (nearest_ == Nearest::floor) return text(code, "  let ", name, " = ", name, "_pixel;\n");
  return text(code, "  let ", name, " = ", name, "_pixel + select(0u, 1u, 2u * ", name, "_rest ",
              nearest_ == Nearest::half_up ? ">=" : ">", " ", denominator_, "u);\n");
}

// A pixel gives to places less than one pixel away, the first and the last one to all beyond. The
// bounds are widened by what floats may be wrong.
std::string Resampling::takers(std::string_view p, std::string_view name) const {
  std::string first = text(name, "_first"), end = text(name, "_end");
  if (factor_ == 0) return text("  let ", first, " = 0u;\n  let ", end, " = ", out_, "u;\n");
  double slope = double(denominator_) / double(factor_);
  double start = -double(offset_) / double(factor_);
  double slack = 1.0 + 1e-6 * double(out_);
  auto bound = [&](const char* sign, double by) {
    return text("clamp((f32(", p, ") ", sign, " 1.0) * ", literal(slope), " + ",
                literal(start + by), ", 0.0, ", literal(double(out_)), ")");
  };
  return text("  let ", first, " = select(u32(", bound("-", -slack), "), 0u, ", p,
              " == 0u);\n  let ", end, " = select(u32(", bound("+", slack + 1), "), ", out_, "u, ",
              p, " == ", in_ - 1, "u);\n");
}

namespace {

// One axis of the images, [outer, size, inner], back to the size before: each pixel adds up what
// the places took from it.
void give_back(Lowering& l, const Resampling& axis, const Operand& from, const Operand& to, int in,
               int out, size_t inner) {
  bool linear = l.node.text("mode") == "linear";
  std::string part = linear ? "    if (p == pixel) {\n"
                              "      sum += value * (1.0 - p_part);\n"
                              "    } else if (p + 1u == pixel) {\n"
                              "      sum += value * p_part;\n"
                              "    }\n"
                            : "    if (p == pixel) {\n      sum += value;\n    }\n";
  l.shader()
      .reads(from, "dy")
      .writes(to, "dx")
      .define("inner", inner)
      .run(to.count(), text("  let pixel = (i / inner) % ", in, "u;\n  let outer = i / ",
                            size_t(in) * inner, "u;\n", axis.takers("pixel", "o"),
                            "  var sum = 0.0;\n  for (var o = o_first; o < o_end; o++) {\n",
                            axis.place("o", "p"), "    let value = dy((outer * ", out,
                            "u + o) * inner + i % inner);\n", part, "  }\n  dx(i, sum);\n"));
}

}  // namespace

void resample2d_gradient(Lowering& l) {
  const Shape &in = l.out_shape(), &out = l.shape();  // of resample2d
  Resampling down(l.node, in[1], out[1]), right(l.node, in[2], out[2]);
  size_t channels = size_t(in[3]);
  if (right.is_same())
    return give_back(l, down, l.input(), l.output(), in[1], out[1], size_t(in[2]) * channels);
  if (down.is_same()) return give_back(l, right, l.input(), l.output(), in[2], out[2], channels);
  Operand rows = l.scratch({DType::f32, {in[0], in[1], out[2], in[3]}});
  give_back(l, down, l.input(), rows, in[1], out[1], size_t(out[2]) * channels);
  give_back(l, right, rows, l.output(), in[2], out[2], channels);
}

}  // namespace gesso::webgpu
