#include "models/load/tflite_op_table.h"

#include "core/ops/list.h"
#include "models/load/arrange.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

// Element-wise ops.

Operands unary(const TfliteCall& c) {
  return {c.b.apply(*c.node.row->op, {c.x()})};
}

Operands binary_row(const TfliteCall& c) {
  return {binary(c.b, *c.node.row->op, c.x(0), c.x(1))};
}

// Division of integers cuts the fraction off.
Operands divide(const TfliteCall& c) {
  Operand y = c.b.apply(div_op, {as_float(c.b, c.x(0)), as_float(c.b, c.x(1))});
  return {c.b.cast(y, c.node.dtype)};
}

Operands cast(const TfliteCall& c) {
  return {c.b.cast(c.x(), c.node.dtype)};
}

// Numbers that stand for reals are reals already.
Operands to_real(const TfliteCall& c) {
  return {as_float(c.b, c.x())};
}

Operands relu6(const TfliteCall& c) {
  return {clamp(c.b, c.x(), 0, 6)};
}

Operands relu_n1_to_1(const TfliteCall& c) {
  return {clamp(c.b, c.x(), -1, 1)};
}

Operands relu_0_to_1(const TfliteCall& c) {
  return {clamp(c.b, c.x(), 0, 1)};
}

Operands leaky_relu(const TfliteCall& c) {
  return {c.b.apply(leaky_relu_op, {c.x()}, {{"alpha", c.number_option("alpha")}})};
}

Operands softmax(const TfliteCall& c) {
  double beta = c.number_option("beta");
  Operand x = beta == 1 ? c.x() : c.b.apply(linear_op, {c.x()}, {{"alpha", beta}});
  return {c.b.apply(softmax_op, {x})};
}

Operands log_softmax(const TfliteCall& c) {
  return {activation(c.b, "log_softmax", c.x())};
}

// A vector as condition picks whole slices.
Operands select(const TfliteCall& c) {
  Operand condition = c.x(0), yes = c.x(1), no = c.x(2);
  if (condition.rank() == 1 && yes.rank() > 1 && c.node.row->name == "SELECT") {
    Shape shape = Shape::filled(yes.rank(), 1);
    shape[0] = condition.shape()[0];
    condition = c.b.reshape(condition, shape);
  }
  return {c.b.apply(where_op, {condition, yes, no})};
}

// Reductions.

Operands reduce_row(const TfliteCall& c) {
  return {reduce(c.b, *c.node.row->op, c.x(), c.ints(1, "the axes"), c.option("keepDims"))};
}

Operands arg_reduce(const TfliteCall& c) {
  int axis = axis_from(c.integer(1, "the axis"), c.x().rank());
  return {c.b.apply(*c.node.row->op, {c.x()}, {{"axis", double(axis)}})};
}

// Convolutions and pools.

constexpr TfliteField conv_options[] = {
    {0, "padding", TfliteField::Kind::byte},
    {1, "strideWidth"},
    {2, "strideHeight"},
    {3, "activation", TfliteField::Kind::byte},
    {4, "dilationWidth", TfliteField::Kind::integer, 1},
    {5, "dilationHeight", TfliteField::Kind::integer, 1},
};
constexpr TfliteField depthwise_options[] = {
    {0, "padding", TfliteField::Kind::byte},
    {1, "strideWidth"},
    {2, "strideHeight"},
    {4, "activation", TfliteField::Kind::byte},
    {5, "dilationWidth", TfliteField::Kind::integer, 1},
    {6, "dilationHeight", TfliteField::Kind::integer, 1},
};
constexpr TfliteField transpose_conv_options[] = {
    {0, "padding", TfliteField::Kind::byte},
    {1, "strideWidth"},
    {2, "strideHeight"},
    {3, "activation", TfliteField::Kind::byte},
};
constexpr TfliteField pool_options[] = {
    {0, "padding", TfliteField::Kind::byte},
    {1, "strideWidth"},
    {2, "strideHeight"},
    {3, "filterWidth"},
    {4, "filterHeight"},
    {5, "activation", TfliteField::Kind::byte},
};

WindowOptions window(const TfliteCall& c, bool is_dilated) {
  int padding = c.option("padding");
  if (padding != 0 && padding != 1)
    c.refuse(phrase({"there is no padding ", padding}), "0 (SAME) or 1 (VALID)");
  WindowOptions w;
  w.padding = padding == 0 ? Padding::same : Padding::valid;
  w.strides = {c.option("strideHeight"), c.option("strideWidth")};
  if (is_dilated) w.dilations = {c.option("dilationHeight"), c.option("dilationWidth")};
  return w;
}

// Filters of four sizes, the first of which counts the outputs; those of a convolution on each
// channel alone are [1, height, width, out].
Operand filters(const TfliteCall& c) {
  if (c.x(1).rank() != 4) c.refuse("the filters must have four sizes", "[out, height, width, in]");
  return c.x(1);
}

Operand bias_or_none(const TfliteCall& c, size_t i) {
  return c.has(i) ? c.x(i) : Operand{};
}

Operands conv2d_row(const TfliteCall& c) {
  return {convolve(c.b, c.x(), filters(c), bias_or_none(c, 2), window(c, true))};
}

Operands depthwise_row(const TfliteCall& c) {
  Operand filter = c.b.transpose(filters(c), {3, 1, 2, 0});
  return {convolve(c.b, c.x(), filter, bias_or_none(c, 2), window(c, true))};
}

Operands transpose_conv_row(const TfliteCall& c) {
  Ints sizes = c.ints(0, "the sizes of the output");
  if (sizes.size() != 4)
    c.refuse("the sizes of the output must be four", "[batch, height, width, channels]");
  Operand filter = c.b.transpose(filters(c), {1, 2, 0, 3});
  return {conv_transpose2d(c.b, c.x(2), filter, bias_or_none(c, 3), window(c, false),
                           {sizes[1], sizes[2]})};
}

Operands pool_row(const TfliteCall& c) {
  return {pool2d(c.b, *c.node.row->op, c.x(), {c.option("filterHeight"), c.option("filterWidth")},
                 window(c, false))};
}

constexpr TfliteField dense_options[] = {{0, "activation", TfliteField::Kind::byte},
                                         {1, "weightsFormat", TfliteField::Kind::byte},
                                         {2, "keepDims", TfliteField::Kind::byte}};

// The weights are [out, in]; the input is a batch of whatever makes rows of `in` numbers.
Operands fully_connected(const TfliteCall& c) {
  Operand x = c.x(0), weights = c.x(1);
  if (c.option("weightsFormat") != 0)
    c.refuse("its weights are shuffled", "a model converted for any device");
  if (weights.rank() != 2 || weights.shape()[1] < 1 ||
      x.shape().count() % size_t(weights.shape()[1]) != 0)
    c.refuse(phrase({"the weights ", weights.shape(), " do not fit the input ", x.shape()}),
             "weights [out, in] and inputs whose last size is in");
  int in = weights.shape()[1], out = weights.shape()[0];
  Operand flat = c.b.reshape(x, {int(x.shape().count() / size_t(in)), in});
  Operand y = c.b.apply(gemm_op, {flat, weights, bias_or_none(c, 2)}, {{"bTranspose", true}});
  if (!c.option("keepDims") || x.rank() < 1) return {y};
  Shape shape = x.shape();
  shape.back() = out;
  return {c.b.reshape(y, shape)};
}

constexpr TfliteField resize_bilinear_options[] = {{2, "alignCorners", TfliteField::Kind::byte},
                                                   {3, "halfPixels", TfliteField::Kind::byte}};
constexpr TfliteField resize_nearest_options[] = {{0, "alignCorners", TfliteField::Kind::byte},
                                                  {1, "halfPixels", TfliteField::Kind::byte}};

Operands resize_row(const TfliteCall& c) {
  Ints sizes = c.ints(1, "the sizes of the output");
  if (sizes.size() != 2) c.refuse("the sizes of the output must be two", "[height, width]");
  bool is_linear = c.node.row->name == "RESIZE_BILINEAR";
  return {resize(c.b, c.x(), sizes[0], sizes[1],
                 {is_linear, bool(c.option("alignCorners")), bool(c.option("halfPixels"))})};
}

// Shapes.

constexpr TfliteField reshape_options[] = {{0, "newShape", TfliteField::Kind::list}};
constexpr TfliteField squeeze_options[] = {{0, "axes", TfliteField::Kind::list}};
constexpr TfliteField axis_second[] = {{1, "axis"}};
constexpr TfliteField concat_options[] = {{0, "axis"}, {1, "activation", TfliteField::Kind::byte}};
constexpr TfliteField split_options[] = {{0, "parts"}};
constexpr TfliteField block_options[] = {{0, "block"}};
constexpr TfliteField gather_options[] = {{0, "axis"}, {1, "batches"}};
constexpr TfliteField mirror_options[] = {{0, "mode", TfliteField::Kind::byte}};
constexpr TfliteField strided_slice_options[] = {
    {0, "begins"}, {1, "ends"}, {2, "dots"}, {3, "news"}, {4, "single"}};

Operands reshape_row(const TfliteCall& c) {
  return {reshape_to(c.b, c.x(), c.has(1) ? c.ints(1, "the shape") : c.ints_option("newShape"))};
}

Operands expand_dims_row(const TfliteCall& c) {
  return {expand_dims(c.b, c.x(), c.integer(1, "the axis"))};
}

Operands squeeze_row(const TfliteCall& c) {
  return {squeeze(c.b, c.x(), c.ints_option("axes"))};
}

Operands shape_row(const TfliteCall& c) {
  const Shape& s = c.x().shape();
  return {c.b.ints({s.rank()}, Ints(s.begin(), s.end()))};
}

Operands transpose_row(const TfliteCall& c) {
  return {reorder(c.b, c.x(), c.ints(1, "the permutation"))};
}

// All inputs, none of which may be left out.
const Operands& all_inputs(const TfliteCall& c) {
  c.x();
  for (size_t i = 0; i < c.in.size(); ++i) c.x(i);
  return c.in;
}

Operands concat_row(const TfliteCall& c) {
  return {join(c.b, all_inputs(c), c.option("axis"))};
}

Operands pack(const TfliteCall& c) {
  return {stack(c.b, all_inputs(c), c.option("axis"))};
}

Operands unpack(const TfliteCall& c) {
  return unstack(c.b, c.x(), c.option("axis"));
}

Operands split(const TfliteCall& c) {
  int axis = axis_from(c.integer(0, "the axis"), c.x(1).rank());
  int parts = c.option("parts"), size = c.x(1).shape()[axis];
  if (parts < 1 || parts > int(c.node.outputs.size()) || size % parts != 0)
    c.refuse(phrase({"cannot split an axis of ", size, " into ", parts}), "equal parts");
  return split_into(c.b, c.x(1), Ints(size_t(parts), size / parts), axis);
}

Operands slice_row(const TfliteCall& c) {
  return {slice(c.b, c.x(), c.ints(1, "the beginning"), c.ints(2, "the size"))};
}

Operands strided_slice_row(const TfliteCall& c) {
  auto mask = [&](Text name) { return uint32_t(c.option(name)); };
  return {strided_slice(
      c.b, c.x(), c.ints(1, "the beginning"), c.ints(2, "the end"), c.ints(3, "the strides"),
      {mask("begins"), mask("ends"), mask("dots"), mask("news"), mask("single")})};
}

Operands pad_row(const TfliteCall& c) {
  return {pad(c.b, c.x(), c.ints(1, "the padding"), c.has(2) ? c.number(2, "the value") : 0)};
}

Operands mirror_pad(const TfliteCall& c) {
  return {pad(c.b, c.x(), c.ints(1, "the padding"), 0,
              c.option("mode") == 0 ? "reflection" : "symmetric")};
}

Operands tile_row(const TfliteCall& c) {
  return {c.b.apply(tile_op, {c.x()}, {{"repetitions", c.ints(1, "the multiples")}})};
}

Operands broadcast_to(const TfliteCall& c) {
  return {c.b.apply(expand_op, {c.x()}, {{"newShape", c.ints(1, "the shape")}})};
}

Operands depth_to_space_row(const TfliteCall& c) {
  return {c.b.apply(depth_to_space_op, {c.x()}, {{"blockSize", double(c.option("block"))}})};
}

// Picking by index.

Operands gather_row(const TfliteCall& c) {
  if (c.option("batches") != 0)
    c.refuse("picks from each row of a batch apart", "a model without batched gathers");
  int axis = axis_from(c.option("axis"), c.x().rank());
  return {c.b.apply(gather_op, {c.x(), c.x(1)}, {{"axis", double(axis)}})};
}

Operands gather_nd_row(const TfliteCall& c) {
  return {c.b.apply(gather_nd_op, {c.x(), c.x(1)})};
}

constexpr TfliteField activation_first[] = {{0, "activation", TfliteField::Kind::byte}};
constexpr TfliteField reduce_options[] = {{0, "keepDims", TfliteField::Kind::byte}};
constexpr TfliteField softmax_options[] = {{0, "beta", TfliteField::Kind::number, 1}};
constexpr TfliteField leaky_options[] = {{0, "alpha", TfliteField::Kind::number}};

const TfliteRow rows[] = {
    {"ABS", unary, &abs_op},
    {"ADD", binary_row, &add_op, activation_first, true},
    {"ARG_MAX", arg_reduce, &arg_max_op},
    {"ARG_MIN", arg_reduce, &arg_min_op},
    {"AVERAGE_POOL_2D", pool_row, &average_pool2d_op, pool_options},
    {"BROADCAST_TO", broadcast_to},
    {"CAST", cast},
    {"CEIL", unary, &ceil_op},
    {"CONCATENATION", concat_row, nullptr, concat_options},
    {"CONV_2D", conv2d_row, nullptr, conv_options, true},
    {"COS", unary, &cos_op},
    {"DEPTHWISE_CONV_2D", depthwise_row, nullptr, depthwise_options, true},
    {"DEPTH_TO_SPACE", depth_to_space_row, nullptr, block_options},
    {"DEQUANTIZE", to_real},
    {"DIV", divide, nullptr, activation_first},
    {"ELU", unary, &elu_op},
    {"EQUAL", binary_row, &equal_op},
    {"EXP", unary, &exp_op},
    {"EXPAND_DIMS", expand_dims_row},
    {"FLOOR", unary, &floor_op},
    {"FLOOR_DIV", binary_row, &floor_div_op},
    {"FLOOR_MOD", binary_row, &mod_op},
    {"FULLY_CONNECTED", fully_connected, nullptr, dense_options, true},
    {"GATHER", gather_row, nullptr, gather_options},
    {"GATHER_ND", gather_nd_row},
    {"GREATER", binary_row, &greater_op},
    {"GREATER_EQUAL", binary_row, &greater_or_equal_op},
    {"HARD_SWISH", unary, &hard_swish_op},
    {"LEAKY_RELU", leaky_relu, nullptr, leaky_options},
    {"LESS", binary_row, &lesser_op},
    {"LESS_EQUAL", binary_row, &lesser_or_equal_op},
    {"LOG", unary, &log_op},
    {"LOGICAL_AND", binary_row, &logical_and_op},
    {"LOGICAL_NOT", unary, &logical_not_op},
    {"LOGICAL_OR", binary_row, &logical_or_op},
    {"LOGISTIC", unary, &sigmoid_op},
    {"LOG_SOFTMAX", log_softmax},
    {"MAXIMUM", binary_row, &max_op},
    {"MAX_POOL_2D", pool_row, &max_pool2d_op, pool_options},
    {"MEAN", reduce_row, &reduce_mean_op, reduce_options},
    {"MINIMUM", binary_row, &min_op},
    {"MIRROR_PAD", mirror_pad, nullptr, mirror_options},
    {"MUL", binary_row, &mul_op, activation_first},
    {"NEG", unary, &neg_op},
    {"NOT_EQUAL", binary_row, &not_equal_op},
    {"PACK", pack, nullptr, axis_second},
    {"PAD", pad_row},
    {"PADV2", pad_row},
    {"POW", binary_row, &pow_op},
    {"PRELU", binary_row, &prelu_op},
    {"QUANTIZE", to_real},
    {"REDUCE_MAX", reduce_row, &reduce_max_op, reduce_options},
    {"REDUCE_MIN", reduce_row, &reduce_min_op, reduce_options},
    {"REDUCE_PROD", reduce_row, &reduce_product_op, reduce_options},
    {"RELU", unary, &relu_op},
    {"RELU6", relu6},
    {"RELU_0_TO_1", relu_0_to_1},
    {"RELU_N1_TO_1", relu_n1_to_1},
    {"RESHAPE", reshape_row, nullptr, reshape_options},
    {"RESIZE_BILINEAR", resize_row, nullptr, resize_bilinear_options},
    {"RESIZE_NEAREST_NEIGHBOR", resize_row, nullptr, resize_nearest_options},
    {"ROUND", unary, &round_even_op},
    {"RSQRT", unary, &rsqrt_op},
    {"SELECT", select},
    {"SELECT_V2", select},
    {"SHAPE", shape_row},
    {"SIN", unary, &sin_op},
    {"SLICE", slice_row},
    {"SOFTMAX", softmax, nullptr, softmax_options},
    {"SPLIT", split, nullptr, split_options},
    {"SQRT", unary, &sqrt_op},
    {"SQUARE", unary, &square_op},
    {"SQUARED_DIFFERENCE", binary_row, &squared_difference_op},
    {"SQUEEZE", squeeze_row, nullptr, squeeze_options},
    {"STRIDED_SLICE", strided_slice_row, nullptr, strided_slice_options},
    {"SUB", binary_row, &sub_op, activation_first},
    {"SUM", reduce_row, &reduce_sum_op, reduce_options},
    {"TANH", unary, &tanh_op},
    {"TILE", tile_row},
    {"TRANSPOSE", transpose_row},
    {"TRANSPOSE_CONV", transpose_conv_row, nullptr, transpose_conv_options, true},
    {"UNPACK", unpack, nullptr, axis_second},
};

// BuiltinOperator of the schema, by number.
constexpr Text names[] = {"ADD",
                          "AVERAGE_POOL_2D",
                          "CONCATENATION",
                          "CONV_2D",
                          "DEPTHWISE_CONV_2D",
                          "DEPTH_TO_SPACE",
                          "DEQUANTIZE",
                          "EMBEDDING_LOOKUP",
                          "FLOOR",
                          "FULLY_CONNECTED",
                          "HASHTABLE_LOOKUP",
                          "L2_NORMALIZATION",
                          "L2_POOL_2D",
                          "LOCAL_RESPONSE_NORMALIZATION",
                          "LOGISTIC",
                          "LSH_PROJECTION",
                          "LSTM",
                          "MAX_POOL_2D",
                          "MUL",
                          "RELU",
                          "RELU_N1_TO_1",
                          "RELU6",
                          "RESHAPE",
                          "RESIZE_BILINEAR",
                          "RNN",
                          "SOFTMAX",
                          "SPACE_TO_DEPTH",
                          "SVDF",
                          "TANH",
                          "CONCAT_EMBEDDINGS",
                          "SKIP_GRAM",
                          "CALL",
                          "CUSTOM",
                          "EMBEDDING_LOOKUP_SPARSE",
                          "PAD",
                          "UNIDIRECTIONAL_SEQUENCE_RNN",
                          "GATHER",
                          "BATCH_TO_SPACE_ND",
                          "SPACE_TO_BATCH_ND",
                          "TRANSPOSE",
                          "MEAN",
                          "SUB",
                          "DIV",
                          "SQUEEZE",
                          "UNIDIRECTIONAL_SEQUENCE_LSTM",
                          "STRIDED_SLICE",
                          "BIDIRECTIONAL_SEQUENCE_RNN",
                          "EXP",
                          "TOPK_V2",
                          "SPLIT",
                          "LOG_SOFTMAX",
                          "DELEGATE",
                          "BIDIRECTIONAL_SEQUENCE_LSTM",
                          "CAST",
                          "PRELU",
                          "MAXIMUM",
                          "ARG_MAX",
                          "MINIMUM",
                          "LESS",
                          "NEG",
                          "PADV2",
                          "GREATER",
                          "GREATER_EQUAL",
                          "LESS_EQUAL",
                          "SELECT",
                          "SLICE",
                          "SIN",
                          "TRANSPOSE_CONV",
                          "SPARSE_TO_DENSE",
                          "TILE",
                          "EXPAND_DIMS",
                          "EQUAL",
                          "NOT_EQUAL",
                          "LOG",
                          "SUM",
                          "SQRT",
                          "RSQRT",
                          "SHAPE",
                          "POW",
                          "ARG_MIN",
                          "FAKE_QUANT",
                          "REDUCE_PROD",
                          "REDUCE_MAX",
                          "PACK",
                          "LOGICAL_OR",
                          "ONE_HOT",
                          "LOGICAL_AND",
                          "LOGICAL_NOT",
                          "UNPACK",
                          "REDUCE_MIN",
                          "FLOOR_DIV",
                          "REDUCE_ANY",
                          "SQUARE",
                          "ZEROS_LIKE",
                          "FILL",
                          "FLOOR_MOD",
                          "RANGE",
                          "RESIZE_NEAREST_NEIGHBOR",
                          "LEAKY_RELU",
                          "SQUARED_DIFFERENCE",
                          "MIRROR_PAD",
                          "ABS",
                          "SPLIT_V",
                          "UNIQUE",
                          "CEIL",
                          "REVERSE_V2",
                          "ADD_N",
                          "GATHER_ND",
                          "COS",
                          "WHERE",
                          "RANK",
                          "ELU",
                          "REVERSE_SEQUENCE",
                          "MATRIX_DIAG",
                          "QUANTIZE",
                          "MATRIX_SET_DIAG",
                          "ROUND",
                          "HARD_SWISH",
                          "IF",
                          "WHILE",
                          "NON_MAX_SUPPRESSION_V4",
                          "NON_MAX_SUPPRESSION_V5",
                          "SCATTER_ND",
                          "SELECT_V2",
                          "DENSIFY",
                          "SEGMENT_SUM",
                          "BATCH_MATMUL",
                          "PLACEHOLDER_FOR_GREATER_OP_CODES",
                          "CUMSUM",
                          "CALL_ONCE",
                          "BROADCAST_TO",
                          "RFFT2D",
                          "CONV_3D",
                          "IMAG",
                          "REAL",
                          "COMPLEX_ABS",
                          "HASHTABLE",
                          "HASHTABLE_FIND",
                          "HASHTABLE_IMPORT",
                          "HASHTABLE_SIZE",
                          "REDUCE_ALL",
                          "CONV_3D_TRANSPOSE",
                          "VAR_HANDLE",
                          "READ_VARIABLE",
                          "ASSIGN_VARIABLE",
                          "BROADCAST_ARGS",
                          "RANDOM_STANDARD_NORMAL",
                          "BUCKETIZE",
                          "RANDOM_UNIFORM",
                          "MULTINOMIAL",
                          "GELU",
                          "DYNAMIC_UPDATE_SLICE",
                          "RELU_0_TO_1",
                          "UNSORTED_SEGMENT_PROD",
                          "UNSORTED_SEGMENT_MAX",
                          "UNSORTED_SEGMENT_SUM",
                          "ATAN2",
                          "UNSORTED_SEGMENT_MIN",
                          "SIGN"};

}  // namespace

Operand TfliteCall::x(size_t i) const {
  if (!has(i)) refuse(phrase({"the input ", i, " is missing"}), "a file that a converter wrote");
  return in[i];
}

Operand TfliteCall::constant(size_t i, Text what) const {
  Operand operand = x(i);
  if (!operand.is_constant())
    refuse(phrase({what, " must be known before the model runs"}),
           "a model whose shapes follow from the sizes of its inputs");
  return operand;
}

Ints TfliteCall::ints(size_t i, Text what) const {
  return integers_of(constant(i, what));
}

double TfliteCall::number(size_t i, Text what) const {
  auto values = elements_of(constant(i, what));
  if (values.size() != 1) refuse(phrase({what, " must be one number"}), "a scalar");
  return values[0];
}

int TfliteCall::integer(size_t i, Text what) const {
  Ints values = ints(i, what);
  if (values.size() != 1) refuse(phrase({what, " must be one number"}), "a scalar");
  return values[0];
}

int TfliteCall::option(Text name) const {
  return int(number_option(name));
}

double TfliteCall::number_option(Text name) const {
  return std::get<double>(*node.options.find(name));
}

const Ints& TfliteCall::ints_option(Text name) const {
  return std::get<Ints>(*node.options.find(name));
}

void TfliteCall::refuse(Text what, Text hint) const {
  std::string inputs;
  for (Operand operand : in)
    inputs += (inputs.empty() ? "" : ", ") + (operand ? to_string(operand.shape()) : "nothing");
  fail(what, {{"inputs", inputs}}, hint);
}

Text tflite_op_name(int number) {
  return number >= 0 && size_t(number) < std::size(names) ? names[number] : Text("");
}

const TfliteRow* find_tflite_row(Text name) {
  for (const TfliteRow& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace gesso
