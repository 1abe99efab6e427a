#include "tests/suites/op_call.h"

namespace gesso::suites {
namespace {

void flatten(const Json& list, Json& data) {
  for (const Json& entry : list)
    if (entry.is_array())
      flatten(entry, data);
    else
      data.push_back(entry);
}

}  // namespace

const Json& OpCall::at(size_t i) const {
  if (const Json* found = find(i)) return *found;
  fail(name_ + ": an argument is missing", {{"place", std::to_string(i)}}, "as TF.js has it");
}

Json tensor_like(const Json& argument, const std::string& dtype) {
  if (const Json* wrapped = argument.is_object() ? optional_member(argument, "tensor") : nullptr)
    return *wrapped;
  Json shape = Json::array(), data = Json::array();
  for (const Json* at = &argument; at->is_array(); at = &at->front()) {
    shape.push_back(at->size());
    if (at->empty()) break;
  }
  flatten(Json::array({argument}), data);
  bool truth = !data.empty() && data[0].is_boolean();
  return {{"shape", shape}, {"dtype", truth ? "bool" : dtype}, {"data", data}};
}

std::vector<Json> result_tensors(const Json& result) {
  if (!result.is_object() && !result.is_array()) return {tensor_like(result)};
  if (result.is_object() && result.contains("tensor")) return {result["tensor"]};
  std::vector<Json> tensors;
  for (const Json& part : result) tensors.push_back(tensor_like(part));
  return tensors;
}

}  // namespace gesso::suites
