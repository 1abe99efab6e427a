// Small models written out in tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/reference.h"
#include "models/load/model.h"

namespace gesso {

// A model as text and bytes. `change` replaces the only occurrence of a text in model.json.
struct Source {
  std::string json;
  std::map<std::string, std::vector<std::byte>> shards;

  Source change(std::string_view from, std::string_view to) const {
    Source changed = *this;
    size_t at = changed.json.find(from);
    if (at == std::string::npos || changed.json.find(from, at + 1) != std::string::npos)
      ADD_FAILURE() << "not there exactly once: " << from;
    else
      changed.json.replace(at, from.size(), to);
    return changed;
  }

  std::unique_ptr<Model> load() const {
    // Copies of exact size, so that a sanitizer sees a read past the end.
    std::vector<char> text(json.begin(), json.end());
    auto exact = shards;
    Files files{{"model.json", std::as_bytes(std::span(text))}};
    for (const auto& [name, bytes] : exact) files[name] = bytes;
    return load_model(files, "model.json");
  }
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

inline std::vector<std::byte> join(std::initializer_list<std::vector<std::byte>> parts) {
  std::vector<std::byte> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// The first output of a model for this one input, computed by the reference.
inline std::vector<float> run(const Source& source, const std::vector<float>& x) {
  auto model = source.load();
  Graph graph = model->build({});
  TensorType type = graph.value(graph.inputs()[0].edge).type();
  auto values =
      run_reference<float>(graph, {to_reference<float>(type, std::as_bytes(std::span(x)))});
  Edge edge = graph.outputs()[0].edge;
  auto y = values[size_t(edge.id)][size_t(edge.output)].as<float>();
  return {y.begin(), y.end()};
}

}  // namespace gesso
