// A model as its file describes it: what goes in, what comes out, and a graph for given sizes.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/graph.h"

namespace gesso {

// One file of a model, under the path by which the model's other files name it.
using Files = std::map<std::string, std::span<const std::byte>, std::less<>>;

// An input or output as the file declares it.
struct ModelPort {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int> shape;  // -1 where the file leaves a size open
  bool any_shape = false;  // the file does not even say how many sizes there are
};

class Model {
 public:
  virtual ~Model() = default;
  virtual std::string_view format() const = 0;  // "tfjs-layers", "tfjs-graph", "tflite"
  virtual const std::vector<ModelPort>& inputs() const = 0;
  virtual const std::vector<ModelPort>& outputs() const = 0;
  virtual size_t parameters() const = 0;  // number of weights

  // The graph for inputs of these sizes, by input name. An input that is not named takes its
  // declared sizes with a batch of one. Weights are shared by all graphs of one model.
  virtual Graph build(const std::map<std::string, Shape>& shapes) const = 0;
};

// Parses the model whose main file is `entry` and decodes its weights. Fails, naming the file and
// the field, on anything that is not a complete and supported model; never reads out of bounds.
// The files may be freed afterwards.
std::unique_ptr<Model> load_model(const Files& files, std::string_view entry);

}  // namespace gesso
