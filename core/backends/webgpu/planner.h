// Which nodes become one dispatch, where their tensors lie, and the plan that comes of it.
#pragma once

#include <optional>

#include "core/backends/webgpu/kernel.h"
#include "core/graph.h"

namespace gesso::webgpu {

// Joins nodes into groups, of which each becomes one dispatch, or the dispatches of its kernel. In
// a group at most one node is a kernel; formulas and moves are in front of it, formulas behind it.
class Planner {
 public:
  Planner(const Graph& graph, const Options& options);
  DevicePlan finish();

 private:
  friend class Shader;
  friend class Lowering;

  static constexpr int nowhere = -1;

  // What is to be computed together.
  struct Work {
    std::vector<int> nodes;    // in their order
    std::vector<Edge> leaves;  // the values in memory that they read
    int kernel = nowhere;      // which of the nodes is one
  };
  struct Group {
    Edge root;  // what it leaves in memory; of a kernel with several outputs, the first
    Work work;
  };
  // What is known of a value.
  struct Known {
    int readers = 0;           // nodes that read it
    bool kept = false;         // it is needed when all is done
    std::optional<Work> open;  // it is not in memory, and perhaps never will be
    int storage = nowhere, half = nowhere;
    int group = nowhere;
  };
  struct Storage {
    DeviceBuffer buffer;
    int first = 1 << 30, last = nowhere;  // the steps that need it
    bool forever = false;
  };

  void count_readers();
  void group_nodes();
  void add_node(int id);
  bool is_inline(const Node& node) const;
  bool may_inline(const Around& node, int input, const Known& value, const Work& so_far) const;
  void close(Edge value);
  void place_values();
  Known* overwritten(const Assignment& assignment);
  void emit(int group);
  void emit_call(int group);
  void copy_assigned();
  void share_buffers();

  Edge resolve(Edge edge) const;  // through views
  Known& known(Edge edge) { return known_[size_t(edge.id)][size_t(edge.output)]; }
  const Known& known(Edge edge) const { return known_[size_t(edge.id)][size_t(edge.output)]; }
  const Node& node(int id) const { return graph_.nodes()[size_t(id)]; }
  const TensorType& type(Edge edge) const { return node(edge.id).outputs[size_t(edge.output)]; }
  Around around(const Node& node) const;
  const Node& user_of(Edge edge) const;
  Edge made_by(int group) const { return {groups_[size_t(group)].work.kernel, 0}; }
  int add_storage(Storage storage, Edge of);
  int storage_of(Edge edge);
  // The same, as f16 if the value may be.
  int weight_of(Edge edge);
  int share_storage(Storage storage, Edge of);
  void touch(int storage);
  // Whether a value is computed within a group, and not by its kernel.
  bool is_computed(int group, Edge edge) const;
  std::string label_of(const Group& group) const;
  int add_shader(std::string label, std::string code);

  Options options_;
  Graph graph_;
  DevicePlan plan_;
  std::vector<std::vector<Known>> known_;  // by node and output
  std::vector<Group> groups_;
  std::vector<Storage> storages_;
  std::vector<int> choices_;              // those that the node in the making has had so far
  std::map<std::string, int> shader_of_;  // by its text
  std::map<int32_t, int> constants_;      // their storages, by value
};

}  // namespace gesso::webgpu
