// A TF.js graph model in memory: a GraphDef as JSON, its weights, and what to feed and expect.
#pragma once

#include "tests/suites/trial.h"

namespace gesso::suites {

struct GraphModel {
  Json nodes = Json::array();        // of the GraphDef
  std::vector<NamedTensor> weights;  // of its Const nodes
  std::vector<NamedTensor> inputs;   // of its Placeholder nodes
  std::vector<std::string> outputs;  // "out", "out:1"

  // Each adds a node and gives its name.
  std::string placeholder(const std::string& name, const Tensor& tensor);
  std::string constant(const std::string& name, const Tensor& tensor);
  std::string constant(const Ints& elements);  // int32, rank 1
  std::string scalar(double value, DType dtype = DType::i32);
  std::string node(const std::string& op, const std::vector<std::string>& inputs, Json attrs);
};

// GraphDef attributes, as the TF.js converter writes them.
Json attr_type(DType dtype);
Json attr_int(int value);
Json attr_float(double value);
Json attr_bool(bool value);
Json attr_text(const std::string& text);  // base64
Json attr_ints(const Ints& list);
Json attr_texts(const std::vector<std::string>& list);

// TF.js' own tolerance: 1e-3 for float32, none for integers and booleans.
inline constexpr Tolerance tfjs_tolerance{Tolerance::Metric::absolute, 1e-3, 0};

// Loads the model with gesso's loader and builds it for its inputs' shapes.
Graph load(const GraphModel& model);

// Loads the model and checks its outputs.
void check(const GraphModel& model, const std::vector<Tensor>& expected, Trial& trial);

}  // namespace gesso::suites
