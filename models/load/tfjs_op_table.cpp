#include "models/load/tfjs_op_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/ops/list.h"
#include "models/load/arrange.h"
#include "models/load/lower.h"

namespace gesso {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_int = std::numeric_limits<int>::max();

// More parts or numbers than any real model asks for, and fewer than would fill the memory.
constexpr int most_parts = 1 << 16, most_numbers = 1 << 22;

// Element-wise ops. TF.js computes most functions on floats, whatever the input is.

Operands unary(const OpCall& c) {
  return {c.b.apply(*c.node.row->op, {c.x()})};
}

Operands unary_float(const OpCall& c) {
  return {c.b.apply(*c.node.row->op, {as_float(c.b, c.x())})};
}

// Functions that also take integers, but no truth values.
Operands unary_number(const OpCall& c) {
  Operand x = c.x().dtype() == DType::boolean ? c.b.cast(c.x(), DType::i32) : c.x();
  return {c.b.apply(*c.node.row->op, {x})};
}

Operands binary_op(const OpCall& c) {
  Operand x = c.x(0), y = c.x(1);
  if (x.dtype() == DType::boolean && y.dtype() == DType::boolean)
    x = c.b.cast(x, DType::i32), y = c.b.cast(y, DType::i32);
  return {binary(c.b, *c.node.row->op, x, y)};
}

Operands comparison(const OpCall& c) {
  return {binary(c.b, *c.node.row->op, c.x(0), c.x(1))};
}

// Division of integers rounds down.
Operands divide(const OpCall& c) {
  bool whole = c.x(0).dtype() != DType::f32 && c.x(1).dtype() != DType::f32;
  return {binary(c.b, whole ? floor_div_op : div_op, c.x(0), c.x(1))};
}

// floor(x / y), an integer whatever the inputs are.
Operands floor_div(const OpCall& c) {
  return {c.b.cast(binary(c.b, floor_div_op, c.x(0), c.x(1)), DType::i32)};
}

Operands divide_no_nan(const OpCall& c) {
  Builder& b = c.b;
  Operand x = as_float(b, c.x(0)), y = as_float(b, c.x(1)), zero = b.scalar(0);
  return {b.apply(where_op, {b.apply(equal_op, {y, zero}), zero, b.apply(div_op, {x, y})})};
}

Operands identity(const OpCall& c) {
  return {c.x()};
}

Operands identities(const OpCall& c) {
  c.x();
  return c.in;
}

Operands nothing(const OpCall&) {
  return {};
}

Operands relu6(const OpCall& c) {
  return {clamp(c.b, c.x(), 0, 6)};
}

Operands leaky_relu(const OpCall& c) {
  return {
      c.b.apply(leaky_relu_op, {as_float(c.b, c.x())}, {{"alpha", c.number_attr("alpha", 0.2)}})};
}

Operands clip(const OpCall& c) {
  if (c.x(1).is_constant() && c.x(2).is_constant() && c.x(1).shape().count() == 1 &&
      c.x(2).shape().count() == 1)
    return {clamp(c.b, c.x(), c.number(1, "the minimum"), c.number(2, "the maximum"))};
  return {binary(c.b, min_op, binary(c.b, max_op, c.x(), c.x(1)), c.x(2))};
}

Operands log_softmax(const OpCall& c) {
  return {activation(c.b, "log_softmax", as_float(c.b, c.x()))};
}

Operands cast(const OpCall& c) {
  DType to = c.type_attr("DstT", DType::f32);
  // A float is true unless it is 0; casts to integers cut off the fraction.
  return {c.b.cast(c.x(), to)};
}

// A vector as condition picks whole slices.
Operands select(const OpCall& c) {
  Operand condition = c.x(0), yes = c.x(1), no = c.x(2);
  if (c.node.op == "Select" && condition.rank() == 1 && yes.rank() > 1) {
    Shape shape = Shape::filled(yes.rank(), 1);
    shape[0] = condition.shape()[0];
    condition = c.b.reshape(condition, shape);
  }
  return {c.b.apply(where_op, {condition, yes, no})};
}

Operands add_n(const OpCall& c) {
  Operand sum = c.x();
  for (size_t i = 1; i < c.in.size(); ++i) sum = binary(c.b, add_op, sum, c.in[i]);
  return {sum};
}

// Reductions.

Operands reduce_row(const OpCall& c) {
  Operand x = c.x().dtype() == DType::boolean ? c.b.cast(c.x(), DType::i32) : c.x();
  bool keep = c.flag_attr("keep_dims", c.flag_attr("keepDims", false));
  return {reduce(c.b, *c.node.row->op, x, c.ints(1, "the axes"), keep)};
}

Operands mean(const OpCall& c) {
  bool keep = c.flag_attr("keep_dims", false);
  return {reduce(c.b, reduce_mean_op, as_float(c.b, c.x()), c.ints(1, "the axes"), keep)};
}

// All and Any: the least and the greatest truth.
Operands reduce_truth(const OpCall& c) {
  return {c.b.cast(reduce_row(c)[0], DType::boolean)};
}

Operands euclidean_norm(const OpCall& c) {
  bool keep = c.flag_attr("keep_dims", false);
  return {reduce(c.b, reduce_l2_op, as_float(c.b, c.x()), c.ints(1, "the axes"), keep)};
}

Operands arg_reduce(const OpCall& c) {
  Operand x = c.x().dtype() == DType::boolean ? c.b.cast(c.x(), DType::i32) : c.x();
  int axis = c.has(1) ? c.integer(1, "the dimension") : 0;
  return {c.b.apply(*c.node.row->op, {x}, {{"axis", double(axis_from(axis, x.rank()))}})};
}

Operands cumulative_sum(const OpCall& c) {
  int axis = axis_from(c.integer(1, "the axis"), c.x().rank());
  return {c.b.apply(cumulative_sum_op, {c.x()},
                    {{"axis", double(axis)},
                     {"exclusive", c.flag_attr("exclusive", false)},
                     {"reversed", c.flag_attr("reverse", false)}})};
}

// Convolutions and pools. Strides, windows and paddings are written in the order of the layout.

bool is_nchw(const OpCall& c) {
  std::string format = c.text_attr("data_format", "NHWC");
  if (format != "NHWC" && format != "NCHW")
    c.refuse(phrase({"the data_format ", in_quotes(format), " cannot be loaded"}), "NHWC or NCHW");
  return format == "NCHW";
}

Ints height_and_width(const OpCall& c, Text attr, Operand x) {
  Ints all = c.ints_attr(attr);
  if (all.empty()) return {1, 1};
  size_t first = is_nchw(c) ? 2 : 1;
  if (all.size() == 1) all.assign(4, all[0]);
  if (all.size() == 2) return all;
  // Like TF.js, only look at these two: a converter of 2019 wrote dilations of [2, 2, 1, 1].
  bool others =
      all.size() == 4 && (attr == "dilations" || (all[0] == 1 && all[is_nchw(c) ? 1 : 3] == 1));
  if (!others || x.rank() != 4)
    c.refuse(phrase({"the attribute ", attr, " must have 1 for the batch and the channels"}),
             "[1, height, width, 1]");
  return {all[first], all[first + 1]};
}

WindowOptions window(const OpCall& c) {
  WindowOptions w{height_and_width(c, "strides", c.x()),
                  height_and_width(c, "dilations", c.x()),
                  Padding::valid,
                  {0, 0, 0, 0}};
  std::string padding = c.text_attr("padding", "VALID");
  if (padding == "SAME") {
    w.padding = Padding::same;
  } else if (padding == "EXPLICIT") {
    Ints pads = c.ints_attr("explicit_paddings");
    size_t first = is_nchw(c) ? 4 : 2;
    if (pads.size() != 8)
      c.refuse("explicit_paddings must have 8 numbers", "[0, 0, 1, 1, 1, 1, 0, 0]");
    w.padding = Padding::given;
    w.pads.assign(pads.begin() + long(first), pads.begin() + long(first) + 4);
  } else if (padding != "VALID") {
    c.refuse(phrase({"the padding ", in_quotes(padding), " cannot be loaded"}),
             "SAME, VALID or EXPLICIT");
  }
  return w;
}

// The first input in our layout, and a result in the node's.
Operand image(const OpCall& c, size_t i = 0) {
  if (c.x(i).rank() != 4) c.refuse("the input must be images", "[batch, height, width, channels]");
  return is_nchw(c) ? channels_last(c.b, c.x(i)) : c.x(i);
}

Operand as_saved(const OpCall& c, Operand y) {
  return is_nchw(c) ? channels_first(c.b, y) : y;
}

// What a fused node does after its product: the bias is an input of the product already.
Operand fused_activation(const OpCall& c, Operand y, const std::string& name) {
  if (name == "Relu" || name == "Elu" || name == "Sigmoid" || name == "Tanh")
    return activation(c.b, snake_case(name), y);
  if (name == "Relu6") return clamp(c.b, y, 0, 6);
  if (name == "LeakyRelu")
    return c.b.apply(leaky_relu_op, {y}, {{"alpha", c.number_attr("leakyrelu_alpha", 0.2)}});
  if (name == "Prelu") return c.b.apply(prelu_op, {y, c.x(3)});
  c.refuse(phrase({"the fused op ", in_quotes(name), " cannot be loaded"}),
           "BiasAdd, Relu, Relu6, Elu, LeakyRelu, Prelu or Sigmoid");
}

// A product with its bias and activations. product(bias) is the product, where the bias may be
// left out; one that does not hold a number for each channel is added afterwards.
template <class F>
Operand fused(const OpCall& c, int channels, F product) {
  auto names = c.texts_attr("fused_ops");
  bool biased = !names.empty() && names[0] == "BiasAdd";
  bool inside = biased && c.x(2).shape().count() == size_t(channels);
  Operand y = product(inside ? c.b.reshape(c.x(2), {channels}) : Operand{});
  if (biased && !inside) y = binary(c.b, add_op, y, c.x(2));
  for (size_t i = biased; i < names.size(); ++i) y = fused_activation(c, y, names[i]);
  return y;
}

// A size of a filter, or 0 where the filter is refused later.
int filter_size(const OpCall& c, int axis) {
  return axis < c.x(1).rank() ? c.x(1).shape()[axis] : 0;
}

Operands conv2d_row(const OpCall& c) {
  return {as_saved(c, fused(c, filter_size(c, 3), [&](Operand bias) {
                     return conv2d(c.b, image(c), c.x(1), bias, window(c));
                   }))};
}

Operands depthwise_row(const OpCall& c) {
  int channels = int(size_t(filter_size(c, 2)) * size_t(filter_size(c, 3)));
  return {as_saved(c, fused(c, channels, [&](Operand bias) {
                     return depthwise_conv2d(c.b, image(c), c.x(1), bias, window(c));
                   }))};
}

Operands conv_transpose_row(const OpCall& c) {
  Ints sizes = c.ints(0, "the sizes of the output");
  if (sizes.size() != 4 && sizes.size() != 2)
    c.refuse("the sizes of the output must be four numbers", "[batch, height, width, channels]");
  size_t first = sizes.size() == 2 ? 0 : is_nchw(c) ? 2 : 1;
  WindowOptions w = window({c.b, c.node, {c.x(2)}});
  return {as_saved(
      c, conv_transpose2d(c.b, image(c, 2), c.x(1), {}, w, {sizes[first], sizes[first + 1]}))};
}

Operands pool_row(const OpCall& c) {
  WindowOptions w = window(c);
  Ints size = height_and_width(c, "ksize", c.x());
  return {as_saved(c, pool2d(c.b, *c.node.row->op, as_float(c.b, image(c)), size, w))};
}

Operands bias_add(const OpCall& c) {
  Operand bias = c.x(1);
  if (is_nchw(c) && c.x().rank() > 2) {
    Shape shape = Shape::filled(c.x().rank() - 1, 1);
    shape[0] = int(bias.shape().count());
    bias = c.b.reshape(bias, shape);
  }
  return {binary(c.b, add_op, c.x(), bias)};
}

Operand swapped(const OpCall& c, Operand x) {
  if (x.rank() < 2) c.refuse("the inputs must be matrices", "[..., rows, columns]");
  std::vector<int> order(static_cast<size_t>(x.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return c.b.transpose(x, order);
}

// Matrices, or batches of them. Products of integers are integers.
Operand product(const OpCall& c, bool transpose_a, bool transpose_b, Operand bias = {}) {
  bool whole = c.x(0).dtype() == DType::i32 && c.x(1).dtype() == DType::i32;
  Operand a = as_float(c.b, c.x(0)), b = as_float(c.b, c.x(1));
  Operand y;
  if (a.rank() == 2 && b.rank() == 2) {
    y = c.b.apply(gemm_op, {a, b, bias},
                  {{"aTranspose", transpose_a}, {"bTranspose", transpose_b}});
  } else {
    y = c.b.apply(matmul_op, {transpose_a ? swapped(c, a) : a, transpose_b ? swapped(c, b) : b});
    if (bias) y = c.b.apply(add_op, {y, bias});
  }
  return whole ? c.b.cast(y, DType::i32) : y;
}

Operands matmul_row(const OpCall& c) {
  bool a = c.flag_attr("transpose_a", false), b = c.flag_attr("transpose_b", false);
  int channels = c.x(1).rank() < 2 ? 0 : c.x(1).shape()[c.x(1).rank() - (b ? 2 : 1)];
  return {fused(c, channels, [&](Operand bias) { return product(c, a, b, bias); })};
}

Operands batch_matmul(const OpCall& c) {
  return {product(c, c.flag_attr("adj_x", false), c.flag_attr("adj_y", false))};
}

Operands batch_norm(const OpCall& c) {
  if (c.flag_attr("is_training", false))
    c.refuse("is in training mode, where the result depends on the batch",
             "export the model for inference");
  return {
      c.b.apply(batch_normalization_op, {c.x(0), c.x(3), c.x(4), c.x(1), c.x(2)},
                {{"axis", is_nchw(c) ? 1.0 : -1.0}, {"epsilon", c.number_attr("epsilon", 1e-4)}})};
}

// Krizhevsky et al. 2012: x / (bias + alpha * sum of x^2 over 2 * radius + 1 channels)^beta.
// The sum is an average pool over channels that lie along the height of images of one column.
Operands local_response(const OpCall& c) {
  Builder& b = c.b;
  Operand x = c.x();
  const Shape& s = x.shape();
  if (s.rank() != 4) c.refuse("the input must be images", "[batch, height, width, channels]");
  int radius = c.integer_attr("depth_radius", 5);
  if (radius < 0 || radius > 1 << 20) c.refuse("depth_radius must be 0 or more", "5");
  int taps = 2 * radius + 1;
  Operand squares = b.reshape(b.apply(square_op, {x}), {int(s.count(0, 3)), s[3], 1, 1});
  Operand padded = b.apply(
      pad_op, {squares},
      {{"beginningPadding", Ints{0, radius, 0, 0}}, {"endingPadding", Ints{0, radius, 0, 0}}});
  Operand means = pool2d(b, average_pool2d_op, padded, {taps, 1}, WindowOptions{});
  Operand base =
      b.apply(linear_op, {b.reshape(means, s)},
              {{"alpha", c.number_attr("alpha", 1) * taps}, {"beta", c.number_attr("bias", 1)}});
  Operand power = b.apply(pow_op, {base, b.scalar(-c.number_attr("beta", 0.5))});
  return {b.apply(mul_op, {x, power})};
}

Operands resize_row(const OpCall& c) {
  Ints sizes = c.ints(1, "the size");
  if (sizes.size() != 2) c.refuse("the size must be two numbers", "[height, width]");
  Resize how{c.node.op == "ResizeBilinear", c.flag_attr("align_corners", false),
             c.flag_attr("half_pixel_centers", false)};
  return {resize(c.b, c.x(), sizes[0], sizes[1], how)};
}

// Shapes.

Ints sizes_of(Operand x) {
  return {x.shape().begin(), x.shape().end()};
}

// A shape from a tensor or an attribute: sizes of 0 or more.
Shape shape_from(const OpCall& c, const Ints& sizes) {
  if (sizes.size() > Shape::max_rank) c.refuse("the shape has too many sizes", "at most 8");
  for (int size : sizes)
    if (size < 0) c.refuse("the shape has a negative size", "sizes of 0 or more");
  return Shape(std::span(sizes));
}

Operands shape_row(const OpCall& c) {
  return {c.b.ints({c.x().rank()}, sizes_of(c.x()))};
}

Operands shapes_row(const OpCall& c) {
  Operands all;
  for (Operand x : c.in) all.push_back(c.b.ints({x.rank()}, sizes_of(x)));
  return all;
}

Operands rank_row(const OpCall& c) {
  return {c.b.ints({}, {c.x().rank()})};
}

Operands size_row(const OpCall& c) {
  return {c.b.ints({}, {int(c.x().shape().count())})};
}

Operands reshape_row(const OpCall& c) {
  return {reshape_to(c.b, c.x(), c.has(1) ? c.ints(1, "the shape") : c.ints_attr("shape"))};
}

Operands expand_dims_row(const OpCall& c) {
  return {expand_dims(c.b, c.x(), c.has(1) ? c.integer(1, "the axis") : c.integer_attr("dim", 0))};
}

Operands squeeze_row(const OpCall& c) {
  return {squeeze(c.b, c.x(), c.ints_attr(c.has_attr("squeeze_dims") ? "squeeze_dims" : "axis"))};
}

Operands transpose_row(const OpCall& c) {
  Ints order;
  if (c.has(1)) {
    order = c.ints(1, "the permutation");
  } else {
    for (int i = c.x().rank(); i-- > 0;) order.push_back(i);
  }
  return {reorder(c.b, c.x(), order)};
}

Operands concat_v2(const OpCall& c) {
  if (c.in.size() < 2) c.refuse("has nothing to join", "at least one input and an axis");
  return {join(c.b, {c.in.begin(), c.in.end() - 1}, c.integer(c.in.size() - 1, "the axis"))};
}

Operands concat_v1(const OpCall& c) {
  if (c.in.size() < 2) c.refuse("has nothing to join", "an axis and at least one input");
  return {join(c.b, {c.in.begin() + 1, c.in.end()}, c.integer(0, "the axis"))};
}

Operands pack(const OpCall& c) {
  c.x();
  return {stack(c.b, c.in, c.integer_attr("axis", 0))};
}

Operands unpack(const OpCall& c) {
  return unstack(c.b, c.x(), c.integer_attr("axis", 0));
}

Operands split(const OpCall& c) {
  int axis = axis_from(c.integer(0, "the axis"), c.x(1).rank());
  int n = c.integer_attr("num_split", 1), size = c.x(1).shape()[axis];
  if (n < 1 || n > most_parts || size % n != 0)
    c.refuse(phrase({"cannot split an axis of ", size, " into ", n}), "equal parts");
  return split_into(c.b, c.x(1), Ints(size_t(n), size / n), axis);
}

Operands split_v(const OpCall& c) {
  int axis = axis_from(c.integer(2, "the axis"), c.x().rank());
  Ints sizes = c.ints(1, "the sizes");
  int64_t rest = c.x().shape()[axis];
  for (int size : sizes) rest -= size == -1 ? 0 : size;
  for (int& size : sizes)
    if (size == -1) size = int(std::clamp<int64_t>(rest, 0, most_int)), rest = 0;
  return split_into(c.b, c.x(), sizes, axis);
}

Operands slice_row(const OpCall& c) {
  return {slice(c.b, c.x(), c.ints(1, "the beginning"), c.ints(2, "the size"))};
}

Operands strided_slice_row(const OpCall& c) {
  Ints begin = c.ints(1, "the beginning");
  Ints step = c.has(3) ? c.ints(3, "the strides") : Ints(begin.size(), 1);
  auto mask = [&](Text name) { return uint32_t(c.integer_attr(name, 0)); };
  return {strided_slice(c.b, c.x(), begin, c.ints(2, "the end"), step,
                        {mask("begin_mask"), mask("end_mask"), mask("ellipsis_mask"),
                         mask("new_axis_mask"), mask("shrink_axis_mask")})};
}

Operands pad_row(const OpCall& c) {
  return {pad(c.b, c.x(), c.ints(1, "the padding"), c.has(2) ? c.number(2, "the value") : 0)};
}

Operands mirror_pad(const OpCall& c) {
  std::string mode = c.text_attr("mode", "REFLECT");
  if (mode != "REFLECT" && mode != "SYMMETRIC")
    c.refuse(phrase({"the mode ", in_quotes(mode), " cannot be loaded"}), "REFLECT or SYMMETRIC");
  return {
      pad(c.b, c.x(), c.ints(1, "the padding"), 0, mode == "REFLECT" ? "reflection" : "symmetric")};
}

Operands tile_row(const OpCall& c) {
  return {c.b.apply(tile_op, {c.x()}, {{"repetitions", c.ints(1, "the multiples")}})};
}

Operands broadcast_to(const OpCall& c) {
  return {c.b.apply(expand_op, {c.x()}, {{"newShape", c.ints(1, "the shape")}})};
}

Operands reverse_row(const OpCall& c) {
  Ints axes = c.ints(1, "the axes");
  if (axes.empty()) return {c.x()};
  return {c.b.apply(reverse_op, {c.x()}, {{"axes", axes}})};
}

Operands fill(const OpCall& c) {
  Shape shape = shape_from(c, c.ints(0, "the shape"));
  return {c.b.apply(expand_op, {c.b.reshape(c.x(1), {})},
                    {{"newShape", Ints(shape.begin(), shape.end())}})};
}

Operands zeros_like(const OpCall& c) {
  return {c.b.filled(c.x().type(), 0)};
}

Operands ones_like(const OpCall& c) {
  return {c.b.filled(c.x().type(), 1)};
}

Operands range(const OpCall& c) {
  double start = c.number(0, "the start"), limit = c.number(1, "the limit");
  double delta = c.number(2, "the step");
  double count = std::ceil((limit - start) / delta);
  if (!(count <= most_numbers))
    c.refuse("the range is too long, or has a step of 0", "a step of 1");
  std::vector<float> floats;
  std::vector<int> ints;
  for (double i = 0; i < count; ++i) {
    floats.push_back(float(start + i * delta));
    ints.push_back(int(std::clamp(start + i * delta, -2147483648.0, 2147483647.0)));
  }
  bool whole = c.x(0).dtype() != DType::f32 && c.x(2).dtype() != DType::f32;
  Shape shape{int(floats.size())};
  return {whole ? c.b.ints(shape, ints) : c.b.numbers(shape, floats)};
}

// `count` numbers from start to stop, both included.
Operands lin_space(const OpCall& c) {
  double start = c.number(0, "the start"), stop = c.number(1, "the stop");
  double count = c.number(2, "the count");
  if (!(count >= 1 && count <= most_numbers))
    c.refuse("the list is empty or too long", "a count of 1");
  std::vector<float> numbers;
  for (double i = 0; i < std::floor(count); ++i)
    numbers.push_back(float(count < 2 ? start : start + (stop - start) * i / (count - 1)));
  return {c.b.numbers({int(numbers.size())}, numbers)};
}

// Blocks of pixels and channels or batches.

Operands depth_to_space_row(const OpCall& c) {
  int block = c.integer_attr("block_size", 2);
  return {as_saved(c, c.b.apply(depth_to_space_op, {image(c)}, {{"blockSize", double(block)}}))};
}

Operands space_to_depth(const OpCall& c) {
  int n = c.integer_attr("block_size", 2);
  Operand x = image(c);
  const Shape& s = x.shape();
  if (n < 1 || s[1] % n || s[2] % n)
    c.refuse(phrase({"the image must divide into blocks of ", n}), "another size");
  Operand blocks = c.b.reshape(x, {s[0], s[1] / n, n, s[2] / n, n, s[3]});
  return {as_saved(
      c, c.b.reshape(c.b.transpose(blocks, {0, 1, 3, 2, 4, 5}),
                     {s[0], s[1] / n, s[2] / n, int(size_t(n) * size_t(n) * size_t(s[3]))}))};
}

// Block sizes and the pairs of numbers that go with them.
struct Blocks {
  Ints sizes, pairs;
};

Blocks blocks_of(const OpCall& c) {
  Blocks blocks{c.ints(1, "the block"), c.ints(2, "the padding or crops")};
  size_t n = blocks.sizes.size();
  bool fits = int(n) < c.x().rank() && blocks.pairs.size() == 2 * n && c.x().rank() + int(n) <= 8;
  for (int size : blocks.sizes) fits = fits && size > 0;
  for (int size : blocks.pairs) fits = fits && size >= 0;
  if (!fits) c.refuse("the block does not fit the input", "one size above 0 an axis");
  return blocks;
}

Operands space_to_batch(const OpCall& c) {
  auto [block, pads] = blocks_of(c);
  int n = int(block.size()), rank = c.x().rank();
  Ints before(size_t(rank), 0), after(size_t(rank), 0);
  for (int i = 0; i < n; ++i) {
    before[size_t(i) + 1] = pads[2 * size_t(i)];
    after[size_t(i) + 1] = pads[2 * size_t(i) + 1];
  }
  Operand x = c.b.apply(pad_op, {c.x()}, {{"beginningPadding", before}, {"endingPadding", after}});
  const Shape s = x.shape();
  Shape apart{s[0]}, result = s;
  std::vector<int> order;
  int64_t batch = s[0];
  for (int i = 0; i < n; ++i) {
    int size = block[size_t(i)];
    if (s[i + 1] % size) c.refuse("the input must divide into blocks", "more padding");
    apart.push_back(s[i + 1] / size);
    apart.push_back(size);
    result[i + 1] = s[i + 1] / size;
    batch = std::min<int64_t>(batch * size, int64_t{most_int} + 1);
    order.push_back(2 * i + 2);
  }
  if (batch > most_int) c.refuse("the batch grows too large", "smaller blocks");
  result[0] = int(batch);
  order.push_back(0);
  for (int i = 0; i < n; ++i) order.push_back(2 * i + 1);
  for (int i = n + 1; i < rank; ++i) {
    apart.push_back(s[i]);
    order.push_back(i + n);
  }
  return {c.b.reshape(c.b.transpose(c.b.reshape(x, apart), order), result)};
}

Operands batch_to_space(const OpCall& c) {
  auto [block, crops] = blocks_of(c);
  int n = int(block.size()), rank = c.x().rank();
  const Shape& s = c.x().shape();
  int64_t product = 1;
  for (int size : block) product = std::min<int64_t>(product * size, most_int);
  if (s[0] % product) c.refuse("the batch must divide into blocks", "another block");
  Shape apart, joined = s;
  for (int size : block) apart.push_back(size);
  apart.push_back(int(s[0] / product));
  joined[0] = int(s[0] / product);
  std::vector<int> order{n};
  for (int i = 1; i < rank; ++i) {
    apart.push_back(s[i]);
    order.push_back(n + i);
    if (i > n) continue;
    order.push_back(i - 1);
    int64_t size = int64_t{s[i]} * block[size_t(i) - 1];
    if (size > most_int) c.refuse("the output grows too large", "smaller blocks");
    joined[i] = int(size);
  }
  Operand x = c.b.reshape(c.b.transpose(c.b.reshape(c.x(), apart), order), joined);
  Ints starts(size_t(rank), 0), sizes = sizes_of(x);
  for (size_t i = 0; i < size_t(n); ++i) {
    starts[i + 1] = crops[2 * i];
    int64_t left = int64_t{sizes[i + 1]} - crops[2 * i] - crops[2 * i + 1];
    if (left < 0) c.refuse("the crops leave nothing", "smaller crops");
    sizes[i + 1] = int(left);
  }
  return {c.b.apply(slice_op, {x}, {{"starts", starts}, {"sizes", sizes}})};
}

// Picking and placing by index.

Operand as_index(const OpCall& c, size_t i) {
  return c.b.cast(c.x(i), DType::i32);
}

// Rows of the first axes, `batch` of them, pick from their own part of the input. Parts are laid
// one after the other, so that one gather along the first axis serves all.
Operand batched_gather(const OpCall& c, int batch, int axis) {
  Builder& b = c.b;
  const Shape &s = c.x().shape(), &picked = c.x(1).shape();
  bool fits = batch <= axis && batch <= picked.rank();
  for (int i = 0; i < batch && fits; ++i) fits = s[i] == picked[i];
  if (!fits) c.refuse("the batches of the input and the indices differ", "equal sizes in front");
  int parts = int(s.count(0, batch)), outer = int(s.count(batch, axis)), size = s[axis];
  int inner = int(s.count(axis + 1, s.rank())), each = int(picked.count(batch, picked.rank()));
  if (parts > most_numbers || int64_t{parts} * size > most_int)
    c.refuse("the input is too large", "a smaller batch");
  Operand x = b.transpose(b.reshape(c.x(), {parts, outer, size, inner}), {0, 2, 1, 3});
  Ints first;
  for (int i = 0; i < parts; ++i) first.push_back(i * size);
  Operand indices = b.reshape(as_index(c, 1), {parts, each});
  indices = b.apply(add_op, {clamp(b, indices, 0, size - 1), b.ints({parts, 1}, first)});
  Operand y = b.apply(gather_op, {b.reshape(x, {parts * size, outer, inner}), indices});
  Shape shape;
  for (int i = 0; i < axis; ++i) shape.push_back(s[i]);
  for (int i = batch; i < picked.rank(); ++i) shape.push_back(picked[i]);
  for (int i = axis + 1; i < s.rank(); ++i) shape.push_back(s[i]);
  return b.reshape(b.transpose(y, {0, 2, 1, 3}), shape);
}

Operands gather_row(const OpCall& c) {
  int batch = c.integer_attr("batch_dims", 0);
  if (batch < 0) batch += c.x(1).rank();
  int axis = c.has(2) ? axis_from(c.integer(2, "the axis"), c.x().rank()) : 0;
  if (batch > 0) return {batched_gather(c, batch, axis)};
  return {c.b.apply(gather_op, {c.x(), as_index(c, 1)}, {{"axis", double(axis)}})};
}

Operands gather_nd_row(const OpCall& c) {
  return {c.b.apply(gather_nd_op, {c.x(), as_index(c, 1)})};
}

Operands scatter_nd_row(const OpCall& c) {
  Shape shape = shape_from(c, c.ints(2, "the shape"));
  Operand zeros = c.b.filled({c.x(1).dtype(), shape}, 0);
  Operand indices = as_index(c, 0);
  // TF.js reads a list of indices as a list of places along the first axis.
  if (indices.rank() == 1) indices = c.b.reshape(indices, {indices.shape()[0], 1});
  return {c.b.apply(scatter_nd_op, {zeros, indices, c.x(1)}, {{"reduction", std::string("add")}})};
}

Operands scatter_update(const OpCall& c) {
  return {c.b.apply(scatter_nd_op, {c.x(0), as_index(c, 1), c.x(2)})};
}

// A default value everywhere but at the indices: a number, a list of numbers, or of places.
Operands sparse_to_dense(const OpCall& c) {
  Shape shape = shape_from(c, c.ints(1, "the shape"));
  Operand indices = as_index(c, 0), values = c.x(2);
  Ints full(shape.begin(), shape.end());
  Operand blank = c.has(3) ? c.b.apply(expand_op, {c.b.reshape(c.x(3), {})}, {{"newShape", full}})
                           : c.b.filled({values.dtype(), shape}, 0);
  if (indices.rank() < 2) indices = c.b.reshape(indices, {int(indices.shape().count()), 1});
  if (values.rank() == 0)
    values = c.b.apply(expand_op, {values}, {{"newShape", Ints{indices.shape()[0]}}});
  return {c.b.apply(scatter_nd_op, {blank, indices, values})};
}

Operands one_hot_row(const OpCall& c) {
  int depth = c.integer(1, "the depth"), rank = c.x().rank();
  DType type = c.type_attr("dtype", c.type_attr("T", DType::f32));
  Operand y = c.b.apply(one_hot_op, {as_index(c, 0)},
                        {{"depth", double(depth)},
                         {"onValue", c.number(2, "the value of ones")},
                         {"offValue", c.number(3, "the value of zeros")},
                         {"type", std::string(to_string(type))}});
  int axis = axis_from(c.integer_attr("axis", -1), rank + 1);
  std::vector<int> order;
  for (int i = 0; i < rank; ++i) order.push_back(i);
  order.insert(order.begin() + axis, rank);
  return {c.b.transpose(y, order)};
}

Operands top_k_row(const OpCall& c) {
  int k = c.has(1) ? c.integer(1, "k") : c.integer_attr("k", 1);
  const Shape& s = c.x().shape();
  if (!c.flag_attr("sorted", true) && s.rank() > 0 && k == s.back() && k <= most_numbers) {
    // All, as they are.
    Ints places(static_cast<size_t>(k));
    std::iota(places.begin(), places.end(), 0);
    return {c.x(), c.b.apply(expand_op, {c.b.ints({k}, places)},
                             {{"newShape", Ints(s.begin(), s.end())}})};
  }
  return c.b.apply_all(top_k_op, {c.x()}, {{"k", double(k)}});
}

// Bilinear or nearest crops of images: boxes [n, 4] are y1, x1, y2, x2 from 0 to 1, and each is
// cut out of the image that box_indices names and brought to one size.
class Crops {
 public:
  explicit Crops(const OpCall& c) : c_(c), b_(c.b), image_(as_float(b_, c.x(0))) {
    Operand boxes = c.x(1);
    Ints size = c.ints(3, "the crop size");
    auto is_good = [](int n) { return n > 0 && n <= most_parts; };
    if (image_.rank() != 4 || boxes.rank() != 2 || boxes.shape()[1] != 4 || size.size() != 2 ||
        c.x(2).rank() != 1 || c.x(2).shape()[0] != boxes.shape()[0] || !is_good(size[0]) ||
        !is_good(size[1]) || image_.shape()[1] < 1 || image_.shape()[2] < 1)
      c.refuse("the images, boxes or sizes do not fit", "images, [n, 4], [n] and [height, width]");
    n_ = boxes.shape()[0], height_ = size[0], width_ = size[1];
  }

  Operand operator()() {
    std::string method = c_.text_attr("method", "bilinear");
    if (method != "bilinear" && method != "nearest")
      c_.refuse(phrase({"the method ", in_quotes(method), " cannot be loaded"}),
                "bilinear or nearest");
    Operand y = places(0, image_.shape()[1], height_, {n_, height_, 1});
    Operand x = places(1, image_.shape()[2], width_, {n_, 1, width_});
    Operand inside =
        b_.apply(logical_and_op, {within(y, image_.shape()[1]), within(x, image_.shape()[2])});
    Operand result;
    if (method == "nearest") {
      result = pixels(rounded(y), rounded(x));
    } else {
      Operand top = b_.apply(floor_op, {y}), left = b_.apply(floor_op, {x});
      Operand bottom = b_.apply(ceil_op, {y}), right = b_.apply(ceil_op, {x});
      Operand across = with_channel(b_.apply(sub_op, {x, left}));
      Operand above = between(pixels(top, left), pixels(top, right), across);
      Operand below = between(pixels(bottom, left), pixels(bottom, right), across);
      result = between(above, below, with_channel(b_.apply(sub_op, {y, top})));
    }
    Operand outside = b_.scalar(c_.number_attr("extrapolation_value", 0));
    return b_.apply(where_op, {with_channel(inside), result, outside});
  }

 private:
  // Where the rows or columns of the crops lie in the image: from the first to the second edge of
  // the box in even steps, or in its middle if there is one only.
  Operand places(int edge, int size, int count, const Shape& shape) {
    Operand low = column(edge), high = column(edge + 2);
    double last = size - 1;
    if (count == 1) {
      Operand middle = b_.apply(linear_op, {b_.apply(add_op, {low, high})}, {{"alpha", last / 2}});
      return b_.reshape(middle, shape);
    }
    std::vector<float> steps;
    for (int i = 0; i < count; ++i) steps.push_back(float(i * last / (count - 1)));
    Operand along =
        b_.apply(mul_op, {b_.apply(sub_op, {high, low}), b_.numbers({1, count}, steps)});
    Operand start = b_.apply(linear_op, {low}, {{"alpha", last}});
    return b_.reshape(b_.apply(add_op, {start, along}), shape);
  }

  Operand column(int i) {
    return b_.apply(slice_op, {c_.x(1)}, {{"starts", Ints{0, i}}, {"sizes", Ints{n_, 1}}});
  }

  Operand within(Operand place, int size) {
    return b_.apply(logical_and_op, {b_.apply(greater_or_equal_op, {place, b_.scalar(0)}),
                                     b_.apply(lesser_or_equal_op, {place, b_.scalar(size - 1)})});
  }

  Operand rounded(Operand place) {
    return b_.apply(floor_op, {b_.apply(linear_op, {place}, {{"beta", 0.5}})});
  }

  // The pixels [n, height, width, channels] at rows [n, height, 1] and columns [n, 1, width].
  Operand pixels(Operand rows, Operand columns) {
    Ints full{n_, height_, width_};
    Operands indices;
    Operand images = b_.reshape(b_.cast(c_.x(2), DType::i32), {n_, 1, 1});
    Operand parts[] = {images, b_.cast(clamp(b_, rows, 0, image_.shape()[1] - 1), DType::i32),
                       b_.cast(clamp(b_, columns, 0, image_.shape()[2] - 1), DType::i32)};
    for (Operand part : parts)
      indices.push_back(
          b_.reshape(b_.apply(expand_op, {part}, {{"newShape", full}}), {n_, height_, width_, 1}));
    return b_.apply(gather_nd_op, {image_, b_.apply(concat_op, indices, {{"axis", 3.0}})});
  }

  Operand between(Operand from, Operand to, Operand part) {
    Operand way = b_.apply(mul_op, {b_.apply(sub_op, {to, from}), part});
    return b_.apply(add_op, {from, way});
  }

  Operand with_channel(Operand x) {
    Shape shape = x.shape();
    shape.push_back(1);
    return b_.reshape(x, shape);
  }

  const OpCall& c_;
  Builder& b_;
  Operand image_;
  int n_ = 0, height_ = 0, width_ = 0;
};

Operands crop_and_resize(const OpCall& c) {
  return {Crops(c)()};
}

// Sums of products as an equation: "bij,bjk->bik". Letters of both inputs that the result has are
// batches, those that it has not are summed over; what remains is a matrix product.
class Einsum {
 public:
  explicit Einsum(const OpCall& c) : c_(c), b_(c.b) {
    std::string text;
    for (char letter : c.text_attr("equation", ""))
      if (letter != ' ') text += letter;
    size_t arrow = text.find("->");
    if (arrow == text.npos) refuse();
    out_ = text.substr(arrow + 2);
    std::string left = text.substr(0, arrow);
    size_t comma = left.find(',');
    names_[0] = left.substr(0, comma);
    bool two = comma != left.npos;
    if (two) names_[1] = left.substr(comma + 1);
    if (c.in.size() != (two ? 2u : 1u)) refuse();
    for (size_t i = 0; i < c.in.size(); ++i) {
      x_[i] = c.x(i);
      if (int(names_[i].size()) != x_[i].rank()) refuse();
      for (size_t k = 0; k < names_[i].size(); ++k) {
        char letter = names_[i][k];
        if (!std::isalpha(uint8_t(letter)) || names_[i].find(letter, k + 1) != std::string::npos)
          refuse();
        int size = x_[i].shape()[int(k)];
        auto known = sizes_.emplace(letter, size).first->second;
        if (known != size) refuse();
      }
    }
    for (char letter : out_)
      if (!sizes_.contains(letter) || std::count(out_.begin(), out_.end(), letter) > 1) refuse();
  }

  Operand operator()() {
    for (size_t i = 0; i < c_.in.size(); ++i) sum_alone(i);
    if (c_.in.size() == 1) return ordered(x_[0], names_[0], out_);
    std::string batch, summed, free[2];
    for (char letter : names_[0]) {
      bool both = names_[1].find(letter) != std::string::npos;
      bool kept = out_.find(letter) != std::string::npos;
      (both ? (kept ? batch : summed) : free[0]) += letter;
    }
    for (char letter : names_[1])
      if (names_[0].find(letter) == std::string::npos) free[1] += letter;
    Operand a = b_.reshape(ordered(x_[0], names_[0], batch + free[0] + summed),
                           {count(batch), count(free[0]), count(summed)});
    Operand b = b_.reshape(ordered(x_[1], names_[1], batch + summed + free[1]),
                           {count(batch), count(summed), count(free[1])});
    std::string result = batch + free[0] + free[1];
    Shape shape;
    for (char letter : result) shape.push_back(sizes_[letter]);
    Operand product = b_.apply(matmul_op, {as_float(b_, a), as_float(b_, b)});
    return ordered(b_.reshape(product, shape), result, out_);
  }

 private:
  [[noreturn]] void refuse() const {
    c_.refuse(
        phrase({"the equation ", in_quotes(c_.text_attr("equation", "")), " cannot be loaded"}),
        "one or two inputs whose letters differ: bij,bjk->bik");
  }

  // Sums over the letters that only this input has and the result lacks.
  void sum_alone(size_t i) {
    Ints axes;
    std::string left;
    for (size_t k = 0; k < names_[i].size(); ++k) {
      char letter = names_[i][k];
      bool needed =
          out_.find(letter) != std::string::npos || names_[1 - i].find(letter) != std::string::npos;
      if (needed)
        left += letter;
      else
        axes.push_back(int(k));
    }
    x_[i] = reduce(b_, reduce_sum_op, x_[i], axes, false);
    names_[i] = left;
  }

  Operand ordered(Operand x, const std::string& from, const std::string& to) {
    std::vector<int> order;
    for (char letter : to) order.push_back(int(from.find(letter)));
    return b_.transpose(x, order);
  }

  int count(const std::string& letters) {
    double product = 1;
    for (char letter : letters) product *= sizes_[letter];
    if (product > most_int) refuse();
    return int(product);
  }

  const OpCall& c_;
  Builder& b_;
  std::string names_[2], out_;
  Operand x_[2];
  std::map<char, int> sizes_;
};

Operands einsum(const OpCall& c) {
  return {Einsum(c)()};
}

const OpRow rows[] = {
    {"Abs", unary_number, &abs_op},
    {"Acos", unary_float, &acos_op},
    {"Acosh", unary_float, &acosh_op},
    {"Add", binary_op, &add_op},
    {"AddN", add_n},
    {"AddV2", binary_op, &add_op},
    {"All", reduce_truth, &reduce_min_op},
    {"Any", reduce_truth, &reduce_max_op},
    {"ArgMax", arg_reduce, &arg_max_op},
    {"ArgMin", arg_reduce, &arg_min_op},
    {"Asin", unary_float, &asin_op},
    {"Asinh", unary_float, &asinh_op},
    {"Assert", nothing},
    {"Atan", unary_float, &atan_op},
    {"Atan2", binary_op, &atan2_op},
    {"Atanh", unary_float, &atanh_op},
    {"AvgPool", pool_row, &average_pool2d_op},
    {"BatchMatMul", batch_matmul},
    {"BatchMatMulV2", batch_matmul},
    {"BatchMatMulV3", batch_matmul},
    {"BatchToSpaceND", batch_to_space},
    {"BiasAdd", bias_add},
    {"BiasAddV1", bias_add},
    {"BroadcastTo", broadcast_to},
    {"Cast", cast},
    {"Ceil", unary_number, &ceil_op},
    {"CheckNumerics", identity},
    {"ClipByValue", clip},
    {"Concat", concat_v1},
    {"ConcatV2", concat_v2},
    {"Conv2D", conv2d_row},
    {"Conv2DBackpropInput", conv_transpose_row},
    {"Cos", unary_float, &cos_op},
    {"Cosh", unary_float, &cosh_op},
    {"CropAndResize", crop_and_resize},
    {"Cumsum", cumulative_sum},
    {"DepthToSpace", depth_to_space_row},
    {"DepthwiseConv2d", depthwise_row},
    {"DepthwiseConv2dNative", depthwise_row},
    {"Div", divide},
    {"DivNoNan", divide_no_nan},
    {"Einsum", einsum},
    {"Elu", unary_float, &elu_op},
    {"Equal", comparison, &equal_op},
    {"Erf", unary_float, &erf_op},
    {"EuclideanNorm", euclidean_norm},
    {"Exp", unary_float, &exp_op},
    {"ExpandDims", expand_dims_row},
    {"Expm1", unary_float, &expm1_op},
    {"FakeQuantWithMinMaxVars", identity},
    {"Fill", fill},
    {"Floor", unary_number, &floor_op},
    {"FloorDiv", floor_div},
    {"FloorMod", binary_op, &mod_op},
    {"FusedBatchNorm", batch_norm},
    {"FusedBatchNormV2", batch_norm},
    {"FusedBatchNormV3", batch_norm},
    {"FusedDepthwiseConv2dNative", depthwise_row},
    {"Gather", gather_row},
    {"GatherNd", gather_nd_row},
    {"GatherV2", gather_row},
    {"Greater", comparison, &greater_op},
    {"GreaterEqual", comparison, &greater_or_equal_op},
    {"Identity", identity},
    {"IdentityN", identities},
    {"Inv", unary_float, &reciprocal_op},
    {"IsFinite", unary_float, &is_finite_op},
    {"IsInf", unary_float, &is_infinite_op},
    {"IsNan", unary_float, &is_nan_op},
    {"LRN", local_response},
    {"LeakyRelu", leaky_relu},
    {"Less", comparison, &lesser_op},
    {"LessEqual", comparison, &lesser_or_equal_op},
    {"LinSpace", lin_space},
    {"Log", unary_float, &log_op},
    {"Log1p", unary_float, &log1p_op},
    {"LogSoftmax", log_softmax},
    {"LogicalAnd", comparison, &logical_and_op},
    {"LogicalNot", unary, &logical_not_op},
    {"LogicalOr", comparison, &logical_or_op},
    {"MatMul", matmul_row},
    {"Max", reduce_row, &reduce_max_op},
    {"MaxPool", pool_row, &max_pool2d_op},
    {"Maximum", binary_op, &max_op},
    {"Mean", mean},
    {"Min", reduce_row, &reduce_min_op},
    {"Minimum", binary_op, &min_op},
    {"MirrorPad", mirror_pad},
    {"Mod", binary_op, &mod_op},
    {"Mul", binary_op, &mul_op},
    {"Neg", unary_number, &neg_op},
    {"NoOp", nothing},
    {"NotEqual", comparison, &not_equal_op},
    {"OneHot", one_hot_row},
    {"OnesLike", ones_like},
    {"Pack", pack},
    {"Pad", pad_row},
    {"PadV2", pad_row},
    {"PlaceholderWithDefault", identity},
    {"Pow", binary_op, &pow_op},
    {"Prelu", binary_op, &prelu_op},
    {"PreventGradient", identity},
    {"Prod", reduce_row, &reduce_product_op},
    {"Range", range},
    {"Rank", rank_row},
    {"RealDiv", divide},
    {"Reciprocal", unary_float, &reciprocal_op},
    {"Relu", unary_number, &relu_op},
    {"Relu6", relu6},
    {"Reshape", reshape_row},
    {"ResizeBilinear", resize_row},
    {"ResizeNearestNeighbor", resize_row},
    {"Reverse", reverse_row},
    {"ReverseV2", reverse_row},
    {"Round", unary_number, &round_even_op},
    {"Rsqrt", unary_float, &rsqrt_op},
    {"ScatterNd", scatter_nd_row},
    {"Select", select},
    {"SelectV2", select},
    {"Selu", unary_float, &selu_op},
    {"Shape", shape_row},
    {"ShapeN", shapes_row},
    {"Sigmoid", unary_float, &sigmoid_op},
    {"Sign", unary_number, &sign_op},
    {"Sin", unary_float, &sin_op},
    {"Sinh", unary_float, &sinh_op},
    {"Size", size_row},
    {"Slice", slice_row},
    {"Snapshot", identity},
    {"Softmax", unary_float, &softmax_op},
    {"Softplus", unary_float, &softplus_op},
    {"Softsign", unary_float, &softsign_op},
    {"SpaceToBatchND", space_to_batch},
    {"SpaceToDepth", space_to_depth},
    {"SparseToDense", sparse_to_dense},
    {"Split", split},
    {"SplitV", split_v},
    {"Sqrt", unary_float, &sqrt_op},
    {"Square", unary_number, &square_op},
    {"SquaredDifference", binary_op, &squared_difference_op},
    {"Squeeze", squeeze_row},
    {"StopGradient", identity},
    {"StridedSlice", strided_slice_row},
    {"Sub", binary_op, &sub_op},
    {"Sum", reduce_row, &reduce_sum_op},
    {"Tan", unary_float, &tan_op},
    {"Tanh", unary_float, &tanh_op},
    {"TensorScatterUpdate", scatter_update},
    {"Tile", tile_row},
    {"TopK", top_k_row},
    {"TopKV2", top_k_row},
    {"Transpose", transpose_row},
    {"Unpack", unpack},
    {"ZerosLike", zeros_like},
    {"_FusedConv2D", conv2d_row},
    {"_FusedMatMul", matmul_row},
};

// The first 23 of TensorFlow's DataTypes that a TF.js model can have, by number and name.
struct TypeName {
  int number;
  Text name;
  DType dtype;
};
constexpr TypeName types[] = {
    {1, "DT_FLOAT", DType::f32}, {2, "DT_DOUBLE", DType::f32},    {3, "DT_INT32", DType::i32},
    {4, "DT_UINT8", DType::i32}, {5, "DT_INT16", DType::i32},     {6, "DT_INT8", DType::i32},
    {9, "DT_INT64", DType::i32}, {10, "DT_BOOL", DType::boolean}, {17, "DT_UINT16", DType::i32},
    {19, "DT_HALF", DType::f32},
};

// Bytes from base64 (RFC 4648), with or without padding at the end.
std::string decode_base64(const Field& field) {
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  for (char c : field.text()) {
    int digit = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a' + 26
                : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '+' || c == '-' ? 62
                : c == '/' || c == '_' ? 63
                                       : -1;
    if (c == '=') break;
    if (digit < 0) field.refuse("must be base64", "a file that a converter wrote");
    bits = bits << 6 | uint32_t(digit);
    held += 6;
    if (held >= 8) bytes += char(bits >> (held -= 8) & 255);
  }
  return bytes;
}

std::string string_of(const Field& field) {
  if (!field.is_list()) return decode_base64(field);
  std::string text;
  for (int code : field.integers()) text += char(code);
  return text;
}

// An integer, which the format also writes as a string; 64-bit ones are brought into 32 bits.
int integer_of(const Field& field) {
  double value = 0;
  if (field.is_text()) {
    int64_t whole = 0;
    const std::string& text = field.text();
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error != std::errc() || end != text.data() + text.size())
      field.refuse("must be an integer", "a file that a converter wrote");
    value = double(whole);
  } else {
    value = field.number();
  }
  return int(std::clamp(value, -2147483648.0, 2147483647.0));
}

}  // namespace

Operand OpCall::x(size_t i) const {
  if (i >= in.size() || !in[i])
    refuse(phrase({"lacks its input ", i}), "a file that a converter wrote");
  return in[i];
}

Operand OpCall::constant(size_t i, Text what) const {
  Operand operand = x(i);
  if (!operand.is_constant())
    refuse(phrase({what, " must be known before the model runs"}),
           "a model whose shapes follow from the sizes of its inputs");
  return operand;
}

Ints OpCall::ints(size_t i, Text what) const {
  return integers_of(constant(i, what));
}

double OpCall::number(size_t i, Text what) const {
  auto values = elements_of(constant(i, what));
  if (values.size() != 1) refuse(phrase({what, " must be one number"}), "a scalar");
  return values[0];
}

int OpCall::integer(size_t i, Text what) const {
  Ints values = ints(i, what);
  if (values.size() != 1) refuse(phrase({what, " must be one number"}), "a scalar");
  return values[0];
}

int OpCall::integer_attr(Text name, int otherwise) const {
  Field field = attr(name);
  if (!field) return otherwise;
  Field value = field.get("i");
  return value ? integer_of(value) : 0;  // protocol buffers leave out zeros
}

double OpCall::number_attr(Text name, double otherwise) const {
  Field field = attr(name);
  if (!field) return otherwise;
  Field value = field.get("f");
  if (!value) return 0;
  if (!value.is_text()) return value.number();
  if (value.text() == "Infinity") return infinity;
  if (value.text() == "-Infinity") return -infinity;
  value.refuse("must be a number", "a file that a converter wrote");
}

bool OpCall::flag_attr(Text name, bool otherwise) const {
  Field field = attr(name);
  return field ? field.get("b").flag_or(false) : otherwise;
}

std::string OpCall::text_attr(Text name, Text otherwise) const {
  Field value = attr(name).get("s");
  return value ? string_of(value) : std::string(otherwise);
}

DType OpCall::type_attr(Text name, DType otherwise) const {
  Field value = attr(name).get("type");
  return value ? tensor_type(value) : otherwise;
}

Ints OpCall::ints_attr(Text name) const {
  Ints values;
  if (Field list = attr(name).get("list").get("i"))
    for (const Field& item : list.items()) values.push_back(integer_of(item));
  return values;
}

std::vector<std::string> OpCall::texts_attr(Text name) const {
  std::vector<std::string> values;
  if (Field list = attr(name).get("list").get("s"))
    for (const Field& item : list.items()) values.push_back(string_of(item));
  return values;
}

void OpCall::refuse(Text what, Text hint) const {
  std::string inputs;
  for (Operand operand : in)
    inputs += (inputs.empty() ? "" : ", ") + (operand ? to_string(operand.shape()) : "nothing");
  fail(phrase({node.field.file(), ": node ", in_quotes(node.name), ": ", what}),
       {{"op", node.op}, {"input", inputs}}, hint);
}

const OpRow* find_op_row(Text name) {
  for (const OpRow& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

DType tensor_type(const Field& field) {
  for (const TypeName& type : types)
    if (field.is_text() ? field.text() == type.name : field.number() == type.number)
      return type.dtype;
  field.refuse("is not a type that can be loaded", "DT_FLOAT, DT_INT32 or DT_BOOL");
}

bool tensor_shape(const Field& field, std::vector<int>& sizes) {
  if (!field || field.get("unknown_rank").flag_or(false)) return false;
  Field dims = field.get("dim");
  if (!dims) return true;  // a scalar
  for (const Field& dim : dims.items()) {
    Field size = dim.get("size");
    sizes.push_back(size ? std::max(-1, integer_of(size)) : 0);
  }
  if (sizes.size() > Shape::max_rank)
    dims.refuse("has too many sizes", phrase({"at most ", Shape::max_rank}));
  return true;
}

}  // namespace gesso
