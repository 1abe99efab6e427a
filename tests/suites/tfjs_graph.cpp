// One-operator TF.js graph models, read by gesso's own loader.
#include "tests/suites/folders.h"
#include "tests/suites/graph_model.h"

namespace gesso::suites {
namespace {

// A null among the values is a number that JSON could not hold; JavaScript's typed arrays, from
// which the models were run, hold 0 for it.
Tensor weight(const Json& entry, const Json& values) {
  Json whole = entry;
  whole["data"] = member(values, text(member(entry, "name")));
  for (Json& value : whole["data"])
    if (value.is_null()) value = 0;
  return tensor(whole);
}

}  // namespace

void run_tfjs_graph(const std::string&, const Json& test, Trial& trial) {
  GraphModel model;
  model.nodes = member(member(test, "modelTopology"), "node");
  const Json& values = member(test, "weightValues");
  for (const Json& group : member(test, "weightsManifest"))
    for (const Json& entry : member(group, "weights"))
      model.weights.push_back({text(member(entry, "name")), weight(entry, values)});
  for (const auto& [name, input] : member(test, "inputs").items())
    model.inputs.push_back({name, tensor(input)});
  std::vector<Tensor> expected;
  for (const Json& output : member(test, "outputs")) {
    model.outputs.push_back(text(member(output, "name")));
    expected.push_back(tensor(output));
  }
  check(model, expected, trial);
}

}  // namespace gesso::suites
