// A call of a public TF.js function: arguments by position, some of them tensors.
#pragma once

#include "tests/suites/trial.h"

namespace gesso::suites {

class OpCall {
 public:
  OpCall(std::string name, const Json& args) : name_(std::move(name)), args_(args) {}

  const std::string& name() const { return name_; }
  size_t count() const { return args_.size(); }

  // An argument, or null where it was left out.
  const Json* find(size_t i) const {
    return i < args_.size() && !args_[i].is_null() ? &args_[i] : nullptr;
  }
  const Json& at(size_t i) const;
  bool flag_or(size_t i, bool otherwise) const { return find(i) ? flag(at(i)) : otherwise; }
  int integer_or(size_t i, int otherwise) const { return find(i) ? integer(at(i)) : otherwise; }
  double number_or(size_t i, double otherwise) const { return find(i) ? number(at(i)) : otherwise; }
  std::string text_or(size_t i, const std::string& otherwise) const {
    return find(i) ? text(at(i)) : otherwise;
  }

 private:
  std::string name_;
  const Json& args_;
};

// What TF.js takes for a tensor, as {shape, dtype, data}: one that is wrapped, a number, a truth
// value, or lists of these, which are of `dtype` unless they are truth values.
Json tensor_like(const Json& argument, const std::string& dtype = "float32");

// The tensors of a result: one, a list, or the members of an object.
std::vector<Json> result_tensors(const Json& result);

// Runs a call that is written out in our operators.
void run_composed(const OpCall& call, const std::vector<Json>& expected, Trial& trial);

}  // namespace gesso::suites
