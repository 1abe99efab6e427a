// What operators share that compute each element from the elements at the same place.
#pragma once

#include <type_traits>

#include "core/ops/accept.h"
#include "core/ops/broadcast.h"

namespace gesso {

// The type in which an element is computed. Integers have room to overflow and wrap when stored.
template <class T>
using Wide = std::conditional_t<std::is_integral_v<T>, int64_t, T>;

// Sums and products, which wrap where int64_t overflows.
template <class T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return T(uint64_t(a) + uint64_t(b));
  else
    return a + b;
}
template <class T>
T times(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return T(uint64_t(a) * uint64_t(b));
  else
    return a * b;
}

// A type rule: the type of the input, which must be one of these.
template <const auto& accepted>
Types same_type_of(const Call& c) {
  check_dtype(c, 0, accepted);
  return {c.in[0]};
}

// out[i] = f(x[i]).
template <class T, class Out, class F>
void map(std::span<const T> x, std::span<Out> out, F f) {
  for (size_t i = 0; i < x.size(); ++i) out[i] = Out(f(Wide<T>(x[i])));
}

// out = f(a, b), stretched to the shape of out.
template <class T, class Out, class F>
void map(const Loops<3>& loops, const T* a, const T* b, Out* out, F f) {
  loops.run([&](const auto& at, size_t count, const auto& steps) {
    Out* to = out + at[0];
    const T* x = a + at[1];
    const T* y = b + at[2];
    for (size_t i = 0; i < count; ++i, x += steps[1], y += steps[2])
      to[i] = Out(f(Wide<T>(*x), Wide<T>(*y)));
  });
}

// Kernels from a function without captures, which one row of a table gives.
namespace kernels {

template <class Real, class F>
void floats(Kernel<Real>& k) {
  map(k.input(), k.output(), F{});
}

template <class Real, class F>
void numbers(Kernel<Real>& k) {
  k.visit(k.dtype(), [&](auto zero) {
    using T = decltype(zero);
    map(k.template input<T>(), k.template output<T>(), F{});
  });
}

template <class Real, class F>
void tests(Kernel<Real>& k) {
  map(k.input(), k.template output<uint8_t>(), F{});
}

}  // namespace kernels

// For operators on floats, on numbers of every kind, and from floats to truth values.
template <class F>
constexpr CpuKernel each_float(F) {
  return {kernels::floats<float, F>, kernels::floats<double, F>};
}
template <class F>
constexpr CpuKernel each_number(F) {
  return {kernels::numbers<float, F>, kernels::numbers<double, F>};
}
template <class F>
constexpr CpuKernel each_test(F) {
  return {kernels::tests<float, F>, kernels::tests<double, F>};
}

}  // namespace gesso
