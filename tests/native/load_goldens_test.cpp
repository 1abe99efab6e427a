// Real models, loaded and run, give what TensorFlow.js gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/backends/backend.h"
#include "models/load/model.h"
#include "tests/native/shared_files.h"

namespace gesso {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The files of a model, in memory of their own.
struct Download {
  std::map<std::string, std::vector<char>> contents;
  Files files;

  explicit Download(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_regular_file())
        contents[entry.path().filename().string()] = read_file(entry.path());
    for (const auto& [name, bytes] : contents) files[name] = std::as_bytes(std::span(bytes));
  }
};

// x[i] = lo + (hi - lo) * (((i * 2654435761 + 12345) mod 2^32) / 2^32), floored for integers.
std::vector<float> pattern(const json& input, size_t count) {
  double lo = input["lo"], hi = input["hi"];
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) {
    double place = double(uint32_t(i * 2654435761u + 12345u)) / 4294967296.0;
    double value = lo + (hi - lo) * place;
    x[i] = float(input["integer"].get<bool>() ? std::floor(value) : value);
  }
  return x;
}

Shape shape_of(const json& list) {
  Shape shape;
  for (int size : list) shape.push_back(size);
  return shape;
}

// Compares one output, sampled at every `step`-th element, and gives the worst error over its
// largest value.
double compare(const json& expected, std::span<const float> y) {
  double most = expected["max"], worst = 0, squares = 0;
  for (float value : y) squares += double(value) * value;
  size_t step = expected["step"], k = 0;
  for (double value : expected["values"]) worst = std::max(worst, std::abs(y[k++ * step] - value));
  EXPECT_LE(worst, 1e-4 * most);
  double l2 = expected["l2"];
  EXPECT_NEAR(std::sqrt(squares), l2, 1e-4 * l2);
  return worst / most;
}

// TensorFlow.js appends a number to a name that it has used before on the same page, and the
// goldens were made on one page.
bool is_name(const std::string& golden, const std::string& name) {
  if (!golden.starts_with(name)) return false;
  std::string rest = golden.substr(name.size());
  return rest.empty() || (rest[0] == '_' && rest.find_first_not_of("0123456789", 1) == rest.npos);
}

class Goldens : public testing::TestWithParam<std::string> {};

TEST_P(Goldens, gives_what_tensorflow_js_gives) {
  fs::path golden = shared_folder() / "goldens" / (GetParam() + ".json");
  if (!fs::exists(golden)) GTEST_SKIP() << "there is no " << golden;
  json expected = json::parse(read_file(golden));
  fs::path entry = shared_folder() / "models" / expected["model"].get<std::string>();
  Download download(entry.parent_path());
  auto model = load_model(download.files, entry.filename().string());

  ASSERT_EQ(model->inputs().size(), expected["inputs"].size());
  std::map<std::string, Shape> shapes;
  for (size_t i = 0; i < model->inputs().size(); ++i)
    shapes[model->inputs()[i].name] = shape_of(expected["inputs"][i]["shape"]);
  Graph graph = model->build(shapes);
  auto program = compile(graph);
  download.contents.clear();  // a model needs its files no longer

  ASSERT_EQ(program->inputs().size(), expected["inputs"].size());
  for (size_t i = 0; i < program->inputs().size(); ++i) {
    const json& input = expected["inputs"][i];
    EXPECT_PRED2(is_name, input["name"].get<std::string>(), program->inputs()[i].name);
    auto x = pattern(input, program->inputs()[i].type.shape.count());
    auto bytes = std::as_bytes(std::span(x));
    ASSERT_EQ(program->input(int(i)).size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), program->input(int(i)).begin());
  }
  program->run();

  ASSERT_EQ(program->outputs().size(), expected["outputs"].size());
  ASSERT_EQ(model->outputs().size(), expected["outputs"].size());
  double worst = 0;
  for (size_t i = 0; i < program->outputs().size(); ++i) {
    const json& output = expected["outputs"][i];
    std::string name = output["name"];
    SCOPED_TRACE(name);
    EXPECT_EQ(program->outputs()[i].name, name);
    EXPECT_EQ(model->outputs()[i].name, name);
    ASSERT_EQ(program->outputs()[i].type, (TensorType{DType::f32, shape_of(output["shape"])}));
    auto bytes = program->output(int(i));
    std::vector<float> y(bytes.size() / sizeof(float));
    std::memcpy(y.data(), bytes.data(), bytes.size());
    worst = std::max(worst, compare(output, y));
  }
  RecordProperty("worst", std::to_string(worst));
  std::printf("worst error over largest value: %.1e\n", worst);
}

// What is in the folder, but for the golden of whole tasks.
std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(shared_folder() / "goldens", none)) {
    std::string name = entry.path().stem().string();
    if (name != "tasks") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) names.push_back("(no goldens found)");
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, Goldens, testing::ValuesIn(golden_names()), test_name);

}  // namespace
}  // namespace gesso
