// The reference interpreter: runs every operator with its own CPU kernel, in order.
// Slow, plain and right. Everything faster is compared with this, in double.
#pragma once

#include <cstring>
#include <vector>

#include "core/op.h"

namespace gesso {

// The elements of one tensor; those of type f32 are kept as Real.
struct ReferenceTensor {
  TensorType type;
  std::vector<std::byte> bytes;

  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

// A tensor for the interpreter from one in a program's format.
template <class Real>
ReferenceTensor to_reference(const TensorType& type, std::span<const std::byte> data) {
  ReferenceTensor t{type, {}};
  t.bytes.resize(type.shape.count() * Kernel<Real>::element_size(type.dtype));
  if (type.dtype == DType::f32 && !std::is_same_v<Real, float>) {
    auto real = t.as<Real>();
    for (size_t i = 0; i < real.size(); ++i) {
      float f;
      std::memcpy(&f, data.data() + i * sizeof(float), sizeof f);
      real[i] = f;
    }
  } else if (!t.bytes.empty()) {
    std::memcpy(t.bytes.data(), data.data(), t.bytes.size());
  }
  return t;
}

// The values of all nodes' outputs: result[node][output]. Inputs are in the order of
// graph.inputs(). Variables are read and keep what they hold: their assigned values are among the
// results.
template <class Real>
std::vector<std::vector<ReferenceTensor>> run_reference(const Graph& graph,
                                                        std::vector<ReferenceTensor> inputs) {
  std::vector<std::vector<ReferenceTensor>> values;
  size_t next_input = 0;
  for (const Node& node : graph.nodes()) {
    auto& outputs = values.emplace_back();
    if (node.is_input()) {
      outputs.push_back(std::move(inputs[next_input++]));
      continue;
    }
    if (!node.op) {
      const Buffer& given = node.data ? *node.data : *node.state;
      outputs.push_back(to_reference<Real>(node.outputs[0], {given.data(), given.size()}));
      continue;
    }
    Kernel<Real> kernel{node, {}, {}};
    for (Edge e : node.inputs) {
      if (e.id < 0) {
        kernel.in.push_back({});
        continue;
      }
      ReferenceTensor& t = values[size_t(e.id)][size_t(e.output)];
      kernel.in.push_back({t.type, t.bytes.data()});
    }
    for (const TensorType& type : node.outputs) {
      size_t bytes = type.shape.count() * Kernel<Real>::element_size(type.dtype);
      outputs.push_back({type, std::vector<std::byte>(bytes)});
    }
    for (ReferenceTensor& t : outputs) kernel.out.push_back({t.type, t.bytes.data()});
    if (node.is_empty()) continue;
    if constexpr (std::is_same_v<Real, double>)
      node.op->cpu.f64(kernel);
    else
      node.op->cpu.f32(kernel);
  }
  return values;
}

}  // namespace gesso
