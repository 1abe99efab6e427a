// Peers' test cases, run on gesso: folders of JSON files, one file per operator.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace gesso::suites {

// Counts of one file of cases, with what there is to say of those that did not pass.
struct Tally {
  struct Note {
    std::string name, detail;
  };
  int pass = 0, skip = 0;
  std::vector<Note> failed;            // what is wrong, with the worst error
  std::map<std::string, int> skipped;  // reason to number of cases
  std::vector<Note> judged;            // where the reference in double left the tolerance

  int fail() const { return int(failed.size()); }
  void add(const Tally& other);
};

// How the cases that ran through one of our operators ended, and the kernels that ran it.
struct Coverage {
  struct Count {
    int pass = 0, skip = 0, fail = 0;
  };
  std::map<std::string, Count> folders;
  std::set<std::string> kernels;
};

struct Report {
  std::map<std::string, std::map<std::string, Tally>> folders;  // folder, file stem
  std::map<std::string, Coverage> operators;                    // by our operators' names
  std::vector<std::string> not_run;                             // folders without a runner

  Tally total(const std::string& folder) const;
  int failures() const;
};

struct Options {
  std::filesystem::path root;  // the folder of folders
  std::string only;            // "", "webnn" or "webnn/conv2d"
  bool judge = false;          // run the reference in double too
};

// The folders that have a runner.
std::vector<std::string> known_folders();

// Where the suites lie: GESSO_SUITES, or ../shared/suites seen from the source tree.
std::filesystem::path default_root();

// Runs every case. A case or file that cannot be read counts as failed. Fails when there is no
// such folder or `only` names nothing.
Report run(const Options& options);

std::string table(const Report& report);  // folder, operator, pass, skip, fail; then what failed
std::string json(const Report& report);   // {folders: {webnn: {conv2d: {pass, ...}}}, operators}

}  // namespace gesso::suites
