#include "tests/suites/operators.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/backends/webgpu/kernel.h"
#include "core/op.h"

namespace gesso::suites {
namespace {

constexpr std::string_view cases_line = "Cases in all: ";

template <class List>
std::string list_text(const List& list) {
  std::ostringstream s;
  for (size_t i = 0; i < list.size(); ++i) s << (i ? ", " : "") << list[i];
  return '[' + s.str() + ']';
}

std::string default_text(const Attr& attr) {
  std::ostringstream s;
  if (std::holds_alternative<std::monostate>(attr)) s << "optional";
  if (auto* flag = std::get_if<bool>(&attr)) s << (*flag ? "true" : "false");
  if (auto* number = std::get_if<double>(&attr)) {
    if (std::isinf(*number))
      s << (*number < 0 ? "-Infinity" : "Infinity");
    else
      s << *number;
  }
  if (auto* text = std::get_if<std::string>(&attr)) s << '"' << *text << '"';
  if (auto* ints = std::get_if<Ints>(&attr)) s << list_text(*ints);
  if (auto* numbers = std::get_if<Numbers>(&attr)) s << list_text(*numbers);
  return s.str();
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// A bar would end the table's cell.
std::string in_cell(std::string_view text) {
  std::string cell;
  for (char c : text) cell += c == '|' ? "\\|" : std::string(1, c);
  return cell;
}

// "webnn 10", "webnn 9 (1 skipped, 2 failed)"
std::string count_text(const std::string& folder, const Coverage::Count& c) {
  std::vector<std::string> rest;
  if (c.skip) rest.push_back(std::to_string(c.skip) + " skipped");
  if (c.fail) rest.push_back(std::to_string(c.fail) + " failed");
  std::string text = folder + ' ' + std::to_string(c.pass);
  return rest.empty() ? text : text + " (" + joined(rest, ", ") + ')';
}

template <class Row>
bool has_row(std::span<const Row> rows, const Op& op) {
  return std::ranges::any_of(rows, [&](const Row& row) { return row.op == &op; });
}

std::string webgpu_text(const Op& op) {
  if (op.is_view) return "view";
  std::vector<std::string> ways;
  if (has_row(webgpu::formulas(), op)) ways.emplace_back("formula");
  if (has_row(webgpu::moves(), op)) ways.emplace_back("move");
  if (has_row(webgpu::kernels(), op)) ways.emplace_back("kernel");
  return joined(ways, ", ");
}

std::string row(const Op& op, const Report& report) {
  std::vector<std::string> inputs, options, kernels, cases;
  for (std::string_view input : op.inputs) inputs.emplace_back(input);
  for (const auto& [name, attr] : Attrs(op.attrs))
    options.push_back('`' + name + "` " + default_text(attr));
  if (auto found = report.operators.find(std::string(op.name)); found != report.operators.end()) {
    kernels = {found->second.kernels.begin(), found->second.kernels.end()};
    for (const auto& [folder, count] : found->second.folders)
      cases.push_back(count_text(folder, count));
  }
  return "| `" + std::string(op.name) + "` | " + in_cell(op.summary.text) + " | " +
         joined(inputs, ", ") + " | " + joined(options, ", ") + " | " + (op.gradient ? "yes" : "") +
         " | " + webgpu_text(op) + " | " + joined(kernels, ", ") + " | " + joined(cases, ", ") +
         " |\n";
}

std::string totals(const Report& report) {
  std::vector<std::string> parts;
  for (const auto& [folder, stems] : report.folders) {
    Tally t = report.total(folder);
    parts.push_back(folder + ' ' + std::to_string(t.pass + t.skip + t.fail()));
  }
  return std::string(cases_line) + joined(parts, ", ") + ".\n";
}

std::string line_of_totals(const std::string& markdown) {
  size_t at = markdown.find(cases_line);
  return at == std::string::npos ? "" : markdown.substr(at, markdown.find('\n', at) + 1 - at);
}

}  // namespace

std::string operators_markdown(const Report& report) {
  std::string text =
      "# Operators\n\n"
      "Written by `gesso_suites --operators docs/operators.md` from the operators' own tables: "
      "change those, not this file.\n\n"
      "Names and meanings are WebNN's wherever WebNN has the operator. Images are "
      "`[batch, height, width, channels]`, filters `[out, height, width, in / groups]`. `bias?` "
      "may be left out, `inputs...` is one or more. Options stand with their defaults.\n\n"
      "*Gradient* says whether derivatives pass through the operator to its float32 inputs.\n\n"
      "*WebGPU* says how a graphics processor runs the operator: a formula or a move is computed "
      "within whatever reads it, a kernel by itself, and a view costs nothing; what has no entry "
      "runs on the CPU. `ctest --preset webgpu` holds it there to the cases of every operator and "
      "of the peers, with the CPU's tolerances.\n\n"
      "*Kernels* says what ran the operator on the CPU in the peers' cases; *cases* how many of "
      "those whose graph holds the operator pass. " +
      totals(report) +
      "\n| Operator | What it computes | Inputs | Options | Gradient | WebGPU | Kernels | Cases |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const Op* op : all_ops()) text += row(*op, report);
  return text;
}

std::string without_suites(const std::string& markdown) {
  std::istringstream lines(markdown);
  std::string kept, line;
  while (std::getline(lines, line)) {
    if (size_t at = line.find(cases_line); at != std::string::npos) line.resize(at);
    if (line.starts_with('|'))
      for (int cells = 0; cells < 3; ++cells) line.resize(line.rfind('|'));
    kept += line + '\n';
  }
  return kept;
}

bool up_to_date(const std::string& document, const Report& report) {
  std::string fresh = operators_markdown(report);
  if (line_of_totals(document) == line_of_totals(fresh)) return document == fresh;
  return without_suites(document) == without_suites(fresh);
}

}  // namespace gesso::suites
