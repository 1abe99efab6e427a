#include "models/load/tflite.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/ops/list.h"
#include "models/load/file_model.h"
#include "models/load/flatbuffer.h"
#include "models/load/lower.h"
#include "models/load/tflite_op_table.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::string_view identifier = "TFL3";

// More than any real file has, and fewer than would fill the memory.
constexpr size_t most_edges = 1 << 20, most_name = 200;

// As many names as a message has room for.
constexpr size_t most_named = 20;

// The fields of the schema's tables, in its order.
namespace field {
struct Model {
  enum { version, operator_codes, subgraphs, description, buffers };
};
struct Code {
  enum { old_number, custom_name, version, number };
};
struct Subgraph {
  enum { tensors, inputs, outputs, operators };
};
struct Tensor {
  enum { shape, type, buffer, name, quantization, is_variable, sparsity, signature };
};
struct Quantization {
  enum { min, max, scale, zero_point, details_type, details, dimension };
};
struct Operator {
  enum { code, inputs, outputs, options_type, options };
};
struct Buffer {
  enum { data };
};
}  // namespace field

// A number of any type from anywhere in the file.
template <class T>
double read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return double(value);
}

double read_half(const std::byte* from) {
  uint16_t half;
  std::memcpy(&half, from, sizeof half);
  return double(float_from_half(half));
}

// How the elements of a type are stored, and what they become where they do not stand for reals.
struct Storage {
  Text name;
  size_t bytes = 0;  // 0: it cannot be loaded
  DType dtype = DType::f32;
  double (*read)(const std::byte*) = nullptr;

  bool is_integer() const { return dtype != DType::f32 && dtype != DType::boolean; }
};

// TensorType of the schema, by number.
constexpr Storage storages[] = {
    {"FLOAT32", 4, DType::f32, read<float>},
    {"FLOAT16", 2, DType::f32, read_half},
    {"INT32", 4, DType::i32, read<int32_t>},
    {"UINT8", 1, DType::u8, read<uint8_t>},
    {"INT64", 8, DType::i32, read<int64_t>},
    {"STRING"},
    {"BOOL", 1, DType::boolean, read<uint8_t>},
    {"INT16", 2, DType::i32, read<int16_t>},
    {"COMPLEX64"},
    {"INT8", 1, DType::i8, read<int8_t>},
    {"FLOAT64", 8, DType::f32, read<double>},
    {"COMPLEX128"},
    {"UINT64"},
    {"RESOURCE"},
    {"VARIANT"},
    {"UINT32"},
    {"UINT16"},
    {"INT4"},
};

// real = scale * (integer - zero point), with one of each or one for each index along an axis.
struct Quantization {
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int dimension = 0;

  bool is_there() const { return !scales.empty(); }
};

struct Tensor {
  const Storage* storage = nullptr;
  std::string name;
  std::vector<int> sizes;     // as declared; -1 where one is open
  DType dtype = DType::f32;   // while the model runs
  Quantization quantization;  // of what is no constant: one number of each at most
  std::unique_ptr<Weight> weight;

  // The reals that its integers can tell.
  double low = -infinity, high = infinity;
};

using Facts = std::initializer_list<Fact>;
constexpr Text from_converter = "a file that a converter wrote";

class TfliteModel : public FileModel {
 public:
  TfliteModel(std::string file, std::span<const std::byte> bytes) : FileModel(std::move(file)) {
    FlatTable root = FlatTable::root(bytes, identifier, file_);
    auto graphs = root.tables(field::Model::subgraphs);
    if (graphs.empty()) refuse("it holds no graph", {{"bytes", bytes.size()}});
    const FlatTable& graph = graphs[0];
    read_rows(root);
    read_tensors(graph);
    read_ports(graph);
    read_operators(graph);
    read_constants(graph, root.tables(field::Model::buffers), bytes.size());
    rows_.clear();
    try_out();
  }

  std::string_view format() const override { return "tflite"; }
  size_t parameters() const override { return parameters_; }

 protected:
  void write(Graph& graph, const std::vector<Shape>& sizes) const override;

 private:
  // What the operators of the file are called, by their index.
  struct Named {
    std::string name;
    const TfliteRow* row;
  };

  void read_rows(const FlatTable& root);
  void read_tensors(const FlatTable& graph);
  void read_ports(const FlatTable& graph);
  void read_operators(const FlatTable& graph);
  void read_constants(const FlatTable& graph, const std::vector<FlatTable>& buffers, size_t bytes);
  std::unique_ptr<Weight> read_constant(const Tensor& tensor, const FlatTable& table,
                                        std::span<const std::byte> data) const;
  // What is wrong with the file, or with one of its tensors.
  [[noreturn]] void refuse(Text what, const Facts& facts, Text hint = from_converter) const;
  [[noreturn]] void refuse(const Tensor& tensor, Text what, const Facts& facts,
                           Text hint = from_converter) const;

  Ints read_edges(const FlatTable& table, int field);
  Attrs read_options(const FlatTable& table, const TfliteRow& row) const;
  Quantization read_quantization(const FlatTable& table, size_t most) const;
  void set_range(Tensor& tensor) const;
  Operand finish(Builder& b, const TfliteNode& node, Operand y, const Tensor& tensor) const;
  Operands run(Builder& b, const TfliteNode& node, const Operands& values) const;

  std::vector<Named> rows_;
  std::vector<Tensor> tensors_;
  std::vector<TfliteNode> nodes_;
  Ints input_tensors_, output_tensors_;
  std::vector<bool> is_constant_;  // tensors that are needed and that no operator computes
  size_t edges_ = 0, parameters_ = 0;
};

void TfliteModel::refuse(Text what, const Facts& facts, Text hint) const {
  fail(phrase({file_, ": ", what}), facts, hint);
}

void TfliteModel::refuse(const Tensor& tensor, Text what, const Facts& facts, Text hint) const {
  fail(phrase({file_, ": the tensor ", in_quotes(tensor.name), " ", what}), facts, hint);
}

void TfliteModel::read_rows(const FlatTable& root) {
  for (const FlatTable& code : root.tables(field::Model::operator_codes)) {
    // Numbers that need more than a byte came later, in a field of their own.
    int number = std::max(int(code.number<int8_t>(field::Code::old_number)),
                          code.number<int32_t>(field::Code::number));
    std::string name(tflite_op_name(number));
    if (name.empty()) name = "number " + std::to_string(number);
    if (name == "CUSTOM")
      name += ' ' + std::string(code.text(field::Code::custom_name).substr(0, most_name));
    rows_.push_back({name, find_tflite_row(name)});
  }
}

void TfliteModel::read_tensors(const FlatTable& graph) {
  for (const FlatTable& table : graph.tables(field::Subgraph::tensors)) {
    Tensor& tensor = tensors_.emplace_back();
    tensor.name = table.text(field::Tensor::name).substr(0, most_name);
    if (tensor.name.empty()) tensor.name = "tensor " + std::to_string(tensors_.size() - 1);
    auto type = size_t(table.number<uint8_t>(field::Tensor::type));
    if (type >= std::size(storages))
      refuse(tensor, "is of an unknown type", {{"type", type}, {"known", std::size(storages)}});
    tensor.storage = &storages[type];
    tensor.dtype = tensor.storage->dtype;

    // Open sizes are 1 in the shape and -1 in its signature.
    int from = table.length(field::Tensor::signature) > 0 ? int(field::Tensor::signature)
                                                          : int(field::Tensor::shape);
    if (table.length(from) > size_t(Shape::max_rank))
      refuse(tensor, "has too many sizes",
             {{"sizes", table.length(from)}, {"most", int(Shape::max_rank)}});
    tensor.sizes = table.numbers<int32_t>(from);
    for (int size : tensor.sizes)
      if (size < -1) refuse(tensor, "has a negative size", {{"size", size}});
    if (table.has(field::Tensor::quantization) && tensor.storage->is_integer()) {
      FlatTable how = table.table(field::Tensor::quantization);
      if (how.length(field::Quantization::scale) == 0) continue;
      tensor.dtype = DType::f32;
      if (how.length(field::Quantization::scale) == 1) {
        tensor.quantization = read_quantization(how, 1);
        set_range(tensor);
      }
    }
  }
}

Quantization TfliteModel::read_quantization(const FlatTable& table, size_t most) const {
  size_t scales = table.length(field::Quantization::scale);
  size_t zeros = table.length(field::Quantization::zero_point);
  if (scales > most || (zeros != 0 && zeros != scales))
    refuse("a quantisation does not fit its tensor",
           {{"scales", scales}, {"zero points", zeros}, {"most", most}});
  Quantization q;
  q.scales = table.numbers<float>(field::Quantization::scale);
  q.zero_points = table.numbers<int64_t>(field::Quantization::zero_point);
  q.zero_points.resize(q.scales.size(), 0);
  q.dimension = table.number<int32_t>(field::Quantization::dimension);
  for (float scale : q.scales)
    if (!std::isfinite(scale) || scale < 0)
      refuse("a quantisation has an impossible scale", {{"scale", std::to_string(scale)}});
  return q;
}

void TfliteModel::set_range(Tensor& tensor) const {
  if (tensor.storage->bytes > 2) return;  // their range is never reached
  double scale = tensor.quantization.scales[0], zero = double(tensor.quantization.zero_points[0]);
  if (scale == 0) return;
  double count = std::ldexp(1, int(8 * tensor.storage->bytes));
  double lowest = tensor.storage->dtype == DType::u8 ? 0 : -count / 2;
  tensor.low = scale * (lowest - zero);
  tensor.high = scale * (lowest + count - 1 - zero);
}

Ints TfliteModel::read_edges(const FlatTable& table, int list) {
  edges_ += table.length(list);
  if (edges_ > most_edges)
    refuse("its operators have too many inputs and outputs", {{"most", most_edges}});
  Ints edges = table.numbers<int32_t>(list);
  for (int edge : edges)
    if (edge < -1 || edge >= int(tensors_.size()))
      refuse("there is no such tensor", {{"tensor", edge}, {"there are", tensors_.size()}});
  return edges;
}

void TfliteModel::read_ports(const FlatTable& graph) {
  input_tensors_ = read_edges(graph, field::Subgraph::inputs);
  output_tensors_ = read_edges(graph, field::Subgraph::outputs);
  auto is_out = [](int i) { return i < 0; };
  if (output_tensors_.empty() ||
      std::any_of(input_tensors_.begin(), input_tensors_.end(), is_out) ||
      std::any_of(output_tensors_.begin(), output_tensors_.end(), is_out))
    refuse("its inputs or outputs are not all there",
           {{"inputs", input_tensors_.size()}, {"outputs", output_tensors_.size()}});
  for (int i : input_tensors_) {
    const Tensor& tensor = tensors_[size_t(i)];
    if (tensor.storage->bytes == 0)
      refuse(tensor, "is of a type that cannot be loaded", {{"type", tensor.storage->name}},
             "a model of numbers");
    inputs_.push_back({tensor.name, tensor.storage->dtype, tensor.sizes, false});
  }
}

Attrs TfliteModel::read_options(const FlatTable& table, const TfliteRow& row) const {
  Attrs options;
  bool is_there = table.has(field::Operator::options);
  for (const TfliteField& f : row.options) {
    if (f.kind == TfliteField::Kind::list) {
      Ints list;
      if (is_there) {
        FlatTable given = table.table(field::Operator::options);
        if (given.length(f.place) <= size_t(Shape::max_rank))
          list = given.numbers<int32_t>(f.place);
      }
      options.set(f.name, list);
      continue;
    }
    double value = f.otherwise;
    if (is_there) {
      FlatTable given = table.table(field::Operator::options);
      value = f.kind == TfliteField::Kind::byte ? given.number<int8_t>(f.place, int8_t(value))
              : f.kind == TfliteField::Kind::number
                  ? double(given.number<float>(f.place, float(value)))
                  : given.number<int32_t>(f.place, int32_t(value));
    }
    options.set(f.name, value);
  }
  return options;
}

// The operators lie in the order in which they run: each needs what is there already.
void TfliteModel::read_operators(const FlatTable& graph) {
  std::vector<bool> is_known(tensors_.size());
  is_constant_.resize(tensors_.size());
  for (int i : input_tensors_) is_known[size_t(i)] = true;
  auto need = [&](int i) {
    if (i >= 0 && !is_known[size_t(i)]) is_constant_[size_t(i)] = true;
  };
  std::vector<std::string> missing;
  for (const FlatTable& table : graph.tables(field::Subgraph::operators)) {
    auto code = size_t(table.number<uint32_t>(field::Operator::code));
    if (code >= rows_.size())
      refuse("there is no such operator", {{"operator", code}, {"there are", rows_.size()}});
    const auto& [name, row] = rows_[code];
    if (!row) {
      bool is_new = std::find(missing.begin(), missing.end(), name) == missing.end();
      if (is_new && missing.size() < most_named) missing.push_back(name);
      continue;
    }
    TfliteNode& node = nodes_.emplace_back();
    node.row = row;
    node.options = read_options(table, *row);
    node.inputs = read_edges(table, field::Operator::inputs);
    node.outputs = read_edges(table, field::Operator::outputs);
    for (int i : node.inputs) need(i);
    for (int i : node.outputs) {
      if (i < 0 || is_known[size_t(i)] || is_constant_[size_t(i)])
        refuse(
            "an operator writes a tensor that is there already, or is "
            "needed earlier",
            {{"op", name}, {"tensor", i}});
      is_known[size_t(i)] = true;
    }
    if (node.outputs.empty()) continue;
    node.name = tensors_[size_t(node.outputs[0])].name;
    node.dtype = tensors_[size_t(node.outputs[0])].dtype;
  }
  if (!missing.empty()) {
    std::string others;
    for (size_t i = 1; i < missing.size(); ++i) others += (i > 1 ? ", " : "") + missing[i];
    refuse(phrase({"the op ", in_quotes(missing[0]), " cannot be loaded"}),
           {{"others", others.empty() ? "(none)" : others}},
           "a model of simpler ops, or the part of this one before the op");
  }
  for (int i : output_tensors_) need(i);
}

void TfliteModel::read_constants(const FlatTable& graph, const std::vector<FlatTable>& buffers,
                                 size_t bytes) {
  auto tables = graph.tables(field::Subgraph::tensors);
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (!is_constant_[i]) continue;
    Tensor& tensor = tensors_[i];
    const FlatTable& table = tables[i];
    auto index = size_t(table.number<uint32_t>(field::Tensor::buffer));
    if (index >= buffers.size())
      refuse("there is no such buffer", {{"buffer", index}, {"there are", buffers.size()}});
    tensor.weight = read_constant(tensor, table, buffers[index].bytes(field::Buffer::data));
    parameters_ += tensor.weight->type().shape.count();
    // Tensors may share a buffer, but not so as to fill the memory from a small file.
    if (parameters_ > 8 * bytes)
      refuse("its constants share their data too often",
             {{"bytes", bytes}, {"elements", parameters_}});
  }
}

std::unique_ptr<Weight> TfliteModel::read_constant(const Tensor& tensor, const FlatTable& table,
                                                   std::span<const std::byte> data) const {
  const Storage& storage = *tensor.storage;
  if (storage.bytes == 0)
    refuse(tensor, "is of a type that cannot be loaded", {{"type", storage.name}},
           "a model of numbers");
  if (table.has(field::Tensor::sparsity))
    refuse(tensor, "is stored without its zeros", {}, "a model converted without sparsity");
  Shape shape;
  size_t count = 1;
  for (int size : tensor.sizes) {
    if (size < 0) refuse(tensor, "has an open size", {});
    shape.push_back(size);
    if (size > 0 && count > most_elements / size_t(size))
      refuse(tensor, "has too many elements", {{"sizes", shape}, {"most", most_elements}});
    count *= size_t(size);
  }
  if (data.empty() && count > 0)
    refuse(tensor, "is read before it is computed", {{"shape", shape}},
           "a model without variables or loops");
  if (data.size() != count * storage.bytes)
    refuse(tensor, "does not have the size of its data",
           {{"shape", shape}, {"needs", count * storage.bytes}, {"bytes", data.size()}});

  TensorType type{tensor.dtype, shape};
  auto elements = std::make_shared<Buffer>(type.bytes());
  bool is_real = storage.is_integer() && tensor.dtype == DType::f32 && count > 0;
  if (!is_real && storage.bytes == size_of(storage.dtype) && storage.dtype != DType::boolean) {
    if (count > 0) std::memcpy(elements->data(), data.data(), data.size());
    return std::make_unique<Weight>(tensor.name, type, std::move(elements));
  }
  Quantization q{{1}, {0}};
  size_t inner = std::max<size_t>(count, 1);
  if (is_real) q = read_quantization(table.table(field::Tensor::quantization), count);
  size_t channels = q.scales.size();
  if (channels > 1) {
    int axis = q.dimension;
    if (axis < 0 || axis >= shape.rank() || size_t(shape[axis]) != channels)
      refuse(tensor, "has as many scales as no axis has places",
             {{"shape", shape}, {"scales", channels}, {"axis", axis}});
    inner = shape.count(axis + 1, shape.rank());
  }
  for (size_t i = 0; i < count; ++i) {
    size_t channel = i / inner % channels;
    double value = storage.read(data.data() + i * storage.bytes);
    value = (value - double(q.zero_points[channel])) * double(q.scales[channel]);
    if (type.dtype == DType::f32)
      elements->as<float>()[i] = float(value);
    else if (type.dtype == DType::i32)
      elements->as<int32_t>()[i] = int32_t(std::clamp(value, -0x1p31, 0x1p31 - 1));
    else
      elements->as<uint8_t>()[i] = value != 0;
  }
  return std::make_unique<Weight>(tensor.name, type, std::move(elements));
}

// The activation that an op ends with, and the range of its quantised result, in one clamp, which
// costs nothing where it becomes a part of the op. A converter leaves a relu out where the range
// says as much.
Operand TfliteModel::finish(Builder& b, const TfliteNode& node, Operand y,
                            const Tensor& tensor) const {
  double low = -infinity, high = infinity;
  if (const Attr* option = node.options.find("activation")) {
    constexpr int none = 0, relu = 1, relu_n1_to_1 = 2, relu6 = 3, tanh = 4;
    int activation = int(std::get<double>(*option));
    if (activation == relu || activation == relu6) low = 0;
    if (activation == relu6) high = 6;
    if (activation == relu_n1_to_1) low = -1, high = 1;
    if (activation == tanh) y = b.apply(tanh_op, {y});
    if (activation < none || activation > tanh)
      fail(phrase({"there is no activation ", activation}), {{"highest", tanh}},
           "a model with RELU, RELU6, RELU_N1_TO_1 or TANH");
  }
  if (node.row->is_bounded) low = std::max(low, tensor.low), high = std::min(high, tensor.high);
  return clamp(b, y, low, high);
}

Operands TfliteModel::run(Builder& b, const TfliteNode& node, const Operands& values) const {
  TfliteCall call{b, node, {}};
  for (int i : node.inputs) call.in.push_back(i < 0 ? Operand{} : values[size_t(i)]);
  b.name(node.name);
  try {
    Operands results = node.row->write(call);
    if (results.size() < node.outputs.size())
      fail("it has too many outputs", {{"outputs", node.outputs.size()}},
           phrase({"at most ", results.size()}));
    for (size_t i = 0; i < node.outputs.size(); ++i)
      results[i] = finish(b, node, results[i], tensors_[size_t(node.outputs[i])]);
    return results;
  } catch (const Error& error) {
    throw Error(file_ + ": " + in_quotes(node.name) + " (" + std::string(node.row->name) +
                "): " + error.what());
  }
}

void TfliteModel::write(Graph& graph, const std::vector<Shape>& sizes) const {
  Builder b(graph);
  Operands values(tensors_.size());
  for (size_t i = 0; i < tensors_.size(); ++i)
    if (tensors_[i].weight) values[i] = b.weight(*tensors_[i].weight);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Tensor& tensor = tensors_[size_t(input_tensors_[i])];
    Operand x = b.input(inputs_[i].name, {inputs_[i].dtype, sizes[i]});
    const Quantization& q = tensor.quantization;
    if (q.is_there()) {
      double scale = q.scales[0], zero = double(q.zero_points[0]);
      x = b.apply(linear_op, {as_float(b, x)}, {{"alpha", scale}, {"beta", -scale * zero}});
    }
    values[size_t(input_tensors_[i])] = x;
  }
  for (const TfliteNode& node : nodes_) {
    Operands results = run(b, node, values);
    for (size_t i = 0; i < node.outputs.size(); ++i) values[size_t(node.outputs[i])] = results[i];
  }
  for (int i : output_tensors_) b.output(tensors_[size_t(i)].name, values[size_t(i)]);
}

}  // namespace

bool is_tflite(std::span<const std::byte> bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, identifier.data(), 4) == 0;
}

std::unique_ptr<Model> load_tflite(std::string file, std::span<const std::byte> bytes) {
  return std::make_unique<TfliteModel>(std::move(file), bytes);
}

}  // namespace gesso
