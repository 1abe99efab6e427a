// What becomes one dispatch, and where its tensors lie.
#include <gtest/gtest.h>

#include "core/backends/webgpu/plan.h"
#include "core/ops/math.h"
#include "tests/native/expect_error.h"

namespace gesso::webgpu {
namespace {

TensorType floats(const Shape& shape) {
  return {DType::f32, shape};
}

size_t dispatches(const DevicePlan& plan) {
  return size_t(std::ranges::count(plan.steps, PlanStep::Kind::dispatch, &PlanStep::kind));
}

TEST(WebgpuPlan, FusesAChainOfFormulas) {
  Graph graph;
  Value x = graph.input("x", floats({2, 3}));
  Value bias = graph.constant({3}, std::vector<float>{1, 2, 3});
  graph.output("y", apply(relu_op, {x * 2 + bias}));
  DevicePlan plan = webgpu::plan(graph, {});
  ASSERT_EQ(plan.shaders.size(), 1u);
  EXPECT_EQ(plan.shaders[0].label, "linear, add, relu");
  EXPECT_EQ(plan.shaders[0].code, R"(@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
fn at0(i: u32) -> f32 {
  return b0[i];
}
fn at1(i: u32) -> f32 {
  return b1[i];
}
fn at2(i: u32) -> f32 {
  return b2[i];
}
fn y(i: u32, value: f32) {
  b0[i] = value;
}
fn f0(i: u32) -> f32 {
  let x0 = at1(i);
  return 2.0f * x0 + 0.0f;
}
fn f1(i: u32) -> f32 {
  let x0 = f0(i);
  let x1 = at2(((i) % 3u));
  return x0 + x1;
}
fn f2(i: u32) -> f32 {
  let x0 = f1(i);
  return select(x0, 0.0, x0 < 0.0);
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= 6u) {
    return;
  }
  y(i, f2(i));
}
)");
  EXPECT_EQ(plan.steps[0].groups, (std::array<uint32_t, 3>{1, 1, 1}));
}

TEST(WebgpuPlan, KeepsWhatSeveralRead) {
  Graph graph;
  Value x = graph.input("x", floats({8})), e = exp(x);
  graph.output("a", e + 1);
  graph.output("b", e * 2);
  DevicePlan plan = webgpu::plan(graph, {});
  EXPECT_EQ(dispatches(plan), 3u);
}

TEST(WebgpuPlan, LaysViewsNowhere) {
  Graph graph;
  Value x = graph.input("x", floats({2, 3}));
  graph.output("y", reshape(exp(reshape(x, {6})), {3, 2}));
  DevicePlan plan = webgpu::plan(graph, {});
  EXPECT_EQ(dispatches(plan), 1u);
  EXPECT_EQ(to_string(plan.outputs[0].type), "float32 [3, 2]");
}

TEST(WebgpuPlan, UpdatesVariablesInPlace) {
  Graph graph;
  auto state = std::make_shared<Buffer>(16);
  Value w = graph.variable("w", floats({4}), state), dw = graph.input("dw", floats({4}));
  graph.assign(w, w - dw * 0.1);
  DevicePlan plan = webgpu::plan(graph, {});
  ASSERT_EQ(plan.steps.size(), 1u);
  ASSERT_EQ(plan.steps[0].bindings.size(), 2u);
  for (const Binding& binding : plan.steps[0].bindings) {
    bool is_variable = plan.buffers[size_t(binding.buffer)].contents == state;
    EXPECT_EQ(binding.writes, is_variable);
  }
}

TEST(WebgpuPlan, CopiesVariablesThatChangePlaces) {
  Graph graph;
  auto first = std::make_shared<Buffer>(16), second = std::make_shared<Buffer>(16);
  Value a = graph.variable("a", floats({4}), first), b = graph.variable("b", floats({4}), second);
  graph.assign(a, b);
  graph.assign(b, a);
  DevicePlan plan = webgpu::plan(graph, {});
  ASSERT_EQ(plan.steps.size(), 4u);
  for (const PlanStep& step : plan.steps) EXPECT_EQ(step.kind, PlanStep::Kind::copy);
  EXPECT_EQ(plan.steps[0].to, plan.steps[2].from);
  EXPECT_EQ(plan.steps[1].to, plan.steps[3].from);
}

TEST(WebgpuPlan, DoesNotOverwriteAVariableThatIsReadLater) {
  Graph graph;
  auto state = std::make_shared<Buffer>(16);
  Value w = graph.variable("w", floats({4}), state), x = graph.input("x", floats({4}));
  Value next = exp(w);
  graph.assign(w, next);
  graph.output("y", next + x);
  graph.output("z", w * x);
  DevicePlan plan = webgpu::plan(graph, {});
  EXPECT_EQ(plan.steps.back().kind, PlanStep::Kind::copy);
}

TEST(WebgpuPlan, SharesBuffersThatAreNotNeededAtOnce) {
  Graph graph;
  Value x = graph.input("x", floats({64}));
  Value y = x;
  for (int i = 0; i < 5; ++i) {
    Value e = exp(y);
    y = reshape(e, {8, 8}) + transpose(reshape(e, {8, 8}));  // two readers: e must be in memory
    y = reshape(y, {64});
  }
  graph.output("y", y);
  DevicePlan plan = webgpu::plan(graph, {});
  EXPECT_LE(plan.buffers.size(), 5u);
}

TEST(WebgpuPlan, KeepsWithinTheBindingsOfTheDevice) {
  Graph graph;
  Value sum = graph.input("x0", floats({4}));
  for (int i = 1; i < 20; ++i) sum = sum + graph.input("x" + std::to_string(i), floats({4}));
  graph.output("y", sum);
  DevicePlan plan = webgpu::plan(graph, {});
  EXPECT_EQ(dispatches(plan), 4u);
  for (const PlanStep& step : plan.steps) EXPECT_LE(step.bindings.size(), 8u);
}

TEST(WebgpuPlan, LeavesOnTheProcessorWhatItIsTold) {
  Graph graph;
  Value x = graph.input("x", floats({4}));
  graph.output("y", exp(abs(exp(x))));
  Options options;
  options.on_cpu = {"abs"};
  DevicePlan plan = webgpu::plan(graph, options);
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_EQ(plan.steps[1].kind, PlanStep::Kind::call);
  EXPECT_EQ(plan.steps[1].info.kernel, "cpu");
  EXPECT_EQ(plan.calls.size(), 1u);
}

TEST(WebgpuPlan, RefusesTensorsThatADeviceCannotHold) {
  Graph graph;
  graph.output("y", exp(graph.input("x", floats({1024, 1024}))));
  Options small;
  small.limits.max_storage_buffer_binding_size = 1 << 20;
  expect_error([&] { webgpu::plan(graph, small); },
               "webgpu: a tensor is larger than this device allows.\n"
               "  operator  exp\n"
               "  tensor  float32 [1024, 1024]\n"
               "  bytes  4194304\n"
               "  allowed  1048576\n"
               "  Try: a smaller batch or image, or the backend wasm");
}

}  // namespace
}  // namespace gesso::webgpu
