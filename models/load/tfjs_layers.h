// TF.js layers models: Keras topologies, as tensorflowjs_converter and tf.LayersModel.save write
// them.
#pragma once

#include <memory>

#include "models/load/json.h"
#include "models/load/model.h"

namespace gesso {

// From the main file, which the model keeps.
std::unique_ptr<Model> load_tfjs_layers(const Files& files,
                                        std::shared_ptr<const Document> document);

}  // namespace gesso
