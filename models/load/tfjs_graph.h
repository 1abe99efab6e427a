// TF.js graph models: TensorFlow graphs, as tensorflowjs_converter writes them.
#pragma once

#include <memory>

#include "models/load/json.h"
#include "models/load/model.h"

namespace gesso {

// From the main file, which the model keeps.
std::unique_ptr<Model> load_tfjs_graph(const Files& files,
                                       std::shared_ptr<const Document> document);

}  // namespace gesso
