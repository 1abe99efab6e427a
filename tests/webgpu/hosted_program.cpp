#include "tests/webgpu/hosted_program.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "core/backends/webgpu/plan.h"
#include "wasm/plan_json.h"

// In tests/webgpu/hosted_library.js. Those that give an int give `failed` where there is an error.
extern "C" {
double hosted_limit(const char* name);
int hosted_load(const char* plan);  // the program's number
void hosted_dispose(int program);
// Runs a program whose inputs lie at these addresses, up to a call that the plan leaves to us, and
// gives its number; or to the end, and gives -1 when the outputs lie at their addresses.
int hosted_run(int program, void* const* inputs, void* const* outputs);
void hosted_read(int input, void* words, size_t bytes);  // of the call
void hosted_answer(const void* words, size_t bytes);     // the call's next output
int hosted_resume(void* const* outputs);                 // goes on like hosted_run
char* hosted_error();                                    // to be freed
}

namespace gesso {
namespace {

constexpr int failed = -2;

std::string last_error() {
  char* text = hosted_error();
  std::string error = text;
  std::free(text);
  return error;
}

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

webgpu::Options options() {
  webgpu::Options options;
  webgpu::Limits& limits = options.limits;
  limits.max_storage_buffers_per_shader_stage =
      uint32_t(hosted_limit("maxStorageBuffersPerShaderStage"));
  limits.max_compute_workgroup_storage_size =
      uint32_t(hosted_limit("maxComputeWorkgroupStorageSize"));
  limits.max_compute_invocations_per_workgroup =
      uint32_t(hosted_limit("maxComputeInvocationsPerWorkgroup"));
  limits.max_compute_workgroups_per_dimension =
      uint32_t(hosted_limit("maxComputeWorkgroupsPerDimension"));
  limits.max_storage_buffer_binding_size = uint64_t(hosted_limit("maxStorageBufferBindingSize"));
  limits.max_buffer_size = uint64_t(hosted_limit("maxBufferSize"));
  options.subgroups = uint32_t(hosted_limit("subgroups"));
  options.half = *setting("GESSO_TEST_HALF") != '\0';
  std::istringstream names(setting("GESSO_TEST_ON_CPU"));
  for (std::string name; std::getline(names, name, ',');) options.on_cpu.insert(name);
  return options;
}

webgpu::DevicePlan planned(const Graph& graph) {
  webgpu::Options given = options();
  if (const char* variant = setting("GESSO_TEST_VARIANT"); *variant)
    for (const webgpu::Choice& choice : webgpu::plan(graph, given).choices)
      given.chosen[choice.key] = std::atoi(variant);
  return webgpu::plan(graph, given);
}

// Elements of the processor as the device has them, 4 bytes each, and the other way round.
template <class T>
void widen(const std::byte* from, int32_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = reinterpret_cast<const T*>(from)[i];
}

template <class T>
void narrow(const int32_t* from, std::byte* to, size_t count) {
  for (size_t i = 0; i < count; ++i) reinterpret_cast<T*>(to)[i] = T(from[i]);
}

std::vector<int32_t> widened(std::span<const std::byte> bytes, const TensorType& type) {
  std::vector<int32_t> words(type.shape.count());
  if (size_of(type.dtype) == 4)
    std::memcpy(words.data(), bytes.data(), 4 * words.size());
  else if (type.dtype == DType::i8)
    widen<int8_t>(bytes.data(), words.data(), words.size());
  else
    widen<uint8_t>(bytes.data(), words.data(), words.size());
  return words;
}

void narrow(const std::vector<int32_t>& words, const TensorType& type, std::byte* to) {
  if (size_of(type.dtype) == 4)
    std::memcpy(to, words.data(), 4 * words.size());
  else
    narrow<uint8_t>(words.data(), to, words.size());
}

class HostedProgram final : public Program {
 public:
  explicit HostedProgram(const Graph& graph) : plan_(planned(graph)) {
    for (const webgpu::PlanPort& port : plan_.inputs) add(port, inputs_, in_);
    for (const webgpu::PlanPort& port : plan_.outputs) add(port, outputs_, out_);
    for (const webgpu::PlanStep& step : plan_.steps)
      if (step.kind != webgpu::PlanStep::Kind::copy) steps_.push_back(step.info);
    for (const webgpu::DeviceBuffer& buffer : plan_.buffers)
      (buffer.contents ? memory_.shared : memory_.arena) += buffer.bytes;
    number_ = hosted_load(to_json(plan_).c_str());
    if (number_ == failed) throw Error(last_error());
  }
  ~HostedProgram() override { hosted_dispose(number_); }
  HostedProgram(const HostedProgram&) = delete;
  HostedProgram& operator=(const HostedProgram&) = delete;

  const std::vector<ProgramPort>& inputs() const override { return inputs_; }
  const std::vector<ProgramPort>& outputs() const override { return outputs_; }

  std::span<std::byte> input(int i) override {
    return {in_[size_t(i)].data(), inputs_[size_t(i)].type.bytes()};
  }

  void run() noexcept override {
    std::vector<void*> in = addresses(in_), out = addresses(out_);
    int next = hosted_run(number_, in.data(), out.data());
    while (next >= 0) {
      call(*plan_.calls[size_t(next)]);
      next = hosted_resume(out.data());
    }
    error_ = next == failed ? last_error() : "";
    if (!error_.empty()) std::fprintf(stderr, "%s\n", error_.c_str());
  }

  std::span<const std::byte> output(int i) const override {
    if (!error_.empty()) throw Error(error_);
    return {out_[size_t(i)].data(), outputs_[size_t(i)].type.bytes()};
  }

  // The first step is given all of the time.
  void profile(std::span<double> seconds) noexcept override {
    auto start = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (!seconds.empty()) seconds[0] += time.count();
  }

  ProgramMemory memory() const override { return memory_; }
  const std::vector<StepInfo>& steps() const override { return steps_; }

 private:
  static void add(const webgpu::PlanPort& port, std::vector<ProgramPort>& ports,
                  std::vector<Buffer>& buffers) {
    ports.push_back({port.name, port.type});
    buffers.emplace_back(port.type.bytes());
  }

  static std::vector<void*> addresses(std::vector<Buffer>& buffers) {
    std::vector<void*> all;
    for (Buffer& buffer : buffers) all.push_back(buffer.data());
    return all;
  }

  static void call(Program& program) {
    for (size_t i = 0; i < program.inputs().size(); ++i) {
      const TensorType& type = program.inputs()[i].type;
      std::vector<int32_t> words(type.shape.count());
      hosted_read(int(i), words.data(), 4 * words.size());
      narrow(words, type, program.input(int(i)).data());
    }
    program.run();
    for (size_t i = 0; i < program.outputs().size(); ++i) {
      std::vector<int32_t> words = widened(program.output(int(i)), program.outputs()[i].type);
      hosted_answer(words.data(), 4 * words.size());
    }
  }

  webgpu::DevicePlan plan_;
  std::vector<ProgramPort> inputs_, outputs_;
  std::vector<Buffer> in_, out_;
  std::vector<StepInfo> steps_;
  ProgramMemory memory_;
  int number_ = failed;
  std::string error_;  // of the last run
};

// The tests do not know that they are hosted: this is set before they begin.
const bool redirected = [] {
  if (is_hosted()) set_compiler(compile_hosted);
  return is_hosted();
}();

}  // namespace

std::unique_ptr<Program> compile_hosted(const Graph& graph) {
  return std::make_unique<HostedProgram>(graph);
}

bool is_hosted() {
  return *setting("GESSO_TEST_BACKEND") != '\0';
}

}  // namespace gesso
