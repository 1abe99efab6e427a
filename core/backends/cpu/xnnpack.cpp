// What XNNPACK calls each of our operators. A node with no row here, or whose row declines it,
// runs its operator's own kernel.
#include <xnnpack.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "core/backends/cpu/step.h"
#include "core/backends/cpu/threads.h"
#include "core/ops/list.h"

namespace gesso::cpu {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Multiplications, or numbers read and written, that take about as long as waking another thread.
constexpr double worth_sharing = 1 << 16;

using Sizes = std::array<size_t, XNN_MAX_TENSOR_DIMS>;
using Setup = xnn_status (*)(xnn_operator_t, const Memory&);

// Thrown inside a row, caught by lower_to_xnnpack: XNNPACK has no kernel for this node.
struct Declined {};

void require(bool condition) {
  if (!condition) throw Declined{};
}

[[noreturn]] void refuse_for_memory() {
  fail("memory: there is not enough to prepare an operator", {},
       "a smaller input, or dispose() models that are no longer needed");
}

void check(xnn_status status) {
  if (status == xnn_status_out_of_memory) refuse_for_memory();
  require(status == xnn_status_success);
}

// XNNPACK counts the bytes of its tables in size_t, which has 32 bits in WebAssembly.
void require_addressable(std::initializer_list<double> factors) {
  double elements = 1;
  for (double factor : factors) elements *= factor;
  require(elements < 1 << 28);
}

struct Delete {
  void operator()(xnn_operator_t op) const { xnn_delete_operator(op); }
};

class XnnpackStep final : public Step {
 public:
  size_t workspace_bytes() const override { return workspace; }
  bool reads(int input) const override { return input < inputs_read; }
  void bind(const Memory& memory) override {
    if (setup(op.get(), memory) != xnn_status_success) refuse_for_memory();
  }
  void run() noexcept override { xnn_run_operator(op.get(), pool()); }

  // Decides who does the work, before XNNPACK divides it.
  void share(double work) { threads = work < worth_sharing ? nullptr : current_threads(); }
  pthreadpool_t pool() const { return threads.get(); }

  std::unique_ptr<xnn_operator, Delete> op;
  Threads threads;
  Setup setup = nullptr;
  size_t workspace = 0;
  int inputs_read = std::numeric_limits<int>::max();  // those behind are packed into the operator
};

using Lower = void (*)(const Lowering&, XnnpackStep&);

// Creates the operator of a step: create(…, out) gives a status.
template <class Create>
void create(XnnpackStep& step, Create create_into) {
  xnn_operator_t op = nullptr;
  xnn_status status = create_into(&op);
  step.op.reset(op);
  check(status);
}

size_t sizes_of(const Shape& shape, Sizes& sizes) {
  require(shape.rank() <= XNN_MAX_TENSOR_DIMS);
  std::copy(shape.begin(), shape.end(), sizes.begin());
  return size_t(shape.rank());
}

// The fused clamp of an operator that has one. XNNPACK refuses an empty range.
std::pair<float, float> clamp_of(const Node& node) {
  std::pair range{float(node.number("minValue")), float(node.number("maxValue"))};
  require(range.first < range.second);
  return range;
}

struct Window {
  uint32_t top, bottom, left, right, stride_h, stride_w, dilation_h, dilation_w;
};

Window window_of(const Node& node) {
  const Ints &p = node.ints("padding"), &s = node.ints("strides"), &d = node.ints("dilations");
  return {uint32_t(p[0]), uint32_t(p[1]), uint32_t(p[2]), uint32_t(p[3]),
          uint32_t(s[0]), uint32_t(s[1]), uint32_t(d[0]), uint32_t(d[1])};
}

// A bias is constant or left out; gives null for the latter.
const float* bias_of(const Lowering& l, int i) {
  require(!l.has(i) || l.constant(i));
  return l.constant(i);
}

void conv2d(const Lowering& l, XnnpackStep& step) {
  const float* filter = l.constant(1);
  require(filter);
  const float* bias = bias_of(l, 2);
  const Shape &x = l.shape(0), &f = l.shape(1), &y = l.out().shape;
  Window w = window_of(l.node);
  auto [low, high] = clamp_of(l.node);
  size_t groups = size_t(l.node.integer("groups"));
  size_t depth_in = size_t(x[3]), depth_out = size_t(y[3]);
  require_addressable({double(f[1]), double(f[2]), double(y[1]) * y[2] + 16});
  require_addressable({double(f[1]), double(f[2]), depth_in + 16.0, depth_out + 16.0});
  create(step, [&](xnn_operator_t* op) {
    return xnn_create_convolution2d_nhwc_f32(
        w.top, w.right, w.bottom, w.left, uint32_t(f[1]), uint32_t(f[2]), w.stride_h, w.stride_w,
        w.dilation_h, w.dilation_w, uint32_t(groups), depth_in / groups, depth_out / groups,
        depth_in, depth_out, filter, bias, low, high, 0, nullptr, nullptr, op);
  });
  step.share(double(y.count()) * double(f.count(1, 4)));
  size_t alignment, height, width;
  check(xnn_reshape_convolution2d_nhwc_f32(step.op.get(), size_t(x[0]), size_t(x[1]), size_t(x[2]),
                                           &step.workspace, &alignment, &height, &width,
                                           step.pool()));
  require(height == size_t(y[1]) && width == size_t(y[2]));
  step.inputs_read = 1;
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_convolution2d_nhwc_f32(op, m.workspace, in(m, 0), out(m));
  };
}

void conv_transpose2d(const Lowering& l, XnnpackStep& step) {
  const float* filter = l.constant(1);
  require(filter);
  const float* bias = bias_of(l, 2);
  const Shape &x = l.shape(0), &f = l.shape(1), &y = l.out().shape;
  Window w = window_of(l.node);
  auto [low, high] = clamp_of(l.node);
  size_t groups = size_t(l.node.integer("groups"));
  size_t depth_in = size_t(x[3]), depth_out = size_t(y[3]);
  require_addressable({double(f[1]), double(f[2]), double(y[1]) * y[2] + 16});
  require_addressable({double(f[1]), double(f[2]), depth_in + 16.0, depth_out + 16.0});
  // What is left of the output beyond the last step of the window.
  auto adjustment = [](int size_out, int size_in, uint32_t stride, int size, uint32_t dilation,
                       uint32_t padding) {
    int covered = int(stride) * (size_in - 1) + int(dilation) * (size - 1) + 1 - int(padding);
    require(size_out >= covered);
    return uint32_t(size_out - covered);
  };
  uint32_t adjust_h = adjustment(y[1], x[1], w.stride_h, f[1], w.dilation_h, w.top + w.bottom);
  uint32_t adjust_w = adjustment(y[2], x[2], w.stride_w, f[2], w.dilation_w, w.left + w.right);
  create(step, [&](xnn_operator_t* op) {
    return xnn_create_deconvolution2d_nhwc_f32(
        w.top, w.right, w.bottom, w.left, uint32_t(f[1]), uint32_t(f[2]), w.stride_h, w.stride_w,
        w.dilation_h, w.dilation_w, uint32_t(groups), depth_in / groups, depth_out / groups,
        depth_in, depth_out, filter, bias, low, high, 0, nullptr, nullptr, op);
  });
  step.share(double(x.count()) * double(f.count(0, 3)));
  size_t height, width;
  check(xnn_reshape_deconvolution2d_nhwc_f32(step.op.get(), size_t(x[0]), size_t(x[1]),
                                             size_t(x[2]), adjust_h, adjust_w, &height, &width,
                                             step.pool()));
  require(height == size_t(y[1]) && width == size_t(y[2]));
  step.inputs_read = 1;
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_deconvolution2d_nhwc_f32(op, in(m, 0), out(m));
  };
}

// y[rows, columns] = x[rows, depth] w, with w [depth, columns], or [columns, depth] if transposed.
void fully_connected(const Lowering& l, XnnpackStep& step, size_t rows, size_t depth,
                     size_t columns, bool transposed, const float* bias, float low, float high) {
  const float* weights = l.constant(1);
  require(weights);
  require_addressable({double(depth) + 16, double(columns) + 16});
  create(step, [&](xnn_operator_t* op) {
    return xnn_create_fully_connected_nc_f32(depth, columns, depth, columns, weights, bias, low,
                                             high, transposed ? 0 : XNN_FLAG_TRANSPOSE_WEIGHTS,
                                             nullptr, nullptr, op);
  });
  step.share(double(rows) * double(depth) * double(columns));
  check(xnn_reshape_fully_connected_nc_f32(step.op.get(), rows, step.pool()));
  step.inputs_read = 1;
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_fully_connected_nc_f32(op, in(m, 0), out(m));
  };
}

// Matrix products with constant weights. Those that change have a kernel of ours, which need not
// pack the whole of them first.
void gemm(const Lowering& l, XnnpackStep& step) {
  const Node& n = l.node;
  auto [low, high] = clamp_of(n);
  bool transposed = n.flag("bTranspose");
  const Shape &a = l.shape(0), &y = l.out().shape;
  require(n.number("alpha") == 1 && !n.flag("aTranspose"));
  size_t rows = size_t(y[0]), depth = size_t(a[1]), columns = size_t(y[1]);
  require(!l.has(2) || (n.number("beta") == 1 && l.shape(2).count() == columns &&
                        l.shape(2).rank() > 0 && l.shape(2).back() == y[1]));
  fully_connected(l, step, rows, depth, columns, transposed, bias_of(l, 2), low, high);
}

void matmul(const Lowering& l, XnnpackStep& step) {
  const Shape &a = l.shape(0), &b = l.shape(1), &y = l.out().shape;
  require(a.rank() >= 2 && b.rank() >= 2);
  size_t depth = size_t(a.back()), columns = size_t(b.back());
  require(b.count(0, b.rank() - 2) == 1 && y.rank() == a.rank());
  fully_connected(l, step, a.count() / depth, depth, columns, false, nullptr, -infinity, infinity);
}

template <xnn_binary_operator kind>
void binary(const Lowering& l, XnnpackStep& step) {
  create(step, [](xnn_operator_t* op) {
    return xnn_create_binary_elementwise_nd(kind, xnn_datatype_fp32, nullptr, nullptr, nullptr, 0,
                                            op);
  });
  Sizes a, b;
  size_t rank_a = sizes_of(l.shape(0), a), rank_b = sizes_of(l.shape(1), b);
  check(xnn_reshape_binary_elementwise_nd(step.op.get(), rank_a, a.data(), rank_b, b.data(),
                                          step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_binary_elementwise_nd(op, in(m, 0), in(m, 1), out(m));
  };
}

void unary_with(xnn_unary_operator kind, const xnn_unary_params& params, const Lowering& l,
                XnnpackStep& step) {
  create(step, [&](xnn_operator_t* op) {
    return xnn_create_unary_elementwise_nc(kind, xnn_datatype_fp32, xnn_datatype_fp32, &params,
                                           nullptr, nullptr, 0, op);
  });
  check(xnn_reshape_unary_elementwise_nc(step.op.get(), l.shape().count(), 1, 1, 1, step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_unary_elementwise_nc(op, in(m, 0), out(m));
  };
}

template <xnn_unary_operator kind>
void unary(const Lowering& l, XnnpackStep& step) {
  unary_with(kind, {}, l, step);
}

void elu(const Lowering& l, XnnpackStep& step) {
  xnn_unary_params params;
  params.elu.alpha = float(l.node.number("alpha"));
  unary_with(xnn_unary_elu, params, l, step);
}

void leaky_relu(const Lowering& l, XnnpackStep& step) {
  xnn_unary_params params;
  params.leaky_relu.negative_slope = float(l.node.number("alpha"));
  unary_with(xnn_unary_leaky_relu, params, l, step);
}

void softmax(const Lowering& l, XnnpackStep& step) {
  const Shape& x = l.shape();
  require(x.rank() > 0 && positive_axis(l.node.integer("axis"), x.rank()) == x.rank() - 1);
  create(step, [](xnn_operator_t* op) { return xnn_create_softmax_nc_f32(0, op); });
  size_t channels = size_t(x.back());
  check(xnn_reshape_softmax_nc_f32(step.op.get(), channels, channels, channels,
                                   x.count() / channels, step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_softmax_nc_f32(op, in(m, 0), out(m));
  };
}

void reduce_over(xnn_reduce_operator kind, std::span<const int64_t> axes, const Lowering& l,
                 XnnpackStep& step) {
  Sizes x;
  size_t rank = sizes_of(l.shape(), x);
  create(step, [&](xnn_operator_t* op) {
    return xnn_create_reduce_nd(kind, xnn_datatype_fp32, nullptr, nullptr, 0, op);
  });
  // The workspace is for types that are summed in another type: given one, XNNPACK converts from
  // it with a kernel that floats do not have.
  size_t alignment, unused;
  check(xnn_reshape_reduce_nd(step.op.get(), axes.size(), axes.data(), rank, x.data(), &unused,
                              &alignment, step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_reduce_nd(op, nullptr, in(m, 0), out(m));
  };
}

template <xnn_reduce_operator kind>
void reduce(const Lowering& l, XnnpackStep& step) {
  int rank = l.shape().rank();
  std::array<bool, Shape::max_rank> reduced{};
  if (l.node.has("axes"))
    for (int axis : l.node.ints("axes")) reduced[size_t(positive_axis(axis, rank))] = true;
  else
    reduced.fill(true);
  std::array<int64_t, Shape::max_rank> axes;
  size_t count = 0;
  for (int axis = 0; axis < rank; ++axis)
    if (reduced[size_t(axis)]) axes[count++] = axis;
  require(count > 0);
  reduce_over(kind, {axes.data(), count}, l, step);
}

// The mean over a whole image; other windows run our own kernel, which keeps NaN.
void average_pool2d(const Lowering& l, XnnpackStep& step) {
  const Shape &x = l.shape(), &y = l.out().shape;
  Window w = window_of(l.node);
  auto [low, high] = clamp_of(l.node);
  if (l.node.has("windowDimensions"))
    require(l.node.ints("windowDimensions") == Ints{x[1], x[2]} && y[1] == 1 && y[2] == 1);
  require(w.top + w.bottom + w.left + w.right == 0 && w.dilation_h == 1 && w.dilation_w == 1);
  require(low == -infinity && high == infinity);
  constexpr std::array<int64_t, 2> image_axes{1, 2};
  reduce_over(xnn_reduce_mean, image_axes, l, step);
}

void resample2d(const Lowering& l, XnnpackStep& step) {
  const Shape &x = l.shape(), &y = l.out().shape;
  const std::string& coordinates = l.node.text("coordinates");
  require(l.node.text("mode") == "linear" && !l.node.has("scales"));
  uint32_t flags = coordinates == "alignCorners" ? XNN_FLAG_ALIGN_CORNERS
                   : coordinates == "asymmetric" ? XNN_FLAG_TENSORFLOW_LEGACY_MODE
                                                 : 0;
  create(step, [&](xnn_operator_t* op) {
    return xnn_create_resize_bilinear2d_nhwc_f32(size_t(y[1]), size_t(y[2]), flags, op);
  });
  size_t channels = size_t(x[3]), alignment;
  check(xnn_reshape_resize_bilinear2d_nhwc_f32(step.op.get(), size_t(x[0]), size_t(x[1]),
                                               size_t(x[2]), channels, channels, channels,
                                               &step.workspace, &alignment, step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_resize_bilinear2d_nhwc_f32(op, m.workspace, in(m, 0), out(m));
  };
}

void transpose(const Lowering& l, XnnpackStep& step) {
  Sizes x, permutation;
  size_t rank = sizes_of(l.shape(), x);
  require(rank > 0);
  for (size_t i = 0; i < rank; ++i)
    permutation[i] =
        l.node.has("permutation") ? size_t(l.node.ints("permutation")[i]) : rank - 1 - i;
  create(step, [](xnn_operator_t* op) { return xnn_create_transpose_nd_x32(0, op); });
  check(
      xnn_reshape_transpose_nd_x32(step.op.get(), rank, x.data(), permutation.data(), step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_transpose_nd_x32(op, in(m, 0), out(m));
  };
}

void pad(const Lowering& l, XnnpackStep& step) {
  require(l.node.text("mode") == "constant");
  Sizes x, before, after;
  size_t rank = sizes_of(l.shape(), x);
  const Ints &begin = l.node.ints("beginningPadding"), &end = l.node.ints("endingPadding");
  std::copy(begin.begin(), begin.end(), before.begin());
  std::copy(end.begin(), end.end(), after.begin());
  float value = float(l.node.number("value"));
  create(step, [&](xnn_operator_t* op) { return xnn_create_constant_pad_nd_x32(&value, 0, op); });
  check(xnn_reshape_constant_pad_nd_x32(step.op.get(), rank, x.data(), before.data(), after.data(),
                                        step.pool()));
  step.setup = [](xnn_operator_t op, const Memory& m) {
    return xnn_setup_constant_pad_nd_x32(op, in(m, 0), out(m));
  };
}

// Without max, min, clamp and relu, which lose NaN, the last two in WASM; without sqrt and rsqrt,
// which on x86 make NaN of Infinity; and without exp, which has no vectors: those have kernels of
// ours.
constexpr std::pair<const Op*, Lower> rows[] = {
    {&abs_op, unary<xnn_unary_abs>},
    {&add_op, binary<xnn_binary_add>},
    {&average_pool2d_op, average_pool2d},
    {&ceil_op, unary<xnn_unary_ceiling>},
    {&conv2d_op, conv2d},
    {&conv_transpose2d_op, conv_transpose2d},
    {&div_op, binary<xnn_binary_divide>},
    {&elu_op, elu},
    {&floor_op, unary<xnn_unary_floor>},
    {&gemm_op, gemm},
    {&hard_swish_op, unary<xnn_unary_hardswish>},
    {&leaky_relu_op, leaky_relu},
    {&matmul_op, matmul},
    {&mul_op, binary<xnn_binary_multiply>},
    {&neg_op, unary<xnn_unary_negate>},
    {&pad_op, pad},
    {&prelu_op, binary<xnn_binary_prelu>},
    {&reduce_mean_op, reduce<xnn_reduce_mean>},
    {&reduce_sum_op, reduce<xnn_reduce_sum>},
    {&resample2d_op, resample2d},
    {&round_even_op, unary<xnn_unary_bankers_rounding>},
    {&sigmoid_op, unary<xnn_unary_sigmoid>},
    {&softmax_op, softmax},
    {&square_op, unary<xnn_unary_square>},
    {&squared_difference_op, binary<xnn_binary_squared_difference>},
    {&sub_op, binary<xnn_binary_subtract>},
    {&tanh_op, unary<xnn_unary_tanh>},
    {&transpose_op, transpose},
};

size_t taken = 0;

void* allocate_aligned(void*, size_t alignment, size_t bytes) {
  taken += bytes;
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

const xnn_allocator allocator{
    .context = nullptr,
    .allocate = [](void*, size_t bytes) { return std::malloc(bytes); },
    .reallocate = [](void*, void* data, size_t bytes) { return std::realloc(data, bytes); },
    .deallocate = [](void*, void* data) { std::free(data); },
    .aligned_allocate = allocate_aligned,
    .aligned_deallocate = [](void*, void* data) { std::free(data); },
};

bool any_empty(const Lowering& l) {
  for (const TensorType& type : l.in)
    if (type.shape.count() == 0) return true;
  return false;
}

// All that a node reads and writes.
double numbers_of(const Lowering& l) {
  double numbers = double(l.out().shape.count());
  for (const TensorType& type : l.in) numbers += double(type.shape.count());
  return numbers;
}

}  // namespace

size_t xnnpack_bytes() {
  return taken;
}

std::unique_ptr<Step> lower_to_xnnpack(const Lowering& l) {
  static const bool ready = xnn_initialize(&allocator) == xnn_status_success;
  auto row = std::find_if(std::begin(rows), std::end(rows),
                          [&](const auto& row) { return row.first == l.node.op; });
  if (!ready || row == std::end(rows) || !all_f32(l) || any_empty(l)) return nullptr;
  auto step = std::make_unique<XnnpackStep>();
  step->share(numbers_of(l));
  try {
    row->second(l, *step);
  } catch (const Declined&) {
    return nullptr;
  }
  return step;
}

}  // namespace gesso::cpu
