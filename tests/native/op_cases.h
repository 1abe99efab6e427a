// The cases in tests/ops: one JSON file for each operator, which drives every check of it.
//
//   { "op": "leakyRelu", "cases": [
//     { "input": [[-2, 3]], "alpha": 0.5, "y": [[-1, 3]] },
//     { "input": { "random": [7, 13], "low": -3, "high": 3 } },
//     { "input": { "data": [1, 2], "dtype": "int32" }, "error": "leakyRelu: input must be float32"
//     } ] }
//
// A tensor is a nested list, a number, or an object: "data" (nested, or flat with "shape") with a
// "dtype" that is float32 by default, or "random" sizes, uniform from "low" to "high", -1 to 1 by
// default (integers: -9 to 9, unsigned ones from 0). true and false make a tensor of booleans.
// "NaN", "Infinity" and "-Infinity" are written as strings. An input "inputs..." is a list of
// tensors. What is no input is an option of the operator.
// "y" (or "outputs", a list) is a known answer, "error" the first line of a refusal.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/graph.h"
#include "core/op.h"

namespace gesso {

using Json = nlohmann::ordered_json;

struct OpCase {
  std::string op;    // the operator's name
  int number = 0;    // its place in the file
  std::string name;  // "leakyRelu input[1,2] alpha=0.5"
  Json data;

  bool has(const char* key) const { return data.contains(key); }
};

// tests/ops: below $GESSO_SOURCE_DIR, or else below the working directory.
std::filesystem::path op_cases_folder();

// The cases of one file. Fails, naming the file, when it is not as described above.
std::vector<OpCase> read_op_cases(const std::filesystem::path& file);

// The cases of all files that can be read.
std::vector<OpCase> all_op_cases();

// Elements in a program's format.
struct OpTensor {
  TensorType type;
  std::vector<std::byte> bytes;
};

// The case as a graph of one node, all of whose outputs are outputs of the graph.
struct OpGraph {
  Graph graph;
  std::vector<OpTensor> inputs;  // for graph.inputs()
};

enum class Inputs { variable, first_variable };  // the others are constants

// Fails like Graph::apply when the operator refuses the case.
OpGraph build(const OpCase& c, Inputs inputs = Inputs::variable);

// The known answers: the values of each output.
struct KnownAnswer {
  Shape shape;
  bool boolean = false;
  std::vector<double> values;
};
std::vector<KnownAnswer> known_answers(const OpCase& c);

// XNNPACK's matrix products keep sums between bounds with x86 instructions that answer a NaN with
// the bound, so a sum that is NaN may be anything there: natively always, in WebAssembly where
// bounds are asked for, since XNNPACK chooses its kernels by the machine that it finds.
bool loses_nan(const OpCase& c);

}  // namespace gesso
