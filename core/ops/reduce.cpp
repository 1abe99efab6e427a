// Operators that make one number of many: sums, means, extremes and norms over axes.
#include <cmath>
#include <limits>

#include "core/ops/elementwise.h"
#include "core/ops/math.h"

namespace gesso {
namespace {

constexpr uint32_t every_axis = ~0u;

template <const auto& accepted>
Types reduced(const Call& c) {
  check_dtype(c, 0, accepted);
  uint32_t axes = axes_option(c, "axes", every_axis);
  Shape shape = c.shape();
  for (int axis = shape.rank(); axis-- > 0;) {
    if (!(axes >> axis & 1)) continue;
    if (c.node.flag("keepDimensions"))
      shape[axis] = 1;
    else
      shape.erase(axis);
  }
  return {{c.dtype(), shape}};
}

constexpr Options options{{"axes", {}}, {"keepDimensions", false}};

// Each of these folds the elements into a total. Floats are totalled in double, even to run, so
// that a long sum is as exact as its result can be; integers wrap when the result is stored.
// start() is what nothing reduces to. `Element` is the type of the input's elements.
struct Plain {
  template <class Element>
  static double start() {
    return 0;
  }
  template <class T>
  static T finish(T total, size_t) {
    return total;
  }
};

struct L1 : Plain {
  template <class T>
  static T add(T total, T x) {
    return total + std::abs(x);
  }
};

struct L2 : Plain {
  static double add(double total, double x) { return total + x * x; }
  static double finish(double total, size_t) { return std::sqrt(total); }
};

struct LogSum : Plain {
  static double add(double total, double x) { return total + x; }
  static double finish(double total, size_t) { return std::log(total); }
};

template <class T>
constexpr T lowest =
    std::is_integral_v<T> ? std::numeric_limits<T>::lowest() : -std::numeric_limits<T>::infinity();
template <class T>
constexpr T highest =
    std::is_integral_v<T> ? std::numeric_limits<T>::max() : std::numeric_limits<T>::infinity();

struct Max : Plain {
  template <class Element>
  static double start() {
    return lowest<Element>;
  }
  template <class T>
  static T add(T total, T x) {
    return x > total || x != x ? x : total;  // and a total of NaN stays
  }
};

struct Mean : Plain {
  static double add(double total, double x) { return total + x; }
  static double finish(double total, size_t count) { return total / double(count); }
};

struct Min : Plain {
  template <class Element>
  static double start() {
    return highest<Element>;
  }
  template <class T>
  static T add(T total, T x) {
    return x < total || x != x ? x : total;
  }
};

struct Product : Plain {
  template <class Element>
  static double start() {
    return 1;
  }
  template <class T>
  static T add(T total, T x) {
    return times(total, x);
  }
};

struct Sum : Plain {
  template <class T>
  static T add(T total, T x) {
    return total + x;
  }
};

struct SumSquare : Plain {
  template <class T>
  static T add(T total, T x) {
    return plus(total, x * x);
  }
};

size_t reduced_count(const Shape& shape, uint32_t axes) {
  size_t count = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (axes >> axis & 1) count *= size_t(shape[axis]);
  return count;
}

template <class T, class F, class Real>
void reduce(Kernel<Real>& k) {
  using Total = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
  uint32_t axes = axes_mask(k.node, "axes", k.shape().rank(), every_axis);
  size_t count = reduced_count(k.shape(), axes);
  Loops<1> inner = loops_over(axes, k.shape());
  const T* x = k.template input<T>().data();
  T* out = k.template output<T>().data();
  loops_over(~axes, k.shape()).each([&](auto start) {
    Total total = Total(F::template start<T>());
    inner.run(
        [&](auto at, size_t n, auto steps) {
          for (size_t i = 0; i < n; ++i) total = F::add(total, Total(x[at[0] + i * steps[0]]));
        },
        start);
    *out++ = T(F::finish(total, count));
  });
}

template <class F, class Real>
void floats_only(Kernel<Real>& k) {
  reduce<Real, F>(k);
}

template <class F, class Real>
void any_type(Kernel<Real>& k) {
  k.visit(k.dtype(), [&](auto zero) { reduce<decltype(zero), F>(k); });
}

template <class F>
constexpr CpuKernel over_floats{floats_only<F, float>, floats_only<F, double>};
template <class F>
constexpr CpuKernel over_all{any_type<F, float>, any_type<F, double>};

// log(sum(exp(x))) = m + log(sum(exp(x - m))), where m is the largest x, so that exp cannot
// overflow. An infinite m is the result itself.
template <class Real>
void log_sum_exp(Kernel<Real>& k) {
  uint32_t axes = axes_mask(k.node, "axes", k.shape().rank(), every_axis);
  Loops<1> inner = loops_over(axes, k.shape());
  const Real* x = k.input().data();
  Real* out = k.output().data();
  loops_over(~axes, k.shape()).each([&](auto start) {
    double largest = lowest<double>, total = 0;
    inner.each([&](auto at) { largest = Max::add(largest, double(x[at[0]])); }, start);
    inner.each([&](auto at) { total += std::exp(double(x[at[0]]) - largest); }, start);
    *out++ = Real(std::isinf(largest) ? largest : largest + std::log(total));
  });
}

// A reduced value under the shape that stretches to the input's: sizes of 1 along the axes.
Value kept(const Grad& g, const Value& reduced) {
  uint32_t axes = axes_mask(g.node, "axes", g.x[0].shape().rank(), every_axis);
  Shape shape = g.x[0].shape();
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (axes >> axis & 1) shape[axis] = 1;
  return reshape(reduced, shape);
}
Value kept_dy(const Grad& g) {
  return kept(g, g.dy());
}

// dx = dy * sign(x)
Values l1_gradient(const Grad& g) {
  return {kept_dy(g) * sign(g.x[0])};
}

// dx = dy * x / y, 0 where y is 0.
Values l2_gradient(const Grad& g) {
  Value zero = g.graph.scalar(0);
  Value part = where(equal(g.y[0], zero), zero, g.dy() / g.y[0]);
  return {kept(g, part) * g.x[0]};
}

// dx = dy / sum(x) = dy * exp(-y)
Values log_sum_gradient(const Grad& g) {
  return {expand(kept(g, g.dy() * exp(-g.y[0])), g.x[0].shape())};
}

// dx = dy * exp(x) / sum(exp(x)) = dy * exp(x - y)
Values log_sum_exp_gradient(const Grad& g) {
  return {kept_dy(g) * exp(g.x[0] - kept(g, g.y[0]))};
}

// dx = dy wherever x is the extreme: at each, if several are.
Values extreme_gradient(const Grad& g) {
  return {only_where(equal(g.x[0], kept(g, g.y[0])), kept_dy(g))};
}

// dx = dy / count
Values mean_gradient(const Grad& g) {
  double count = double(
      reduced_count(g.x[0].shape(), axes_mask(g.node, "axes", g.x[0].shape().rank(), every_axis)));
  return {expand(kept_dy(g) / count, g.x[0].shape())};
}

// dx = dy * product of the others. That is the product of what is not 0, divided by x if x is one
// of these; 0 where another element is 0.
Values product_gradient(const Grad& g) {
  Value x = g.x[0], zero = g.graph.scalar(0), one = g.graph.scalar(1);
  auto over_axes = [&](const Op& op, const Value& v) {
    return kept(g, apply(op, {v}, g.node.attrs));
  };
  Value is_zero = equal(x, zero);
  Value safe = where(is_zero, one, x);
  Value zeros = where(is_zero, one, zero);
  Value other_zeros = over_axes(reduce_sum_op, zeros) - zeros;
  Value others = over_axes(reduce_product_op, safe) / safe;
  return {only_where(equal(other_zeros, zero), kept_dy(g) * others)};
}

// dx = dy
Values sum_gradient(const Grad& g) {
  return {expand(kept_dy(g), g.x[0].shape())};
}

// dx = 2 * dy * x
Values sum_square_gradient(const Grad& g) {
  return {2 * kept_dy(g) * g.x[0]};
}

}  // namespace

constexpr Op reduce_l1_op{
    .name = "reduceL1",
    .summary = "The sum of |x| over the axes; over all of them by default.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<numbers>,
    .cpu = over_all<L1>,
    .gradient = l1_gradient,
};

constexpr Op reduce_l2_op{
    .name = "reduceL2",
    .summary = "The length of a vector: the square root of the sum of x * x over the axes.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<floats>,
    .cpu = over_floats<L2>,
    .gradient = l2_gradient,
};

constexpr Op reduce_log_sum_op{
    .name = "reduceLogSum",
    .summary = "log(sum of x) over the axes.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<floats>,
    .cpu = over_floats<LogSum>,
    .gradient = log_sum_gradient,
};

constexpr Op reduce_log_sum_exp_op{
    .name = "reduceLogSumExp",
    .summary = "log(sum of exp(x)) over the axes, without overflow.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<floats>,
    .cpu = {log_sum_exp<float>, log_sum_exp<double>},
    .gradient = log_sum_exp_gradient,
};

constexpr Op reduce_max_op{
    .name = "reduceMax",
    .summary =
        "The greatest element over the axes; NaN if any is. Of booleans: whether any is true.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<everything>,
    .cpu = over_all<Max>,
    .gradient = extreme_gradient,
};

constexpr Op reduce_mean_op{
    .name = "reduceMean",
    .summary = "The mean over the axes.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<floats>,
    .cpu = over_floats<Mean>,
    .gradient = mean_gradient,
};

constexpr Op reduce_min_op{
    .name = "reduceMin",
    .summary = "The least element over the axes; NaN if any is. Of booleans: whether all are true.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<everything>,
    .cpu = over_all<Min>,
    .gradient = extreme_gradient,
};

constexpr Op reduce_product_op{
    .name = "reduceProduct",
    .summary = "The product over the axes.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<numbers>,
    .cpu = over_all<Product>,
    .gradient = product_gradient,
};

constexpr Op reduce_sum_op{
    .name = "reduceSum",
    .summary = "The sum over the axes.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<numbers>,
    .cpu = over_all<Sum>,
    .gradient = sum_gradient,
};

constexpr Op reduce_sum_square_op{
    .name = "reduceSumSquare",
    .summary = "The sum of x * x over the axes.",
    .inputs = {"input"},
    .attrs = options,
    .infer = reduced<numbers>,
    .cpu = over_all<SumSquare>,
    .gradient = sum_square_gradient,
};

}  // namespace gesso
