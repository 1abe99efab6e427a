// Every operator against the cases in tests/ops: known answers, agreement of all kernels, errors.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "core/backends/backend.h"
#include "core/reference.h"
#include "tests/native/op_cases.h"

namespace gesso {

void PrintTo(const OpCase& c, std::ostream* stream) {
  *stream << c.name;
}

namespace {

// Errors are over 1 + |value|. What is computed element by element agrees to a few roundings;
// what sums over many terms loses more.
constexpr double tolerance = 1e-6, sum_tolerance = 1e-4;

const std::set<std::string_view> sums{
    "averagePool2d",
    "averagePool2dGradient",
    "batchNormalization",
    "batchNormalizationGradient",
    "batchNormalizationTraining",
    "conv2d",
    "conv2dFilterGradient",
    "conv2dInputGradient",
    "convTranspose2d",
    "cumulativeSum",
    "gemm",
    "gru",
    "gruCell",
    "gruGradient",
    "instanceNormalization",
    "l2Pool2d",
    "layerNormalization",
    "lstm",
    "lstmCell",
    "lstmGradient",
    "matmul",
    "reduceL1",
    "reduceL2",
    "reduceLogSum",
    "reduceLogSumExp",
    "reduceMean",
    "reduceProduct",
    "reduceSum",
    "reduceSumSquare",
};

double tolerance_of(const OpCase& c) {
  return sums.contains(c.op) ? sum_tolerance : tolerance;
}

template <class Real>
std::vector<double> numbers(const TensorType& type, std::span<const std::byte> bytes) {
  std::vector<double> values(type.shape.count());
  Kernel<Real>::visit(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < values.size(); ++i) {
      T element;
      std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
      values[i] = double(element);
    }
  });
  return values;
}

using Results = std::vector<std::vector<double>>;  // of each output

template <class Real>
Results run_with_reference(const OpGraph& g) {
  std::vector<ReferenceTensor> inputs;
  for (const OpTensor& t : g.inputs) inputs.push_back(to_reference<Real>(t.type, t.bytes));
  auto values = run_reference<Real>(g.graph, std::move(inputs));
  Results results;
  for (const ReferenceTensor& t : values.back()) results.push_back(numbers<Real>(t.type, t.bytes));
  return results;
}

Results run_with_backend(const OpGraph& g) {
  auto program = compile(g.graph);
  for (size_t i = 0; i < g.inputs.size(); ++i)
    std::ranges::copy(g.inputs[i].bytes, program->input(int(i)).begin());
  program->run();
  Results results;
  for (size_t i = 0; i < program->outputs().size(); ++i)
    results.push_back(numbers<float>(program->outputs()[i].type, program->output(int(i))));
  return results;
}

// 0 for what is equal, NaN and NaN or Infinity and Infinity too.
double error(double expected, double result) {
  if (expected == result || (std::isnan(expected) && std::isnan(result))) return 0;
  double error = std::abs(expected - result) / (1 + std::abs(expected));
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

void expect_near(const std::vector<double>& expected, const std::vector<double>& result,
                 double limit) {
  ASSERT_EQ(expected.size(), result.size());
  size_t worst = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    if (error(expected[i], result[i]) > error(expected[worst], result[worst])) worst = i;
  if (!expected.empty())
    EXPECT_LE(error(expected[worst], result[worst]), limit)
        << "element " << worst << " must be " << expected[worst] << ", is " << result[worst];
}

void expect_near(const Results& expected, const Results& result, double limit) {
  ASSERT_EQ(expected.size(), result.size());
  for (size_t i = 0; i < expected.size(); ++i) expect_near(expected[i], result[i], limit);
}

void forgive_lost_nan(const OpCase& c, const Results& expected, Results& result) {
  if (!loses_nan(c)) return;
  for (size_t i = 0; i < expected[0].size(); ++i)
    if (std::isnan(expected[0][i])) result[0][i] = expected[0][i];
}

void expect_backend_agrees(const OpCase& c, Inputs inputs) {
  OpGraph g = build(c, inputs);
  Results expected = run_with_reference<double>(g), result = run_with_backend(g);
  forgive_lost_nan(c, expected, result);
  expect_near(expected, result, tolerance_of(c));
}

std::string first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('.')) text.remove_suffix(1);
  return std::string(text);
}

// GoogleTest allows letters, digits and underscores in names; PrintTo shows the whole name.
std::string identifier(const testing::TestParamInfo<OpCase>& info) {
  std::string text = info.param.op + '_' + std::to_string(info.param.number);
  for (char letter : info.param.name.substr(info.param.op.size())) {
    bool allowed = std::isalnum(static_cast<unsigned char>(letter));
    if (allowed || text.back() != '_') text += allowed ? letter : '_';
  }
  return text.back() == '_' ? text.substr(0, text.size() - 1) : text;
}

template <class Wanted>
auto cases(Wanted wanted) {
  std::vector<OpCase> chosen;
  for (OpCase& c : all_op_cases())
    if (find_op(c.op) && wanted(c)) chosen.push_back(std::move(c));
  return testing::ValuesIn(chosen);
}

bool runs(const OpCase& c) {
  return !c.has("error");
}

bool has_answer(const OpCase& c) {
  return c.has("y") || c.has("outputs");
}

class KnownAnswers : public testing::TestWithParam<OpCase> {};

TEST_P(KnownAnswers, HoldInDouble) {
  OpGraph g = build(GetParam());
  auto answers = known_answers(GetParam());
  auto results = run_with_reference<double>(g);
  const auto& types = g.graph.nodes().back().outputs;
  ASSERT_EQ(results.size(), answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(to_string(types[i].shape), to_string(answers[i].shape));
    EXPECT_TRUE(!answers[i].boolean || types[i].dtype == DType::boolean) << "must be bool";
    expect_near(answers[i].values, results[i], tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, KnownAnswers, cases(has_answer), identifier);

class Kernels : public testing::TestWithParam<OpCase> {};

TEST_P(Kernels, ReferenceInFloatAgrees) {
  OpGraph g = build(GetParam());
  expect_near(run_with_reference<double>(g), run_with_reference<float>(g),
              tolerance_of(GetParam()));
}

TEST_P(Kernels, BackendAgrees) {
  expect_backend_agrees(GetParam(), Inputs::variable);
}

INSTANTIATE_TEST_SUITE_P(Ops, Kernels, cases(runs), identifier);

class ConstantInputs : public testing::TestWithParam<OpCase> {};

TEST_P(ConstantInputs, BackendAgrees) {
  expect_backend_agrees(GetParam(), Inputs::first_variable);
}

bool has_second_input(const OpCase& c) {
  return runs(c) && find_op(c.op)->inputs.size() > 1;
}

INSTANTIATE_TEST_SUITE_P(Ops, ConstantInputs, cases(has_second_input), identifier);

class Refusals : public testing::TestWithParam<OpCase> {};

TEST_P(Refusals, SayWhatIsWrong) {
  std::string expected = GetParam().data["error"];
  try {
    build(GetParam());
    ADD_FAILURE() << "no error; expected: " << expected;
  } catch (const Error& e) {
    EXPECT_EQ(first_line(e.what()), first_line(expected)) << e.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, Refusals, cases([](const OpCase& c) { return c.has("error"); }),
                         identifier);

TEST(OpFiles, ExistForEveryOperator) {
  for (const Op* op : all_ops()) {
    auto file = op_cases_folder() / (std::string(op->name) + ".json");
    std::vector<OpCase> cases;
    try {
      cases = read_op_cases(file);
    } catch (const std::exception& e) {
      ADD_FAILURE() << e.what();
      continue;
    }
    EXPECT_TRUE(std::ranges::any_of(cases, has_answer)) << op->name << " has no known answer";
    EXPECT_TRUE(std::ranges::all_of(cases, [&](auto& c) { return c.op == op->name; }))
        << file << " is named after another operator";
  }
}

TEST(OpFiles, BelongToAnOperator) {
  ASSERT_TRUE(std::filesystem::is_directory(op_cases_folder()))
      << op_cases_folder() << ": run from the root of the repository, or set GESSO_SOURCE_DIR";
  for (const auto& entry : std::filesystem::directory_iterator(op_cases_folder()))
    EXPECT_TRUE(find_op(entry.path().stem().string())) << entry.path() << " has no operator";
}

TEST(Ops, HaveUniqueNamesAndASummary) {
  std::set<std::string_view> names;
  for (const Op* op : all_ops()) {
    EXPECT_TRUE(names.insert(op->name).second) << op->name;
    EXPECT_TRUE(op->summary.text.ends_with('.')) << op->name;
  }
}

}  // namespace
}  // namespace gesso
