// What the models of all formats have in common: named inputs and outputs, some of open size.
#pragma once

#include "models/load/model.h"

namespace gesso {

class FileModel : public Model {
 public:
  const std::vector<ModelPort>& inputs() const override { return inputs_; }
  const std::vector<ModelPort>& outputs() const override { return outputs_; }
  Graph build(const std::map<std::string, Shape>& shapes) const override;

 protected:
  explicit FileModel(std::string file) : file_(std::move(file)) {}

  // Writes the graph for inputs of these sizes, in the order of inputs_.
  virtual void write(Graph& graph, const std::vector<Shape>& sizes) const = 0;

  // Builds the model for likely sizes, so that a file with a mistake is refused when it is loaded,
  // and learns from the results what the outputs are. Call it once inputs_ is complete.
  void try_out();

  std::string file_;
  std::vector<ModelPort> inputs_;

  // Sizes that an open size of an input may take; most models accept one of the first.
  static std::span<const int> likely_sizes();

  // The declared sizes of the inputs, with these where they are open.
  std::vector<Shape> fill_in(int batch, int size) const;

 private:
  std::vector<ModelPort> outputs_for(const std::vector<Shape>& sizes) const;

  std::vector<ModelPort> outputs_;
};

std::string to_string(const ModelPort& port);  // "float32 [?, 224, 224, 3]"

}  // namespace gesso
