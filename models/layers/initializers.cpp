#include "models/layers/initializers.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.h"

namespace gesso {
namespace {

// The deviation of a normal distribution that is cut off at two deviations.
constexpr double truncated_deviation = 0.87962566103423978;

// One initialiser at work.
struct Task {
  Field config;  // what stands under "config", or nothing
  Shape shape;
  Random random;
  std::span<float> out;

  double number(Text name, double otherwise) const { return config.get(name).number_or(otherwise); }
};

void fill(Task& t, double value) {
  std::fill(t.out.begin(), t.out.end(), float(value));
}

void uniform(Task& t, double low, double high) {
  for (float& w : t.out) w = float(low + (high - low) * t.random.uniform());
}

void normal(Task& t, double mean, double deviation) {
  for (float& w : t.out) w = float(mean + deviation * t.random.normal());
}

// Within two deviations: what lies beyond is drawn again.
void truncated_normal(Task& t, double mean, double deviation) {
  for (float& w : t.out) {
    float z = t.random.normal();
    while (std::abs(z) > 2) z = t.random.normal();
    w = float(mean + deviation * z);
  }
}

// How many inputs and outputs one element of a layer's result has. A filter is [..., in, out].
std::pair<double, double> fans(const Shape& shape) {
  int rank = shape.rank();
  if (rank == 0) return {1, 1};
  if (rank == 1) return {shape[0], shape[0]};
  double window = double(shape.count(0, rank - 2));
  return {window * shape[rank - 2], window * shape[rank - 1]};
}

void variance_scaling(Task& t, double scale, Text mode, Text spread) {
  auto [in, out] = fans(t.shape);
  double n = mode == "fan_in" ? in : mode == "fan_out" ? out : (in + out) / 2;
  double variance = scale / std::max(1.0, n);
  if (spread == "uniform")
    uniform(t, -std::sqrt(3 * variance), std::sqrt(3 * variance));
  else if (spread == "untruncated_normal")
    normal(t, 0, std::sqrt(variance));
  else
    truncated_normal(t, 0, std::sqrt(variance) / truncated_deviation);
}

void configured_variance_scaling(Task& t) {
  Field mode = t.config.get("mode"), spread = t.config.get("distribution");
  std::string m = snake_case(mode.text_or("fan_in"));
  std::string s = snake_case(spread.text_or("truncated_normal"));
  if (m != "fan_in" && m != "fan_out" && m != "fan_avg")
    mode.refuse("is not a mode", "fan_in, fan_out or fan_avg");
  if (s != "uniform" && s != "normal" && s != "truncated_normal" && s != "untruncated_normal")
    spread.refuse("is not a distribution", "uniform, truncated_normal or untruncated_normal");
  double scale = t.number("scale", 1);
  if (!(scale > 0)) t.config.get("scale").refuse("must be above 0", "1");
  variance_scaling(t, scale, m, s);
}

void identity(Task& t) {
  if (t.shape.rank() != 2)
    fail("identity: only a matrix can begin as one", {{"shape", t.shape}}, "glorot_uniform");
  fill(t, 0);
  for (int i = 0; i < std::min(t.shape[0], t.shape[1]); ++i)
    t.out[size_t(i) * size_t(t.shape[1]) + size_t(i)] = float(t.number("gain", 1));
}

double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// Makes `count` vectors of `n` numbers orthonormal, one after the other. Twice is enough: Giraud
// et al. (2005).
void orthonormalise(std::vector<double>& vectors, size_t count, size_t n) {
  for (size_t i = 0; i < count; ++i) {
    double* v = vectors.data() + i * n;
    for (int twice = 0; twice < 2; ++twice)
      for (size_t j = 0; j < i; ++j) {
        const double* u = vectors.data() + j * n;
        double part = dot(u, v, n);
        for (size_t k = 0; k < n; ++k) v[k] -= part * u[k];
      }
    double norm = std::sqrt(dot(v, v, n));
    for (size_t k = 0; k < n; ++k) v[k] /= norm;
  }
}

// A random matrix, [all sizes but the last, last], whose rows or columns, whichever are fewer, are
// orthonormal.
void orthogonal(Task& t) {
  constexpr double most_work = 1e11;
  if (t.shape.rank() < 2)
    fail("orthogonal: a weight must have two sizes or more", {{"shape", t.shape}},
         "glorot_uniform");
  size_t columns = size_t(t.shape.back()), rows = t.shape.count(0, t.shape.rank() - 1);
  size_t count = std::min(rows, columns), n = std::max(rows, columns);
  if (2.0 * double(count) * double(count) * double(n) > most_work)
    fail("orthogonal: the weight is too large for this initialiser", {{"shape", t.shape}},
         "glorot_uniform");
  std::vector<double> vectors(count * n);
  for (double& v : vectors) v = t.random.normal();
  orthonormalise(vectors, count, n);
  double gain = t.number("gain", 1);
  for (size_t row = 0; row < rows; ++row)
    for (size_t column = 0; column < columns; ++column) {
      size_t at = rows < columns ? row * n + column : column * n + row;
      t.out[row * columns + column] = float(gain * vectors[at]);
    }
}

struct Row {
  Text name;  // without underscores
  void (*run)(Task&);
};

constexpr Row rows[] = {
    {"constant", [](Task& t) { fill(t, t.number("value", 0)); }},
    {"glorotnormal", [](Task& t) { variance_scaling(t, 1, "fan_avg", "normal"); }},
    {"glorotuniform", [](Task& t) { variance_scaling(t, 1, "fan_avg", "uniform"); }},
    {"henormal", [](Task& t) { variance_scaling(t, 2, "fan_in", "normal"); }},
    {"heuniform", [](Task& t) { variance_scaling(t, 2, "fan_in", "uniform"); }},
    {"identity", identity},
    {"lecunnormal", [](Task& t) { variance_scaling(t, 1, "fan_in", "normal"); }},
    {"lecununiform", [](Task& t) { variance_scaling(t, 1, "fan_in", "uniform"); }},
    {"ones", [](Task& t) { fill(t, 1); }},
    {"orthogonal", orthogonal},
    {"randomnormal", [](Task& t) { normal(t, t.number("mean", 0), t.number("stddev", 0.05)); }},
    {"randomuniform",
     [](Task& t) { uniform(t, t.number("minval", -0.05), t.number("maxval", 0.05)); }},
    {"truncatednormal",
     [](Task& t) { truncated_normal(t, t.number("mean", 0), t.number("stddev", 0.05)); }},
    {"variancescaling", configured_variance_scaling},
    {"zeros", [](Task& t) { fill(t, 0); }},
};

// "glorot_uniform", "glorotUniform" and "GlorotUniform" are one name.
std::string plain(std::string_view name) {
  std::string plain;
  for (char c : name)
    if (c != '_') plain += char(std::tolower(uint8_t(c)));
  return plain;
}

const Row* find_row(Text name) {
  std::string wanted = plain(name);
  auto found =
      std::find_if(std::begin(rows), std::end(rows), [&](auto& row) { return row.name == wanted; });
  return found == std::end(rows) ? nullptr : found;
}

}  // namespace

std::shared_ptr<Buffer> initial_weight(const Field& config, Text otherwise, const Shape& shape,
                                       RandomSource source) {
  bool is_object = config.is_object();
  Field name = is_object ? config.at("class_name") : config;
  const Row* row = find_row(name.text_or(otherwise));
  if (!row) name.refuse("is not an initialiser", "glorot_uniform, he_normal, zeros, ones, ...");
  Field settings = is_object ? config.get("config") : Field{};
  if (Field seed = settings.get("seed")) source = {uint32_t(seed.integer()), 0};
  auto data = std::make_shared<Buffer>(shape.count() * sizeof(float));
  Task task{settings, shape, Random(source.seed, source.stream),
            data->as<float>().first(shape.count())};
  row->run(task);
  return data;
}

}  // namespace gesso
