// Runs graphs on the CPU: each node becomes a step of the first kind that has a kernel for it, and
// all buffers share one arena.
#include "core/backends/backend.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "core/backends/cpu/step.h"
#include "core/passes.h"
#include "core/plan.h"

namespace gesso {
namespace {

using cpu::Lowering;
using cpu::Step;

constexpr int forever = std::numeric_limits<int>::max();

// One operator node with its step.
struct Planned {
  int id;
  const Node* node;
  std::unique_ptr<Step> step;
};

class CpuProgram final : public Program {
 public:
  explicit CpuProgram(const Graph& graph);

  const std::vector<ProgramPort>& inputs() const override { return inputs_; }
  const std::vector<ProgramPort>& outputs() const override { return outputs_; }
  std::span<std::byte> input(int i) override {
    return {input_data_[size_t(i)], inputs_[size_t(i)].type.bytes()};
  }
  std::span<const std::byte> output(int i) const override {
    return {output_data_[size_t(i)], outputs_[size_t(i)].type.bytes()};
  }
  void run() noexcept override {
    for (const auto& step : steps_) step->run();
    for (const Copy& copy : copies_) std::memcpy(copy.to, copy.from, copy.bytes);
  }
  void profile(std::span<double> seconds) noexcept override;
  ProgramMemory memory() const override;
  const std::vector<StepInfo>& steps() const override { return infos_; }

 private:
  // Where a value lives: a buffer of the plan, or the elements of a constant or variable.
  struct Place {
    int lifetime = -1;
    std::shared_ptr<const Buffer> kept;
  };
  struct Copy {
    void* to;
    const void* from;
    size_t bytes;
  };

  std::vector<Planned> lower(const Graph& graph);
  void place_values(const Graph& graph);
  void copy_assigned(const Graph& graph);
  void extend(Edge edge, int step);
  void* address(Edge edge);
  void bind(std::vector<Planned>& planned);

  std::vector<ProgramPort> inputs_, outputs_;
  std::vector<StepInfo> infos_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<Copy> copies_;                         // what a run ends with
  std::vector<std::shared_ptr<const Buffer>> kept_;  // what steps read and write as they run
  Buffer arena_, staging_;
  size_t packed_ = 0;
  std::vector<std::byte*> input_data_;
  std::vector<const std::byte*> output_data_;

  // Only while planning.
  std::vector<std::vector<Place>> places_;  // by node and output
  std::vector<Lifetime> lifetimes_;
  std::vector<size_t> offsets_;
};

void CpuProgram::profile(std::span<double> seconds) noexcept {
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  for (size_t i = 0; i < steps_.size(); ++i) {
    steps_[i]->run();
    auto end = Clock::now();
    seconds[i] += std::chrono::duration<double>(end - start).count();
    start = end;
  }
  for (const Copy& copy : copies_) std::memcpy(copy.to, copy.from, copy.bytes);
}

ProgramMemory CpuProgram::memory() const {
  ProgramMemory memory{arena_.size() + staging_.size(), packed_, 0};
  for (const auto& buffer : kept_) memory.shared += buffer->size();
  return memory;
}

Lowering lowering_of(const Graph& graph, const Node& node) {
  Lowering lowering{node, {}, {}};
  for (Edge e : node.inputs) {
    const Node* from = e.id < 0 ? nullptr : &graph.nodes()[size_t(e.id)];
    lowering.in.push_back(from ? from->outputs[size_t(e.output)] : TensorType{});
    lowering.source.push_back(from && from->is_constant() ? from : nullptr);
  }
  return lowering;
}

CpuProgram::CpuProgram(const Graph& graph) {
  place_values(graph);
  std::vector<Planned> planned = lower(graph);
  Plan memory = plan(lifetimes_);
  offsets_ = std::move(memory.offsets);
  arena_ = Buffer(memory.bytes);
  bind(planned);
  for (const Port& port : graph.inputs()) {
    inputs_.push_back({port.name, graph.nodes()[size_t(port.edge.id)].outputs[0]});
    input_data_.push_back(static_cast<std::byte*>(address(port.edge)));
  }
  for (const Port& port : graph.outputs()) {
    const Node& node = graph.nodes()[size_t(port.edge.id)];
    outputs_.push_back({port.name, node.outputs[size_t(port.edge.output)]});
    output_data_.push_back(static_cast<std::byte*>(address(port.edge)));
  }
  copy_assigned(graph);
  places_.clear();
  lifetimes_.clear();
  offsets_.clear();
}

// The node in whose memory a value lies: the value's own, or the one that views lead to.
size_t owner(const Graph& graph, int id) {
  const Node* node = &graph.nodes()[size_t(id)];
  for (; node->op && node->op->is_view; node = &graph.nodes()[size_t(id)]) id = node->inputs[0].id;
  return size_t(id);
}

// The last node that reads a node's memory; forever where it must last. By node.
std::vector<int> last_readers(const Graph& graph) {
  std::vector<int> last(graph.nodes().size(), -1);
  for (size_t id = 0; id < last.size(); ++id)
    for (Edge e : graph.nodes()[id].inputs)
      if (e.id >= 0) last[owner(graph, e.id)] = int(id);
  for (const Assignment& a : graph.assignments()) last[owner(graph, a.value.id)] = forever;
  return last;
}

// Which variables each output of a node may be written over, since it is what they become and
// nobody reads them any more; null for the others. By node and output.
std::vector<std::vector<const Node*>> overwritten(const Graph& graph,
                                                  const std::vector<int>& last_reader) {
  std::vector<std::vector<const Node*>> over(graph.nodes().size());
  for (const Assignment& a : graph.assignments()) {
    auto [id, output] = a.value;
    const Node& node = graph.nodes()[size_t(id)];
    over[size_t(id)].resize(node.outputs.size());
    if (node.op && output < node.op->in_place && node.inputs[size_t(output)] == a.variable &&
        last_reader[size_t(a.variable.id)] == id)
      over[size_t(id)][size_t(output)] = &graph.nodes()[size_t(a.variable.id)];
  }
  return over;
}

void CpuProgram::place_values(const Graph& graph) {
  std::vector<int> last_reader = last_readers(graph);
  auto over = overwritten(graph, last_reader);
  for (const Port& port : graph.outputs()) last_reader[owner(graph, port.edge.id)] = forever;
  // Where an output may be written over the input of its number, whose memory nobody needs again.
  auto reused = [&](const Node& node, size_t id, size_t o) -> const Place* {
    if (!node.op || int(o) >= node.op->in_place || node.inputs[o].id < 0) return nullptr;
    Edge e = node.inputs[o];
    size_t from = owner(graph, e.id);
    const Place& place = places_[size_t(e.id)][size_t(e.output)];
    bool fits =
        graph.nodes()[size_t(e.id)].outputs[size_t(e.output)].bytes() == node.outputs[o].bytes();
    bool is_last = last_reader[from] == int(id) && !graph.nodes()[from].is_input();
    return fits && is_last && place.lifetime >= 0 ? &place : nullptr;
  };
  for (const Node& node : graph.nodes()) {
    size_t id = places_.size();
    auto& places = places_.emplace_back();
    if (node.is_constant()) {
      places.push_back({-1, node.data});
    } else if (node.is_variable()) {
      places.push_back({-1, node.state});
    } else if (node.op && node.op->is_view) {
      Edge e = node.inputs[0];
      places.push_back(places_[size_t(e.id)][size_t(e.output)]);
    } else {
      int first = node.is_input() ? 0 : forever;  // an operator's is known when it is lowered
      over[id].resize(node.outputs.size());
      for (size_t o = 0; o < node.outputs.size(); ++o) {
        const TensorType& type = node.outputs[o];
        if (const Node* variable = over[id][o]) {
          places.push_back({-1, variable->state});
        } else if (const Place* place = reused(node, id, o)) {
          places.push_back(*place);
        } else {
          places.push_back({int(lifetimes_.size()), nullptr});
          lifetimes_.push_back({type.bytes(), first, node.is_input() ? forever : 0});
        }
      }
    }
  }
}

void CpuProgram::extend(Edge edge, int step) {
  int i = places_[size_t(edge.id)][size_t(edge.output)].lifetime;
  if (i < 0) return;
  Lifetime& lifetime = lifetimes_[size_t(i)];
  lifetime.first = std::min(lifetime.first, step);
  lifetime.last = std::max(lifetime.last, step);
}

std::vector<Planned> CpuProgram::lower(const Graph& graph) {
  std::vector<Planned> planned;
  for (size_t id = 0; id < graph.nodes().size(); ++id) {
    const Node& node = graph.nodes()[id];
    if (!node.op || node.op->is_view || node.is_empty()) continue;
    Lowering lowering = lowering_of(graph, node);
    std::string_view kind = "xnnpack";
    size_t taken = cpu::xnnpack_bytes();
    auto step = cpu::lower_to_xnnpack(lowering);
    if (!step) {
      kind = "simd";
      step = cpu::lower_to_simd(lowering);
    }
    if (!step) {
      kind = "reference";
      step = cpu::lower_to_reference(lowering);
    }
    int now = int(planned.size());
    for (size_t o = 0; o < node.outputs.size(); ++o) extend({int(id), int(o)}, now);
    bool packs = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!lowering.has(int(i))) continue;
      if (step->reads(int(i)))
        extend(node.inputs[i], now);
      else
        packs = true;
    }
    if (packs) packed_ += cpu::xnnpack_bytes() - taken;
    infos_.push_back({node.op->name, kind, node.name, node.outputs[0]});
    planned.push_back({int(id), &node, std::move(step)});
  }
  for (const Port& port : graph.outputs()) extend(port.edge, forever);
  for (const Assignment& a : graph.assignments()) extend(a.value, forever);
  for (Planned& p : planned) {
    int now = int(&p - planned.data());
    lifetimes_.push_back({p.step->workspace_bytes(), now, now});
  }
  return planned;
}

// Constants and variables live in shared buffers; whatever is asked for here is kept alive.
void* CpuProgram::address(Edge edge) {
  Place& place = places_[size_t(edge.id)][size_t(edge.output)];
  if (place.lifetime >= 0) return arena_.data() + offsets_[size_t(place.lifetime)];
  if (std::find(kept_.begin(), kept_.end(), place.kept) == kept_.end()) kept_.push_back(place.kept);
  return const_cast<std::byte*>(place.kept->data());
}

// What is not computed where its variable lies is copied there when all is done, and by way of a
// buffer of its own where it is itself a variable: two may change places.
void CpuProgram::copy_assigned(const Graph& graph) {
  std::vector<Copy> from_variables;
  size_t staged = 0;
  for (const Assignment& a : graph.assignments()) {
    size_t bytes = graph.nodes()[size_t(a.variable.id)].outputs[0].bytes();
    Copy copy{address(a.variable), address(a.value), bytes};
    if (copy.to == copy.from || bytes == 0) continue;
    bool from_variable = graph.nodes()[owner(graph, a.value.id)].is_variable();
    (from_variable ? from_variables : copies_).push_back(copy);
    if (from_variable) staged += bytes;
  }
  staging_ = Buffer(staged);
  std::vector<Copy> there;
  for (std::byte* stage = staging_.data(); Copy & copy : from_variables) {
    there.push_back({stage, copy.from, copy.bytes});
    copy.from = stage;
    stage += copy.bytes;
  }
  copies_.insert(copies_.begin(), there.begin(), there.end());
  copies_.insert(copies_.end(), from_variables.begin(), from_variables.end());
}

void CpuProgram::bind(std::vector<Planned>& planned) {
  size_t first_workspace = lifetimes_.size() - planned.size();
  for (size_t s = 0; s < planned.size(); ++s) {
    auto& [id, node, step] = planned[s];
    cpu::Memory memory;
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      bool read = node->inputs[i].id >= 0 && step->reads(int(i));
      memory.in.push_back(read ? address(node->inputs[i]) : nullptr);
    }
    for (size_t o = 0; o < node->outputs.size(); ++o) memory.out.push_back(address({id, int(o)}));
    memory.workspace = arena_.data() + offsets_[first_workspace + s];
    step->bind(memory);
    steps_.push_back(std::move(step));
  }
}

Compiler compiler = nullptr;

}  // namespace

std::unique_ptr<Program> compile(const Graph& graph) {
  return compiler ? compiler(graph) : compile_here(graph);
}

std::unique_ptr<Program> compile_here(const Graph& graph) {
  return std::make_unique<CpuProgram>(optimize(graph));
}

void set_compiler(Compiler given) {
  compiler = given;
}

}  // namespace gesso
