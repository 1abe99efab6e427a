// How operators are written for the GPU. There are three ways, and a table for each:
//
// A formula computes an element from the elements at the same place ("max($0, 0.0)"). A move
// computes an element from its place i ("return $0(i / 3u);"). Formulas and moves become functions
// that are inlined into whatever reads them. A kernel is one dispatch or several, and what it
// writes goes through the formulas that follow it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backends/webgpu/plan.h"
#include "core/op.h"

namespace gesso::webgpu {

// WGSL functions that several shaders use, and what these use in turn.
struct Snippet {
  const char* text;
  std::initializer_list<const Snippet*> uses = {};
};

// A node and the types around it.
struct Around {
  const Node& node;
  std::vector<TensorType> in;  // of each input; a scalar for one left out

  bool has(int i) const { return i < int(node.inputs.size()) && node.inputs[size_t(i)].id >= 0; }
  const Shape& shape(int i = 0) const { return in[size_t(i)].shape; }
  DType dtype(int i = 0) const { return in[size_t(i)].dtype; }
  const TensorType& out(int i = 0) const { return node.outputs[size_t(i)]; }
  const Shape& out_shape(int i = 0) const { return out(i).shape; }
};

// In the texts $0, $1, ... are the inputs: elements in formulas, functions of a place in moves.
// {alpha} is the number of that option. The value is f32, or i32 for all other types; what u8 and
// i8 cannot hold wraps by itself.
struct Formula {
  const Op* op;
  const char* floats;            // if the first input is f32
  const char* others = nullptr;  // if it is not; null: the same text
  const Snippet* uses = nullptr;
  std::string (*write)(const Around&) = nullptr;  // in place of a text
};

struct Move {
  const Op* op;
  // The body of a function of i, the place in an output. May begin with declarations of its own.
  std::string (*write)(const Around&, int output);
  bool cheap = false;  // every element is read about once: inputs may be computed on the way
  const Snippet* uses = nullptr;
};

class Lowering;
struct Kernel {
  const Op* op;
  void (*lower)(Lowering&);
  uint32_t lazy = 0;                       // bit i: each element of input i is read about once
  bool (*takes)(const Around&) = nullptr;  // null: every node
  size_t scratch = 0;  // how many tensors a dispatch binds beside the node's inputs and outputs
};

std::span<const Formula> formulas();
std::span<const Move> moves();
std::span<const Kernel> kernels();

// A tensor of the plan.
struct Operand {
  int storage = -1;  // where it lies; -1: computed on the way, or left out
  Edge edge;         // which value it is; id -1 for scratch memory
  TensorType type;
  explicit operator bool() const { return storage >= 0 || edge.id >= 0; }
  size_t count() const { return type.shape.count(); }
};

class Planner;

// One dispatch in the making: names and constants first, then run().
class Shader {
 public:
  // Declares name(i: u32), which gives element i as f32 or i32.
  Shader& reads(const Operand& x, std::string_view name);
  // Declares name(i: u32), which gives elements 4 i to 4 i + 3 of an f32 tensor, whose count must
  // be a multiple of 4.
  Shader& reads4(const Operand& x, std::string_view name);
  // The same with f16 for elements, a vec4h.
  Shader& reads4_half(const Operand& x, std::string_view name);
  // Declares name(i: u32, value: f32 or i32), which sets element i: to be called once for each.
  Shader& writes(const Operand& y, std::string_view name);
  // Declares name(i: u32, value: vec4f), for four elements at once.
  Shader& writes4(const Operand& y, std::string_view name);

  // A constant, which takes the type that an expression wants: u32, i32 or f32.
  Shader& define(std::string_view name, int64_t value);
  Shader& define(std::string_view name, size_t value) { return define(name, int64_t(value)); }
  Shader& define(std::string_view name, int value) { return define(name, int64_t(value)); }
  // A constant of type f32, infinite or NaN too. To be read as a variable: it is none of WGSL's.
  Shader& number(std::string_view name, double value);
  // Declarations in front of main: functions, var<workgroup>.
  Shader& declare(std::string_view text);
  Shader& use(const Snippet& snippet);
  // An extension of the language: "subgroups" or "f16".
  Shader& enable(std::string_view extension);

  // Runs `body` for each i: u32 below count.
  void run(size_t count, std::string_view body);
  // Runs `body` in groups of size x, y, z. It knows `group`: which one, `local`: vec3u within it,
  // and `index`: u32, the number within it.
  void run(std::array<uint32_t, 3> groups, std::array<uint32_t, 3> size, std::string_view body);

 private:
  friend class Planner;
  friend class Lowering;
  struct Slot {
    int storage = 0;
    DType dtype = DType::f32;
    bool writes = false, wide = false, half = false;
  };

  Shader(Planner& planner, int group) : planner_(planner), group_(group) {}
  int slot(int storage, DType dtype, bool writes, bool wide);
  std::string function(Edge edge);
  bool is_behind(Edge edge) const;
  std::string call(Edge edge, std::string_view place);
  std::string four_of(const Operand& x);
  void finish(std::array<uint32_t, 3> groups, std::string_view entry);

  Planner& planner_;
  int group_;
  std::vector<Slot> slots_;
  std::vector<std::pair<Edge, std::string>> functions_;  // that exist, by name
  std::vector<const Snippet*> snippets_;
  std::string extensions_, constants_, snippet_text_, declarations_, starts_;
  int names_ = 0;
};

// A node on its way to becoming dispatches.
class Lowering : public Around {
 public:
  Operand input(int i = 0) const;  // void where it was left out
  // The same for weights, which may lie there as f16.
  Operand weight(int i) const;
  Operand output(int i = 0) const;
  // Memory of this node alone.
  Operand scratch(TensorType type);
  // A scalar in memory. Dispatches that differ in nothing else share a shader.
  Operand constant(int32_t value);
  // The next dispatch. It exists until its run().
  Shader shader();
  const Options& options() const;
  // Which of `variants` kernels to take for nodes of these shapes; `preferred` where nobody has
  // timed them.
  int choose(std::string_view key, int variants, int preferred);

 private:
  friend class Planner;
  Lowering(Planner& planner, int group, const Around& around)
      : Around(around), planner_(planner), group_(group) {}
  Planner& planner_;
  int group_;
};

// Text: declarations `let prefix0 = ...;` of the coordinates of place i in a tensor.
std::string coordinates(std::string_view i, const Shape& shape, std::string_view prefix);
// Text: the place in a tensor with these strides, of coordinates named so; sizes of 1 are skipped.
std::string place(const Shape& shape, std::span<const size_t> strides, std::string_view prefix);
// Text: the place in `in`, stretched to `out`, of place i in `out`.
std::string stretched_place(std::string_view i, const Shape& out, const Shape& in);
// Text: a number as f32. It must be finite.
std::string literal(double value);
// Text: parts one after the other; numbers in decimal.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string all;
  auto add = [&](const auto& part) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>)
      all += std::to_string(part);
    else
      all += part;
  };
  (add(parts), ...);
  return all;
}

}  // namespace gesso::webgpu
