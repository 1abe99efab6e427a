// Everything JavaScript can see. Memory views are void after the next call: use them, do not keep
// them. Structured answers cross as JSON text, once for a model or program; so do image options.
#include <emscripten/bind.h>

#include <nlohmann/json.hpp>

#include "core/backends/backend.h"
#include "core/image.h"
#include "models/load/model.h"

using emscripten::val;
using nlohmann::json;

namespace gesso {
namespace {

template <class T>
val view_as(const std::byte* data, size_t bytes) {
  return val(emscripten::typed_memory_view(bytes / sizeof(T), reinterpret_cast<const T*>(data)));
}

val view(const std::byte* data, const TensorType& type) {
  switch (type.dtype) {
    case DType::f32:
      return view_as<float>(data, type.bytes());
    case DType::i32:
      return view_as<int32_t>(data, type.bytes());
    case DType::i8:
      return view_as<int8_t>(data, type.bytes());
    case DType::u8:
    case DType::boolean:
      return view_as<uint8_t>(data, type.bytes());
  }
  return val::undefined();
}

json port(std::string_view name, std::span<const int> shape, DType dtype) {
  return {{"name", name},
          {"shape", std::vector(shape.begin(), shape.end())},
          {"dtype", to_string(dtype)}};
}

// The bytes of a model's files while it is read.
class FileStore {
 public:
  val reserve(const std::string& name, size_t bytes) {
    Buffer& buffer = files_[name] = Buffer(bytes);
    return view_as<uint8_t>(buffer.data(), bytes);
  }
  Files files() const {
    Files files;
    for (const auto& [name, buffer] : files_) files[name] = {buffer.data(), buffer.size()};
    return files;
  }

 private:
  std::map<std::string, Buffer> files_;
};

// A picture as a page hands it over: RGBA, eight bits each.
class Picture {
 public:
  val reserve(int width, int height) {
    if (width < 1 || height < 1)
      fail("image: there are no pixels",
           {{"width", std::to_string(width)}, {"height", std::to_string(height)}},
           "wait until the image has loaded, or the video plays");
    size_t bytes = size_t(width) * size_t(height) * 4;
    if (bytes > pixels_.size()) pixels_ = Buffer(bytes);
    width_ = width;
    height_ = height;
    return view_as<uint8_t>(pixels_.data(), bytes);
  }
  int width() const { return width_; }
  int height() const { return height_; }
  std::span<const uint8_t> pixels() const {
    return pixels_.as<uint8_t>().first(size_t(width_) * size_t(height_) * 4);
  }

 private:
  Buffer pixels_;
  int width_ = 0, height_ = 0;
};

class BoundProgram {
 public:
  explicit BoundProgram(std::unique_ptr<Program> program) : program_(std::move(program)) {}

  std::string describe() const {
    json answer{{"inputs", json::array()},
                {"outputs", json::array()},
                {"steps", json::array()},
                {"arenaBytes", program_->arena_bytes()}};
    for (const ProgramPort& p : program_->inputs())
      answer["inputs"].push_back(port(p.name, p.type.shape.sizes(), p.type.dtype));
    for (const ProgramPort& p : program_->outputs())
      answer["outputs"].push_back(port(p.name, p.type.shape.sizes(), p.type.dtype));
    for (const StepInfo& s : program_->steps())
      answer["steps"].push_back({{"op", s.op}, {"kernel", s.kernel}, {"name", s.name}});
    return answer.dump();
  }
  val input(int i) { return view(program_->input(i).data(), program_->inputs()[size_t(i)].type); }
  val output(int i) const {
    return view(program_->output(i).data(), program_->outputs()[size_t(i)].type);
  }
  void run() { program_->run(); }

  void write_image(int i, const Picture& picture, const std::string& options) {
    const TensorType& type = program_->inputs()[size_t(i)].type;
    std::span<std::byte> bytes = program_->input(i);
    if (type.dtype != DType::f32)
      fail("image: the model's input does not hold real numbers", {{"input", to_string(type)}},
           "run() with a tensor of that type");
    gesso::write_image(picture.pixels(), picture.width(), picture.height(),
                       image_options(json::parse(options)), type.shape,
                       {reinterpret_cast<float*>(bytes.data()), type.shape.count()}, scratch_);
  }

 private:
  static ImageOptions image_options(const json& given) {
    static const std::map<std::string, Fit> fits{
        {"stretch", Fit::stretch}, {"crop", Fit::crop}, {"contain", Fit::contain}};
    static const std::map<std::string, Sampling> samplings{
        {"alignCorners", Sampling::align_corners},
        {"halfPixel", Sampling::half_pixel},
        {"asymmetric", Sampling::asymmetric},
        {"nearest", Sampling::nearest}};
    ImageOptions options;
    options.fit = fits.at(given.at("fit"));
    options.sampling = samplings.at(given.at("sampling"));
    auto channel = [](const json& value, size_t c) {
      return (value.is_array() ? value.at(c) : value).get<float>();
    };
    for (size_t c = 0; c < 3; ++c) {
      options.mean[c] = channel(given.at("mean"), c);
      options.std[c] = channel(given.at("std"), c);
    }
    options.binarize = given.value("binarize", false);
    options.flip = given.value("flip", false);
    return options;
  }

  ImageScratch scratch_;
  std::unique_ptr<Program> program_;
};

class BoundModel {
 public:
  BoundModel(const FileStore& store, const std::string& entry)
      : model_(load_model(store.files(), entry)) {}

  std::string describe() const {
    json answer{{"format", model_->format()},
                {"parameters", model_->parameters()},
                {"inputs", json::array()},
                {"outputs", json::array()}};
    for (const ModelPort& p : model_->inputs())
      answer["inputs"].push_back(port(p.name, p.shape, p.dtype));
    for (const ModelPort& p : model_->outputs())
      answer["outputs"].push_back(port(p.name, p.shape, p.dtype));
    return answer.dump();
  }

  BoundProgram* compile(const std::string& shapes) const {
    std::map<std::string, Shape> sizes;
    const json given = json::parse(shapes);  // named: items() only refers to it
    for (const auto& [name, shape] : given.items())
      sizes[name] = Shape{std::span<const int>(shape.get<std::vector<int>>())};
    return new BoundProgram(gesso::compile(model_->build(sizes)));
  }

 private:
  std::unique_ptr<Model> model_;
};

std::string version() {
  return GESSO_VERSION;
}

std::string build() {
#ifdef __wasm_relaxed_simd__
  return "relaxed";
#else
  return "simd";
#endif
}

}  // namespace

EMSCRIPTEN_BINDINGS(gesso) {
  using namespace emscripten;
  class_<FileStore>("Files").constructor().function("reserve", &FileStore::reserve);
  class_<Picture>("Image").constructor().function("reserve", &Picture::reserve);
  class_<BoundProgram>("Program")
      .function("describe", &BoundProgram::describe)
      .function("input", &BoundProgram::input)
      .function("output", &BoundProgram::output)
      .function("run", &BoundProgram::run)
      .function("writeImage", &BoundProgram::write_image);
  class_<BoundModel>("Model")
      .constructor<const FileStore&, const std::string&>()
      .function("describe", &BoundModel::describe)
      .function("compile", &BoundModel::compile, return_value_policy::take_ownership());
  function("version", &version);
  function("build", &build);
}

}  // namespace gesso
