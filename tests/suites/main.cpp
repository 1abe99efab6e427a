// gesso_suites [DIR] [--json FILE] [--only FOLDER[/OPERATOR]] [--reference] [--operators FILE]
// Runs peers' test cases and prints what passes, what is skipped and why, and what fails.
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "core/error.h"
#include "tests/suites/operators.h"

namespace {

using namespace gesso::suites;

constexpr char usage[] =
    "gesso_suites [DIR] [--json FILE] [--only FOLDER[/OPERATOR]] [--reference] [--operators FILE]\n"
    "  DIR               the folder that holds webnn/, tfjs-graph/, ... (GESSO_SUITES)\n"
    "  --json FILE       writes the counts, the names of what failed and the coverage\n"
    "  --only webnn/add  runs one folder or one file\n"
    "  --reference       runs every case in double too, and lists where that is out of tolerance\n"
    "  --operators FILE  writes the table of operators\n";

struct Arguments {
  Options options;
  std::string json_file, operators_file;
  bool help = false;
};

Arguments read_arguments(int count, char** words) {
  Arguments a;
  a.options.root = default_root();
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    auto next = [&] {
      if (i + 1 == count) gesso::fail("suites: " + word + " needs a value", {}, word + " NAME");
      return std::string(words[++i]);
    };
    if (word == "--json")
      a.json_file = next();
    else if (word == "--only")
      a.options.only = next();
    else if (word == "--operators")
      a.operators_file = next();
    else if (word == "--reference")
      a.options.judge = true;
    else if (word == "--help")
      a.help = true;
    else if (word.starts_with("--"))
      gesso::fail("suites: there is no option " + word, {}, "--help");
    else
      a.options.root = word;
  }
  return a;
}

void write(const std::string& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) gesso::fail("suites: the file cannot be written", {{"file", file}}, "another place");
}

int run_suites(const Arguments& a) {
  Report report = run(a.options);
  std::fputs(table(report).c_str(), stdout);
  if (!a.json_file.empty()) write(a.json_file, json(report));
  if (!a.operators_file.empty()) write(a.operators_file, operators_markdown(report));
  return report.failures() ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    Arguments arguments = read_arguments(count, words);
    if (!arguments.help) return run_suites(arguments);
    std::fputs(usage, stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
