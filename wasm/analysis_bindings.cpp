// What JavaScript can see of the analyses of rows. Views are void after the next call, as in
// bindings.cpp.
#include <emscripten/bind.h>

#include "core/error.h"
#include "models/analysis/analysis.h"
#include "models/analysis/neighbours.h"
#include "models/load/write_json.h"
#include "wasm/given.h"

using emscripten::typed_memory_view;
using emscripten::val;

namespace gesso {
namespace {

// Rows, and room for those on their way in.
class BoundRows {
 public:
  BoundRows(const std::string& who, int width) : who_(who), rows_(who_, width) {}

  val reserve(unsigned count) {
    room_.assign(size_t(count) * rows_.width(), 0);
    return val(typed_memory_view(room_.size(), room_.data()));
  }
  void add(int first_id) {
    rows_.append(who_, room_, first_id);
    room_ = {};
  }
  // As many as there are of those whose ids are in the room, in one pass.
  unsigned remove(const val& ids) {
    return unsigned(rows_.erase(emscripten::convertJSArrayToNumberVector<int>(ids)));
  }
  void clear() { rows_.clear(); }
  unsigned count() const { return unsigned(rows_.count()); }
  val row(unsigned i) const {
    if (i >= rows_.count())
      fail(phrase({who_, ": there is no such row"}), {{"row", i}, {"rows", rows_.count()}},
           "a row from 0");
    return val(typed_memory_view(rows_.width(), rows_.row(i)));
  }

  // Of what is in the room, one row: the id and the distance of each of the k nearest.
  val nearest(unsigned k, const std::string& options) {
    Rows query(who_, int(rows_.width()));
    query.append(who_, room_);
    if (query.count() != 1)
      fail(phrase({who_, ": neighbours are of one row"}), {{"rows", query.count()}}, "one row");
    Metric metric = metric_from(*Given(who_, options));
    told_.clear();
    for (const Neighbour& n : gesso::nearest(rows_, query, k, metric)) {
      told_.push_back(double(rows_.id(size_t(n.row))));
      told_.push_back(double(distance_from(n.distance, metric)));
    }
    return val(typed_memory_view(told_.size(), told_.data()));
  }

  Rows take() { return std::move(rows_); }

 private:
  std::string who_;
  Rows rows_;
  std::vector<float> room_;
  std::vector<double> told_;
};

class BoundAnalysis {
 public:
  // Takes the rows over.
  BoundAnalysis(const std::string& method, BoundRows& rows, const std::string& options)
      : analysis_(make_analysis(method, rows.take(), *Given(method, options))) {}

  std::string run(double milliseconds) {
    bool is_done = analysis_->run(milliseconds);
    AnalysisProgress progress = analysis_->progress();
    return json_object({{"done", json_flag(is_done)},
                        {"preparing", json_flag(progress.is_preparing)},
                        {"iteration", json_number(double(progress.iteration))},
                        {"of", json_number(double(progress.of))},
                        {"loss", json_number(progress.loss)}});
  }

  std::string outputs() {
    outputs_ = analysis_->outputs();
    std::vector<std::string> items;
    for (const AnalysisOutput& output : outputs_)
      items.push_back(
          json_object({{"name", json_text(output.name)}, {"shape", json_ints(output.shape)}}));
    return json_list(items);
  }
  val output(unsigned i) const {
    std::span<const float> numbers = outputs_.at(i).numbers;
    return val(typed_memory_view(numbers.size(), numbers.data()));
  }

 private:
  std::unique_ptr<Analysis> analysis_;
  std::vector<AnalysisOutput> outputs_;
};

}  // namespace

EMSCRIPTEN_BINDINGS(gesso_analysis) {
  using namespace emscripten;
  class_<BoundRows>("Rows")
      .constructor<const std::string&, int>()
      .function("reserve", &BoundRows::reserve)
      .function("add", &BoundRows::add)
      .function("remove", &BoundRows::remove)
      .function("clear", &BoundRows::clear)
      .function("count", &BoundRows::count)
      .function("row", &BoundRows::row)
      .function("nearest", &BoundRows::nearest);
  class_<BoundAnalysis>("Analysis")
      .constructor<const std::string&, BoundRows&, const std::string&>()
      .function("run", &BoundAnalysis::run)
      .function("outputs", &BoundAnalysis::outputs)
      .function("output", &BoundAnalysis::output);
}

}  // namespace gesso
