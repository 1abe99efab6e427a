// Runs one case's graphs on the CPU backend and, when asked, on the reference in double.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/suites/compare.h"

namespace gesso::suites {

struct Expectation {
  Tensor tensor;
  Tolerance tolerance;
};

// Thrown when a result is not what a case expects.
struct Wrong {
  std::string detail;
};

// Several readings of one case (weights given as inputs, weights given as constants) share a
// trial; the case passes when all of them do.
class Trial {
 public:
  // enough_ulp: a distance at which a result of float32 is right, whatever a case says.
  explicit Trial(bool judge = false, double enough_ulp = 0)
      : judge_(judge), enough_ulp_(enough_ulp) {}

  // Runs the graph with these inputs, by name, and compares its outputs, in the graph's order.
  // Throws Wrong at the first output that is out of tolerance.
  void check(const Graph& graph, const std::vector<NamedTensor>& inputs,
             const std::vector<Expectation>& expected, const std::string& reading = "");

  // Runs the graph alone, for cases whose results are not the graph's outputs.
  std::vector<Tensor> run(const Graph& graph, const std::vector<NamedTensor>& inputs);

  // Operators of the graphs that were run, and the kernels that ran each of them.
  const std::set<std::string>& operators() const { return operators_; }
  const std::map<std::string, std::set<std::string>>& kernels() const { return kernels_; }
  // Where the reference, in double, left the tolerance. Empty: nowhere, or it was not asked.
  const std::string& judgement() const { return judgement_; }

 private:
  bool judge_;
  double enough_ulp_;
  std::set<std::string> operators_;
  std::map<std::string, std::set<std::string>> kernels_;
  std::string judgement_;
};

}  // namespace gesso::suites
