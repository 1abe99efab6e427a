#include "models/load/file_model.h"

#include <algorithm>

namespace gesso {

std::string to_string(const ModelPort& port) {
  std::string text(to_string(port.dtype));
  if (port.any_shape) return text + " of any shape";
  text += " [";
  for (size_t i = 0; i < port.shape.size(); ++i)
    text += (i ? ", " : "") + (port.shape[i] < 0 ? "?" : std::to_string(port.shape[i]));
  return text + ']';
}

Graph FileModel::build(const std::map<std::string, Shape>& shapes) const {
  for (const auto& [name, shape] : shapes) {
    std::string known;
    for (const ModelPort& port : inputs_) {
      if (port.name == name) known = "+";
      if (port.name == name) break;
      known += (known.empty() ? "" : ", ") + port.name;
    }
    if (known != "+")
      fail(phrase({file_, ": there is no input \"", name, "\""}), {{"inputs", known}},
           "one of these names");
  }
  std::vector<Shape> sizes;
  for (const ModelPort& port : inputs_) {
    auto given = shapes.find(port.name);
    auto refuse = [&](Text what, Text hint) {
      fail(phrase({file_, ": the input \"", port.name, "\" ", what}),
           {{"declared", to_string(port)},
            {"given", given == shapes.end() ? "nothing" : to_string(given->second)}},
           hint);
    };
    Shape shape;
    if (given != shapes.end()) {
      shape = given->second;
      bool fits = port.any_shape || shape.rank() == int(port.shape.size());
      for (int i = 0; fits && !port.any_shape && i < shape.rank(); ++i)
        fits = shape[i] >= 0 && (port.shape[size_t(i)] < 0 || port.shape[size_t(i)] == shape[i]);
      if (!fits) refuse("cannot have this shape", "the declared sizes; ? may be any");
    } else {
      if (port.any_shape) refuse("needs a shape", "a shape for this input");
      for (size_t i = 0; i < port.shape.size(); ++i) {
        int size = i == 0 && port.shape[i] < 0 ? 1 : port.shape[i];
        if (size < 0) refuse("needs all its sizes", "a shape with a number in place of each ?");
        shape.push_back(size);
      }
    }
    sizes.push_back(shape);
  }
  Graph graph;
  write(graph, sizes);
  return graph;
}

std::span<const int> FileModel::likely_sizes() {
  static constexpr int sizes[] = {256, 257, 288, 64, 32, 16, 4, 1};
  return sizes;
}

std::vector<Shape> FileModel::fill_in(int batch, int size) const {
  std::vector<Shape> sizes;
  for (const ModelPort& port : inputs_) {
    Shape& shape = sizes.emplace_back();
    for (int declared : port.shape)
      shape.push_back(declared >= 0 ? declared : shape.rank() == 0 ? batch : size);
  }
  return sizes;
}

std::vector<ModelPort> FileModel::outputs_for(const std::vector<Shape>& sizes) const {
  Graph graph;
  write(graph, sizes);
  std::vector<ModelPort> ports;
  for (const Port& port : graph.outputs()) {
    const TensorType& type = graph.value(port.edge).type();
    ports.push_back({port.name, type.dtype, {type.shape.begin(), type.shape.end()}, false});
  }
  return ports;
}

void FileModel::try_out() {
  bool any = std::any_of(inputs_.begin(), inputs_.end(), [](auto& port) { return port.any_shape; });
  if (any) return;
  auto fixed = [](const ModelPort& port) {
    return std::all_of(port.shape.begin(), port.shape.end(), [](int size) { return size >= 0; });
  };
  bool all_fixed = std::all_of(inputs_.begin(), inputs_.end(), fixed);

  // The first sizes that the model accepts; where it accepts none, what it said to the first.
  int size = 0;
  std::string refusal;
  for (int likely : likely_sizes()) {
    try {
      outputs_ = outputs_for(fill_in(1, likely));
      size = likely;
      break;
    } catch (const Error& error) {
      if (refusal.empty()) refusal = error.what();
      if (all_fixed) break;
    }
  }
  if (!size) throw Error(refusal);
  if (all_fixed) return;

  // A size of an output is open when it changes with the input.
  auto compare = [&](int batch, int other) {
    try {
      auto changed = outputs_for(fill_in(batch, other));
      if (changed.size() != outputs_.size()) return false;
      for (size_t i = 0; i < outputs_.size(); ++i)
        for (size_t axis = 0; axis < outputs_[i].shape.size(); ++axis)
          if (axis < changed[i].shape.size() && changed[i].shape[axis] != outputs_[i].shape[axis])
            outputs_[i].shape[axis] = -1;
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  compare(2, 2 * size) || compare(1, 2 * size) || compare(2, size);
}

}  // namespace gesso
