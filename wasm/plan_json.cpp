#include "wasm/plan_json.h"

#include "models/load/write_json.h"

namespace gesso {
namespace {

using webgpu::DeviceBuffer;
using webgpu::PlanStep;

template <class T, class F>
std::string list(const std::vector<T>& items, F text_of) {
  std::vector<std::string> texts;
  for (const T& item : items) texts.push_back(text_of(item));
  return json_list(texts);
}

std::string number(auto value) {
  return json_number(double(value));
}

std::string buffer(const DeviceBuffer& buffer) {
  constexpr const char* kinds[] = {"scratch", "constant", "variable"};
  std::string kind = json_text(kinds[size_t(buffer.kind)]);
  if (!buffer.contents) return json_object({{"kind", kind}, {"bytes", number(buffer.bytes)}});
  return json_object({{"kind", kind},
                      {"bytes", number(buffer.bytes)},
                      {"half", json_flag(buffer.half)},
                      {"at", number(reinterpret_cast<uintptr_t>(buffer.contents->data()))},
                      {"count", number(buffer.type.shape.count())},
                      {"dtype", json_text(to_string(buffer.type.dtype))}});
}

std::string step(const PlanStep& step) {
  std::string op = json_text(step.info.op), name = json_text(step.info.name);
  auto integer = [](int buffer) { return number(buffer); };
  switch (step.kind) {
    case PlanStep::Kind::copy:
      return json_object(
          {{"copy", json_list({number(step.from), number(step.to), number(step.bytes)})}});
    case PlanStep::Kind::call:
      return json_object({{"call", number(step.call)},
                          {"op", op},
                          {"name", name},
                          {"reads", list(step.reads, integer)},
                          {"writes", list(step.writes, integer)}});
    case PlanStep::Kind::dispatch:
      break;
  }
  auto pair = [](const webgpu::Binding& b) {
    return json_list({number(b.buffer), number(int(b.writes))});
  };
  return json_object({{"shader", number(step.shader)},
                      {"bindings", list(step.bindings, pair)},
                      {"groups", json_list({number(step.groups[0]), number(step.groups[1]),
                                            number(step.groups[2])})},
                      {"choices", list(step.choices, integer)},
                      {"op", op},
                      {"name", name},
                      {"shape", json_ints(step.info.type.shape.sizes())}});
}

std::string ports(const std::vector<webgpu::PlanPort>& all) {
  return list(all, [](const webgpu::PlanPort& port) {
    return json_object({{"name", json_text(port.name)},
                        {"shape", json_ints(port.type.shape.sizes())},
                        {"dtype", json_text(to_string(port.type.dtype))},
                        {"buffer", number(port.buffer)}});
  });
}

}  // namespace

std::string to_json(const webgpu::DevicePlan& plan) {
  return json_object({{"buffers", list(plan.buffers, buffer)},
                      {"shaders", list(plan.shaders,
                                       [](const webgpu::ShaderText& shader) {
                                         return json_object({{"label", json_text(shader.label)},
                                                             {"code", json_text(shader.code)}});
                                       })},
                      {"steps", list(plan.steps, step)},
                      {"inputs", ports(plan.inputs)},
                      {"outputs", ports(plan.outputs)},
                      {"choices", list(plan.choices,
                                       [](const webgpu::Choice& choice) {
                                         return json_object({{"key", json_text(choice.key)},
                                                             {"variants", number(choice.variants)},
                                                             {"chosen", number(choice.chosen)}});
                                       })},
                      {"nodes", number(plan.nodes)}});
}

}  // namespace gesso
