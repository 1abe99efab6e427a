// Functions of TF.js that are several of our operators: losses, norms, cells, windows.
#include <cmath>
#include <limits>
#include <numbers>

#include "core/ops/math.h"
#include "tests/suites/graph_model.h"
#include "tests/suites/op_call.h"

namespace gesso::suites {
namespace {

// A call whose tensors are inputs of a graph.
class Composed {
 public:
  explicit Composed(const OpCall& c) : call(c) {}

  const OpCall& call;
  Graph graph;
  std::vector<NamedTensor> feeds;

  bool has(size_t i) const { return call.find(i) != nullptr; }
  Value value(size_t i, const std::string& dtype = "float32") {
    feeds.push_back({"x" + std::to_string(i), tensor(tensor_like(call.at(i), dtype))});
    return graph.input(feeds.back().name, feeds.back().tensor.type);
  }
  Value value_or(size_t i, double otherwise) { return has(i) ? value(i) : graph.scalar(otherwise); }
  Value numbers(const std::vector<float>& elements) {
    return graph.constant({int(elements.size())}, elements);
  }
};

Value real(Value x) {
  return x.dtype() == DType::f32 ? x : cast(x, DType::f32);
}

Ints axes_at(const OpCall& call, size_t i) {
  const Json* given = call.find(i);
  return given ? int_or_ints(*given) : Ints{};
}

// A tensor with one axis more, of size 1.
Value with_axis(Value x, int axis) {
  Shape shape = x.shape();
  shape.insert(axis, 1);
  return reshape(x, shape);
}

// Losses. Each is an error per element and, after that, how these become one number.

enum class Reduction { none = 0, mean = 1, sum = 2, sum_by_nonzero_weights = 3 };

// `place` is that of the weights among the arguments; the reduction stands at `reduction`.
Values weighted(Composed& c, Value losses, size_t place, size_t reduction) {
  auto kind = Reduction(c.call.integer_or(reduction, 3));
  Value weights = c.has(place) ? c.value(place) : Value{};
  Value all = weights ? losses * weights : losses;
  if (kind == Reduction::none) return {all};
  if (kind == Reduction::sum) return {sum(all)};
  if (!weights) return {mean(all)};
  Value spread = weights * ones_like(losses);
  if (kind == Reduction::mean) return {sum(all) / sum(spread)};
  Value counted = where(equal(spread, c.graph.scalar(0)), c.graph.scalar(0), c.graph.scalar(1));
  return {sum(all) / sum(counted)};
}

Values absolute_difference(Composed& c) {
  return weighted(c, abs(c.value(0) - c.value(1)), 2, 3);
}

Values compute_weighted_loss(Composed& c) {
  return weighted(c, c.value(0), 1, 2);
}

Values cosine_distance(Composed& c) {
  Value product = sum(c.value(0) * c.value(1), {c.call.integer_or(2, -1)}, true);
  return weighted(c, 1 - product, 3, 4);
}

Values hinge_loss(Composed& c) {
  Value signs = 2 * c.value(0) - 1;
  return weighted(c, apply(relu_op, {1 - signs * c.value(1)}), 2, 3);
}

Values huber_loss(Composed& c) {
  double delta = c.call.number_or(3, 1);
  Value error = abs(c.value(1) - c.value(0));
  Value bent = min(error, c.graph.scalar(delta));
  return weighted(c, 0.5 * square(bent) + delta * (error - bent), 2, 4);
}

Values log_loss(Composed& c) {
  double epsilon = c.call.number_or(3, 1e-7);
  Value labels = c.value(0), guesses = c.value(1);
  Value losses = -(labels * log(guesses + epsilon)) - (1 - labels) * log(1 + epsilon - guesses);
  return weighted(c, losses, 2, 4);
}

Values mean_squared_error(Composed& c) {
  return weighted(c, apply(squared_difference_op, {c.value(0), c.value(1)}), 2, 3);
}

Values sigmoid_cross_entropy(Composed& c) {
  double smoothing = c.call.number_or(3, 0);
  Value labels = c.value(0) * (1 - smoothing) + 0.5 * smoothing, logits = c.value(1);
  return weighted(c, softplus(logits) - logits * labels, 2, 4);
}

Values softmax_cross_entropy(Composed& c) {
  double smoothing = c.call.number_or(3, 0);
  Value labels = c.value(0), logits = c.value(1);
  labels = labels * (1 - smoothing) + smoothing / labels.shape().back();
  Value probabilities = logits - reduce(reduce_log_sum_exp_op, logits, {-1}, true);
  return weighted(c, -sum(probabilities * labels, {-1}), 2, 4);
}

// Cells, convolutions and products.

// [input, cell, forget, output] along the columns of the kernel.
Values basic_lstm_cell(Composed& c) {
  Value forget_bias = c.value(0), cell = c.value(4);
  Value all = matmul(concat({c.value(3), c.value(5)}, 1), c.value(1)) + c.value(2);
  int rows = cell.shape()[0], units = cell.shape()[1];
  auto gate = [&](int i) { return slice(all, {0, i * units}, {rows, units}); };
  cell = sigmoid(gate(0)) * tanh(gate(1)) + cell * sigmoid(gate(2) + forget_bias);
  return {cell, tanh(cell) * sigmoid(gate(3))};
}

// Paddings of a window that makes ceil(size / stride) steps; none for "valid".
Ints same_padding(const Shape& image, const Shape& filter, const Ints& strides,
                  const Ints& dilations, bool same) {
  Ints padding;
  for (int i = 0; i < 2; ++i) {
    int size = image[1 + i], stride = strides[size_t(i)];
    int reach = (filter[i] - 1) * dilations[size_t(i)] + 1;
    int missing = ((size + stride - 1) / stride - 1) * stride + reach - size;
    int whole = same ? std::max(0, missing) : 0;
    padding.insert(padding.end(), {whole / 2, whole - whole / 2});
  }
  return padding;
}

Ints pair_at(const OpCall& call, size_t i) {
  Ints pair = call.find(i) ? int_or_ints(call.at(i)) : Ints{1};
  return pair.size() == 1 ? Ints{pair[0], pair[0]} : pair;
}

Values separable_conv2d(Composed& c) {
  Value x = c.value(0), depthwise = c.value(1), pointwise = c.value(2);
  bool single = x.shape().rank() == 3;
  if (single) x = with_axis(x, 0);
  const Shape sizes = depthwise.shape();  // [height, width, in, multiplier]
  int channels = sizes[2], between = channels * sizes[3], out = pointwise.shape()[3];
  Ints strides = pair_at(c.call, 3), dilations = pair_at(c.call, 5);
  bool same = c.call.text_or(4, "valid") == "same";
  Value filter = reshape(transpose(depthwise, {2, 3, 0, 1}), {between, sizes[0], sizes[1], 1});
  Value y = apply(conv2d_op, {x, filter},
                  {{"groups", double(channels)},
                   {"strides", strides},
                   {"dilations", dilations},
                   {"padding", same_padding(x.shape(), sizes, strides, dilations, same)}});
  filter = reshape(transpose(reshape(pointwise, {between, out})), {out, 1, 1, between});
  y = apply(conv2d_op, {y, filter});
  Shape image(y.shape().sizes().subspan(1));
  return {single ? reshape(y, image) : y};
}

Values dot(Composed& c) {
  Value a = c.value(0), b = c.value(1);
  Shape shape;
  if (a.shape().rank() == 2) shape.push_back(a.shape()[0]);
  if (b.shape().rank() == 2) shape.push_back(b.shape()[1]);
  Value rows = a.shape().rank() == 1 ? with_axis(a, 0) : a;
  Value columns = b.shape().rank() == 1 ? with_axis(b, 1) : b;
  return {reshape(matmul(rows, columns), shape)};
}

Values outer_product(Composed& c) {
  return {with_axis(c.value(0), 1) * with_axis(c.value(1), 0)};
}

// Statistics and norms.

Values log_sigmoid(Composed& c) {
  return {-softplus(-c.value(0))};
}

Values log_softmax(Composed& c) {
  Value x = c.value(0);
  return {x - reduce(reduce_log_sum_exp_op, x, {c.call.integer_or(1, -1)}, true)};
}

Values log_sum_exp(Composed& c) {
  return {reduce(reduce_log_sum_exp_op, c.value(0), axes_at(c.call, 1), c.call.flag_or(2, false))};
}

Values moments(Composed& c) {
  Value x = real(c.value(0));
  Ints axes = axes_at(c.call, 1);
  bool keep = c.call.flag_or(2, false);
  Value centered = x - mean(x, axes, true);
  return {mean(x, axes, keep), mean(square(centered), axes, keep)};
}

Values moving_average(Composed& c) {
  Value v = c.value(0), x = c.value(1), decay = c.value(2);
  Value change = (x - v) * (1 - decay);
  if (c.call.flag_or(4, true)) change = change / (1 - pow(decay, c.value(3)));
  return {v + change};
}

Value euclidean(Value x, const Ints& axes, bool keep) {
  return reduce(reduce_l2_op, x, axes, keep);
}

Values euclidean_norm(Composed& c) {
  return {euclidean(c.value(0), axes_at(c.call, 1), c.call.flag_or(2, false))};
}

// Of vectors along one axis, or of matrices along two.
Values norm(Composed& c) {
  Value x = c.value(0);
  Json order = c.has(1) ? c.call.at(1) : Json("euclidean");
  Ints axes = axes_at(c.call, 2);
  bool keep = c.call.flag_or(3, false);
  if (axes.empty() && x.shape().rank() != 2) {
    x = reshape(x, {int(x.shape().count())});
    axes = {0};
  }
  bool vectors = axes.size() == 1;
  if (axes.empty()) axes = {0, 1};
  if (order == "euclidean" || order == "fro" || order == 2) return {euclidean(x, axes, keep)};
  bool largest = order == "Infinity", least = order == "-Infinity";
  Value sizes = abs(x);
  if (vectors && order == 1) return {sum(sizes, axes, keep)};
  if (vectors) return {reduce(largest ? reduce_max_op : reduce_min_op, sizes, axes, keep)};
  // Of a matrix: the largest sum of a column (1), or the largest or least sum of a row.
  Value sums = sum(sizes, {order == 1 ? axes[0] : axes[1]}, true);
  return {reduce(least ? reduce_min_op : reduce_max_op, sums, axes, keep)};
}

// Counting, searching and choosing.

// How often each number below `size` occurs, or the weights where it does; along the last axis.
Value counted(Composed& c, bool binary) {
  Value x = c.value(0, "int32");
  int size = integer(c.call.at(2)), axis = x.shape().rank() - 1;
  Value rows = apply(one_hot_op, {x}, {{"depth", double(size)}});
  if (binary) return reduce(reduce_max_op, rows, {axis});
  Value weights = c.value(1);
  if (weights.shape().count() > 0) rows = rows * with_axis(weights, weights.shape().rank());
  return sum(rows, {axis});
}

Values bincount(Composed& c) {
  return {counted(c, false)};
}

Values dense_bincount(Composed& c) {
  return {counted(c, c.call.flag_or(3, false))};
}

Values cumulative_product(Composed& c) {
  Value x = c.value(0);
  int rank = x.shape().rank(), axis = positive_axis(c.call.integer_or(1, 0), rank);
  bool exclusive = c.call.flag_or(2, false), reversed = c.call.flag_or(3, false);
  if (reversed) x = reverse(x, {axis});
  Ints starts(size_t(rank), 0), sizes = ints_of(x.shape());
  sizes[size_t(axis)] = 1;
  Value product = ones_like(slice(x, starts, sizes));
  Values steps;
  for (int i = 0; i < x.shape()[axis]; ++i) {
    starts[size_t(axis)] = i;
    if (exclusive) steps.push_back(product);
    product = product * slice(x, starts, sizes);
    if (!exclusive) steps.push_back(product);
  }
  Value y = concat(steps, axis);
  return {reversed ? reverse(y, {axis}) : y};
}

// How many of each sorted row are below each value of the same row, or not above it.
Values search_sorted(Composed& c) {
  Value rows = c.value(0), values = c.value(1);
  bool right = c.call.text_or(2, "left") == "right";
  if (rows.shape().rank() == 1) rows = with_axis(rows, 0);
  if (values.shape().rank() == 1) values = with_axis(values, 0);
  rows = with_axis(rows, 1);
  values = with_axis(values, 2);
  Value before = right ? greater_or_equal(values, rows) : greater(values, rows);
  return {sum(cast(before, DType::i32), {2})};
}

Values choose(Composed& c) {
  return {where(c.value(0, "bool"), c.value(1), c.value(2))};
}

// Matrices and images.

Values band_part(Composed& c) {
  Value x = c.value(0);
  int lower = integer(c.call.at(1)), upper = integer(c.call.at(2));
  if (upper >= 0) x = apply(triangular_op, {x}, {{"upper", false}, {"diagonal", double(upper)}});
  if (lower >= 0) x = apply(triangular_op, {x}, {{"upper", true}, {"diagonal", -double(lower)}});
  return {x};
}

Values eye(Composed& c) {
  int rows = integer(c.call.at(0)), columns = c.call.integer_or(1, rows);
  Ints sizes = axes_at(c.call, 2);
  sizes.insert(sizes.end(), {rows, columns});
  DType dtype = dtype_of(c.call.text_or(3, "float32"));
  Value ones = expand(c.graph.scalar(1, dtype), Shape(sizes));
  Value upper = apply(triangular_op, {ones}, {{"upper", true}});
  return {apply(triangular_op, {upper}, {{"upper", false}})};
}

Values grayscale_to_rgb(Composed& c) {
  Value x = c.value(0);
  Shape shape = x.shape();
  shape.back() = 3;
  return {expand(x, shape)};
}

Value grayscale(Composed& c, Value rgb) {
  return sum(real(rgb) * c.numbers({0.2989f, 0.5870f, 0.1140f}), {-1}, true);
}

Values rgb_to_grayscale(Composed& c) {
  Value x = c.value(0);
  return {cast(grayscale(c, x), x.dtype())};
}

Values threshold(Composed& c) {
  if (c.call.text_or(1, "binary") != "binary") throw Skip{"no operator: histograms"};
  Value x = real(c.value(0)), limit = c.graph.scalar(255 * c.call.number_or(3, 0.5));
  if (x.shape().back() == 3) x = grayscale(c, x);
  Value above = c.call.flag_or(2, false) ? greater_or_equal(limit, x) : greater(x, limit);
  return {where(above, c.graph.scalar(255, DType::i32), c.graph.scalar(0, DType::i32))};
}

Values squeeze(Composed& c) {
  Value x = c.value(0);
  int rank = x.shape().rank();
  Ints axes = axes_at(c.call, 1);
  for (int& axis : axes) axis = positive_axis(axis, rank);
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) {
    bool named = axes.empty() || std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (x.shape()[axis] != 1 || !named) shape.push_back(x.shape()[axis]);
  }
  return {reshape(x, shape)};
}

// Signals.

// Overlapping pieces of a signal, one below the other; those that reach beyond its end are left
// out or filled up.
Values frame(Composed& c) {
  Value signal = c.value(0);
  int length = integer(c.call.at(1)), step = std::max(1, integer(c.call.at(2)));
  int size = signal.shape()[0];
  bool fill = c.call.flag_or(3, false);
  if (fill) {
    Value end = expand(c.graph.scalar(c.call.number_or(4, 0)), {length});
    signal = concat({signal, end}, 0);
  }
  Values frames;
  for (int at = 0; fill ? at < size : at + length <= size; at += step)
    frames.push_back(slice(signal, {at}, {length}));
  if (frames.empty()) return {expand(c.graph.scalar(0), {0, length})};
  return {reshape(concat(frames, 0), {int(frames.size()), length})};
}

// a - b * cos(2 pi i / period), where an even window is one longer than its period.
Value cosine_window(Composed& c, double a, double b) {
  int size = integer(c.call.at(0));
  double period = size - size % 2;
  std::vector<float> places;
  for (int i = 0; i < size; ++i) places.push_back(float(i));
  return a - b * cos(c.numbers(places) * (2 * std::numbers::pi / period));
}

Values hamming_window(Composed& c) {
  return {cosine_window(c, 0.54, 0.46)};
}

Values hann_window(Composed& c) {
  return {cosine_window(c, 0.5, 0.5)};
}

const std::map<std::string, Values (*)(Composed&)> functions{
    {"absoluteDifference", absolute_difference},
    {"bandPart", band_part},
    {"basicLSTMCell", basic_lstm_cell},
    {"bincount", bincount},
    {"computeWeightedLoss", compute_weighted_loss},
    {"cosineDistance", cosine_distance},
    {"cumprod", cumulative_product},
    {"denseBincount", dense_bincount},
    {"dot", dot},
    {"euclideanNorm", euclidean_norm},
    {"eye", eye},
    {"frame", frame},
    {"grayscaleToRGB", grayscale_to_rgb},
    {"hammingWindow", hamming_window},
    {"hannWindow", hann_window},
    {"hingeLoss", hinge_loss},
    {"huberLoss", huber_loss},
    {"logLoss", log_loss},
    {"logSigmoid", log_sigmoid},
    {"logSoftmax", log_softmax},
    {"logSumExp", log_sum_exp},
    {"meanSquaredError", mean_squared_error},
    {"moments", moments},
    {"movingAverage", moving_average},
    {"norm", norm},
    {"outerProduct", outer_product},
    {"rgbToGrayscale", rgb_to_grayscale},
    {"searchSorted", search_sorted},
    {"separableConv2d", separable_conv2d},
    {"sigmoidCrossEntropy", sigmoid_cross_entropy},
    {"softmaxCrossEntropy", softmax_cross_entropy},
    {"squeeze", squeeze},
    {"threshold", threshold},
    {"where", choose},
};

}  // namespace

void run_composed(const OpCall& call, const std::vector<Json>& expected, Trial& trial) {
  auto function = functions.find(call.name());
  if (function == functions.end())
    fail(call.name() + ": there is no such function", {}, "a name of TF.js' functions");
  Composed c(call);
  Values results = function->second(c);
  std::vector<Expectation> expectations;
  for (size_t i = 0; i < results.size(); ++i) c.graph.output("out" + std::to_string(i), results[i]);
  for (const Json& t : expected) expectations.push_back({tensor(t), tfjs_tolerance});
  trial.check(c.graph, c.feeds, expectations);
}

}  // namespace gesso::suites
