// TF.js kernel calls as one-operator graph models, or as one of our operators where a GraphDef
// cannot say them. Attribute names are those of TF.js' kernels.
#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "tests/suites/folders.h"
#include "tests/suites/graph_model.h"
#include "tests/suites/kernel_call.h"

namespace gesso::suites {
namespace {

// A call on its way to a model (its inputs become placeholders or constants of `model`) or
// straight to a graph (`graph`).
struct Kernel {
  std::string name;
  const Json& attrs;
  std::vector<NamedTensor> inputs;
  bool constant_weights = true;  // else they are inputs like the others
  GraphModel model = {};
  Graph graph = {};

  const NamedTensor* find(std::string_view input) const {
    for (const NamedTensor& t : inputs)
      if (t.name == input) return &t;
    return nullptr;
  }
  const Tensor& tensor(std::string_view input) const {
    const NamedTensor* found = find(input);
    if (!found) fail(name + ": an input is missing", {{"input", std::string(input)}}, "name it");
    return found->tensor;
  }
  const Shape& shape(std::string_view input) const { return tensor(input).type.shape; }
  DType dtype() const { return inputs.empty() ? DType::f32 : inputs[0].tensor.type.dtype; }

  // The inputs as nodes of the model.
  std::string in(std::string_view input) {
    return model.placeholder(std::string(input), tensor(input));
  }
  std::string weight(std::string_view input) {
    return constant_weights ? model.constant(std::string(input), tensor(input)) : in(input);
  }
  std::vector<std::string> all() {
    std::vector<std::string> names;
    for (const NamedTensor& t : inputs) names.push_back(model.placeholder(t.name, t.tensor));
    return names;
  }
  // The inputs as values of the graph.
  Value value(std::string_view input) {
    return graph.input(std::string(input), tensor(input).type);
  }
  Value apply(std::string_view op, const Values& values, Attrs options = {}) {
    return graph.apply(operator_named(op), values, std::move(options));
  }

  // Attributes; those with a default may be missing or null.
  const Json& attr(std::string_view key) const { return member(attrs, key); }
  int integer_or(std::string_view key, int otherwise) const {
    const Json* given = optional_member(attrs, key);
    return given ? integer(*given) : otherwise;
  }
  double number_or(std::string_view key, double otherwise) const {
    const Json* given = optional_member(attrs, key);
    return given ? number(*given) : otherwise;
  }
  bool flag_or(std::string_view key, bool otherwise) const {
    const Json* given = optional_member(attrs, key);
    return given ? flag(*given) : otherwise;
  }
  std::string text_or(std::string_view key, const std::string& otherwise) const {
    const Json* given = optional_member(attrs, key);
    return given ? text(*given) : otherwise;
  }

  Json type() const { return {{"T", attr_type(dtype())}}; }
};

// The node of the model, or the value of the graph, whose outputs are the kernel's.
using Result = std::variant<std::string, Value>;

Json with(Json attrs, std::initializer_list<std::pair<std::string, Json>> more) {
  for (const auto& [key, value] : more) attrs[key] = value;
  return attrs;
}

std::string upper(std::string s) {
  for (char& c : s) c = char(std::toupper(static_cast<unsigned char>(c)));
  return s;
}

// Windows: strides, dilations and padding.

struct Spatial {
  Ints size, window, strides, dilations;  // {height, width}
  bool channels_first = false;
  std::string pad;           // "same", "valid" or "explicit"
  Ints pads = {0, 0, 0, 0};  // top, bottom, left, right
};

Ints pair_of(const Json& value) {
  Ints list = int_or_ints(value);
  if (list.size() == 1) return {list[0], list[0]};
  if (list.size() == 4) return {list[1], list[2]};
  if (list.size() != 2) fail("case: there must be one or two numbers here", {}, "[1, 1]");
  return list;
}

Ints pair_or_ones(const Kernel& k, std::string_view key) {
  const Json* given = optional_member(k.attrs, key);
  return given ? pair_of(*given) : Ints{1, 1};
}

double rounded(double x, const std::string& mode) {
  if (mode == "ceil") return std::ceil(x);
  if (mode == "round") return std::floor(x + 0.5);
  if (mode == "floor") return std::floor(x);
  fail("case: there is no such dimRoundingMode", {{"given", mode}}, "floor, round or ceil");
}

// Fails where a computed size is no int.
int to_int(double x) {
  return integer(Json(x));
}

// The number of windows along one axis before rounding.
double windows(const Spatial& s, size_t axis) {
  double reach = (s.window[axis] - 1.0) * s.dilations[axis] + 1;
  double size = double(s.size[axis]) + s.pads[2 * axis] + s.pads[2 * axis + 1];
  return (size - reach) / std::max(1, s.strides[axis]) + 1;
}

void read_pads(const Kernel& k, Spatial& s) {
  const Json& pad = k.attr("pad");
  if (pad.is_string()) {
    s.pad = text(pad);
  } else if (pad.is_array()) {
    s.pad = "explicit";
    if (pad.size() != 4) fail(k.name + ": pad must have four pairs", {}, "[[0, 0], ...]");
    for (size_t i = 0; i < 2; ++i) {
      Ints pair = ints(pad[(s.channels_first ? 2 : 1) + i]);
      if (pair.size() != 2) fail(k.name + ": pad must be made of pairs", {}, "[1, 1]");
      s.pads[2 * i] = pair[0];
      s.pads[2 * i + 1] = pair[1];
    }
  } else {
    s.pad = "explicit";
    s.pads = Ints(4, integer(pad));
  }
}

Spatial spatial(const Kernel& k, const Shape& image, const Ints& window) {
  Spatial s;
  std::string format = k.text_or("dataFormat", "NHWC");
  s.channels_first = format == "NCHW";
  if (image.rank() != 4) fail(k.name + ": an image must have four dimensions", {}, "[1, 2, 2, 1]");
  s.size = s.channels_first ? Ints{image[2], image[3]} : Ints{image[1], image[2]};
  s.window = window;
  s.strides = pair_or_ones(k, "strides");
  s.dilations = pair_or_ones(k, "dilations");
  read_pads(k, s);
  return s;
}

// A convolution reads zeros outside, so rounding up is padding at the end.
void round_by_padding(const Kernel& k, Spatial& s) {
  std::string mode = k.text_or("dimRoundingMode", "floor");
  if (s.pad != "explicit") return;
  for (size_t axis = 0; axis < 2; ++axis) {
    double missing = (rounded(windows(s, axis), mode) - windows(s, axis)) * s.strides[axis];
    s.pads[2 * axis + 1] = to_int(s.pads[2 * axis + 1] + std::max(0.0, std::round(missing)));
  }
}

Ints four(const Ints& pair, bool channels_first) {
  return channels_first ? Ints{1, 1, pair[0], pair[1]} : Ints{1, pair[0], pair[1], 1};
}

Json window_attrs(const Kernel& k, const Spatial& s) {
  Ints p = s.channels_first ? Ints{0, 0, 0, 0, s.pads[0], s.pads[1], s.pads[2], s.pads[3]}
                            : Ints{0, 0, s.pads[0], s.pads[1], s.pads[2], s.pads[3], 0, 0};
  return with(k.type(), {{"strides", attr_ints(four(s.strides, s.channels_first))},
                         {"dilations", attr_ints(four(s.dilations, s.channels_first))},
                         {"data_format", attr_text(s.channels_first ? "NCHW" : "NHWC")},
                         {"padding", attr_text(upper(s.pad))},
                         {"explicit_paddings", attr_ints(p)}});
}

Ints filter_window(const Kernel& k) {
  const Shape& filter = k.shape("filter");
  if (filter.rank() != 4) fail(k.name + ": a filter must have four dimensions", {}, "[1, 1, 1, 1]");
  return {filter[0], filter[1]};
}

Spatial convolution(const Kernel& k) {
  Spatial s = spatial(k, k.shape("x"), filter_window(k));
  round_by_padding(k, s);
  return s;
}

template <const auto& op>
Result conv(Kernel& k) {
  Spatial s = convolution(k);
  return k.model.node(op, {k.in("x"), k.weight("filter")}, window_attrs(k, s));
}

Result conv_transpose(Kernel& k) {
  Ints sizes = ints(k.attr("inputShape"));
  if (sizes.size() != 4) fail(k.name + ": inputShape must have four sizes", {}, "[1, 2, 2, 1]");
  Spatial s = spatial(k, Shape(sizes), filter_window(k));
  std::string shape = k.model.constant(sizes), filter = k.weight("filter");
  return k.model.node("Conv2DBackpropInput", {shape, filter, k.in("dy")}, window_attrs(k, s));
}

// Grey-scale dilation: y = max over the window of x + filter, with -Infinity outside of the image.
Result dilation(Kernel& k) {
  const Shape& filter = k.shape("filter");
  if (filter.rank() != 3) fail("Dilation2D: a filter must have three dimensions", {}, "[1, 1, 1]");
  Spatial s = spatial(k, k.shape("x"), {filter[0], filter[1]});
  Ints sizes(2);
  for (size_t axis = 0; axis < 2; ++axis) {
    int reach = (s.window[axis] - 1) * s.dilations[axis] + 1;
    sizes[axis] = (s.size[axis] - (s.pad == "same" ? 1 : reach)) / s.strides[axis] + 1;
    int missing = std::max(0, (sizes[axis] - 1) * s.strides[axis] + reach - s.size[axis]);
    if (s.pad == "same") s.pads[2 * axis] = missing / 2;
    s.pads[2 * axis + 1] = missing - s.pads[2 * axis];
  }
  int batch = k.shape("x")[0], channels = k.shape("x")[3];
  Value x = k.apply("pad", {k.value("x")},
                    {{"beginningPadding", Ints{0, s.pads[0], s.pads[2], 0}},
                     {"endingPadding", Ints{0, s.pads[1], s.pads[3], 0}},
                     {"value", -std::numeric_limits<double>::infinity()}});
  Value weights = k.value("filter"), y;
  for (int row = 0; row < filter[0]; ++row)
    for (int column = 0; column < filter[1]; ++column) {
      Value tap = k.apply("slice", {x},
                          {{"starts", Ints{0, row * s.dilations[0], column * s.dilations[1], 0}},
                           {"sizes", Ints{batch, (sizes[0] - 1) * s.strides[0] + 1,
                                          (sizes[1] - 1) * s.strides[1] + 1, channels}},
                           {"strides", Ints{1, s.strides[0], s.strides[1], 1}}});
      Value weight = k.apply("slice", {weights},
                             {{"starts", Ints{row, column, 0}}, {"sizes", Ints{1, 1, channels}}});
      Value sum = k.apply("add", {tap, weight});
      y = y ? k.apply("max", {y, sum}) : sum;
    }
  return y;
}

// Activations of the fused kernels: the name in fused_ops, which is that of the operator too.

std::string activation(const Kernel& k) {
  static const std::map<std::string, std::string> names{
      {"linear", ""},     {"relu", "Relu"},           {"relu6", "Relu6"},    {"elu", "Elu"},
      {"prelu", "Prelu"}, {"leakyrelu", "LeakyRelu"}, {"sigmoid", "Sigmoid"}};
  auto found = names.find(k.text_or("activation", "linear"));
  if (found == names.end())
    fail(k.name + ": there is no such activation", {{"given", k.text_or("activation", "")}},
         "relu");
  return found->second;
}

// One number for each channel stands along the channels, wherever these are.
std::string along_channels(Kernel& k, std::string_view input, bool channels_first) {
  std::string node = k.weight(input);
  const Shape& shape = k.shape(input);
  if (!channels_first || shape.rank() != 1 || shape[0] == 1) return node;
  return k.model.node("Reshape", {node, k.model.constant(Ints{shape[0], 1, 1})}, k.type());
}

std::string activated(Kernel& k, const std::string& x, bool channels_first) {
  std::string op = activation(k);
  if (op.empty()) return x;
  if (op == "Prelu")
    return k.model.node(op, {x, along_channels(k, "preluActivationWeights", channels_first)},
                        k.type());
  Json attrs = k.type();
  if (op == "LeakyRelu") attrs["alpha"] = attr_float(k.number_or("leakyreluAlpha", 0.2));
  return k.model.node(op, {x}, attrs);
}

// GraphDefs fuse a bias of one number per channel, and an activation only beside a bias.
bool fits_fused(const Kernel& k, bool channels_first) {
  const NamedTensor* bias = k.find("bias");
  bool prelu = activation(k) == "Prelu";
  return bias && bias->tensor.type.shape.rank() == 1 && !(prelu && channels_first);
}

std::string fused(Kernel& k, const std::string& op, std::vector<std::string> inputs, Json attrs) {
  std::vector<std::string> ops{"BiasAdd"};
  std::string function = activation(k);
  if (!function.empty()) ops.push_back(function);
  inputs.push_back(k.weight("bias"));
  if (function == "Prelu") inputs.push_back(k.weight("preluActivationWeights"));
  return k.model.node(op, inputs,
                      with(std::move(attrs),
                           {{"fused_ops", attr_texts(ops)},
                            {"num_args", attr_int(int(inputs.size()) - 2)},
                            {"leakyrelu_alpha", attr_float(k.number_or("leakyreluAlpha", 0.2))}}));
}

std::string unfused(Kernel& k, std::string y, bool channels_first) {
  if (k.find("bias")) {
    std::string bias = along_channels(k, "bias", channels_first);
    y = k.model.node("AddV2", {y, bias}, k.type());
  }
  return activated(k, y, channels_first);
}

Result fused_conv(Kernel& k, const std::string& op, const std::string& fused_op) {
  Spatial s = convolution(k);
  std::vector<std::string> inputs{k.in("x"), k.weight("filter")};
  Json attrs = window_attrs(k, s);
  if (fits_fused(k, s.channels_first)) return fused(k, fused_op, inputs, attrs);
  return unfused(k, k.model.node(op, inputs, attrs), s.channels_first);
}

Result fused_conv2d(Kernel& k) {
  return fused_conv(k, "Conv2D", "_FusedConv2D");
}

Result fused_depthwise(Kernel& k) {
  return fused_conv(k, "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative");
}

Result fused_matmul(Kernel& k) {
  bool a = k.flag_or("transposeA", false), b = k.flag_or("transposeB", false);
  std::vector<std::string> inputs{k.in("a"), k.weight("b")};
  if (fits_fused(k, false))
    return fused(k, "_FusedMatMul", inputs,
                 with(k.type(), {{"transpose_a", attr_bool(a)}, {"transpose_b", attr_bool(b)}}));
  Json attrs = with(k.type(), {{"adj_x", attr_bool(a)}, {"adj_y", attr_bool(b)}});
  return unfused(k, k.model.node("BatchMatMulV2", inputs, attrs), false);
}

// Pools. GraphDefs know no other padding than same and valid.

template <const auto& graph_op, const auto& our_op>
Result pool(Kernel& k) {
  Spatial s = spatial(k, k.shape("x"), pair_of(k.attr("filterSize")));
  if (s.pad != "explicit")
    return k.model.node(graph_op, {k.in("x")},
                        with(window_attrs(k, s), {{"ksize", attr_ints(four(s.window, false))}}));
  std::string mode = k.text_or("dimRoundingMode", "floor");
  Ints sizes;
  for (size_t axis = 0; axis < 2; ++axis) sizes.push_back(to_int(rounded(windows(s, axis), mode)));
  // TF.js takes a window of one pixel for the identity when the sizes agree, whatever the padding.
  if (s.window == Ints{1, 1} && sizes == s.size) return k.apply("identity", {k.value("x")});
  return k.apply(our_op, {k.value("x")},
                 {{"windowDimensions", s.window},
                  {"padding", s.pads},
                  {"strides", s.strides},
                  {"dilations", s.dilations},
                  {"outputSizes", sizes}});
}

// Nodes with the inputs in order and no attributes of their own.
template <const auto& op>
Result plain(Kernel& k) {
  return k.model.node(op, k.all(), with(k.type(), {{"N", attr_int(int(k.inputs.size()))}}));
}

Result same_name(Kernel& k) {
  return k.model.node(k.name, k.all(), k.type());
}

// A reduction; no axis means all.
Ints axes_of(const Kernel& k, std::string_view key, std::string_view input) {
  if (const Json* given = optional_member(k.attrs, key)) return int_or_ints(*given);
  Ints axes;
  for (int axis = 0; axis < k.shape(input).rank(); ++axis) axes.push_back(axis);
  return axes;
}

Result reduce(Kernel& k) {
  std::string_view key = optional_member(k.attrs, "reductionIndices") ? "reductionIndices" : "axis";
  std::string axes = k.model.constant(axes_of(k, key, "x"));
  return k.model.node(k.name, {k.in("x"), axes},
                      with(k.type(), {{"keep_dims", attr_bool(k.flag_or("keepDims", false))}}));
}

Result arg_min_max(Kernel& k) {
  return k.model.node(k.name, {k.in("x"), k.model.scalar(k.integer_or("axis", 0))}, k.type());
}

Result batch_matmul(Kernel& k) {
  return k.model.node("BatchMatMulV2", k.all(),
                      with(k.type(), {{"adj_x", attr_bool(k.flag_or("transposeA", false))},
                                      {"adj_y", attr_bool(k.flag_or("transposeB", false))}}));
}

Tensor pairs(const Json& list) {
  if (!list.is_array()) fail("case: there must be a list of pairs here", {}, "[[0, 0]]");
  std::vector<double> elements;
  for (const Json& pair : list) {
    Ints two = ints(pair);
    if (two.size() != 2) fail("case: there must be pairs here", {}, "[[0, 0]]");
    elements.insert(elements.end(), two.begin(), two.end());
  }
  return tensor_of(DType::i32, {int(list.size()), 2}, elements);
}

template <const auto& key>
Result blocks(Kernel& k) {
  std::string block = k.model.constant(ints(k.attr("blockShape")));
  return k.model.node(k.name, {k.in("x"), block, k.model.constant("pairs", pairs(k.attr(key)))},
                      k.type());
}

Result cast(Kernel& k) {
  DType to = dtype_of(text(k.attr("dtype")));
  return k.model.node("Cast", {k.in("x")},
                      with(k.type(), {{"SrcT", attr_type(k.dtype())}, {"DstT", attr_type(to)}}));
}

Result clip_by_value(Kernel& k) {
  std::string low = k.model.scalar(number(k.attr("clipValueMin")), k.dtype());
  return k.model.node(k.name,
                      {k.in("x"), low, k.model.scalar(number(k.attr("clipValueMax")), k.dtype())},
                      k.type());
}

Result concat(Kernel& k) {
  std::vector<std::string> inputs = k.all();
  Json attrs = with(k.type(), {{"N", attr_int(int(inputs.size()))}});
  inputs.push_back(k.model.scalar(k.integer_or("axis", 0)));
  return k.model.node("ConcatV2", inputs, attrs);
}

Result crop_and_resize(Kernel& k) {
  std::vector<std::string> inputs = k.all();
  inputs.push_back(k.model.constant(ints(k.attr("cropSize"))));
  return k.model.node(
      k.name, inputs,
      with(k.type(), {{"method", attr_text(k.text_or("method", "bilinear"))},
                      {"extrapolation_value", attr_float(k.number_or("extrapolationValue", 0))}}));
}

Result cumulative(Kernel& k) {
  return k.model.node(k.name, {k.in("x"), k.model.scalar(k.integer_or("axis", 0))},
                      with(k.type(), {{"exclusive", attr_bool(k.flag_or("exclusive", false))},
                                      {"reverse", attr_bool(k.flag_or("reverse", false))}}));
}

Result depth_to_space(Kernel& k) {
  return k.model.node(
      k.name, {k.in("x")},
      with(k.type(), {{"block_size", attr_int(integer(k.attr("blockSize")))},
                      {"data_format", attr_text(k.text_or("dataFormat", "NHWC"))}}));
}

Result einsum(Kernel& k) {
  return k.model.node(k.name, k.all(),
                      with(k.type(), {{"equation", attr_text(text(k.attr("equation")))},
                                      {"N", attr_int(int(k.inputs.size()))}}));
}

Result expand_dims(Kernel& k) {
  return k.model.node(k.name, {k.in("input"), k.model.scalar(k.integer_or("dim", 0))}, k.type());
}

Result fill(Kernel& k) {
  DType dtype = dtype_of(k.text_or("dtype", "float32"));
  std::string shape = k.model.constant(ints(k.attr("shape")));
  return k.model.node(k.name, {shape, k.model.scalar(number(k.attr("value")), dtype)},
                      {{"T", attr_type(dtype)}});
}

Result flip_left_right(Kernel& k) {
  return k.apply("reverse", {k.value("image")}, {{"axes", Ints{2}}});
}

// A GraphDef has one number per channel and needs all four; where the statistics are larger, the
// formula (x - mean) / sqrt(variance + epsilon) * scale + offset is written out.
Result batch_normalization(Kernel& k) {
  double epsilon = k.number_or("varianceEpsilon", 0.001);
  bool per_channel = true;
  for (const NamedTensor& t : k.inputs)
    per_channel = per_channel && (t.name == "x" || t.tensor.type.shape.rank() == 1);
  if (per_channel && k.shape("x").rank() == 4) {
    const Tensor& mean = k.tensor("mean");
    auto filled = [&](const char* name, double value) {
      if (k.find(name)) return k.weight(name);
      std::vector<double> elements(mean.type.shape.count(), value);
      return k.model.constant(name, tensor_of(DType::f32, mean.type.shape, elements));
    };
    std::string scale = filled("scale", 1), offset = filled("offset", 0);
    return k.model.node("FusedBatchNormV3",
                        {k.in("x"), scale, offset, k.weight("mean"), k.weight("variance")},
                        with(k.type(), {{"epsilon", attr_float(epsilon)},
                                        {"data_format", attr_text("NHWC")},
                                        {"is_training", attr_bool(false)}}));
  }
  Value variance = k.apply("add", {k.value("variance"), k.graph.scalar(epsilon)});
  Value y = k.apply("sub", {k.value("x"), k.value("mean")});
  y = k.apply("mul", {y, k.apply("rsqrt", {variance})});
  if (k.find("scale")) y = k.apply("mul", {y, k.value("scale")});
  if (k.find("offset")) y = k.apply("add", {y, k.value("offset")});
  return y;
}

Result gather(Kernel& k) {
  std::vector<std::string> inputs = k.all();
  inputs.push_back(k.model.scalar(k.integer_or("axis", 0)));
  return k.model.node(k.name, inputs,
                      with(k.type(), {{"batch_dims", attr_int(k.integer_or("batchDims", 0))}}));
}

Result leaky_relu(Kernel& k) {
  return k.model.node(k.name, {k.in("x")},
                      with(k.type(), {{"alpha", attr_float(k.number_or("alpha", 0.2))}}));
}

Result lin_space(Kernel& k) {
  std::string start = k.model.scalar(number(k.attr("start")), DType::f32);
  std::string stop = k.model.scalar(number(k.attr("stop")), DType::f32);
  return k.model.node(k.name, {start, stop, k.model.scalar(integer(k.attr("num")))},
                      {{"T", attr_type(DType::f32)}});
}

Result lrn(Kernel& k) {
  return k.model.node(k.name, {k.in("x")},
                      with(k.type(), {{"depth_radius", attr_int(k.integer_or("depthRadius", 5))},
                                      {"bias", attr_float(k.number_or("bias", 1))},
                                      {"alpha", attr_float(k.number_or("alpha", 1))},
                                      {"beta", attr_float(k.number_or("beta", 0.5))}}));
}

Result mirror_pad(Kernel& k) {
  std::string paddings = k.model.constant("paddings", pairs(k.attr("paddings")));
  return k.model.node(k.name, {k.in("x"), paddings},
                      with(k.type(), {{"mode", attr_text(upper(text(k.attr("mode"))))}}));
}

Result one_hot(Kernel& k) {
  DType dtype = dtype_of(k.text_or("dtype", "int32"));
  std::string depth = k.model.scalar(integer(k.attr("depth")));
  std::string on = k.model.scalar(k.number_or("onValue", 1), dtype);
  std::string off = k.model.scalar(k.number_or("offValue", 0), dtype);
  return k.model.node(
      k.name, {k.in("indices"), depth, on, off},
      {{"T", attr_type(dtype)}, {"axis", attr_int(-1)}, {"dtype", attr_type(dtype)}});
}

Result pack(Kernel& k) {
  return k.model.node(k.name, k.all(),
                      with(k.type(), {{"N", attr_int(int(k.inputs.size()))},
                                      {"axis", attr_int(k.integer_or("axis", 0))}}));
}

Result pad(Kernel& k) {
  std::string paddings = k.model.constant("paddings", pairs(k.attr("paddings")));
  return k.model.node(
      k.name, {k.in("x"), paddings, k.model.scalar(k.number_or("constantValue", 0), k.dtype())},
      k.type());
}

Result prelu(Kernel& k) {
  return k.model.node(k.name, {k.in("x"), k.weight("alpha")}, k.type());
}

// TF.js counts down when no step was given, which it takes a step of 1 to mean.
Result range(Kernel& k) {
  double first = number(k.attr("start")), end = number(k.attr("stop"));
  double step = k.number_or("step", 1);
  if (end < first && step == 1) step = -1;
  DType dtype = dtype_of(k.text_or("dtype", "float32"));
  std::string start = k.model.scalar(first, dtype), stop = k.model.scalar(end, dtype);
  return k.model.node(k.name, {start, stop, k.model.scalar(step, dtype)},
                      {{"Tidx", attr_type(dtype)}});
}

Result reshape_to(Kernel& k) {
  return k.model.node(k.name, {k.in("x"), k.model.constant(ints(k.attr("shape")))}, k.type());
}

Result resize(Kernel& k) {
  std::string size = k.model.constant(ints(k.attr("size")));
  return k.model.node(
      k.name, {k.in("images"), size},
      with(k.type(), {{"align_corners", attr_bool(k.flag_or("alignCorners", false))},
                      {"half_pixel_centers", attr_bool(k.flag_or("halfPixelCenters", false))}}));
}

Result reverse(Kernel& k) {
  std::string axes = k.model.constant(axes_of(k, "dims", "x"));
  return k.model.node("ReverseV2", {k.in("x"), axes}, k.type());
}

// A condition of rank 1 beside larger tensors chooses whole rows.
Result select(Kernel& k) {
  std::string condition = k.in("condition");
  Shape shape = k.shape("condition");
  int rank = k.shape("t").rank();
  if (shape.rank() == 1 && rank > 1) {
    Ints sizes(size_t(rank), 1);
    sizes[0] = shape[0];
    condition = k.model.node("Reshape", {condition, k.model.constant(sizes)}, k.type());
  }
  return k.model.node("SelectV2", {condition, k.in("t"), k.in("e")}, k.type());
}

// TF.js: a short list of sizes is continued with "to the end", and so is -1.
Result slice(Kernel& k) {
  const Shape& shape = k.shape("x");
  Ints begin = int_or_ints(k.attr("begin")), size;
  if (const Json* given = optional_member(k.attrs, "size")) size = int_or_ints(*given);
  begin.resize(size_t(shape.rank()), 0);
  size.resize(size_t(shape.rank()), -1);
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (size[size_t(axis)] < 0)
      size[size_t(axis)] = to_int(double(shape[axis]) - begin[size_t(axis)]);
  std::string from = k.model.constant(begin);
  return k.model.node(k.name, {k.in("x"), from, k.model.constant(size)}, k.type());
}

// A GraphDef's softmax runs along the last axis only.
Result softmax(Kernel& k) {
  int rank = k.shape("logits").rank(), axis = k.integer_or("dim", -1);
  if (axis == -1 || axis == rank - 1) return k.model.node(k.name, {k.in("logits")}, k.type());
  return k.apply("softmax", {k.value("logits")}, {{"axis", double(axis)}});
}

Result split(Kernel& k) {
  const Json& parts = k.attr("numOrSizeSplits");
  std::string axis = k.model.scalar(k.integer_or("axis", 0));
  if (!parts.is_array())
    return k.model.node("Split", {axis, k.in("x")},
                        with(k.type(), {{"num_split", attr_int(integer(parts))}}));
  std::string sizes = k.model.constant(ints(parts));
  return k.model.node("SplitV", {k.in("x"), sizes, axis},
                      with(k.type(), {{"num_split", attr_int(int(parts.size()))}}));
}

Result step(Kernel& k) {
  Value x = k.value("x");
  Value y = k.apply("cast", {x}, {{"type", std::string("float32")}});
  y = k.apply("step", {y}, {{"alpha", k.number_or("alpha", 0)}});
  return k.apply("cast", {y}, {{"type", std::string(to_string(x.dtype()))}});
}

Result strided_slice(Kernel& k) {
  std::vector<std::string> inputs{k.in("x")};
  for (const char* key : {"begin", "end", "strides"})
    inputs.push_back(k.model.constant(ints(k.attr(key))));
  return k.model.node(
      k.name, inputs,
      with(k.type(), {{"begin_mask", attr_int(k.integer_or("beginMask", 0))},
                      {"end_mask", attr_int(k.integer_or("endMask", 0))},
                      {"ellipsis_mask", attr_int(k.integer_or("ellipsisMask", 0))},
                      {"new_axis_mask", attr_int(k.integer_or("newAxisMask", 0))},
                      {"shrink_axis_mask", attr_int(k.integer_or("shrinkAxisMask", 0))}}));
}

Result scatter_nd(Kernel& k) {
  std::vector<std::string> inputs{k.in("indices"), k.in("updates")};
  inputs.push_back(k.model.constant(ints(k.attr("shape"))));
  return k.model.node(k.name, inputs, {{"T", attr_type(k.tensor("updates").type.dtype)}});
}

Result sparse_to_dense(Kernel& k) {
  std::string indices = k.in("sparseIndices");
  std::string shape = k.model.constant(ints(k.attr("outputShape")));
  return k.model.node(k.name, {indices, shape, k.in("sparseValues"), k.in("defaultValue")},
                      {{"T", attr_type(k.tensor("sparseValues").type.dtype)}});
}

Result tile(Kernel& k) {
  return k.model.node(k.name, {k.in("x"), k.model.constant(ints(k.attr("reps")))}, k.type());
}

Result top_k(Kernel& k) {
  return k.model.node("TopKV2", {k.in("x"), k.model.scalar(integer(k.attr("k")))},
                      with(k.type(), {{"sorted", attr_bool(k.flag_or("sorted", true))}}));
}

Result transpose_by(Kernel& k) {
  Ints order;
  if (const Json* given = optional_member(k.attrs, "perm"))
    order = ints(*given);
  else
    for (int axis = k.shape("x").rank(); axis-- > 0;) order.push_back(axis);
  return k.model.node(k.name, {k.in("x"), k.model.constant(order)}, k.type());
}

Result unpack(Kernel& k) {
  const Shape& shape = k.shape("value");
  int axis = k.integer_or("axis", 0), positive = positive_axis(axis, shape.rank());
  if (positive < 0 || positive >= shape.rank())
    fail("Unpack: the axis must be one of the tensor's", {{"axis", std::to_string(axis)}}, "0");
  return k.model.node(
      k.name, {k.in("value")},
      with(k.type(), {{"axis", attr_int(axis)}, {"num", attr_int(shape[positive])}}));
}

// A row that is added to nothing, because its segment is below 0, goes behind the last segment.
Result segment_sum(Kernel& k) {
  int segments = integer(k.attr("numSegments"));
  Value x = k.value("x"), ids = k.value("segmentIds");
  Value below = k.apply("lesser", {ids, k.graph.scalar(0, DType::i32)});
  ids = k.apply("where", {below, k.graph.scalar(segments, DType::i32), ids});
  Ints locations(ids.shape().begin(), ids.shape().end());
  locations.push_back(1);
  Ints sizes(x.shape().begin() + ids.shape().rank(), x.shape().end()), starts(sizes.size() + 1);
  sizes.insert(sizes.begin(), segments + 1);
  Value sums = k.apply("expand", {k.graph.scalar(0, x.dtype())}, {{"newShape", sizes}});
  ids = k.apply("reshape", {ids}, {{"newShape", locations}});
  sums = k.apply("scatterND", {sums, ids, x}, {{"reduction", "add"}});
  sizes[0] = segments;
  return k.apply("slice", {sums}, {{"starts", starts}, {"sizes", sizes}});
}

// Names of GraphDef operators, as template arguments.
constexpr char add_v2[] = "AddV2", floor_mod[] = "FloorMod", mul[] = "Mul", add_n[] = "AddN",
               conv2d[] = "Conv2D", depthwise[] = "DepthwiseConv2dNative", avg_pool[] = "AvgPool",
               max_pool[] = "MaxPool", average_pool2d[] = "averagePool2d",
               max_pool2d[] = "maxPool2d", crops[] = "crops", paddings[] = "paddings";

const std::map<std::string, Result (*)(Kernel&)> rows{
    {"Abs", same_name},
    {"Acos", same_name},
    {"Acosh", same_name},
    {"Add", plain<add_v2>},
    {"AddN", plain<add_n>},
    {"All", reduce},
    {"Any", reduce},
    {"ArgMax", arg_min_max},
    {"ArgMin", arg_min_max},
    {"Asin", same_name},
    {"Asinh", same_name},
    {"Atan", same_name},
    {"Atan2", same_name},
    {"Atanh", same_name},
    {"AvgPool", pool<avg_pool, average_pool2d>},
    {"BatchMatMul", batch_matmul},
    {"BatchToSpaceND", blocks<crops>},
    {"Cast", cast},
    {"Ceil", same_name},
    {"ClipByValue", clip_by_value},
    {"Concat", concat},
    {"Conv2D", conv<conv2d>},
    {"Conv2DBackpropInput", conv_transpose},
    {"Cos", same_name},
    {"Cosh", same_name},
    {"CropAndResize", crop_and_resize},
    {"Cumsum", cumulative},
    {"DepthToSpace", depth_to_space},
    {"DepthwiseConv2dNative", conv<depthwise>},
    {"Dilation2D", dilation},
    {"Einsum", einsum},
    {"Elu", same_name},
    {"Equal", same_name},
    {"Erf", same_name},
    {"Exp", same_name},
    {"ExpandDims", expand_dims},
    {"Expm1", same_name},
    {"Fill", fill},
    {"FlipLeftRight", flip_left_right},
    {"Floor", same_name},
    {"FloorDiv", same_name},
    {"FusedBatchNorm", batch_normalization},
    {"FusedConv2D", fused_conv2d},
    {"FusedDepthwiseConv2D", fused_depthwise},
    {"GatherNd", same_name},
    {"GatherV2", gather},
    {"Greater", same_name},
    {"GreaterEqual", same_name},
    {"Identity", same_name},
    {"IsFinite", same_name},
    {"IsInf", same_name},
    {"IsNan", same_name},
    {"LRN", lrn},
    {"LeakyRelu", leaky_relu},
    {"Less", same_name},
    {"LessEqual", same_name},
    {"LinSpace", lin_space},
    {"Log", same_name},
    {"Log1p", same_name},
    {"LogicalAnd", same_name},
    {"LogicalNot", same_name},
    {"LogicalOr", same_name},
    {"Max", reduce},
    {"MaxPool", pool<max_pool, max_pool2d>},
    {"Maximum", same_name},
    {"Mean", reduce},
    {"Min", reduce},
    {"Minimum", same_name},
    {"MirrorPad", mirror_pad},
    {"Mod", plain<floor_mod>},
    {"Multiply", plain<mul>},
    {"Neg", same_name},
    {"NotEqual", same_name},
    {"OneHot", one_hot},
    {"OnesLike", same_name},
    {"Pack", pack},
    {"PadV2", pad},
    {"Pow", same_name},
    {"Prelu", prelu},
    {"Prod", reduce},
    {"Range", range},
    {"RealDiv", same_name},
    {"Reciprocal", same_name},
    {"Relu", same_name},
    {"Relu6", same_name},
    {"Reshape", reshape_to},
    {"ResizeBilinear", resize},
    {"ResizeNearestNeighbor", resize},
    {"Reverse", reverse},
    {"Round", same_name},
    {"Rsqrt", same_name},
    {"ScatterNd", scatter_nd},
    {"Select", select},
    {"Selu", same_name},
    {"Sigmoid", same_name},
    {"Sign", same_name},
    {"Sin", same_name},
    {"Sinh", same_name},
    {"Slice", slice},
    {"Softmax", softmax},
    {"Softplus", same_name},
    {"SpaceToBatchND", blocks<paddings>},
    {"SparseToDense", sparse_to_dense},
    {"SplitV", split},
    {"Sqrt", same_name},
    {"Square", same_name},
    {"SquaredDifference", same_name},
    {"Step", step},
    {"StridedSlice", strided_slice},
    {"Sub", same_name},
    {"Sum", reduce},
    {"Tan", same_name},
    {"Tanh", same_name},
    {"TensorScatterUpdate", same_name},
    {"Tile", tile},
    {"TopK", top_k},
    {"Transpose", transpose_by},
    {"Unpack", unpack},
    {"UnsortedSegmentSum", segment_sum},
    {"ZerosLike", same_name},
    {"_FusedMatMul", fused_matmul},
};

// Why a kernel without a row has none.
std::string reason(const std::string& name) {
  static const std::map<std::string, std::string> exact{
      {"AvgPool3D", "no operator: 3-D pooling"},
      {"Bincount", "no operator: counting"},
      {"BitwiseAnd", "no operator: bits"},
      {"BroadcastArgs", "no operator: arithmetic on run-time shapes"},
      {"Conv3D", "no operator: 3-D convolution"},
      {"Cumprod", "no operator: running products"},
      {"DenseBincount", "no operator: counting"},
      {"Diag", "no operator: diagonals"},
      {"MaxPool3D", "no operator: 3-D pooling"},
      {"MaxPoolWithArgmax", "no operator: positions of a pool's maxima"},
      {"RotateWithOffset", "no operator: image transforms"},
      {"SearchSorted", "no operator: searching"},
      {"Transform", "no operator: image transforms"},
      {"Unique", "no operator: sizes known only at run time"},
  };
  if (auto found = exact.find(name); found != exact.end()) return found->second;
  if (name.ends_with("Grad") || name.find("Backprop") != std::string::npos)
    return "no operator: gradients";
  for (const char* family : {"NonMaxSuppression", "Sparse", "Ragged", "String", "FFT", "IFFT"})
    if (name.starts_with(family)) return "no operator: " + std::string(family) + "...";
  return {};
}

// Calls the function that the table has for this kernel.
Result translate(Kernel& k) {
  auto row = rows.find(k.name);
  if (row != rows.end()) return row->second(k);
  if (std::string why = reason(k.name); !why.empty()) throw Skip{why};
  fail(k.name + ": there is no such kernel", {}, "a name of TF.js' kernels");
}

// Makes the outputs of the model or the graph those of the kernel.
void name_outputs(Kernel& k, const Result& result, size_t count) {
  if (const auto* node = std::get_if<std::string>(&result)) {
    for (size_t i = 0; i < count; ++i)
      k.model.outputs.push_back(i ? *node + ':' + std::to_string(i) : *node);
    return;
  }
  Value value = std::get<Value>(result);
  for (size_t i = 0; i < count; ++i) {
    if (i >= k.graph.node(value).outputs.size()) throw Wrong{"there are too few outputs"};
    k.graph.output("out" + std::to_string(i), value.at(int(i)));
  }
}

}  // namespace

std::vector<NamedTensor> kernel_inputs(const Json& test) {
  std::vector<NamedTensor> inputs;
  for (const Json& input : member(test, "inputs"))
    inputs.push_back({text(member(input, "name")), tensor(input)});
  return inputs;
}

Graph graph_of_kernel(const std::string& name, const Json& test, size_t outputs) {
  Kernel k{name, member(test, "attrs"), kernel_inputs(test), false};
  Result result = translate(k);
  name_outputs(k, result, outputs);
  return std::holds_alternative<Value>(result) ? std::move(k.graph) : load(k.model);
}

void run_tfjs_kernel(const std::string& stem, const Json& test, Trial& trial) {
  Kernel k{stem, member(test, "attrs"), kernel_inputs(test)};
  std::vector<Tensor> expected;
  for (const Json& output : member(test, "outputs")) expected.push_back(tensor(output));
  Result result = translate(k);
  name_outputs(k, result, expected.size());
  if (std::holds_alternative<std::string>(result)) return check(k.model, expected, trial);
  std::vector<Expectation> expectations;
  for (const Tensor& t : expected) expectations.push_back({t, tfjs_tolerance});
  trial.check(k.graph, k.inputs, expectations);
}

}  // namespace gesso::suites
