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

Options with_subgroups() {
  Options options;
  options.subgroups = 32;
  return options;
}

TEST(WebgpuPlan, AddsUpWithSubgroupsWhereThereAreSome) {
  Graph graph;
  graph.output("y", apply(reduce_sum_op, {graph.input("x", floats({3, 64}))}, {{"axes", Ints{1}}}));
  DevicePlan plan = webgpu::plan(graph, with_subgroups());
  ASSERT_EQ(plan.shaders.size(), 1u);
  EXPECT_EQ(plan.shaders[0].code, R"(enable subgroups;
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
fn at0(i: u32) -> f32 {
  return b0[i];
}
fn at1(i: u32) -> f32 {
  return b1[i];
}
fn x(i: u32) -> f32 {
  return at0(i);
}
fn join(a: f32, b: f32) -> f32 {
  return a + b;
}
fn y(i: u32, value: f32) {
  b1[i] = value;
}
var<workgroup> totals: array<f32, 64>;
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let subgroup_place = subgroupExclusiveAdd(1u);
  let subgroup_count = subgroupAdd(1u);
  let o = group.x + group.y * 3u;
  let base = ((o)) * 64u;
  {
  var total = 0.0;
  for (var r: u32 = index; r < 64u; r += 64u) {
    let p = base + (r);
    let x = x(p);
    total = total + x;
  }
  let all = total;
  totals[index] = all;
  }
  workgroupBarrier();
  var own_total = totals[subgroup_place];
  for (var first = subgroup_count; first < 64u; first += subgroup_count) {
    let at = first + subgroup_place;
    if (at < 64u) {
      own_total = join(own_total, totals[at]);
    }
  }
  let total = subgroupAdd(own_total);
  if (index == 0u) {
  y(o, total);
  }
}
)");
  for (const ShaderText& shader : webgpu::plan(graph, {}).shaders)
    EXPECT_EQ(shader.code.find("subgroup"), std::string::npos) << shader.code;
}

TEST(WebgpuPlan, UsesSubgroupsForSumsAndProductsOfAVector) {
  Graph graph;
  Value x = graph.input("x", floats({2, 256}));
  Value w = graph.constant({64, 256}, std::vector<float>(64 * 256, 0.5f));
  graph.output("softmax", apply(softmax_op, {x}, {{"axis", 1.0}}));
  graph.output("normal", apply(layer_normalization_op, {x}));
  graph.output("gemm", apply(gemm_op, {x, w}, {{"bTranspose", true}}));
  DevicePlan plan = webgpu::plan(graph, with_subgroups());
  EXPECT_EQ(dispatches(plan), 3u);
  for (const ShaderText& shader : plan.shaders)
    EXPECT_TRUE(shader.code.starts_with("enable subgroups;\n")) << shader.code;
}

TEST(WebgpuPlan, TakesTheVariantsThatWereChosen) {
  Graph graph;
  graph.output("y", apply(reduce_sum_op, {graph.input("x", floats({3, 64}))}, {{"axes", Ints{1}}}));
  DevicePlan plan = webgpu::plan(graph, with_subgroups());
  ASSERT_EQ(plan.choices.size(), 1u);
  EXPECT_EQ(plan.choices[0].key, "reduceSum 3 x 64");
  EXPECT_EQ(plan.choices[0].variants, 3);
  EXPECT_EQ(plan.choices[0].chosen, 2);
  EXPECT_EQ(plan.steps[0].choices, std::vector{0});
  std::set<std::string> codes;
  for (int variant : {0, 1, 2}) {
    Options options = with_subgroups();
    options.chosen = {{"reduceSum 3 x 64", variant}, {"of another model", 7}};
    DevicePlan other = webgpu::plan(graph, options);
    EXPECT_EQ(other.choices[0].chosen, variant);
    codes.insert(other.shaders[0].code);
  }
  EXPECT_EQ(codes.size(), 3u);
}

TEST(WebgpuPlan, TakesTheLastVariantForOneThatIsNot) {
  Graph graph;
  graph.output("y", apply(reduce_sum_op, {graph.input("x", floats({3, 64}))}, {{"axes", Ints{1}}}));
  Options options;
  options.chosen = {{"reduceSum 3 x 64", 99}};
  EXPECT_EQ(webgpu::plan(graph, options).choices[0].chosen, 1);
  options.chosen = {{"reduceSum 3 x 64", -5}};
  EXPECT_EQ(webgpu::plan(graph, options).choices[0].chosen, 0);
}

const DeviceBuffer& buffer_of(const DevicePlan& plan, size_t elements) {
  auto found = std::ranges::find_if(plan.buffers, [&](const DeviceBuffer& buffer) {
    return buffer.contents && buffer.type.shape.count() == elements;
  });
  if (found == plan.buffers.end()) throw std::out_of_range("no such buffer");
  return *found;
}

// 1x1 convolutions of images [1, 8, 8, 16] by 32 filters of these weights, with a bias.
Graph pointwise(Value (*weights)(Graph&)) {
  Graph graph;
  Value x = graph.input("x", floats({1, 8, 8, 16}));
  Value bias = graph.constant({32}, std::vector<float>(32, 1));
  graph.output("y", apply(conv2d_op, {x, weights(graph), bias}));
  return graph;
}

Value constant_weights(Graph& graph) {
  return graph.constant({32, 1, 1, 16}, std::vector<float>(512, 0.5f));
}

TEST(WebgpuPlan, StoresWeightsInHalfThePrecisionWhereThatIsAllowed) {
  Options half;
  half.half = true;
  Graph graph = pointwise(constant_weights);
  EXPECT_FALSE(buffer_of(webgpu::plan(graph, {}), 512).half);
  DevicePlan plan = webgpu::plan(graph, half);
  EXPECT_TRUE(buffer_of(plan, 512).half);
  EXPECT_EQ(buffer_of(plan, 512).bytes, 1024u);
  EXPECT_FALSE(buffer_of(plan, 32).half);
  EXPECT_EQ(buffer_of(plan, 32).bytes, 128u);
  EXPECT_NE(plan.shaders[0].code.find("unpack2x16float"), std::string::npos);
  EXPECT_EQ(plan.shaders[0].code.find("f16;"), std::string::npos);
}

TEST(WebgpuPlan, MultipliesInHalfThePrecisionWhereShadersCan) {
  Options half;
  half.half = half.f16 = true;
  DevicePlan plan = webgpu::plan(pointwise(constant_weights), half);
  const std::string& code = plan.shaders[0].code;
  EXPECT_TRUE(code.starts_with("enable f16;\n")) << code;
  EXPECT_NE(code.find("return bitcast<vec4h>(b1[i]);"), std::string::npos) << code;
  EXPECT_NE(code.find("s0 += vec4f(h0);"), std::string::npos) << code;
  half.half = false;
  for (const ShaderText& shader : webgpu::plan(pointwise(constant_weights), half).shaders)
    EXPECT_EQ(shader.code.find("f16"), std::string::npos) << shader.code;
}

TEST(WebgpuPlan, KeepsFloatsThatAreTrainedOrTooLargeForHalfThePrecision) {
  Options half;
  half.half = true;
  Graph trained = pointwise([](Graph& graph) {
    return graph.variable("w", floats({32, 1, 1, 16}), std::make_shared<Buffer>(2048));
  });
  EXPECT_FALSE(buffer_of(webgpu::plan(trained, half), 512).half);
  Graph large = pointwise(
      [](Graph& graph) { return graph.constant({32, 1, 1, 16}, std::vector<float>(512, 70000)); });
  EXPECT_FALSE(buffer_of(webgpu::plan(large, half), 512).half);
}

}  // namespace
}  // namespace gesso::webgpu
