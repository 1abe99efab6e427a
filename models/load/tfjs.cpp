// Opens a model file and finds out what it is.
#include <new>

#include "models/load/json.h"
#include "models/load/model.h"
#include "models/load/tfjs_graph.h"
#include "models/load/tfjs_layers.h"
#include "models/load/tflite.h"

namespace gesso {
namespace {

// The first bytes of files that people have and that cannot be loaded.
void refuse_other_formats(std::string_view file, std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string_view format;
  if (text.starts_with("\x89HDF\r\n")) format = "an HDF5 file of Keras";
  if (text.starts_with("PK\x03\x04")) format = "a zip archive";
  if (text.starts_with("\x08") && file.ends_with(".onnx")) format = "an ONNX file";
  if (!format.empty())
    fail(phrase({file, " is ", format, ", which cannot be loaded"}),
         {{"can be loaded", "TF.js layers and graph models, TFLite"}},
         "convert it with tensorflowjs_converter and load the model.json it writes");
}

std::unique_ptr<Model> load(const Files& files, std::string_view entry) {
  auto file = files.find(entry);
  if (file == files.end())
    fail(phrase({entry, " is not among the model's files"}), {{"files", files.size()}},
         "the address of a model.json or a .tflite file");
  if (is_tflite(file->second)) return load_tflite(std::string(entry), file->second);
  refuse_other_formats(entry, file->second);
  auto document = std::make_shared<const Document>(std::string(entry), file->second);
  Field root = document->root();
  if (!root.is_object()) root.refuse("must hold an object", "the model.json of a TF.js model");
  Field topology = root.get("modelTopology");
  if (!topology)
    topology.refuse("is missing: this is not a TF.js model", "the model.json of a TF.js model");
  if (!topology.is_object()) topology.refuse("must be an object", "a file that a converter wrote");
  std::string format = root.get("format").text_or("");
  if (!format.empty() && format != "layers-model" && format != "graph-model")
    root.get("format").refuse("is not a format that can be loaded", "layers-model or graph-model");
  bool is_graph = format.empty() ? bool(topology.get("node")) : format == "graph-model";
  return is_graph ? load_tfjs_graph(files, document) : load_tfjs_layers(files, document);
}

}  // namespace

std::unique_ptr<Model> load_model(const Files& files, std::string_view entry) {
  try {
    return load(files, entry);
  } catch (const std::bad_alloc&) {
    fail(phrase({entry, " is too large for the memory there is"}), {{"files", files.size()}},
         "a smaller model");
  }
}

}  // namespace gesso
