// Keras models in the suites: their weights, and how they are run and compared.
#pragma once

#include "models/layers/layers_model.h"
#include "tests/suites/trial.h"

namespace gesso::suites {

// TF.js' own: 1e-3.
inline constexpr Tolerance layers_tolerance{Tolerance::Metric::absolute, 1e-3, 0};

// Skips what is left out on purpose.
void skip_missing_layers(const Json& topology);

// The tensors of a list, or of one that stands alone.
std::vector<Tensor> tensors(const Json& value);

// Puts a case's weights into a model: by name where the names agree, else in their order.
void set_weights(LayersModel& model, const Json& weights);

// A model with the weights of a case, as a file of a converter would give it.
std::unique_ptr<Model> load(const Json& topology, const Json& weights);

// TF.js gives a batch of numbers to a model that wants [batch, 1], and converts types.
void fit(const Model& model, std::vector<Tensor>& inputs);

// Feeds the tensors to the inputs of a graph, in order, and compares its outputs.
void check_in_order(const Graph& graph, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& expected, Trial& trial, const std::string& reading);

// The sizes of the tensors, by the names of a model's inputs.
std::map<std::string, Shape> sizes_of(const Model& model, const std::vector<Tensor>& inputs);

}  // namespace gesso::suites
