// Everything JavaScript can see. Memory views are void after the next call: use them, do not keep
// them. Structured answers cross as JSON text, once for a model or program; so do options.
#include <emscripten/bind.h>

#include "core/backends/backend.h"
#include "core/image.h"
#include "models/load/layers_of.h"
#include "models/load/model.h"
#include "models/load/write_json.h"
#include "models/text/writer.h"
#include "models/train/input_gradient.h"
#include "models/train/trainer.h"
#include "wasm/decode.h"
#include "wasm/given.h"

// What a graphics processor needs is a third more of a download: a module of its own has it.
#ifdef GESSO_WEBGPU
#include "core/backends/webgpu/program.h"
#include "wasm/plan_json.h"
#endif

using emscripten::val;

namespace gesso {
namespace {

template <class T>
val view_as(const std::byte* data, size_t bytes) {
  return val(emscripten::typed_memory_view(bytes / sizeof(T), reinterpret_cast<const T*>(data)));
}

val view(std::span<const std::byte> bytes, DType dtype) {
  const std::byte* data = bytes.data();
  switch (dtype) {
    case DType::f32:
      return view_as<float>(data, bytes.size());
    case DType::i32:
      return view_as<int32_t>(data, bytes.size());
    case DType::i8:
      return view_as<int8_t>(data, bytes.size());
    case DType::u8:
    case DType::boolean:
      return view_as<uint8_t>(data, bytes.size());
  }
  return val::undefined();
}

val view(const std::byte* data, const TensorType& type) {
  return view({data, type.bytes()}, type.dtype);
}

size_t checked(int i, size_t count, std::string_view what) {
  if (i < 0 || size_t(i) >= count)
    fail(phrase({"there is no such ", what}), {{"index", i}, {"there are", count}},
         "an index from 0");
  return size_t(i);
}

Shape shape_of(const Field& field) {
  return Shape(std::span<const int>(field.integers()));
}

std::string port(std::string_view name, std::span<const int> shape, DType dtype) {
  return json_object({{"name", json_text(name)},
                      {"shape", json_ints(shape)},
                      {"dtype", json_text(to_string(dtype))}});
}

std::string ports(const std::vector<ProgramPort>& list) {
  std::vector<std::string> items;
  for (const ProgramPort& p : list)
    items.push_back(port(p.name, p.type.shape.sizes(), p.type.dtype));
  return json_list(items);
}

std::string ports(const std::vector<ModelPort>& list) {
  std::vector<std::string> items;
  for (const ModelPort& p : list) items.push_back(port(p.name, p.shape, p.dtype));
  return json_list(items);
}

std::string memory(const ProgramMemory& bytes) {
  return json_object({{"arena", json_number(double(bytes.arena))},
                      {"packed", json_number(double(bytes.packed))},
                      {"shared", json_number(double(bytes.shared))}});
}

std::string steps(const std::vector<StepInfo>& list) {
  std::vector<std::string> items;
  for (const StepInfo& s : list)
    items.push_back(json_object({{"operator", json_text(s.op)},
                                 {"kernel", json_text(s.kernel)},
                                 {"name", json_text(s.name)},
                                 {"shape", json_ints(s.type.shape.sizes())}}));
  return json_list(items);
}

// How long each step of a program took, in seconds.
val view(const std::vector<double>& seconds) {
  return val(emscripten::typed_memory_view(seconds.size(), seconds.data()));
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
      fail("image: there are no pixels", {{"width", width}, {"height", height}},
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

template <class T>
T choice(const Field& field, std::initializer_list<std::pair<std::string_view, T>> known) {
  for (const auto& [name, value] : known)
    if (field.text() == name) return value;
  field.refuse("is no such choice", "one that the interface lists");
}

ImageOptions image_options(const Field& given) {
  ImageOptions options;
  options.fit = choice<Fit>(
      given.at("fit"), {{"stretch", Fit::stretch}, {"crop", Fit::crop}, {"contain", Fit::contain}});
  options.sampling =
      choice<Sampling>(given.at("sampling"), {{"alignCorners", Sampling::align_corners},
                                              {"halfPixel", Sampling::half_pixel},
                                              {"asymmetric", Sampling::asymmetric},
                                              {"nearest", Sampling::nearest}});
  auto channels = [](const Field& field, auto& numbers) {
    std::vector<Field> items = field.is_list() ? field.items() : std::vector<Field>(3, field);
    if (items.size() < 3) field.refuse("must have three numbers", "one for each colour");
    for (size_t c = 0; c < 3; ++c) numbers[c] = float(items[c].number());
  };
  channels(given.at("mean"), options.mean);
  channels(given.at("std"), options.std);
  options.binarize = given.get("binarize").flag_or(false);
  options.flip = given.get("flip").flag_or(false);
  return options;
}

#ifdef GESSO_WEBGPU
// What the plan of a device's program leaves to the processor.
Program& called(const webgpu::DeviceProgram* device, int call) {
  size_t count = device ? device->plan().calls.size() : 0, i = checked(call, count, "call");
  return *device->plan().calls[i];
}
val call_input(const webgpu::DeviceProgram* device, int call, int i) {
  Program& program = called(device, call);
  const auto& inputs = program.inputs();
  return view(program.input(i).data(), inputs[checked(i, inputs.size(), "input")].type);
}
val call_output(const webgpu::DeviceProgram* device, int call, int i) {
  Program& program = called(device, call);
  const auto& outputs = program.outputs();
  return view(program.output(i).data(), outputs[checked(i, outputs.size(), "output")].type);
}

// What a device allows, and what is to stay on the processor: {"limits": {name: number},
// "subgroups"?: fewest invocations, "half"?: f16 is enough, "f16"?: shaders have it,
// "onCpu"?: [operator], "chosen"?: {key: variant}}.
webgpu::Options device_options(const std::string& text) {
  Given given("device", text);
  webgpu::Options options;
  const Field& limits = given->at("limits");
  auto read = [&](Text name, auto& limit) {
    if (Field field = limits.get(name))
      limit = std::remove_reference_t<decltype(limit)>(field.number());
  };
  webgpu::Limits& most = options.limits;
  read("maxStorageBuffersPerShaderStage", most.max_storage_buffers_per_shader_stage);
  read("maxComputeWorkgroupStorageSize", most.max_compute_workgroup_storage_size);
  read("maxComputeInvocationsPerWorkgroup", most.max_compute_invocations_per_workgroup);
  read("maxComputeWorkgroupsPerDimension", most.max_compute_workgroups_per_dimension);
  read("maxStorageBufferBindingSize", most.max_storage_buffer_binding_size);
  read("maxBufferSize", most.max_buffer_size);
  if (Field fewest = given->get("subgroups")) options.subgroups = uint32_t(fewest.number());
  if (Field half = given->get("half")) options.half = half.flag();
  if (Field f16 = given->get("f16")) options.f16 = f16.flag();
  if (Field names = given->get("onCpu"))
    for (const Field& name : names.items()) options.on_cpu.insert(name.text());
  if (Field chosen = given->get("chosen"))
    for (const auto& [key, variant] : chosen.members())
      options.chosen[std::string(key)] = variant.integer();
  return options;
}
#endif

class BoundProgram {
 public:
  explicit BoundProgram(std::unique_ptr<Program> program) : program_(std::move(program)) {}
#ifdef GESSO_WEBGPU
  explicit BoundProgram(std::unique_ptr<webgpu::DeviceProgram> program)
      : device_(program.get()), program_(std::move(program)) {}

  // For programs of a device: what to do there, and what of it is left to the processor.
  std::string plan() const { return device_ ? to_json(device_->plan()) : ""; }
  val call_input(int call, int i) { return gesso::call_input(device_, call, i); }
  val call_output(int call, int i) { return gesso::call_output(device_, call, i); }
  void call(int call) { called(device_, call).run(); }

  // For a picture that a shader makes the input, as write_image would: what it mixes for each
  // column, and then for each row.
  val place_image(int i, int width, int height, const std::string& text) {
    const TensorType& type = picture_type(i);
    ImageOptions options = image_options(*Given("image options", text));
    find_taps(width, height, options, type.shape, scratch_.taps);
    place(width, height, map_of(width, height, options, type.shape));
    return view_as<uint8_t>(reinterpret_cast<const std::byte*>(scratch_.taps.data()),
                            scratch_.taps.size() * sizeof(Tap));
  }

  // The same for write_square: the place of the first element, and from one column and one row to
  // the next.
  val place_square(int i, int width, int height, const std::string& text) {
    const Shape& shape = picture_type(i).shape;
    Given given("image options", text);
    check_image(width, height, image_options(*given), shape);
    place(width, height, square_of(*given, shape));
    placed_ = {float(map_.x),           float(map_.y),        float(map_.x_by_column),
               float(map_.y_by_column), float(map_.x_by_row), float(map_.y_by_row)};
    return val(emscripten::typed_memory_view(placed_.size(), placed_.data()));
  }
#endif

  std::string describe() const {
    return json_object({{"inputs", ports(program_->inputs())},
                        {"outputs", ports(program_->outputs())},
                        {"memory", memory(program_->memory())}});
  }
  std::string steps() const { return gesso::steps(program_->steps()); }
  val input(int i) {
    const TensorType& type = input_type(i);
    return view(program_->input(i).data(), type);
  }
  val output(int i) const {
    const auto& outputs = program_->outputs();
    const TensorType& type = outputs[checked(i, outputs.size(), "output")].type;
    return view(program_->output(i).data(), type);
  }
  void run() { program_->run(); }
  val profile() {
    seconds_.assign(program_->steps().size(), 0);
    program_->profile(seconds_);
    return view(seconds_);
  }

  void write_image(int i, const Picture& picture, const std::string& text) {
    const Shape& shape = input_type(i).shape;
    ImageOptions options = image_options(*Given("image options", text));
    write_numbers(i, [&](std::span<float> numbers) {
      gesso::write_image(picture.pixels(), picture.width(), picture.height(), options, shape,
                         numbers, scratch_);
    });
    place(picture.width(), picture.height(),
          map_of(picture.width(), picture.height(), options, shape));
  }

  // Of the picture a square of `size` pixels around `x`, `y`, turned clockwise by `angle` radians.
  void write_square(int i, const Picture& picture, const std::string& text) {
    const Shape& shape = input_type(i).shape;
    Given given("image options", text);
    ImageOptions options = image_options(*given);
    check_image(picture.width(), picture.height(), options, shape);
    place(picture.width(), picture.height(), square_of(*given, shape));
    write_numbers(i, [&](std::span<float> numbers) {
      write_mapped(picture.pixels(), picture.width(), picture.height(), map_, options, shape,
                   numbers);
    });
  }

  val decode(const std::string& options) {
    found_ = gesso::decode(*program_, map_, *Given("options", options));
    return found();
  }
  val found() const { return val(emscripten::typed_memory_view(found_.size(), found_.data())); }

  val mask(const std::string& options) {
    mask_.resize(size_t(width_) * size_t(height_));
    found_ = gesso::mask(*program_, map_, width_, height_, *Given("options", options), mask_);
    return val(emscripten::typed_memory_view(mask_.size(), mask_.data()));
  }

 private:
  const TensorType& input_type(int i) const {
    const auto& inputs = program_->inputs();
    return inputs[checked(i, inputs.size(), "input")].type;
  }
#ifdef GESSO_WEBGPU
  // Of an input that can hold the numbers of a picture.
  const TensorType& picture_type(int i) const {
    const TensorType& type = input_type(i);
    bool fits = type.dtype == DType::f32 || type.dtype == DType::i32 || type.dtype == DType::u8;
    if (!fits) refuse(type);
    return type;
  }
#endif

  void place(int width, int height, const PictureMap& map) {
    width_ = width;
    height_ = height;
    map_ = map;
  }

  static PictureMap square_of(const Field& given, const Shape& shape) {
    return map_of_square(given.at("x").number(), given.at("y").number(), given.at("size").number(),
                         given.at("angle").number(), shape);
  }

  // Lets `write` fill an input with real numbers, which are rounded where it holds whole ones.
  template <class Write>
  void write_numbers(int i, Write write) {
    const TensorType& type = input_type(i);
    std::byte* data = program_->input(i).data();
    size_t count = type.shape.count();
    if (type.dtype == DType::f32) return write(std::span(reinterpret_cast<float*>(data), count));
    numbers_.resize(count);
    write(std::span(numbers_));
    if (type.dtype == DType::i32)
      std::transform(numbers_.begin(), numbers_.end(), reinterpret_cast<int32_t*>(data), rounded);
    else if (type.dtype == DType::u8)
      std::transform(numbers_.begin(), numbers_.end(), reinterpret_cast<uint8_t*>(data),
                     [](float x) { return uint8_t(std::clamp(rounded(x), 0, 255)); });
    else
      refuse(type);
  }

  [[noreturn]] static void refuse(const TensorType& type) {
    fail("image: the model's input does not hold numbers of a picture",
         {{"input", to_string(type)}}, "run() with a tensor of that type");
  }
  static int rounded(float x) { return int(std::lround(x)); }

  ImageScratch scratch_;
#ifdef GESSO_WEBGPU
  webgpu::DeviceProgram* device_ = nullptr;  // the program, where it is one
  std::array<float, 6> placed_;
#endif
  std::unique_ptr<Program> program_;
  std::vector<double> seconds_;
  std::vector<float> numbers_;  // of a picture, on their way into an input of whole numbers
  int width_ = 0, height_ = 0;  // of the picture that the input holds,
  PictureMap map_;              // and where in it the elements lie
  std::vector<float> found_;
  std::vector<uint8_t> mask_;
};

std::map<std::string, Shape> shapes_of(const std::string& text) {
  Given given("shapes", text);
  std::map<std::string, Shape> shapes;
  for (const auto& [name, field] : given->members()) shapes[std::string(name)] = shape_of(field);
  return shapes;
}

class BoundModel {
 public:
  BoundModel(const FileStore& store, const std::string& entry)
      : BoundModel(load_model(store.files(), entry)) {}
  explicit BoundModel(std::shared_ptr<Model> model)
      : model_(std::move(model)), layers_(std::dynamic_pointer_cast<LayersModel>(model_)) {}

  std::string describe() const {
    return json_object({{"format", json_text(model_->format())},
                        {"parameters", json_number(double(model_->parameters()))},
                        {"inputs", ports(model_->inputs())},
                        {"outputs", ports(model_->outputs())}});
  }

  BoundProgram* compile(const std::string& shapes) const {
    return new BoundProgram(gesso::compile(model_->build(shapes_of(shapes))));
  }
  BoundProgram* compile_gradient(const std::string& shapes, const std::string& output,
                                 const std::string& inputs) const {
    return new BoundProgram(gesso::compile(gradient_graph(shapes, output, inputs)));
  }
#ifdef GESSO_WEBGPU
  // The same for a device: see device_options().
  BoundProgram* compile_for_device(const std::string& shapes, const std::string& device) const {
    return new BoundProgram(std::make_unique<webgpu::DeviceProgram>(
        model_->build(shapes_of(shapes)), device_options(device)));
  }
  BoundProgram* compile_gradient_for_device(const std::string& shapes, const std::string& output,
                                            const std::string& inputs,
                                            const std::string& device) const {
    return new BoundProgram(std::make_unique<webgpu::DeviceProgram>(
        gradient_graph(shapes, output, inputs), device_options(device)));
  }
#endif

  std::string layer_list() const {
    std::vector<std::string> items;
    for (const LayerOf& layer : layers_of(model_)) {
      const ModelPort& output = layer.output;
      items.push_back(json_object({{"name", json_text(output.name)},
                                   {"operator", json_text(layer.op)},
                                   {"shape", json_ints(output.shape)},
                                   {"dtype", json_text(to_string(output.dtype))}}));
    }
    return json_list(items);
  }
  // The same model up to some layers: a list of their names.
  BoundModel* cut(const std::string& text) const {
    Given given("layers", text);
    std::vector<std::string> layers;
    for (const Field& name : given->items()) layers.push_back(name.text());
    return new BoundModel(gesso::cut(model_, std::move(layers)));
  }

  std::string weights() {
    std::vector<std::string> items;
    for (const Parameter& p : layers()->weights())
      items.push_back(json_object({{"name", json_text(p.name)},
                                   {"shape", json_ints(p.type.shape.sizes())},
                                   {"dtype", json_text(to_string(p.type.dtype))},
                                   {"trainable", json_flag(p.trainable)}}));
    return json_list(items);
  }
  val weight(int i) {
    std::vector<Parameter>& weights = layers()->weights();
    Parameter& weight = weights[checked(i, weights.size(), "weight")];
    return view(weight.data->data(), weight.type);
  }
  void set_trainable(const std::string& layer, bool trainable) {
    layers()->set_trainable(layer, trainable);
  }
  void reset_states() { layers()->states().reset(); }
  std::string topology() const { return layers()->topology(); }

  // Grows whenever the weights change; programs that were compiled before keep some of the old.
  int version() const { return *version_; }
  void touch() { ++*version_; }

  const std::shared_ptr<LayersModel>& layers() const {
    if (!layers_)
      fail("model: only models made of layers can be trained",
           {{"format", std::string(model_->format())}}, "a TF.js layers model, or one of your own");
    return layers_;
  }
  std::shared_ptr<int> version_counter() const { return version_; }

 private:
  Graph gradient_graph(const std::string& shapes, const std::string& output,
                       const std::string& inputs) const {
    Graph graph = model_->build(shapes_of(shapes));
    Given names("inputs", inputs);
    std::vector<std::string> of;
    for (const Field& name : names->items()) of.push_back(name.text());
    add_input_gradients(graph, output, of);
    return graph;
  }

  std::shared_ptr<Model> model_;
  std::shared_ptr<LayersModel> layers_;  // the same, where it is one
  std::shared_ptr<int> version_ = std::make_shared<int>(0);
};

BoundModel* create_bound_model(const std::string& topology, unsigned seed) {
  return new BoundModel(create_model(topology, seed));
}

// What is remembered, on its way across: tensors one after the other.
class StateBytes {
 public:
  // Gives what bytes() holds from now on: {"tensors": [{name, shape, dtype}]}.
  std::string save(const std::vector<StateTensor>& tensors) {
    std::vector<std::string> items;
    for (const StateTensor& tensor : tensors)
      items.push_back(port(tensor.name, tensor.type.shape.sizes(), tensor.type.dtype));
    std::byte* to = make_room(tensors);
    for (const StateTensor& tensor : tensors)
      to = std::copy_n(tensor.data->data(), tensor.type.bytes(), to);
    return json_object({{"tensors", json_list(items)}});
  }
  val bytes() const { return view_as<uint8_t>(bytes_.data(), bytes_.size()); }

  // Room for the bytes of these tensors, which get them with adopt().
  val load(std::vector<StateTensor> tensors) {
    make_room(tensors);
    tensors_ = std::move(tensors);
    return bytes();
  }

  // Takes over what JavaScript has written since load(): to be called by whatever depends on it.
  void adopt() {
    const std::byte* from = bytes_.data();
    for (StateTensor& tensor : tensors_) {
      std::copy_n(from, tensor.type.bytes(), tensor.data->data());
      from += tensor.type.bytes();
    }
    tensors_.clear();
  }

 private:
  std::byte* make_room(const std::vector<StateTensor>& tensors) {
    size_t count = 0;
    for (const StateTensor& tensor : tensors) count += tensor.type.bytes();
    bytes_ = Buffer(count);
    return bytes_.data();
  }

  std::vector<StateTensor> tensors_;  // to be adopted, in the order of the bytes
  Buffer bytes_;
};

// The tensors that a state consists of, still without data.
std::vector<StateTensor> tensors_of(const std::string& index) {
  Given given("state", index);
  std::vector<StateTensor> tensors;
  for (const Field& item : given->at("tensors").items())
    tensors.push_back({item.at("name").text(),
                       {dtype_from(item.at("dtype").text()), shape_of(item.at("shape"))},
                       nullptr});
  return tensors;
}

class BoundTrainer {
 public:
  BoundTrainer(const BoundModel& model, const std::string& options)
      : trainer_(model.layers(), *Given("training options", options)),
        version_(model.version_counter()) {}

  std::string describe() const {
    std::vector<std::string> names;
    for (const std::string& name : trainer_.metrics()) names.push_back(json_text(name));
    std::vector<std::string> classes;
    for (size_t i = 0; i < trainer_.targets().size(); ++i)
      classes.push_back(json_number(trainer_.classes(i)));
    return json_object({{"inputs", ports(trainer_.inputs())},
                        {"targets", ports(trainer_.targets())},
                        {"classes", json_list(classes)},
                        {"metrics", json_list(names)}});
  }

  val reserve(int set, const std::string& kind, int index, unsigned samples) {
    Trainer::Role role = role_of(kind);
    return view(trainer_.reserve(set, role, index, samples), dtype_of(role, index));
  }
  // For rows of ports with open sizes and for bytes in place of numbers: {"shape", "dtype"?}.
  val reserve_rows(int set, const std::string& kind, int index, unsigned samples,
                   const std::string& row) {
    Given given("row", row);
    Trainer::Role role = role_of(kind);
    DType kept =
        given->get("dtype") ? dtype_from(given->get("dtype").text()) : dtype_of(role, index);
    return view(trainer_.reserve(set, role, index, samples, kept, shape_of(given->at("shape"))),
                kept);
  }

  int begin(const std::string& options) {
    adopt();
    Given given("epoch", options);
    Epoch epoch;
    epoch.set = given->get("set").integer_or(0);
    epoch.train = given->get("train").flag_or(true);
    epoch.batch_size = given->get("batch_size").integer_or(epoch.batch_size);
    epoch.shuffle = given->get("shuffle").flag_or(true);
    epoch.first = size_t(given->get("first").integer_or(0));
    epoch.count = size_t(given->at("count").integer());
    epoch.number = uint32_t(given->get("epoch").integer_or(0));
    epoch.steps = given->get("steps").integer_or(0);
    epoch.goes_on = given->get("goes_on").flag_or(false);
    epoch.fresh = given->get("fresh").flag_or(false);
    trains_ = epoch.train;
    return trainer_.begin(epoch);
  }

  std::string run(double milliseconds) { return told(trainer_.run(milliseconds)); }

#ifdef GESSO_WEBGPU
  // From now on steps run on a device, and JavaScript does what run() would do: stage() fills the
  // inputs of the next step's program and gives its number, -1 when the epoch is over; what the
  // device answered is written to the outputs of the program to be settled.
  void use_device(const std::string& options) {
    trainer_.use([device = device_options(options)](const Graph& graph) {
      return std::make_unique<webgpu::DeviceProgram>(graph, device);
    });
    on_device_ = true;
  }
  // From now on they run here again.
  void use_processor() {
    trainer_.use(nullptr);
    on_device_ = false;
  }
  int stage() {
    const Program* program = trainer_.stage();
    return program ? static_cast<const webgpu::DeviceProgram*>(program)->number() : -1;
  }
  // The numbers of the programs that there are: others are gone.
  std::string live_programs() const {
    std::vector<std::string> items;
    for (const Program* program : trainer_.all_programs())
      items.push_back(json_number(static_cast<const webgpu::DeviceProgram*>(program)->number()));
    return json_list(items);
  }
  std::string plan(int number) const { return to_json(program(number).plan()); }
  val staged_input(int number, int i) {
    webgpu::DeviceProgram& staged = program(number);
    const auto& inputs = staged.inputs();
    const TensorType& type = inputs[checked(i, inputs.size(), "input")].type;
    return view(staged.input(i).data(), type);
  }
  val result(int number, int i) {
    webgpu::DeviceProgram& staged = program(number);
    const auto& outputs = staged.outputs();
    const TensorType& type = outputs[checked(i, outputs.size(), "output")].type;
    return view(staged.result(i).data(), type);
  }
  std::string settle() { return told(trainer_.settle()); }
  // Where rewind() goes back to: weights and the optimiser's state are the caller's.
  void mark() { trainer_.mark(); }
  void rewind() { trainer_.rewind(); }
  // Addresses of the memory that stage() writes beside the inputs.
  std::string written_by_stage() const {
    std::vector<std::string> items;
    for (const auto& buffer : trainer_.written_by_stage())
      items.push_back(json_number(double(reinterpret_cast<uintptr_t>(buffer->data()))));
    return json_list(items);
  }

#endif
  void stop() { trainer_.stop(); }
  val profile() {
    adopt();
    seconds_.clear();
    steps_ = gesso::steps(trainer_.profile(seconds_));
    ++*version_;
    return view(seconds_);
  }
  // Of the step that profile() took last.
  std::string steps() const { return steps_; }
  std::string memory() const {
    std::vector<std::string> items;
    for (const Trainer::ProgramInfo& p : trainer_.programs())
      items.push_back(json_object({{"train", json_flag(p.train)},
                                   {"batch", json_number(p.batch)},
                                   {"memory", gesso::memory(p.memory)}}));
    size_t state = 0;
    for (const StateTensor& tensor : trainer_.state()) state += tensor.type.bytes();
    return json_object({{"programs", json_list(items)},
                        {"samples", json_number(double(trainer_.sample_bytes()))},
                        {"optimizer", json_number(double(state))}});
  }

  void set_learning_rate(float rate) {
    adopt();
    trainer_.optimizer().set_rate(rate);
  }

  std::string save_state() {
    adopt();
    return state_.save(trainer_.state());
  }
  val state_bytes() const { return state_.bytes(); }
  val load_state(const std::string& index) {
    std::vector<StateTensor> tensors = tensors_of(index);
    for (StateTensor& tensor : tensors) tensor = trainer_.state_tensor(tensor.name, tensor.type);
    return state_.load(std::move(tensors));
  }

 private:
  static Trainer::Role role_of(const std::string& kind) {
    if (kind == "x") return Trainer::Role::input;
    if (kind == "y") return Trainer::Role::target;
    if (kind == "w") return Trainer::Role::weight;
    fail("reserve: there is no such kind of rows", {{"kind", kind}}, "x, y or w");
  }
  DType dtype_of(Trainer::Role role, int index) const {
    if (role == Trainer::Role::weight) return DType::f32;
    const auto& list = role == Trainer::Role::input ? trainer_.inputs() : trainer_.targets();
    return list[checked(index, list.size(), "input or target")].dtype;
  }

  void adopt() { state_.adopt(); }

  std::string told(const Progress& progress) {
    if (trains_) ++*version_;
    std::vector<std::string> names = trainer_.metrics();
    std::vector<std::pair<std::string_view, std::string>> metrics;
    for (size_t i = 0; i < names.size(); ++i)
      metrics.emplace_back(names[i], json_number(progress.metrics[i]));
    return json_object({{"done", json_flag(progress.done)},
                        {"step", json_number(progress.step)},
                        {"samples", json_number(double(progress.samples))},
                        {"metrics", json_object(metrics)},
                        {"bad", progress.bad.empty() ? "null" : json_text(progress.bad)}});
  }

#ifdef GESSO_WEBGPU
  webgpu::DeviceProgram& program(int number) const {
    for (Program* program : trainer_.all_programs()) {
      auto& staged = static_cast<webgpu::DeviceProgram&>(*program);
      if (on_device_ && staged.number() == number) return staged;
    }
    fail("fit: there is no such program", {{"number", number}}, "one of livePrograms()");
  }
#endif

  Trainer trainer_;
  std::shared_ptr<int> version_;  // of the model
  bool trains_ = false;
#ifdef GESSO_WEBGPU
  bool on_device_ = false;
#endif
  std::vector<double> seconds_;
  std::string steps_;
  StateBytes state_;
};

// A model that writes.
class BoundWriter {
 public:
  explicit BoundWriter(const BoundModel& model)
      : writer_(model.layers()), version_(model.version_counter()), written_with_(*version_) {}

  void begin(const std::string& options) {
    state_.adopt();
    if (written_with_ != *version_) writer_.refresh();
    written_with_ = *version_;
    Given given("text", options);
    auto lists = [&](Text name) {
      std::vector<std::vector<int>> lists;
      for (const Field& item : given->at(name).items()) lists.push_back(item.integers());
      return lists;
    };
    writer_.begin({lists("prompts"), lists("stops"), given->at("length").integer(),
                   given->at("stateful").flag(), sampling_of(given)});
  }

  // Whether it is done, and of each lane that has written its number, how many codes, and these.
  val run(double milliseconds) {
    writer_.run(milliseconds);
    return told();
  }
  val told() {
    told_.assign(1, writer_.is_done());
    for (const WrittenCodes& piece : writer_.written()) {
      told_.push_back(piece.lane);
      told_.push_back(int(piece.codes.size()));
      told_.insert(told_.end(), piece.codes.begin(), piece.codes.end());
    }
    return val(emscripten::typed_memory_view(told_.size(), told_.data()));
  }

#ifdef GESSO_WEBGPU
  // From now on a device runs the program of each text, and JavaScript does what run() would do.
  void use_device(const std::string& options) {
    device_ = nullptr;
    writer_.use([this, device = device_options(options)](const Graph& graph) {
      auto program = std::make_unique<webgpu::DeviceProgram>(graph, device);
      device_ = program.get();
      return program;
    });
  }
  void use_processor() {
    device_ = nullptr;
    writer_.use(nullptr);
  }
  double rehearse(double milliseconds) { return writer_.rehearse(milliseconds); }
  // The number of the program of the text that was begun last.
  int program() const { return device().number(); }
  std::string plan() const { return to_json(device().plan()); }
  int stage(int most) { return writer_.stage(most); }
  val staged() { return view(writer_.staged(), device().inputs()[0].type.dtype); }
  val result() { return view(device().result(0).data(), device().outputs()[0].type); }
  bool settle() { return writer_.settle(); }
  void keep() { writer_.keep(); }
  val call_input(int call, int i) { return gesso::call_input(device_, call, i); }
  val call_output(int call, int i) const { return gesso::call_output(device_, call, i); }
  void call(int call) { called(device_, call).run(); }
#endif

  int predict(const std::string& options) {
    state_.adopt();
    SamplingOptions sampling = sampling_of(Given("predict", options));
    std::vector<double> all = writer_.next(sampling);
    probabilities_.assign(all.begin(), all.end());
    return choose(all, Random(sampling.random).uniform());
  }
  val probabilities() const {
    return val(emscripten::typed_memory_view(probabilities_.size(), probabilities_.data()));
  }

  void reset() { writer_.reset(); }
  std::string save_state() {
    state_.adopt();
    return state_.save(writer_.state());
  }
  val state_bytes() const { return state_.bytes(); }
  val load_state(const std::string& index) {
    return state_.load(writer_.restore(tensors_of(index)));
  }

 private:
  static SamplingOptions sampling_of(const Given& given) {
    double random = std::clamp(given->at("random").number(), 0.0, 4294967295.0);
    return {given->at("temperature").number(), given->at("top_k").integer(),
            given->at("top_p").number(), uint32_t(random)};
  }

#ifdef GESSO_WEBGPU
  webgpu::DeviceProgram& device() const {
    if (device_) return *device_;
    fail("generate: no device writes here", {}, "useDevice(), and then begin()");
  }
  webgpu::DeviceProgram* device_ = nullptr;  // the writer's program, where it is one
#endif
  Writer writer_;
  std::shared_ptr<int> version_;  // of the model,
  int written_with_;              // and when its weights were read
  std::vector<int> told_;
  std::vector<float> probabilities_;
  StateBytes state_;
};

std::string version() {
  return GESSO_VERSION;
}

std::string build() {
#if defined(__EMSCRIPTEN_PTHREADS__)
  return "relaxed-threads";
#elif defined(__wasm_relaxed_simd__)
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
#ifdef GESSO_WEBGPU
      .function("plan", &BoundProgram::plan)
      .function("callInput", &BoundProgram::call_input)
      .function("callOutput", &BoundProgram::call_output)
      .function("call", &BoundProgram::call)
      .function("placeImage", &BoundProgram::place_image)
      .function("placeSquare", &BoundProgram::place_square)
#endif
      .function("profile", &BoundProgram::profile)
      .function("steps", &BoundProgram::steps)
      .function("writeImage", &BoundProgram::write_image)
      .function("writeSquare", &BoundProgram::write_square)
      .function("decode", &BoundProgram::decode)
      .function("mask", &BoundProgram::mask)
      .function("found", &BoundProgram::found);
  class_<BoundModel>("Model")
      .constructor<const FileStore&, const std::string&>()
      .function("describe", &BoundModel::describe)
      .function("compile", &BoundModel::compile, return_value_policy::take_ownership())
      .function("compileGradient", &BoundModel::compile_gradient,
                return_value_policy::take_ownership())
#ifdef GESSO_WEBGPU
      .function("compileForDevice", &BoundModel::compile_for_device,
                return_value_policy::take_ownership())
      .function("compileGradientForDevice", &BoundModel::compile_gradient_for_device,
                return_value_policy::take_ownership())
#endif
      .function("layers", &BoundModel::layer_list)
      .function("cut", &BoundModel::cut, return_value_policy::take_ownership())
      .function("weights", &BoundModel::weights)
      .function("weight", &BoundModel::weight)
      .function("setTrainable", &BoundModel::set_trainable)
      .function("resetStates", &BoundModel::reset_states)
      .function("topology", &BoundModel::topology)
      .function("version", &BoundModel::version)
      .function("touch", &BoundModel::touch);
  class_<BoundTrainer>("Trainer")
      .constructor<const BoundModel&, const std::string&>()
      .function("describe", &BoundTrainer::describe)
      .function("reserve", &BoundTrainer::reserve)
      .function("reserve", &BoundTrainer::reserve_rows)
      .function("begin", &BoundTrainer::begin)
      .function("run", &BoundTrainer::run)
#ifdef GESSO_WEBGPU
      .function("useDevice", &BoundTrainer::use_device)
      .function("useProcessor", &BoundTrainer::use_processor)
      .function("stage", &BoundTrainer::stage)
      .function("plan", &BoundTrainer::plan)
      .function("stagedInput", &BoundTrainer::staged_input)
      .function("result", &BoundTrainer::result)
      .function("settle", &BoundTrainer::settle)
      .function("mark", &BoundTrainer::mark)
      .function("rewind", &BoundTrainer::rewind)
      .function("writtenByStage", &BoundTrainer::written_by_stage)
      .function("livePrograms", &BoundTrainer::live_programs)
#endif
      .function("stop", &BoundTrainer::stop)
      .function("profile", &BoundTrainer::profile)
      .function("steps", &BoundTrainer::steps)
      .function("memory", &BoundTrainer::memory)
      .function("setLearningRate", &BoundTrainer::set_learning_rate)
      .function("saveState", &BoundTrainer::save_state)
      .function("stateBytes", &BoundTrainer::state_bytes)
      .function("loadState", &BoundTrainer::load_state);
  class_<BoundWriter>("Writer")
      .constructor<const BoundModel&>()
      .function("begin", &BoundWriter::begin)
      .function("run", &BoundWriter::run)
#ifdef GESSO_WEBGPU
      .function("useDevice", &BoundWriter::use_device)
      .function("useProcessor", &BoundWriter::use_processor)
      .function("rehearse", &BoundWriter::rehearse)
      .function("program", &BoundWriter::program)
      .function("plan", &BoundWriter::plan)
      .function("stage", &BoundWriter::stage)
      .function("staged", &BoundWriter::staged)
      .function("result", &BoundWriter::result)
      .function("settle", &BoundWriter::settle)
      .function("keep", &BoundWriter::keep)
      .function("callInput", &BoundWriter::call_input)
      .function("callOutput", &BoundWriter::call_output)
      .function("call", &BoundWriter::call)
      .function("told", &BoundWriter::told)
#endif
      .function("predict", &BoundWriter::predict)
      .function("probabilities", &BoundWriter::probabilities)
      .function("reset", &BoundWriter::reset)
      .function("saveState", &BoundWriter::save_state)
      .function("stateBytes", &BoundWriter::state_bytes)
      .function("loadState", &BoundWriter::load_state);
  function("createModel", &create_bound_model, return_value_policy::take_ownership());
  function("version", &version);
  function("build", &build);
  function("setThreads", &set_threads);
  function("threadCount", &thread_count);
}

}  // namespace gesso
