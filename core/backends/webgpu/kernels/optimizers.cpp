// One update of one weight by each optimiser: the rules of core/ops/optimizers.h. Weight and memory
// may be updated where they lie.
#include <cmath>

#include "core/backends/webgpu/kernels/kernels.h"
#include "core/backends/webgpu/snippets.h"

namespace gesso::webgpu {
namespace {

// The limit is least_gradient of core/ops/optimizers.h, 2^-58.
constexpr Snippet small_gradients{R"(fn or_zero(x: f32) -> f32 {
  return select(x, 0.0 * x, abs(x) < 0x1p-58);
}
fn square(g: f32) -> f32 {
  let size = select(abs(g), 0x1p-58, abs(g) < 0x1p-58);
  return size * size;
}
)"};

// 1 - share^step, where the power of a share near 1 would leave few digits.
constexpr Snippet rest_after{R"(fn rest_after(log_of_share: f32, step: f32) -> f32 {
  return -expm1(step * log_of_share);
}
)",
                             {&expm1}};

// Text: 1 - share^step.
std::string rest(const Lowering& l, Text share) {
  double value = l.node.number(share);
  if (value == 0) return "select(1.0, 0.0, step == 0.0)";
  return text("rest_after(", literal(std::log(value)), ", step)");
}

// Text: the next moving average. What is left of 1 is taken in double, as on the processor.
std::string average(const Lowering& l, Text share, std::string_view mean, std::string_view next) {
  double kept = l.node.number(share);
  return text(literal(kept), " * ", mean, " + ", literal(1 - kept), " * ", next);
}

std::string option(const Lowering& l, Text name) {
  return literal(l.node.number(name));
}

// What a dispatch does beside reading the states s0, s1, ..., the gradient g, the rate and the
// step: it changes the states. Inputs are the states, the gradient, the rate and perhaps a step.
void update(Lowering& l, int states, const std::string& rule) {
  int gradient = states;
  std::vector<int> separate, in_place;
  for (int s = 0; s < states; ++s)
    (l.output(s).storage == l.input(s).storage ? in_place : separate).push_back(s);
  // Where not all bindings fit, several dispatches compute the same and write some of it each: last
  // of all what lies in memory that the others read.
  size_t most = l.options().limits.max_storage_buffers_per_shader_stage;
  bool at_once = l.input(gradient).storage < 0 || l.node.inputs.size() + separate.size() <= most;
  size_t room = at_once ? separate.size() : most - l.node.inputs.size();
  for (size_t first = 0; first == 0 || first < separate.size();
       first += std::max<size_t>(room, 1)) {
    std::vector<int> written(
        separate.begin() + std::ptrdiff_t(first),
        separate.begin() + std::ptrdiff_t(std::min(first + room, separate.size())));
    if (first + room >= separate.size())
      written.insert(written.end(), in_place.begin(), in_place.end());
    Shader shader = l.shader();
    shader.use(small_gradients).use(rest_after);
    std::string begin, end;
    for (int s = 0; s < states; ++s) {
      shader.reads(l.input(s), text("state", s));
      begin += text("  var s", s, " = state", s, "(i);\n");
    }
    for (int s : written) {
      shader.writes(l.output(s), text("set_state", s));
      end += text("  set_state", s, "(i, s", s, ");\n");
    }
    shader.reads(l.input(gradient), "gradient").reads(l.input(gradient + 1), "rate_at");
    begin += "  let g = gradient(i);\n  let rate = rate_at(0u);\n";
    if (l.has(gradient + 2)) {
      shader.reads(l.input(gradient + 2), "step_at");
      begin += "  let step = f32(step_at(0u));\n";
    }
    shader.run(l.shape().count(), begin + rule + end);
  }
}

}  // namespace

void sgd(Lowering& l) {
  update(l, 1, "  s0 -= rate * g;\n");
}

// States: weight, velocity.
void momentum(Lowering& l) {
  std::string share = option(l, "momentum");
  std::string step = l.node.flag("nesterov") ? text(share, " * s1 + g") : "s1";
  update(l, 2, text("  s1 = or_zero(", share, " * s1 + g);\n", "  s0 -= rate * (", step, ");\n"));
}

// States: weight, mean, variance.
void adam(Lowering& l) {
  update(l, 3,
         text("  s1 = or_zero(", average(l, "beta1", "s1", "g"), ");\n",  //
              "  s2 = ", average(l, "beta2", "s2", "square(g)"), ";\n",   //
              "  let mean = s1 / ", rest(l, "beta1"), ";\n",              //
              "  let deviation = sqrt(s2 / ", rest(l, "beta2"), ");\n",   //
              "  let decay = rate * ", option(l, "weightDecay"), ";\n",   //
              "  s0 -= decay * s0 + rate * mean / (deviation + ", option(l, "epsilon"), ");\n"));
}

// States: weight, mean, norm.
void adamax(Lowering& l) {
  update(l, 3,
         text("  s1 = or_zero(", average(l, "beta1", "s1", "g"), ");\n",  //
              "  let kept = ", option(l, "beta2"), " * s2;\n",            //
              "  s2 = select(abs(g), kept, kept > abs(g));\n",            //
              "  s0 -= rate / ", rest(l, "beta1"), " * s1 / (s2 + ", option(l, "epsilon"), ");\n"));
}

// States: weight, mean square, velocity, mean.
void rms_prop(Lowering& l) {
  std::string centered =
      l.node.flag("centered") ? text("or_zero(", average(l, "decay", "s3", "g"), ")") : "0.0";
  update(l, 4,
         text("  s1 = ", average(l, "decay", "s1", "square(g)"), ";\n",                //
              "  s3 = ", centered, ";\n",                                              //
              "  let deviation = sqrt(s1 - s3 * s3 + ", option(l, "epsilon"), ");\n",  //
              "  s2 = or_zero(", option(l, "momentum"), " * s2 + rate * g / deviation);\n",
              "  s0 -= s2;\n"));
}

// States: weight, sum of squares.
void adagrad(Lowering& l) {
  update(l, 2,
         text("  s1 += square(g);\n",  //
              "  s0 -= rate * g / sqrt(s1 + ", option(l, "epsilon"), ");\n"));
}

// States: weight, squares of gradients, squares of updates.
void adadelta(Lowering& l) {
  std::string epsilon = option(l, "epsilon");
  update(l, 3,
         text("  let update = g * sqrt((s2 + ", epsilon, ") / (s1 + ", epsilon, "));\n",  //
              "  s1 = ", average(l, "rho", "s1", "square(g)"), ";\n",                     //
              "  s2 = ", average(l, "rho", "s2", "square(update)"), ";\n",                //
              "  s0 -= rate * update;\n"));
}

}  // namespace gesso::webgpu
