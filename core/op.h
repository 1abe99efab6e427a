// An operator, complete: what it is called, what it accepts and what it computes.
// One const object per operator.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/graph.h"

namespace gesso {

using Types = std::vector<TensorType>;

// What a type rule sees: one node that is about to be added. An input left out has rank 0 and is
// told apart by `has`.
struct Call {
  const Op& op;
  const Node& node;  // inputs and attributes are set, outputs not yet
  std::vector<TensorType> in;

  const Shape& shape(int i = 0) const { return in[size_t(i)].shape; }
  DType dtype(int i = 0) const { return in[size_t(i)].dtype; }
  bool has(int i) const { return i < int(node.inputs.size()) && node.inputs[size_t(i)].id >= 0; }
};

// Refuses a call. The facts are the inputs' types and the attributes that were given.
[[noreturn]] void fail(const Call& call, Text what, Text hint);

// The name of a Call's i-th input, for messages.
std::string input_name(const Op& op, int i);

// The memory of one tensor while a kernel runs.
struct TensorView {
  TensorType type;
  void* data = nullptr;
};

// What a reference kernel sees. Tensors of type f32 hold elements of type Real, which is float to
// run and double to check; the other types hold what they say.
template <class Real>
struct Kernel {
  const Node& node;
  std::vector<TensorView> in, out;

  // Whether an optional input was given.
  bool has(int i) const { return i < int(in.size()) && node.inputs[size_t(i)].id >= 0; }
  const Shape& shape(int i = 0) const { return in[size_t(i)].type.shape; }
  DType dtype(int i = 0) const { return in[size_t(i)].type.dtype; }
  const Shape& out_shape(int i = 0) const { return out[size_t(i)].type.shape; }

  template <class T = Real>
  std::span<const T> input(int i = 0) const {
    return {static_cast<const T*>(in[size_t(i)].data), shape(i).count()};
  }
  template <class T = Real>
  std::span<T> output(int i = 0) const {
    return {static_cast<T*>(out[size_t(i)].data), out_shape(i).count()};
  }
  Real number(Text attr) const { return Real(node.number(attr)); }

  static constexpr size_t element_size(DType dtype) {
    return dtype == DType::f32 ? sizeof(Real) : size_of(dtype);
  }

  // Calls f(T{}) with the C++ type of an element. Booleans are bytes.
  template <class F>
  static void visit(DType dtype, F f) {
    switch (dtype) {
      case DType::f32:
        return f(Real{});
      case DType::i32:
        return f(int32_t{});
      case DType::i8:
        return f(int8_t{});
      case DType::u8:
      case DType::boolean:
        return f(uint8_t{});
    }
  }
};

// One template, kept twice. The double copy is the oracle every backend is held to; the library
// that ships is built with GESSO_NO_ORACLE, without it.
struct CpuKernel {
  constexpr CpuKernel(void (*run)(Kernel<float>&), [[maybe_unused]] void (*check)(Kernel<double>&))
      : f32(run)
#ifndef GESSO_NO_ORACLE
        ,
        f64(check)
#endif
  {
  }

  // An operator whose fast kernel takes every node: both copies are oracles, and what ships has
  // none.
  static constexpr CpuKernel oracle([[maybe_unused]] void (*run)(Kernel<float>&),
                                    void (*check)(Kernel<double>&)) {
#ifdef GESSO_NO_ORACLE
    return {nullptr, check};
#else
    return {run, check};
#endif
  }

  void (*f32)(Kernel<float>&);
#ifndef GESSO_NO_ORACLE
  void (*f64)(Kernel<double>&);
#endif
};

// What a gradient rule sees: one node, and the derivatives of some scalar by its outputs.
struct Grad {
  Graph& graph;  // to append to
  const Node& node;
  Values x;                  // the inputs; a default Value for one left out
  Values y;                  // the outputs
  Values dys;                // by output; a default Value where the scalar does not depend on it
  std::vector<bool> wanted;  // whether anybody asks for the derivative by this input

  // The derivative by an output; zeros where the scalar does not depend on it.
  Value dy(int output = 0) const;
  bool wants(int input) const { return size_t(input) < wanted.size() && wanted[size_t(input)]; }
  bool has(int input) const { return size_t(input) < x.size() && x[size_t(input)]; }
  double number(Text attr) const { return node.number(attr); }
};

// Text for the documentation, which the library that ships does not carry along.
struct Summary {
#ifdef GESSO_NO_ORACLE
  constexpr Summary(const char*) {}
#else
  constexpr Summary(const char* words) : text(words) {}
  std::string_view text;
#endif
};

struct Op {
  std::string_view name;               // as JavaScript spells it: WebNN's word where it has one
  Summary summary;                     // one sentence for the operator table
  std::initializer_list<Text> inputs;  // "bias?" may be left out, "inputs..." is one or more
  Options attrs = {};                  // every attribute, with its default
  Types (*infer)(const Call&);         // types of the outputs, or a refusal
  CpuKernel cpu;
  bool is_view = false;  // the output is the first input's memory under another shape

  // The derivatives by the inputs, written in operators. A default Value, or a list that ends
  // early, stands for zero. Null: there is no gradient.
  Values (*gradient)(const Grad&) = nullptr;

  // The outputs before this one may be written over the inputs of the same number, where those have
  // their size and nobody else reads them: the kernels go through both in the same order.
  int in_place = 0;

  bool has_option(std::string_view option) const;
};

std::span<const Op* const> all_ops();

// The operator with this name, or null.
const Op* find_op(std::string_view name);

// The type rule of operators whose result has the type of their first input.
Types same_type(const Call& call);

// The gradient rule of operators whose result does not change with small changes of their inputs.
Values zero_gradient(const Grad& grad);

}  // namespace gesso
