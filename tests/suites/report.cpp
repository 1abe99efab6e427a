// Prints a report: for people as a table, for programs as JSON.
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "tests/suites/data.h"
#include "tests/suites/suites.h"

namespace gesso::suites {
namespace {

constexpr int name_width = 34;

void row(std::ostream& s, const std::string& name, int pass, int skip, int fail) {
  s << std::left << std::setw(name_width) << name << std::right << std::setw(7) << pass
    << std::setw(7) << skip << std::setw(7) << fail << '\n';
}

void heading(std::ostream& s) {
  s << std::left << std::setw(name_width) << "" << std::right << std::setw(7) << "pass"
    << std::setw(7) << "skip" << std::setw(7) << "fail" << '\n';
}

// The lines of a message after the first stand further right than the name above them.
std::string indented(const std::string& message) {
  std::string text;
  for (char c : message) text += c == '\n' ? "\n      " : std::string(1, c);
  return text;
}

void notes(std::ostream& s, const char* title, const Report& report,
           std::vector<Tally::Note> Tally::* list) {
  bool any = false;
  for (const auto& [folder, stems] : report.folders)
    for (const auto& [stem, tally] : stems)
      for (const Tally::Note& note : tally.*list) {
        if (!any) s << '\n' << title << '\n';
        any = true;
        s << "  " << folder << '/' << stem << "  " << note.name << "\n      "
          << indented(note.detail) << '\n';
      }
}

}  // namespace

std::string table(const Report& report) {
  std::ostringstream s;
  heading(s);
  for (const auto& [folder, stems] : report.folders) {
    for (const auto& [stem, tally] : stems)
      row(s, folder + '/' + stem, tally.pass, tally.skip, tally.fail());
    s << '\n';
  }
  notes(s, "Failed:", report, &Tally::failed);
  notes(s, "The reference, in double, is out of tolerance:", report, &Tally::judged);
  for (const auto& [folder, stems] : report.folders) {
    Tally total = report.total(folder);
    if (!total.skipped.empty()) s << "\nSkipped in " << folder << ":\n";
    for (const auto& [reason, cases] : total.skipped)
      s << std::setw(6) << cases << "  " << reason << '\n';
  }
  s << '\n';
  heading(s);
  for (const auto& [folder, stems] : report.folders) {
    Tally total = report.total(folder);
    row(s, folder, total.pass, total.skip, total.fail());
  }
  for (const std::string& folder : report.not_run)
    s << std::left << std::setw(name_width) << folder << "  not run: no runner for this folder\n";
  return s.str();
}

std::string json(const Report& report) {
  Json folders = Json::object(), operators = Json::object();
  for (const auto& [folder, stems] : report.folders)
    for (const auto& [stem, tally] : stems) {
      Json failed = Json::array();
      for (const Tally::Note& note : tally.failed) failed.push_back(note.name);
      folders[folder][stem] = {{"pass", tally.pass},
                               {"skip", tally.skip},
                               {"fail", tally.fail()},
                               {"failed", failed},
                               {"skipped", tally.skipped}};
    }
  for (const auto& [op, coverage] : report.operators) {
    Json& entry = operators[op];
    entry = {{"kernels", coverage.kernels}, {"folders", Json::object()}};
    for (const auto& [folder, count] : coverage.folders)
      entry["folders"][folder] = {{"pass", count.pass}, {"skip", count.skip}, {"fail", count.fail}};
  }
  Json all = {{"folders", folders}, {"operators", operators}, {"notRun", report.not_run}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace gesso::suites
