// How long whole steps of training take, and which operators the time goes to: forward, softmax
// cross-entropy, gradients and Adam as one program, natively and in WebAssembly under Node.
//
//   gesso_training [name of a network]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "core/backends/backend.h"
#include "core/gradient.h"
#include "core/ops/math.h"
#include "core/random.h"

namespace gesso {
namespace {

// A network in the making: its weights are variables.
class Network {
 public:
  explicit Network(Graph& graph) : graph_(graph) {}

  Value weight(const Shape& shape, size_t terms) {
    auto state = buffer(shape);
    for (float& w : state->as<float>())
      w = float((random_.uniform() * 2 - 1) / std::sqrt(double(terms)));
    weights_.push_back(graph_.variable("weight", {DType::f32, shape}, state));
    return weights_.back();
  }

  Value dense(Value x, int units) {
    int depth = x.shape().back();
    return apply(gemm_op, {x, weight({depth, units}, size_t(depth)), weight({units}, 1000)});
  }

  Value conv3x3(Value x, int filters) {
    int depth = x.shape().back();
    return apply(conv2d_op,
                 {x, weight({filters, 3, 3, depth}, size_t(9 * depth)), weight({filters}, 1000)});
  }

  // Adam on the mean of the cross-entropies of these logits.
  void train(Value logits, Value labels) {
    Value loss = mean(apply(softmax_cross_entropy_op, {logits, labels}));
    graph_.output("loss", loss);
    Value step = graph_.variable("step", {DType::i32, {}}, buffer({}));
    Value next = step + graph_.scalar(1, DType::i32);
    graph_.assign(step, next);
    Value rate = graph_.scalar(0.001);
    Values derivatives = gradient({loss}, {}, weights_);
    for (size_t i = 0; i < weights_.size(); ++i) {
      const TensorType& type = weights_[i].type();
      Value mean_state = graph_.variable("mean", type, buffer(type.shape));
      Value variance = graph_.variable("variance", type, buffer(type.shape));
      Value updated =
          apply(adam_op, {weights_[i], mean_state, variance, derivatives[i], rate, next});
      graph_.assign(weights_[i], updated);
      graph_.assign(mean_state, updated.at(1));
      graph_.assign(variance, updated.at(2));
    }
  }

  size_t weight_bytes() const {
    size_t bytes = 0;
    for (Value w : weights_) bytes += w.type().bytes();
    return bytes;
  }

 private:
  static std::shared_ptr<Buffer> buffer(const Shape& shape) {
    return std::make_shared<Buffer>(shape.count() * sizeof(float));
  }

  Graph& graph_;
  Values weights_;
  Random random_{1};
};

Value relu(Value x) {
  return apply(relu_op, {x});
}

Value max_pool(Value x) {
  return apply(max_pool2d_op, {x}, {{"windowDimensions", Ints{2, 2}}, {"strides", Ints{2, 2}}});
}

Value dense_network(Network& n, Value x) {
  return n.dense(relu(n.dense(relu(n.dense(x, 32)), 32)), 4);
}

Value head_network(Network& n, Value x) {
  return n.dense(relu(n.dense(x, 100)), 3);
}

Value cnn_network(Network& n, Value x) {
  x = max_pool(relu(n.conv3x3(x, 16)));
  x = max_pool(relu(n.conv3x3(x, 32)));
  x = reshape(x, {x.shape()[0], int(x.shape().count(1, 4))});
  return n.dense(relu(n.dense(x, 64)), 10);
}

struct Work {
  std::string name;
  Shape input;
  Value (*network)(Network&, Value);
};

const std::vector<Work> works{
    {"dense 2-32-32-4, batch 64", {64, 2}, dense_network},
    {"head 1280-100-3, batch 16", {16, 1280}, head_network},
    {"CNN 28 x 28, batch 64", {64, 28, 28, 1}, cnn_network},
};

double seconds_of(const std::function<void()>& f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The median time of a step, over about a second.
double median_step(Program& program) {
  std::vector<double> times;
  for (double total = 0; total < 1 && times.size() < 20000; total += times.back())
    times.push_back(seconds_of([&] { program.run(); }));
  std::ranges::nth_element(times, times.begin() + long(times.size() / 2));
  return times[times.size() / 2];
}

void fill(std::span<std::byte> bytes, Random& random) {
  std::span<float> numbers{reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
  for (float& number : numbers) number = float(random.uniform());
}

void measure(const Work& work) {
  Graph graph;
  Network network(graph);
  Value logits = work.network(network, graph.input("x", {DType::f32, work.input}));
  network.train(logits, graph.input("labels", logits.type()));
  auto program = compile(graph);
  Random random(2);
  for (int i : {0, 1}) fill(program->input(i), random);

  double median = median_step(*program);
  std::printf("%s: %.4f ms a step, weights %zu KB, arena %zu KB\n", work.name.c_str(), 1e3 * median,
              network.weight_bytes() / 1024, program->memory().arena / 1024);
  size_t count = program->steps().size(), runs = size_t(0.5 / median) + 1;
  std::vector<double> seconds(count);
  for (size_t i = 0; i < runs; ++i) program->profile(seconds);
  for (size_t i = 0; i < count; ++i) {
    const StepInfo& step = program->steps()[i];
    std::printf("  %8.4f ms  %-24s %s\n", 1e3 * seconds[i] / double(runs),
                std::string(step.op).c_str(), std::string(step.kernel).c_str());
  }
}

}  // namespace
}  // namespace gesso

int main(int argc, char** argv) {
  for (const gesso::Work& work : gesso::works)
    if (argc < 2 || work.name.find(argv[1]) != std::string::npos) gesso::measure(work);
}
