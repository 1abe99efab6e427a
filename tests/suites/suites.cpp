#include "tests/suites/suites.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "core/op.h"
#include "tests/suites/folders.h"
#include "tests/webgpu/runs_here.h"

namespace gesso::suites {
namespace {

namespace fs = std::filesystem;

struct Folder {
  std::string_view name;
  void (*run)(const std::string& stem, const Json& test, Trial& trial);
};

constexpr Folder folders[] = {
    {"tfjs-fns", run_tfjs_fn},
    {"tfjs-grads", run_tfjs_grad},
    {"tfjs-graph", run_tfjs_graph},
    {"tfjs-kernels", run_tfjs_kernel},
    {"tfjs-layers", run_tfjs_layer},
    {"tfjs-models", run_tfjs_model},
    {"tfjs-ops", run_tfjs_op},
    {"tfjs-optimizers", run_tfjs_optimizer},
    {"webnn", run_webnn},
};

const Folder* find_folder(std::string_view name) {
  for (const Folder& folder : folders)
    if (folder.name == name) return &folder;
  return nullptr;
}

std::vector<fs::path> sorted(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string name_of(const Json& test, size_t index) {
  if (test.is_object())
    if (auto name = test.find("name"); name != test.end() && name->is_string())
      return name->get<std::string>();
  return "case " + std::to_string(index);
}

// exp(10), and tan near a pole, within 0.001 are less than a float's last place there: only what is
// rounded from double has them. A device may be off by some places.
double enough_ulp(const std::string& name) {
  bool wants_last_bit = name == "exp int32" || name == "tan numbers exceed float32 precision";
  return wants_last_bit && !runs_here() ? 4 : 0;
}

enum class Verdict { pass, skip, fail };

// A skipped case has no graph; it counts for the operator its file is named after.
void count(Report& report, const std::string& folder, const std::string& stem, const Trial& trial,
           Verdict verdict) {
  std::set<std::string> operators = trial.operators();
  if (verdict == Verdict::skip && find_op(stem)) operators = {stem};
  for (const std::string& op : operators) {
    Coverage::Count& c = report.operators[op].folders[folder];
    ++(verdict == Verdict::pass ? c.pass : verdict == Verdict::skip ? c.skip : c.fail);
  }
  for (const auto& [op, kernels] : trial.kernels())
    report.operators[op].kernels.insert(kernels.begin(), kernels.end());
}

void run_case(const Folder& folder, const std::string& stem, const Json& test, size_t index,
              const Options& options, Tally& tally, Report& report) {
  std::string name = name_of(test, index);
  Trial trial(options.judge, enough_ulp(name));
  auto fail = [&](std::string detail) {
    tally.failed.push_back({name, std::move(detail)});
    return Verdict::fail;
  };
  Verdict verdict = Verdict::pass;
  try {
    folder.run(stem, test, trial);
    ++tally.pass;
  } catch (const Skip& skip) {
    ++tally.skip;
    ++tally.skipped[skip.reason];
    verdict = Verdict::skip;
  } catch (const Wrong& wrong) {
    verdict = fail(wrong.detail);
  } catch (const std::exception& error) {
    verdict = fail(error.what());
  }
  if (!trial.judgement().empty()) tally.judged.push_back({name, trial.judgement()});
  count(report, std::string(folder.name), stem, trial, verdict);
}

void run_file(const Folder& folder, const fs::path& path, const Options& options, Report& report) {
  std::string stem = path.stem().string();
  Tally& tally = report.folders[std::string(folder.name)][stem];
  try {
    std::ifstream file(path);
    Json json = Json::parse(file);
    const Json& tests = member(json, "tests");
    if (!tests.is_array())
      gesso::fail("suites: \"tests\" must be a list", {{"file", path.string()}}, "[{...}, ...]");
    for (size_t i = 0; i < tests.size(); ++i)
      run_case(folder, stem, tests[i], i, options, tally, report);
  } catch (const std::exception& error) {
    tally.failed.push_back({path.filename().string(), error.what()});
  }
}

}  // namespace

void Tally::add(const Tally& other) {
  pass += other.pass;
  skip += other.skip;
  failed.insert(failed.end(), other.failed.begin(), other.failed.end());
  judged.insert(judged.end(), other.judged.begin(), other.judged.end());
  for (const auto& [reason, cases] : other.skipped) skipped[reason] += cases;
}

Tally Report::total(const std::string& folder) const {
  Tally sum;
  if (auto found = folders.find(folder); found != folders.end())
    for (const auto& [stem, tally] : found->second) sum.add(tally);
  return sum;
}

int Report::failures() const {
  int sum = 0;
  for (const auto& [folder, stems] : folders) sum += total(folder).fail();
  return sum;
}

std::vector<std::string> known_folders() {
  std::vector<std::string> names;
  for (const Folder& folder : folders) names.emplace_back(folder.name);
  return names;
}

fs::path default_root() {
  if (const char* root = std::getenv("GESSO_SUITES")) return root;
  return "../shared/suites";
}

Report run(const Options& options) {
  if (!fs::is_directory(options.root))
    gesso::fail("suites: there is no such folder", {{"folder", options.root.string()}},
                "set GESSO_SUITES to the folder that holds webnn/, tfjs-graph/, ...");
  size_t slash = options.only.find('/');
  std::string only_folder = options.only.substr(0, slash);
  std::string only_stem = slash == std::string::npos ? "" : options.only.substr(slash + 1);
  Report report;
  for (const fs::path& path : sorted(options.root)) {
    std::string name = path.filename().string();
    if (!fs::is_directory(path) || (!only_folder.empty() && name != only_folder)) continue;
    const Folder* folder = find_folder(name);
    if (!folder) {
      report.not_run.push_back(name);
      continue;
    }
    for (const fs::path& file : sorted(path))
      if (file.extension() == ".json" && (only_stem.empty() || file.stem() == only_stem))
        run_file(*folder, file, options, report);
  }
  if (report.folders.empty() && !options.only.empty())
    gesso::fail("suites: nothing is called that",
                {{"only", options.only}, {"in", options.root.string()}},
                "a folder, or folder/operator: webnn/conv2d");
  return report;
}

}  // namespace gesso::suites
