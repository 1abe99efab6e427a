#include "models/load/tfjs_layers.h"

#include "models/layers/layers_model.h"

namespace gesso {

std::unique_ptr<Model> load_tfjs_layers(const Files& files,
                                        std::shared_ptr<const Document> document) {
  Field root = document->root();
  auto weights = std::make_shared<const Weights>(files, root.at("weightsManifest"));
  return std::make_unique<LayersModel>(std::move(document), root.at("modelTopology"),
                                       std::move(weights), 0);
}

}  // namespace gesso
