// The rules by which optimisers change one element of a weight and of what they remember of it.
// They are TF.js 4.22's, whose places for epsilon differ from other libraries'.
#pragma once

#include <array>
#include <cmath>

#include "core/op.h"

namespace gesso::optimizers {

// A rule has `states`, the weight and what is remembered; is made once a run from the node's
// options, the learning rate and the number of the step, which counts from 1; and changes the
// states of one element by its gradient g.

// What is smaller counts as 0, and its square as the square of this: averages of it would shrink to
// subnormal floats, for which processors take several times longer. A thousandth of the square is
// a normal float.
inline constexpr double least_gradient = 0x1p-58;

template <class T>
T or_zero(T x) {
  return x * (std::abs(x) < T(least_gradient) ? T(0) : T(1));
}

template <class T>
T square(T x) {
  T size = std::abs(x);
  size = size < T(least_gradient) ? T(least_gradient) : size;
  return size * size;
}

// mean = kept * mean + (1 - kept) * next: what is left of 1 is taken in double, since near 1 a
// float has few digits for it.
template <class T>
struct MovingAverage {
  T kept, rest;

  explicit MovingAverage(double share) : kept(T(share)), rest(T(1 - share)) {}
  T operator()(T mean, T next) const { return kept * mean + rest * next; }
};

template <class T>
struct Sgd {
  static constexpr size_t states = 1;
  T rate;

  Sgd(const Node&, double learning_rate, int) : rate(T(learning_rate)) {}
  void operator()(std::array<T, states>& s, T g) const { s[0] -= rate * g; }
};

// Polyak 1964; with the gradient's own step ahead, Nesterov 1983.
template <class T>
struct Momentum {
  static constexpr size_t states = 2;
  T rate, momentum, along, ahead;

  Momentum(const Node& node, double learning_rate, int)
      : rate(T(learning_rate)),
        momentum(T(node.number("momentum"))),
        along(node.flag("nesterov") ? momentum : T(1)),
        ahead(node.flag("nesterov") ? T(1) : T(0)) {}
  void operator()(std::array<T, states>& s, T g) const {
    auto& [weight, velocity] = s;
    velocity = or_zero(momentum * velocity + g);
    weight -= rate * (along * velocity + ahead * g);
  }
};

// Kingma and Ba 2015; with weight decay apart from the gradient, Loshchilov and Hutter 2019.
template <class T>
struct Adam {
  static constexpr size_t states = 3;
  T rate, decay, first, second, epsilon;
  MovingAverage<T> average, average_square;

  Adam(const Node& node, double learning_rate, int step)
      : rate(T(learning_rate)),
        decay(T(learning_rate * node.number("weightDecay"))),
        first(T(1 / (1 - std::pow(node.number("beta1"), step)))),
        second(T(1 / (1 - std::pow(node.number("beta2"), step)))),
        epsilon(T(node.number("epsilon"))),
        average(node.number("beta1")),
        average_square(node.number("beta2")) {}
  void operator()(std::array<T, states>& s, T g) const {
    auto& [weight, mean, variance] = s;
    mean = or_zero(average(mean, g));
    variance = average_square(variance, square(g));
    weight -= decay * weight + rate * (first * mean) / (std::sqrt(second * variance) + epsilon);
  }
};

// Kingma and Ba 2015, section 7.1.
template <class T>
struct Adamax {
  static constexpr size_t states = 3;
  T rate, beta2, epsilon;
  MovingAverage<T> average;

  Adamax(const Node& node, double learning_rate, int step)
      : rate(T(learning_rate / (1 - std::pow(node.number("beta1"), step)))),
        beta2(T(node.number("beta2"))),
        epsilon(T(node.number("epsilon"))),
        average(node.number("beta1")) {}
  void operator()(std::array<T, states>& s, T g) const {
    auto& [weight, mean, norm] = s;
    mean = or_zero(average(mean, g));
    T kept = beta2 * norm, size = std::abs(g);
    norm = kept > size ? kept : size;
    weight -= rate * mean / (norm + epsilon);
  }
};

// Tieleman and Hinton 2012; centered, Graves 2013, equations 38 to 41.
template <class T>
struct RmsProp {
  static constexpr size_t states = 4;
  T rate, momentum, centered, epsilon;
  MovingAverage<T> average;

  RmsProp(const Node& node, double learning_rate, int)
      : rate(T(learning_rate)),
        momentum(T(node.number("momentum"))),
        centered(node.flag("centered") ? T(1) : T(0)),
        epsilon(T(node.number("epsilon"))),
        average(node.number("decay")) {}
  void operator()(std::array<T, states>& s, T g) const {
    auto& [weight, mean_square, velocity, mean] = s;
    mean_square = average(mean_square, square(g));
    mean = or_zero(centered * average(mean, g));
    T variance = mean_square - mean * mean;
    velocity = or_zero(momentum * velocity + rate * g / std::sqrt(variance + epsilon));
    weight -= velocity;
  }
};

// Duchi, Hazan and Singer 2011.
template <class T>
struct Adagrad {
  static constexpr size_t states = 2;
  T rate, epsilon;

  Adagrad(const Node& node, double learning_rate, int)
      : rate(T(learning_rate)), epsilon(T(node.number("epsilon"))) {}
  void operator()(std::array<T, states>& s, T g) const {
    auto& [weight, sum] = s;
    sum += square(g);
    weight -= rate * g / std::sqrt(sum + epsilon);
  }
};

// Zeiler 2012, but dividing by the squares as they were before this step.
template <class T>
struct Adadelta {
  static constexpr size_t states = 3;
  T rate, epsilon;
  MovingAverage<T> average;

  Adadelta(const Node& node, double learning_rate, int)
      : rate(T(learning_rate)), epsilon(T(node.number("epsilon"))), average(node.number("rho")) {}
  void operator()(std::array<T, states>& s, T g) const {
    auto& [weight, squares, updates] = s;
    T update = g * std::sqrt((updates + epsilon) / (squares + epsilon));
    squares = average(squares, square(g));
    updates = average(updates, square(update));
    weight -= rate * update;
  }
};

}  // namespace gesso::optimizers
