// Peers' test cases pass, and the runner that says so can tell right from wrong.
#include "tests/suites/suites.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <limits>

#include "tests/native/expect_error.h"
#include "tests/suites/compare.h"
#include "tests/suites/operators.h"
#include "tests/webgpu/runs_here.h"

namespace gesso::suites {
namespace {

namespace fs = std::filesystem;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

Tensor floats(const std::vector<double>& elements) {
  return tensor_of(DType::f32, {int(elements.size())}, elements);
}

// A folder of suites that exists while a test runs.
class Folder {
 public:
  Folder() : path_(fs::path(testing::TempDir()) / ("gesso_suites_" + std::to_string(++count_))) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }

  Folder& file(const std::string& name, const std::string& text) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return *this;
  }
  Report run(bool judge = false) const { return suites::run({path_, "", judge}); }

 private:
  static int count_;
  fs::path path_;
};
int Folder::count_ = 0;

// relu of two numbers within 0 ULP, as WebNN's cases are written.
std::string relu_case(const std::string& expected, const std::string& type = "float32") {
  return R"({"name": "a case", "inputs": {"x": {"shape": [2], "dataType": ")" + type +
         R"(", "data": [-1, 2]}}, "operators": [{"name": "relu", "operands": {"input": "x"},
      "attributes": {}, "outputs": ["y"]}], "expectedOutputs": {"y": {"shape": [2], "dataType": ")" +
         type + R"(", "data": )" + expected + R"(}}, "tolerance": {"metric": "ULP", "value": 0}})";
}

std::string tests(const std::string& cases) {
  return "{\"tests\": [" + cases + "]}";
}

TEST(SuitesCompare, CountsUnitsInTheLastPlace) {
  EXPECT_EQ(ulp_distance(1.0f, 1.0f), 0);
  EXPECT_EQ(ulp_distance(1.0f, std::nextafter(1.0f, 2.0f)), 1);
  EXPECT_EQ(ulp_distance(0.0f, -0.0f), 0);
  EXPECT_EQ(ulp_distance(nan, -nan), 0);
  float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(ulp_distance(-tiny, tiny), 2);
  EXPECT_EQ(ulp_distance(std::numeric_limits<float>::max(), infinity), 1);
}

TEST(SuitesCompare, AcceptsWhatLiesWithin) {
  Tolerance thousandth{Tolerance::Metric::absolute, 1e-3, 0};
  EXPECT_FALSE(mismatch(floats({1, nan, infinity}), floats({1.0009, nan, infinity}), thousandth));
  EXPECT_FALSE(mismatch(tensor_of(DType::u8, {1}, {1}), tensor_of(DType::boolean, {1}, {1}), {}));
}

TEST(SuitesCompare, AcceptsWhatIsEnoughInAnyCase) {
  Tolerance tight{Tolerance::Metric::absolute, 1e-3, 0, 1};
  float large = 30000, next = std::nextafter(large, infinity);
  EXPECT_FALSE(mismatch(floats({large}), floats({double(next)}), tight));
  EXPECT_TRUE(mismatch(floats({large}), floats({double(std::nextafter(next, infinity))}), tight));
}

TEST(SuitesCompare, NamesTheWorstElement) {
  Tolerance thousandth{Tolerance::Metric::absolute, 1e-3, 0};
  EXPECT_EQ(mismatch(floats({1, 2, 3}), floats({1.5, 2, 4}), thousandth).value_or(""),
            "2 of 3 differ, by at most 1 (limit 0.001): [2] is 4, expected 3");
  EXPECT_EQ(mismatch(floats({nan}), floats({1}), thousandth).value_or(""),
            "1 of 1 differ, by at most inf (limit 0.001): [0] is 1, expected nan");
  EXPECT_EQ(mismatch(floats({infinity}), floats({-infinity}), thousandth).value_or(""),
            "1 of 1 differ, by at most inf (limit 0.001): [0] is -inf, expected inf");
  EXPECT_EQ(mismatch(floats({1}), floats({1, 2}), {}).value_or(""),
            "is float32 [2], expected float32 [1]");
  EXPECT_EQ(mismatch(tensor_of(DType::i32, {1}, {1}), floats({1}), {}).value_or(""),
            "is float32 [1], expected int32 [1]");
}

TEST(SuitesData, ReadsNumbersThatJsonHasNoWordsFor) {
  Json value = Json::parse(R"({"shape": [4], "dtype": "float32",
                               "data": ["NaN", "-Infinity", 1e39, -0.0]})");
  std::vector<double> read = elements(tensor(value));
  EXPECT_TRUE(std::isnan(read[0]));
  EXPECT_EQ(read[1], -infinity);
  EXPECT_EQ(read[2], infinity);
  EXPECT_TRUE(std::signbit(read[3]));
}

TEST(SuitesData, KeepsInt64ThatFitsInt32AndSkipsTheRest) {
  Json small = Json::parse(R"({"shape": [1], "dataType": "int64", "data": ["-7"]})");
  EXPECT_EQ(to_string(tensor(small).type), "int32 [1]");
  Json large = Json::parse(R"({"shape": [1], "dataType": "int64", "data": ["9007199254740993"]})");
  EXPECT_THROW(tensor(large), Skip);
  Json half = Json::parse(R"({"shape": [1], "dataType": "float16", "data": [1]})");
  EXPECT_THROW(tensor(half), Skip);
}

TEST(SuitesData, RefusesTensorsThatDoNotFit) {
  for (const char* wrong : {
           R"([])",
           R"({"shape": [2], "dtype": "float32"})",
           R"({"shape": [2], "dtype": "float32", "data": [1]})",
           R"({"shape": [-1], "dtype": "float32", "data": []})",
           R"({"shape": [100000, 100000], "dtype": "float32", "fill": 0})",
           R"({"shape": [1], "dtype": "float33", "data": [1]})",
           R"({"shape": [1], "dtype": "int32", "data": [1.5]})",
           R"({"shape": [1], "dtype": "uint8", "data": [256]})",
           R"({"shape": [1], "dtype": "float32", "data": ["one"]})",
           R"({"shape": [1,1,1,1,1,1,1,1,1], "dtype": "float32", "data": [1]})",
       })
    EXPECT_THROW(tensor(Json::parse(wrong)), Error) << wrong;
}

TEST(Suites, TellRightFromWrong) {
  Folder folder;
  folder.file("webnn/relu.json", tests(relu_case("[0, 2]") + "," + relu_case("[0, 2.0000002]") +
                                       "," + relu_case("[0, 2]", "float16")));
  Report report = folder.run();
  Tally& relu = report.folders["webnn"]["relu"];
  EXPECT_EQ(relu.pass, 1);
  EXPECT_EQ(relu.skip, 1);
  ASSERT_EQ(relu.fail(), 1);
  EXPECT_EQ(relu.failed[0].detail,
            "y (as given): 1 of 2 differ, by at most 1 ULP (limit 0): [1] is 2, expected "
            "2.00000024");
  EXPECT_EQ(report.operators["relu"].folders["webnn"].pass, 1);
  EXPECT_EQ(report.failures(), 1);
}

TEST(Suites, HoldTheReferenceToTheSameTolerance) {
  Folder folder;
  folder.file("webnn/relu.json", tests(relu_case("[0, 3]")));
  EXPECT_EQ(folder.run(true).folders["webnn"]["relu"].judged.size(), 1u);
  EXPECT_EQ(folder.run(false).folders["webnn"]["relu"].judged.size(), 0u);
}

TEST(Suites, ReadGraphModelsAndKernels) {
  std::string placeholder = R"({"name": "x", "op": "Placeholder", "attr": {"dtype":
      {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": "2"}]}}}})";
  std::string model = R"({"name": "relu", "modelTopology": {"node": [)" + placeholder +
                      R"(, {"name": "out", "op": "Relu", "input": ["x"],
      "attr": {"T": {"type": "DT_FLOAT"}}}]}, "weightsManifest": [], "weightValues": {},
      "inputs": {"x": {"shape": [2], "dtype": "float32", "data": [-1, 2]}},
      "outputs": [{"name": "out", "shape": [2], "dtype": "float32", "data": [0, )";
  std::string kernel = R"({"name": "relu", "attrs": {}, "inputs": [{"name": "x", "shape": [2],
      "dtype": "float32", "data": [-1, 2]}], "outputs": [{"shape": [2], "dtype": "float32",
      "data": [0, )";
  Folder folder;
  folder.file("tfjs-graph/Relu.json", tests(model + "2.0009]}]}," + model + "2.01]}]}"))
      .file("tfjs-kernels/Relu.json", tests(kernel + "2.0009]}]}," + kernel + "2.01]}]}"));
  Report report = folder.run();
  for (const char* name : {"tfjs-graph", "tfjs-kernels"}) {
    EXPECT_EQ(report.total(name).pass, 1) << name << '\n' << table(report);
    EXPECT_EQ(report.total(name).fail(), 1) << name;
  }
}

TEST(Suites, ReadGradients) {
  std::string square = R"({"name": "square", "attrs": {}, "inputs": [{"name": "x", "shape": [2],
      "dtype": "float32", "data": [-1, 2]}], "outputs": [{"shape": [2], "dtype": "float32",
      "data": [1, 4]}], "dy": [{"shape": [2], "dtype": "float32", "data": [10, 1]}],
      "grads": {"x": {"shape": [2], "dtype": "float32", "data": [-20, )";
  std::string no_dy = R"({"attrs": {}, "inputs": [{"name": "x", "shape": [], "dtype": "float32",
      "data": [1]}], "outputs": [{"shape": [], "dtype": "float32", "data": [1]}], "dy": [],
      "grads": {}})";
  Folder folder;
  folder.file("tfjs-grads/Square.json",
              tests(square + "4.0009]}}}," + square + "4.01]}}}," + no_dy));
  Report report = folder.run();
  Tally& tally = report.folders["tfjs-grads"]["Square"];
  EXPECT_EQ(tally.pass, 1);
  ASSERT_EQ(tally.fail(), 2);
  EXPECT_EQ(tally.failed[0].detail.substr(0, 4), "d x:");
}

TEST(Suites, ReadCallsOfFunctions) {
  std::string relu = R"({"args": [[-1, 7]], "result": {"tensor": {"shape": [2],
      "dtype": "float32", "data": [0, )";
  std::string loss = R"({"args": [[0, 1], {"tensor": {"shape": [2], "dtype": "float32",
      "data": [1, 3]}}, null, 2], "result": {"tensor": {"shape": [], "dtype": "float32",
      "data": [)";
  std::string hollow = R"({"args": [], "result": 1})", conv = R"({"args": [1, 2, 1, "same"],
      "result": [[[1]]]})";
  Folder folder;
  folder.file("tfjs-ops/relu6.json", tests(relu + "6]}}}," + relu + "7]}}}," + hollow))
      .file("tfjs-ops/meanSquaredError.json", tests(loss + "5]}}}," + loss + "4]}}}," + hollow))
      .file("tfjs-ops/conv1d.json", tests(conv))
      .file("tfjs-ops/nothing.json", tests(hollow));
  Report report = folder.run();
  for (const char* name : {"relu6", "meanSquaredError"}) {
    EXPECT_EQ(report.folders["tfjs-ops"][name].pass, 1) << name << '\n' << table(report);
    EXPECT_EQ(report.folders["tfjs-ops"][name].fail(), 2) << name;
  }
  EXPECT_EQ(report.folders["tfjs-ops"]["conv1d"].fail(), 1);
  EXPECT_EQ(report.folders["tfjs-ops"]["nothing"].fail(), 1);
}

TEST(Suites, CountWhatCannotBeReadAsFailed) {
  Folder folder;
  folder.file("webnn/a.json", "{\"tests\": [")
      .file("webnn/b.json", "{}")
      .file("webnn/c.json", tests("1, null, {}, [], {\"name\": 5, \"operators\": {}}"))
      .file("webnn/d.json", tests(relu_case("[0, 2]", "float33")))
      .file("webnn/e.json", "\xff\xfe")
      .file("tfjs-graph/a.json", tests(R"({"modelTopology": {"node": 3}, "weightValues": 1})"))
      .file("tfjs-kernels/Conv2D.json", tests(R"({"attrs": {}, "inputs": [], "outputs": []})"))
      .file("tfjs-kernels/Nothing.json", tests(R"({"attrs": {}, "inputs": [], "outputs": []})"));
  Report report = folder.run();
  EXPECT_EQ(report.total("webnn").fail(), 9);
  EXPECT_EQ(report.total("tfjs-graph").fail(), 1);
  EXPECT_EQ(report.total("tfjs-kernels").fail(), 2);
  EXPECT_EQ(report.total("webnn").pass, 0);
}

TEST(Suites, ListFoldersWithoutARunner) {
  Folder folder;
  folder.file("tomorrow/relu.json", tests("{}"));
  EXPECT_EQ(folder.run().not_run, std::vector<std::string>{"tomorrow"});
}

TEST(Suites, RefuseAFolderThatIsNotThere) {
  expect_error([] { run({"no/such/folder", "", false}); },
               "suites: there is no such folder.\n"
               "  folder  no/such/folder\n"
               "  Try: set GESSO_SUITES to the folder that holds webnn/, tfjs-graph/, ...");
}

std::string operators_document() {
  std::ifstream file("docs/operators.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Suites, OperatorTableIsUpToDate) {
  EXPECT_EQ(without_suites(operators_document()), without_suites(operators_markdown({})))
      << "run: gesso_suites --operators docs/operators.md";
}

TEST(Suites, EveryCaseOfThePeersPasses) {
  if (!runs_here()) GTEST_SKIP() << "PeersOnDevice runs one file after the other";
  fs::path root = default_root();
  if (!fs::is_directory(root)) GTEST_SKIP() << "no suites at " << root;
  Report report = run({root, "", false});
  EXPECT_EQ(report.failures(), 0) << table(report);
  for (const std::string& folder : known_folders())
    if (fs::is_directory(root / folder)) EXPECT_GT(report.total(folder).pass, 0) << folder;
#ifndef __EMSCRIPTEN__  // other kernels run there
  EXPECT_TRUE(up_to_date(operators_document(), report))
      << "run: gesso_suites --operators docs/operators.md";
#endif
}

// Elsewhere files are tests of their own, which shards share.
class PeersOnDevice : public testing::TestWithParam<std::string> {};

TEST_P(PeersOnDevice, Pass) {
  Report report = run({default_root(), GetParam(), false});
  EXPECT_EQ(report.failures(), 0) << table(report);
}

std::vector<std::string> files_for_a_device() {
  std::vector<std::string> files;
  if (runs_here()) return files;
  for (const std::string& folder : known_folders()) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(default_root() / folder, none))
      if (entry.path().extension() == ".json")
        files.push_back(folder + '/' + entry.path().stem().string());
  }
  std::ranges::sort(files);
  return files;
}

std::string file_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Suites, PeersOnDevice, testing::ValuesIn(files_for_a_device()), file_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PeersOnDevice);

}  // namespace
}  // namespace gesso::suites
