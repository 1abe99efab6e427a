#include "core/backends/webgpu/planner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/passes.h"

namespace gesso::webgpu {
namespace {

// Longer shaders take long to compile and save nothing.
constexpr size_t most_nodes = 48;

template <class Row>
const Row* find(std::span<const Row> rows, const Op* op) {
  for (const Row& row : rows)
    if (row.op == op) return &row;
  return nullptr;
}

template <class T>
void add_new(std::vector<T>& list, const T& item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(item);
}

bool computes(const Node& node) {
  return node.op && !node.op->is_view && !node.is_empty();
}

const Kernel* kernel_of(const Around& around) {
  const Kernel* kernel = find(kernels(), around.node.op);
  return kernel && (!kernel->takes || kernel->takes(around)) ? kernel : nullptr;
}

bool is_formula(const Node& node) {
  return find(formulas(), node.op);
}

// Whether f16 has a number near each element.
bool fits_half(const Buffer& data, const TensorType& type) {
  constexpr float largest = 65504;
  if (type.dtype != DType::f32) return false;
  std::span elements(reinterpret_cast<const float*>(data.data()), type.shape.count());
  return std::ranges::all_of(elements, [](float x) { return std::abs(x) <= largest; });
}

}  // namespace

DevicePlan plan(const Graph& graph, const Options& options) {
  return Planner(graph, options).finish();
}

Planner::Planner(const Graph& graph, const Options& options)
    : options_(options), graph_(optimize(graph)) {
  plan_.nodes = size_t(std::ranges::count_if(graph.nodes(), computes));
}

DevicePlan Planner::finish() {
  count_readers();
  group_nodes();
  place_values();
  for (size_t g = 0; g < groups_.size(); ++g) emit(int(g));
  copy_assigned();
  share_buffers();
  return std::move(plan_);
}

Edge Planner::resolve(Edge edge) const {
  for (const Node* n = &node(edge.id); n->op && n->op->is_view; n = &node(edge.id))
    edge = n->inputs[0];
  return edge;
}

// A move reads all its inputs in one dispatch: one of more inputs is left to its kernel.
bool Planner::is_inline(const Node& n) const {
  return is_formula(n) || (find(moves(), n.op) &&
                           n.inputs.size() < options_.limits.max_storage_buffers_per_shader_stage);
}

Around Planner::around(const Node& node) const {
  Around around{node, {}};
  for (Edge e : node.inputs) around.in.push_back(e.id < 0 ? TensorType{} : type(e));
  return around;
}

void Planner::count_readers() {
  for (const Node& n : graph_.nodes()) {
    known_.emplace_back(n.outputs.size());
    if (!computes(n)) continue;
    std::vector<Edge> read;
    for (Edge e : n.inputs)
      if (e.id >= 0) add_new(read, resolve(e));
    for (Edge e : read) ++known(e).readers;
  }
  for (const Port& port : graph_.outputs()) known(resolve(port.edge)).kept = true;
  for (const Assignment& a : graph_.assignments()) known(resolve(a.value)).kept = true;
}

void Planner::group_nodes() {
  for (size_t id = 0; id < graph_.nodes().size(); ++id)
    if (computes(node(int(id)))) add_node(int(id));
  for (size_t id = 0; id < known_.size(); ++id)
    for (size_t o = 0; o < known_[id].size(); ++o) close({int(id), int(o)});
  // What a group reads is left by groups of earlier roots.
  std::ranges::sort(groups_, {}, &Group::root);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    bool whole = group.work.kernel == group.root.id;
    size_t outputs = whole ? node(group.root.id).outputs.size() : 1;
    for (size_t o = 0; o < outputs; ++o)
      known({group.root.id, whole ? int(o) : group.root.output}).group = int(g);
  }
}

void Planner::add_node(int id) {
  const Node& n = node(id);
  Around here = around(n);
  bool is_kernel = !is_inline(n) || options_.on_cpu.contains(std::string(n.op->name));
  Work work{{}, {}, is_kernel ? id : nowhere};
  std::vector<Edge> read;
  std::vector<int> slots;  // the first input that reads it
  for (size_t i = 0; i < n.inputs.size(); ++i) {
    if (n.inputs[i].id < 0) continue;
    Edge e = resolve(n.inputs[i]);
    if (std::ranges::find(read, e) == read.end()) {
      read.push_back(e);
      slots.push_back(int(i));
    }
  }
  // Each input in memory is one more binding; computed ones bring theirs.
  auto most_leaves = [&](int of) {
    size_t others = is_kernel ? n.outputs.size() : 1;
    if (of >= 0) {
      const Kernel* kernel = kernel_of(around(node(of)));
      others += kernel ? kernel->scratch : 0;
    }
    size_t most = options_.limits.max_storage_buffers_per_shader_stage;
    return most - std::min(most, others);
  };
  size_t waiting = read.size();
  for (size_t r = 0; r < read.size(); ++r, --waiting) {
    Known& value = known(read[r]);
    if (value.open && may_inline(here, slots[r], value, work)) {
      std::vector<Edge> leaves = work.leaves;
      for (Edge e : value.open->leaves) add_new(leaves, e);
      int kernel = std::max(work.kernel, value.open->kernel);
      if (leaves.size() + waiting - 1 <= most_leaves(kernel)) {
        work.leaves = std::move(leaves);
        work.kernel = kernel;
        work.nodes.insert(work.nodes.end(), value.open->nodes.begin(), value.open->nodes.end());
        value.open.reset();
        continue;
      }
    }
    close(read[r]);
    add_new(work.leaves, read[r]);
  }
  work.nodes.push_back(id);
  std::ranges::sort(work.nodes);
  if (is_kernel && n.outputs.size() > 1) {
    groups_.push_back({{id, 0}, std::move(work)});
  } else {
    for (size_t o = 0; o < n.outputs.size(); ++o)
      if (n.outputs[o].shape.count() > 0) known({id, int(o)}).open = work;
  }
}

bool Planner::may_inline(const Around& here, int input, const Known& value,
                         const Work& so_far) const {
  if (value.readers > 1 || value.kept) return false;
  const Work& work = *value.open;
  if (so_far.nodes.size() + work.nodes.size() >= most_nodes) return false;
  const Shape &in = here.shape(input), &out = here.out_shape();
  if (work.kernel >= 0)
    return so_far.kernel < 0 && is_formula(here.node) && in == out &&
           !options_.on_cpu.contains(std::string(node(work.kernel).op->name));
  if (options_.on_cpu.contains(std::string(here.node.op->name))) return false;
  if (is_inline(here.node)) {
    const Move* move = find(moves(), here.node.op);
    bool once = move ? move->cheap : out.count() <= in.count();
    return once || work.nodes.size() == 1 || (in.count() == 1 && work.nodes.size() <= 8);
  }
  const Kernel* kernel = kernel_of(here);
  return kernel && (kernel->lazy >> input & 1);
}

// Gives an open value a group of its own.
void Planner::close(Edge value) {
  std::optional<Work>& open = known(value).open;
  if (open) groups_.push_back({value, std::move(*open)});
  open.reset();
}

// What computes a value, or else the first that reads it: messages name it.
const Node& Planner::user_of(Edge edge) const {
  if (node(edge.id).op) return node(edge.id);
  for (const Node& n : graph_.nodes())
    for (Edge input : n.inputs)
      if (input.id >= 0 && resolve(input) == edge) return n;
  return node(edge.id);
}

int Planner::add_storage(Storage storage, Edge of) {
  size_t element = storage.buffer.half ? 2 : 4;
  size_t& bytes = storage.buffer.bytes;
  bytes = std::max(size_t{16}, (storage.buffer.type.shape.count() * element + 15) / 16 * 16);
  const Limits& limits = options_.limits;
  size_t allowed = std::min(limits.max_storage_buffer_binding_size, limits.max_buffer_size);
  if (bytes > allowed) {
    const Node& user = user_of(of);
    std::string tensor = to_string(storage.buffer.type);
    std::vector<Fact> facts{{"tensor", tensor}, {"bytes", bytes}, {"allowed", allowed}};
    if (!user.name.empty()) facts.insert(facts.begin(), {"node", user.name});
    if (user.op) facts.insert(facts.begin(), {"operator", user.op->name});
    fail("webgpu: a tensor is larger than this device allows", facts,
         "a smaller batch or image, or the backend wasm");
  }
  storages_.push_back(std::move(storage));
  return int(storages_.size()) - 1;
}

// Decides where the values lie that some group leaves in memory, or that are given.
void Planner::place_values() {
  for (const Assignment& a : graph_.assignments())
    if (Known* value = overwritten(a)) value->storage = storage_of(a.variable);
  auto keep = [&](const Port& port) {
    Edge e = resolve(port.edge);
    int storage = storage_of(e);
    storages_[size_t(storage)].forever = true;
    return PlanPort{port.name, type(port.edge), storage};
  };
  for (const Port& port : graph_.inputs()) plan_.inputs.push_back(keep(port));
  for (const Port& port : graph_.outputs()) plan_.outputs.push_back(keep(port));
  for (const Assignment& a : graph_.assignments()) {
    storages_[size_t(storage_of(resolve(a.value)))].forever = true;
    storage_of(a.variable);
  }
}

// The value that may be computed in the memory of the variable that it becomes: nobody reads the
// variable later, and whoever computes the value reads each element before it writes it.
Planner::Known* Planner::overwritten(const Assignment& a) {
  Edge value = resolve(a.value), variable = a.variable;
  Known& result = known(value);
  if (result.group == nowhere || result.storage != nowhere) return nullptr;
  if (type(value).dtype != type(variable).dtype ||
      type(value).shape.count() != type(variable).shape.count())
    return nullptr;
  for (const Assignment& other : graph_.assignments())
    if (resolve(other.value) == variable) return nullptr;
  for (const Port& port : graph_.outputs())
    if (resolve(port.edge) == variable) return nullptr;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Work& work = groups_[g].work;
    if (std::ranges::find(work.leaves, variable) == work.leaves.end()) continue;
    if (int(g) > result.group) return nullptr;
    if (int(g) < result.group) continue;
    for (int id : work.nodes) {
      const Node& n = node(id);
      for (size_t i = 0; i < n.inputs.size(); ++i) {
        if (n.inputs[i].id < 0 || resolve(n.inputs[i]) != variable) continue;
        bool same_place =
            id == work.kernel
                ? id == value.id && value.output < n.op->in_place && int(i) == value.output
                : is_formula(n) && work.kernel < 0 &&
                      std::ranges::all_of(
                          work.nodes,
                          [&](int other) {
                            return is_formula(node(other)) &&
                                   node(other).outputs[0].shape.count() ==
                                       type(value).shape.count();
                          });
        if (!same_place || type(n.inputs[i]).shape.count() != type(value).shape.count())
          return nullptr;
      }
    }
  }
  return &result;
}

int Planner::storage_of(Edge edge) {
  Known& value = known(edge);
  if (value.storage != nowhere) return value.storage;
  using Kind = DeviceBuffer::Kind;
  const Node& n = node(edge.id);
  Storage storage;
  storage.buffer.type = type(edge);
  if (n.is_constant()) {
    storage.buffer.kind = Kind::constant;
    storage.buffer.contents = n.data;
  } else if (n.is_variable()) {
    storage.buffer.kind = Kind::variable;
    storage.buffer.contents = n.state;
  }
  return value.storage = share_storage(std::move(storage), edge);
}

int Planner::weight_of(Edge edge) {
  Known& value = known(edge);
  const Node& n = node(edge.id);
  if (value.half != nowhere) return value.half;
  if (!options_.half || !n.is_constant() || !fits_half(*n.data, type(edge)))
    return value.half = storage_of(edge);
  Storage storage;
  storage.buffer.type = type(edge);
  storage.buffer.kind = DeviceBuffer::Kind::constant;
  storage.buffer.contents = n.data;
  storage.buffer.half = true;
  return value.half = share_storage(std::move(storage), edge);
}

// Constants that several nodes hold are there once.
int Planner::share_storage(Storage storage, Edge of) {
  const DeviceBuffer& buffer = storage.buffer;
  for (size_t s = 0; buffer.contents && s < storages_.size(); ++s) {
    const DeviceBuffer& other = storages_[s].buffer;
    if (other.contents == buffer.contents && other.type.dtype == buffer.type.dtype &&
        other.type.shape.count() == buffer.type.shape.count() && other.half == buffer.half)
      return int(s);
  }
  return add_storage(std::move(storage), of);
}

void Planner::touch(int storage) {
  Storage& used = storages_[size_t(storage)];
  int now = int(plan_.steps.size());
  used.first = std::min(used.first, now);
  used.last = std::max(used.last, now);
}

bool Planner::is_computed(int group, Edge edge) const {
  const Work& work = groups_[size_t(group)].work;
  return edge.id != work.kernel && std::ranges::binary_search(work.nodes, edge.id);
}

std::string Planner::label_of(const Group& group) const {
  std::string label;
  for (int id : group.work.nodes) {
    if (!label.empty()) label += ", ";
    label += node(id).op->name;
  }
  return label;
}

int Planner::add_shader(std::string label, std::string code) {
  auto [found, is_new] = shader_of_.try_emplace(code, int(plan_.shaders.size()));
  if (is_new) plan_.shaders.push_back({std::move(label), std::move(code)});
  return found->second;
}

void Planner::emit(int index) {
  choices_.clear();
  const Group& group = groups_[size_t(index)];
  if (int id = group.work.kernel; id >= 0) {
    Around here = around(node(id));
    const Kernel* kernel = kernel_of(here);
    if (!kernel || options_.on_cpu.contains(std::string(here.node.op->name)))
      return emit_call(index);
    Lowering lowering(*this, index, here);
    return kernel->lower(lowering);
  }
  Shader shader(*this, index);
  shader.writes({storage_of(group.root), group.root, type(group.root)}, "y");
  shader.run(type(group.root).shape.count(), text("  y(i, ", shader.call(group.root, "i"), ");\n"));
}

// A node without a kernel runs on the processor, together with those right before it.
void Planner::emit_call(int index) {
  const Node& n = node(groups_[size_t(index)].work.kernel);
  Graph graph;
  PlanStep step;
  step.kind = PlanStep::Kind::call;
  step.call = int(plan_.calls.size());
  step.info = {n.op->name, "cpu", n.name, n.outputs[0]};
  Values inputs;
  for (Edge e : n.inputs) {
    if (e.id < 0) {
      inputs.push_back({});
      continue;
    }
    inputs.push_back(graph.input(text("input ", inputs.size()), type(e)));
    int storage = storage_of(resolve(e));
    touch(storage);
    step.reads.push_back(storage);
  }
  Value result = graph.apply(*n.op, inputs, n.attrs);
  for (size_t o = 0; o < n.outputs.size(); ++o) {
    graph.output(text("output ", o), result.at(int(o)));
    int storage = storage_of({groups_[size_t(index)].work.kernel, int(o)});
    touch(storage);
    step.writes.push_back(storage);
  }
  plan_.calls.push_back(compile_here(graph));
  plan_.steps.push_back(std::move(step));
}

// What is not computed in the memory of its variable is copied there when all is done, and by way
// of memory of its own where it is itself a variable: two may change places.
void Planner::copy_assigned() {
  std::vector<PlanStep> from_variables, others;
  auto copy = [](int from, int to, size_t bytes) {
    PlanStep step;
    step.kind = PlanStep::Kind::copy;
    step.from = from;
    step.to = to;
    step.bytes = bytes;
    step.info = {"assign", "webgpu", {}, {}};
    return step;
  };
  for (const Assignment& a : graph_.assignments()) {
    int from = storage_of(resolve(a.value)), to = storage_of(a.variable);
    size_t bytes = storages_[size_t(to)].buffer.bytes;
    if (from == to || type(a.variable).shape.count() == 0) continue;
    if (node(resolve(a.value).id).is_variable()) {
      Storage stage;
      stage.buffer.type = type(a.variable);
      stage.forever = true;
      int between = add_storage(std::move(stage), a.variable);
      from_variables.push_back(copy(from, between, bytes));
      others.push_back(copy(between, to, bytes));
    } else {
      others.push_back(copy(from, to, bytes));
    }
  }
  for (auto* list : {&from_variables, &others})
    for (PlanStep& step : *list) {
      touch(step.from);
      touch(step.to);
      plan_.steps.push_back(std::move(step));
    }
}

// Gives every storage a buffer: one of its own, or one that nobody else needs at the same time.
// Greedy by size, as for the arena of the processor: see core/plan.h.
void Planner::share_buffers() {
  std::vector<size_t> order(storages_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t s) {
    return std::pair(std::numeric_limits<size_t>::max() - storages_[s].buffer.bytes, s);
  });
  std::vector<int> buffer_of(storages_.size(), nowhere);
  std::vector<std::vector<size_t>> shared;  // by buffer: the storages in it
  for (size_t s : order) {
    Storage& storage = storages_[s];
    bool alone = storage.forever || storage.buffer.kind != DeviceBuffer::Kind::scratch;
    for (size_t b = 0; !alone && b < shared.size() && buffer_of[s] < 0; ++b) {
      auto apart = [&](size_t t) {
        return storages_[t].last < storage.first || storage.last < storages_[t].first;
      };
      if (!shared[b].empty() && std::ranges::all_of(shared[b], apart)) {
        buffer_of[s] = int(b);
        shared[b].push_back(s);
      }
    }
    if (buffer_of[s] >= 0) continue;
    buffer_of[s] = int(plan_.buffers.size());
    shared.emplace_back();
    if (!alone) shared.back().push_back(s);
    plan_.buffers.push_back(std::move(storage.buffer));
  }
  auto rename = [&](int& storage) { storage = buffer_of[size_t(storage)]; };
  for (PlanPort& port : plan_.inputs) rename(port.buffer);
  for (PlanPort& port : plan_.outputs) rename(port.buffer);
  for (PlanStep& step : plan_.steps) {
    for (Binding& binding : step.bindings) rename(binding.buffer);
    for (int& storage : step.reads) rename(storage);
    for (int& storage : step.writes) rename(storage);
    if (step.kind == PlanStep::Kind::copy) {
      rename(step.from);
      rename(step.to);
    }
  }
}

Operand Lowering::input(int i) const {
  if (!has(i)) return {};
  Edge edge = planner_.resolve(node.inputs[size_t(i)]);
  return {planner_.is_computed(group_, edge) ? -1 : planner_.storage_of(edge), edge, in[size_t(i)]};
}

Operand Lowering::output(int i) const {
  const Planner::Group& group = planner_.groups_[size_t(group_)];
  Edge edge{group.work.kernel, i};
  bool chained = group.root.id != group.work.kernel;
  return {planner_.storage_of(chained ? group.root : edge), edge, out(i)};
}

Operand Lowering::scratch(TensorType type) {
  Planner::Storage storage;
  storage.buffer.type = type;
  return {planner_.add_storage(std::move(storage), planner_.made_by(group_)), {}, type};
}

Operand Lowering::constant(int32_t value) {
  TensorType type{DType::i32, {}};
  auto [found, is_new] = planner_.constants_.try_emplace(value, 0);
  if (is_new) {
    Planner::Storage storage;
    storage.buffer.type = type;
    storage.buffer.kind = DeviceBuffer::Kind::constant;
    storage.buffer.contents = Buffer::copy(std::as_bytes(std::span(&value, 1)));
    found->second = planner_.add_storage(std::move(storage), planner_.made_by(group_));
  }
  return {found->second, {}, type};
}

Operand Lowering::weight(int i) const {
  if (!has(i)) return {};
  Edge edge = planner_.resolve(node.inputs[size_t(i)]);
  if (planner_.is_computed(group_, edge)) return input(i);
  return {planner_.weight_of(edge), edge, in[size_t(i)]};
}

Shader Lowering::shader() {
  return Shader(planner_, group_);
}

const Options& Lowering::options() const {
  return planner_.options_;
}

int Lowering::choose(std::string_view key, int variants, int preferred) {
  auto found = planner_.options_.chosen.find(std::string(key));
  int chosen = found == planner_.options_.chosen.end() ? preferred : found->second;
  chosen = std::clamp(chosen, 0, variants - 1);
  std::vector<Choice>& choices = planner_.plan_.choices;
  auto known = std::ranges::find(choices, key, &Choice::key);
  int number = int(known - choices.begin());
  if (known == choices.end()) choices.push_back({std::string(key), variants, chosen});
  add_new(planner_.choices_, number);
  return chosen;
}

}  // namespace gesso::webgpu
