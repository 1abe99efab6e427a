// Every gradient rule against finite differences, in double, on the cases in tests/ops; the rules'
// own derivatives in the same way; and the backend, which computes them in float, against double.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/backends/backend.h"
#include "core/gradient.h"
#include "core/random.h"
#include "core/reference.h"
#include "tests/native/op_cases.h"

namespace gesso {
namespace {

// Operators from real numbers to real numbers that cannot be differentiated, and why.
const std::set<std::string_view> without_gradient{
    // One step of training, which is where a path ends.
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "momentum",
    "rmsProp",
    "sgd",
    // Derivatives through time, once.
    "gruGradient",
    "lstmGradient",
};

// Rules that cannot be differentiated again.
const std::set<std::string_view> without_second_gradient{"gru", "lstm"};

constexpr size_t most_values = 2048;  // of a case: larger ones take long and say nothing new
constexpr size_t most_samples = 12;   // elements of one input

// Of the backend, over 1 + |value|: rules multiply and sum what has been rounded.
constexpr double backend_tolerance = 1e-4;

bool is_real(const TensorType& type) {
  return type.dtype == DType::f32;
}

bool maps_reals(const Node& node, const Graph& graph) {
  auto real_input = [&](Edge e) {
    return e.id >= 0 && is_real(graph.nodes()[size_t(e.id)].outputs[size_t(e.output)]);
  };
  return std::ranges::any_of(node.inputs, real_input) && std::ranges::any_of(node.outputs, is_real);
}

// A real function of the tensors that are fed to a graph: the sum of seed * output over some of
// its values.
class Function {
 public:
  // Of the real inputs of a case, with random seeds.
  explicit Function(const OpCase& c) : case_(build(c)) {
    for (const Port& port : graph().inputs()) inputs_.push_back(graph().value(port.edge));
    for (const OpTensor& t : case_.inputs) feeds_.push_back(to_reference<double>(t.type, t.bytes));
    Values all;
    for (const Port& port : graph().outputs()) all.push_back(graph().value(port.edge));
    weigh(all);
  }

  Values derivatives() { return gradient(outputs_, seeds_, inputs()); }

  // Becomes a function of its derivatives: of the seeds too, from now on.
  void differentiate() {
    Values values = derivatives();
    inputs_.insert(inputs_.end(), seeds_.begin(), seeds_.end());
    weigh(values);
  }

  // The real ones among what is fed.
  Values inputs() const {
    Values real;
    std::ranges::copy_if(inputs_, std::back_inserter(real),
                         [](Value v) { return is_real(v.type()); });
    return real;
  }
  std::span<double> elements(size_t input) {
    size_t feed = 0;
    for (;; ++feed)
      if (is_real(inputs_[feed].type()) && input-- == 0) return feeds_[feed].as<double>();
  }

  std::vector<std::vector<ReferenceTensor>> run() const {
    return run_reference<double>(case_.graph, feeds_);
  }

  // The elements of real values of the graph, which become its outputs, as the backend has them.
  std::vector<std::vector<float>> run_on_backend(const Values& values) {
    graph().clear_outputs();
    for (size_t i = 0; i < values.size(); ++i) graph().output("d" + std::to_string(i), values[i]);
    auto program = compile(graph());
    for (size_t i = 0; i < feeds_.size(); ++i) feed(program->input(int(i)), feeds_[i]);
    program->run();
    std::vector<std::vector<float>> results;
    for (size_t i = 0; i < program->outputs().size(); ++i) {
      auto bytes = program->output(int(i));
      results.emplace_back(bytes.size() / sizeof(float));
      std::ranges::copy(bytes, std::as_writable_bytes(std::span(results.back())).begin());
    }
    return results;
  }

  double operator()() const {
    auto values = run();
    double sum = 0;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      auto y = values[size_t(outputs_[i].id)][size_t(outputs_[i].output)].as<double>();
      auto seed = values[size_t(seeds_[i].id)][0].as<double>();
      for (size_t j = 0; j < y.size(); ++j) sum += y[j] * seed[j];
    }
    return sum;
  }

 private:
  Graph& graph() { return case_.graph; }

  static void feed(std::span<std::byte> input, ReferenceTensor& given) {
    if (!is_real(given.type)) {
      std::ranges::copy(given.bytes, input.begin());
      return;
    }
    std::vector<float> rounded(given.as<double>().begin(), given.as<double>().end());
    std::ranges::copy(std::as_bytes(std::span(rounded)), input.begin());
  }

  void weigh(const Values& values) {
    outputs_.clear();
    seeds_.clear();
    for (Value v : values) {
      if (!is_real(v.type())) continue;
      outputs_.push_back(v);
      seeds_.push_back(graph().input("seed" + std::to_string(feeds_.size()), v.type()));
      ReferenceTensor seed{v.type(), std::vector<std::byte>(v.shape().count() * sizeof(double))};
      for (double& s : seed.as<double>())
        s = float(2 * random_.uniform() - 1);  // as a backend has it
      feeds_.push_back(std::move(seed));
    }
  }

  OpGraph case_;
  Values inputs_, outputs_, seeds_;
  std::vector<ReferenceTensor> feeds_;
  Random random_{7};
};

// The derivative by one number; NaN where the function has a corner, a step or a pole close by.
double finite_difference(const Function& f, double& x) {
  const double x0 = x, h = 1e-5 * std::max(1.0, std::abs(x0));
  auto at = [&](double place) {
    x = place;
    double y = f();
    x = x0;
    return y;
  };
  double middle = at(x0), up = at(x0 + h), down = at(x0 - h);
  double wide = (up - down) / (2 * h), narrow = (at(x0 + h / 2) - at(x0 - h / 2)) / h;
  double limit = 1 + std::abs(wide), turn = ((up - middle) - (middle - down)) / h;
  bool smooth = std::abs(wide - narrow) < 1e-6 * limit && std::abs(turn) < 1e-2 * limit;
  return smooth ? narrow : std::numeric_limits<double>::quiet_NaN();
}

struct Count {
  int compared = 0, skipped = 0;
};

// Compares the derivatives by some elements of every real input. `d` is the same function as `f`
// and its graph may grow.
void compare(Function& f, Function& d, Count& count) {
  Values inputs = d.inputs(), derivatives = d.derivatives();
  auto values = d.run();
  for (size_t i = 0; i < inputs.size(); ++i) {
    Value v = derivatives[i];
    ASSERT_EQ(v.type(), inputs[i].type()) << "of input " << i;
    auto derivative = values[size_t(v.id)][size_t(v.output)].as<double>();
    std::span<double> x = f.elements(i);
    size_t step = std::max<size_t>(1, x.size() / most_samples);
    for (size_t j = 0; j < x.size(); j += step) {
      double expected = finite_difference(f, x[j]);
      ++(std::isnan(expected) ? count.skipped : count.compared);
      if (!std::isnan(expected))
        EXPECT_NEAR(derivative[j], expected, 2e-6 * (1 + std::abs(expected)))
            << "by element " << j << " of input " << i << ", which is " << x[j];
    }
  }
}

// NaN and NaN, or Infinity and Infinity, are close.
testing::AssertionResult close(double expected, double result) {
  bool same = expected == result || (std::isnan(expected) && std::isnan(result));
  if (same || std::abs(expected - result) <= backend_tolerance * (1 + std::abs(expected)))
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "must be " << expected << ", is " << result;
}

bool is_small(const OpCase& c) {
  OpGraph g = build(c);
  size_t count = 0;
  for (const Node& node : g.graph.nodes())
    for (const TensorType& type : node.outputs) count += type.shape.count();
  return count <= most_values;
}

// The cases of an operator that compute real numbers from real numbers.
std::vector<OpCase> real_cases(const Op& op) {
  std::vector<OpCase> cases = read_op_cases(op_cases_folder() / (std::string(op.name) + ".json"));
  std::erase_if(cases, [](const OpCase& c) {
    if (c.has("error")) return true;
    OpGraph g = build(c);
    return !maps_reals(g.graph.nodes().back(), g.graph);
  });
  return cases;
}

class GradientRules : public testing::TestWithParam<const Op*> {};

TEST_P(GradientRules, AgreeWithFiniteDifferences) {
  const Op& op = *GetParam();
  std::vector<OpCase> cases = real_cases(op);
  if (!op.gradient) {
    EXPECT_TRUE(cases.empty() || without_gradient.contains(op.name))
        << op.name << " has no gradient, and is not in the list of those that need none";
    return;
  }
  EXPECT_FALSE(without_gradient.contains(op.name));
  if (cases.empty()) return;
  Count count;
  for (const OpCase& c : cases) {
    if (!is_small(c)) continue;
    SCOPED_TRACE(c.name);
    Function f(c), d(c);
    compare(f, d, count);
  }
  EXPECT_GT(count.compared, count.skipped);
}

TEST_P(GradientRules, CanBeDifferentiatedAgain) {
  const Op& op = *GetParam();
  std::vector<OpCase> cases = real_cases(op);
  if (!op.gradient || cases.empty() || without_second_gradient.contains(op.name)) return;
  Count count;
  for (const OpCase& c : cases) {
    if (!is_small(c)) continue;
    SCOPED_TRACE(c.name);
    Function f(c), d(c);
    f.differentiate();
    d.differentiate();
    compare(f, d, count);
  }
  EXPECT_GT(count.compared, count.skipped);
}

TEST_P(GradientRules, BackendAgrees) {
  const Op& op = *GetParam();
  if (!op.gradient) return;
  for (const OpCase& c : real_cases(op)) {
    if (!is_small(c)) continue;
    SCOPED_TRACE(c.name);
    Function f(c);
    Values derivatives = f.derivatives();
    auto results = f.run_on_backend(derivatives);
    auto values = f.run();
    for (size_t i = 0; i < derivatives.size(); ++i) {
      Value v = derivatives[i];
      auto expected = values[size_t(v.id)][size_t(v.output)].as<double>();
      ASSERT_EQ(results[i].size(), expected.size());
      for (size_t j = 0; j < expected.size(); ++j)
        if (!(std::isnan(expected[j]) && loses_nan(c)))
          EXPECT_TRUE(close(expected[j], double(results[i][j])))
              << "element " << j << " by input " << i;
    }
  }
}

std::vector<const Op*> operators() {
  auto all = all_ops();
  return {all.begin(), all.end()};
}

INSTANTIATE_TEST_SUITE_P(Ops, GradientRules, testing::ValuesIn(operators()),
                         [](const testing::TestParamInfo<const Op*>& info) {
                           return std::string(info.param->name);
                         });

}  // namespace
}  // namespace gesso
