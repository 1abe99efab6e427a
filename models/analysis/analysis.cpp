#include "models/analysis/analysis.h"

#include <chrono>
#include <utility>

#include "core/error.h"
#include "models/analysis/grid.h"
#include "models/analysis/kmeans.h"
#include "models/analysis/neighbours.h"
#include "models/analysis/pca.h"
#include "models/analysis/tsne.h"
#include "models/analysis/umap.h"

namespace gesso {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

bool Analysis::run(double milliseconds) {
  auto end = Clock::now() + std::chrono::duration<double, std::milli>(milliseconds);
  bool is_done;
  do is_done = step();
  while (!is_done && Clock::now() < end);
  return is_done;
}

std::unique_ptr<Analysis> make_analysis(std::string_view method, Rows rows, const Field& options) {
  using Make = std::unique_ptr<Analysis>(Rows, const Field&);
  static constexpr std::pair<std::string_view, Make*> methods[] = {
      {"duplicates", make_duplicates},
      {"grid", make_grid},
      {"kmeans", make_kmeans},
      {"neighbours", make_neighbours},
      {"pca", make_pca},
      {"project", make_project},
      {"tsne", make_tsne},
      {"umap", make_umap},
  };
  for (const auto& [name, make] : methods)
    if (name == method) return make(std::move(rows), options);
  fail("analyse: there is no such method", {{"method", std::string(method)}},
       "one that the interface lists");
}

}  // namespace gesso
