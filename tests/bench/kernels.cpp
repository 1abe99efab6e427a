// How fast single operators run natively, one thread, as programs of one node.
#include <benchmark/benchmark.h>

#include <vector>

#include "core/backends/backend.h"
#include "core/image.h"
#include "core/ops/list.h"

namespace gesso {
namespace {

Value constant(Graph& graph, const Shape& shape) {
  std::vector<float> values(shape.count());
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i % 13) * 0.1f - 0.6f;
  return graph.constant(shape, values);
}

// Runs the graph until the clock is satisfied; `work` is its number of multiply-adds.
void measure(benchmark::State& state, Graph& graph, Value result, double work) {
  graph.output("y", result);
  auto program = compile(graph);
  for (auto _ : state) {
    program->run();
    benchmark::DoNotOptimize(program->output(0).data());
  }
  state.SetLabel(std::string(program->steps().back().kernel));
  state.counters["FLOP"] =
      benchmark::Counter(2 * work * double(state.iterations()), benchmark::Counter::kIsRate);
}

// Matrix product m × k × n with constant weights.
void matmul(benchmark::State& state) {
  int m = int(state.range(0)), k = int(state.range(1)), n = int(state.range(2));
  Graph graph;
  Value a = graph.input("a", {DType::f32, {m, k}});
  Value y = graph.apply(matmul_op, {a, constant(graph, {k, n})});
  measure(state, graph, y, double(m) * k * n);
}
BENCHMARK(matmul)->Args({512, 512, 512})->Args({1, 1280, 1000})->Args({64, 32, 32});

// The same with both sides changing from run to run.
void matmul_dynamic(benchmark::State& state) {
  int m = int(state.range(0)), k = int(state.range(1)), n = int(state.range(2));
  Graph graph;
  Value a = graph.input("a", {DType::f32, {m, k}});
  Value b = graph.input("b", {DType::f32, {k, n}});
  measure(state, graph, graph.apply(matmul_op, {a, b}), double(m) * k * n);
}
BENCHMARK(matmul_dynamic)
    ->Args({512, 512, 512})
    ->Args({16, 1280, 100})
    ->Args({4, 256, 512})
    ->Args({32, 128, 512})
    ->Args({1280, 64, 512})
    ->Args({7744, 144, 32})
    ->Args({144, 7744, 32});

// Convolution of a size × size image: size, channels in, channels out, window.
void conv2d(benchmark::State& state) {
  int size = int(state.range(0)), in = int(state.range(1)), out = int(state.range(2));
  int window = int(state.range(3));
  Graph graph;
  Value x = graph.input("x", {DType::f32, {1, size, size, in}});
  Value y = graph.apply(conv2d_op, {x, constant(graph, {out, window, window, in})});
  measure(state, graph, y, double(y.shape().count()) * window * window * in);
}
BENCHMARK(conv2d)->Args({112, 32, 64, 1})->Args({56, 32, 32, 3})->Args({14, 256, 256, 1});

// Depthwise 3 × 3 convolution: size, channels.
void conv2d_depthwise(benchmark::State& state) {
  int size = int(state.range(0)), channels = int(state.range(1));
  Graph graph;
  Value x = graph.input("x", {DType::f32, {1, size, size, channels}});
  Value y = graph.apply(conv2d_op, {x, constant(graph, {channels, 3, 3, 1})},
                        {{"groups", double(channels)}, {"padding", Ints{1, 1, 1, 1}}});
  measure(state, graph, y, double(y.shape().count()) * 9);
}
BENCHMARK(conv2d_depthwise)->Args({112, 32})->Args({14, 256});

// A photograph of 600 × 400 pixels to the input of a 224 × 224 network.
void image(benchmark::State& state) {
  std::vector<uint8_t> pixels(600 * 400 * 4, 100);
  Shape shape{1, 224, 224, 3};
  std::vector<float> out(shape.count());
  ImageScratch scratch;
  for (auto _ : state) {
    write_image(pixels, 600, 400,
                ImageOptions{.mean = {127.5f, 127.5f, 127.5f}, .std = {127.5f, 127.5f, 127.5f}},
                shape, out, scratch);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(image);

}  // namespace
}  // namespace gesso
