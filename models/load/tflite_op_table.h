// What each op of TFLite means: one row per op. Source: schema.fbs of TensorFlow, in which the ops
// have their numbers and the fields of their options their places.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/load/builder.h"

namespace gesso {

struct TfliteRow;

// A field of an op's options.
struct TfliteField {
  enum class Kind { byte, integer, number, list };
  int place;
  Text name;
  Kind kind = Kind::integer;
  double otherwise = 0;  // what it is where a file leaves it out
};

// An operator of a file. It knows its tensors by number; -1 stands for an input left out.
struct TfliteNode {
  const TfliteRow* row = nullptr;
  std::string name;  // of its first output
  Attrs options;     // the row's fields
  std::vector<int> inputs, outputs;
  DType dtype = DType::f32;  // of its first output
};

// What a row sees: an operator and what flows into it.
struct TfliteCall {
  Builder& b;
  const TfliteNode& node;
  Operands in;

  Operand x(size_t i = 0) const;  // refuses the model where the input is missing
  bool has(size_t i) const { return i < in.size() && in[i]; }

  // An input that must be known while the graph is built, because sizes depend on it.
  Ints ints(size_t i, Text what) const;
  int integer(size_t i, Text what) const;
  double number(size_t i, Text what) const;

  int option(Text name) const;
  double number_option(Text name) const;
  const Ints& ints_option(Text name) const;

  // The file and the operator are named by whoever called the row.
  [[noreturn]] void refuse(Text what, Text hint) const;

 private:
  Operand constant(size_t i, Text what) const;
};

struct TfliteRow {
  Text name;
  Operands (*write)(const TfliteCall& call);
  const Op* op = nullptr;  // for rows that share a function
  std::span<const TfliteField> options = {};
  bool is_bounded = false;  // quantised results are cut off at the range that their type can tell
};

// What the schema calls the op of this number, or "" where it is a newer one.
Text tflite_op_name(int number);

// The row of an op, or null.
const TfliteRow* find_tflite_row(Text name);

}  // namespace gesso
