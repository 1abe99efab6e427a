// What each TensorFlow op means: one row per op.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/load/builder.h"
#include "models/load/json.h"

namespace gesso {

struct OpRow;

// A node of a GraphDef.
struct GraphNode {
  std::string name, op;
  Field field;  // the whole node in the file
  struct Input {
    int node = 0;
    int output = 0;
  };
  std::vector<Input> inputs = {};  // without those that only order the execution ("^name")
  const OpRow* row = nullptr;
};

// What a row sees: a node and what flows into it.
struct OpCall {
  Builder& b;
  const GraphNode& node;
  Operands in;

  Operand x(size_t i = 0) const;  // refuses the model where the input is missing
  bool has(size_t i) const { return i < in.size(); }

  // An input that must be known while the graph is built, because sizes depend on it.
  Operand constant(size_t i, Text what) const;
  Ints ints(size_t i, Text what) const;
  int integer(size_t i, Text what) const;
  double number(size_t i, Text what) const;

  // Attributes: strings are base64 or lists of character codes, numbers may be strings and types
  // may be numbers, depending on the converter.
  bool has_attr(Text name) const { return bool(attr(name)); }
  int integer_attr(Text name, int otherwise) const;
  double number_attr(Text name, double otherwise) const;
  bool flag_attr(Text name, bool otherwise) const;
  std::string text_attr(Text name, Text otherwise) const;
  DType type_attr(Text name, DType otherwise) const;
  Ints ints_attr(Text name) const;
  std::vector<std::string> texts_attr(Text name) const;

  [[noreturn]] void refuse(Text what, Text hint) const;

 private:
  Field attr(Text name) const { return node.field.get("attr").get(name); }
};

struct OpRow {
  Text name;
  Operands (*write)(const OpCall& call);
  const Op* op = nullptr;  // for rows that share a function
};

// The row of an op, or null.
const OpRow* find_op_row(Text name);

// Our type for a DataType of TensorFlow, by name or number. 64-bit and small integers become
// int32, as in TF.js.
DType tensor_type(const Field& field);

// The sizes of a TensorShapeProto, -1 where one is open; false where even the rank is unknown.
bool tensor_shape(const Field& field, std::vector<int>& sizes);

}  // namespace gesso
