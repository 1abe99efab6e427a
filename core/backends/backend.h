// What the rest of the code may ask of something that runs graphs. Nothing here names an operator.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph.h"

namespace gesso {

// One step of a program, for people who want to know what runs where.
struct StepInfo {
  std::string_view op;      // the operator's name
  std::string_view kernel;  // "xnnpack", "simd" or "reference"
  std::string name;         // the node's name in the model's file
  TensorType type;          // of its first output
};

// Bytes that a program needs. Those it shares are there once for all programs of a model.
struct ProgramMemory {
  size_t arena = 0;   // inputs, outputs, and what is computed in between
  size_t packed = 0;  // weights once more, in the order in which kernels read them
  size_t shared = 0;  // weights that it reads where the model has them
};

// A named tensor at the edge of a program.
struct ProgramPort {
  std::string name;
  TensorType type;
};

// A graph made ready to run: buffers placed, weights packed. Inputs and outputs are the
// program's own memory; write in, run, read out. Inputs keep their contents from run to run.
class Program {
 public:
  virtual ~Program() = default;
  virtual const std::vector<ProgramPort>& inputs() const = 0;
  virtual const std::vector<ProgramPort>& outputs() const = 0;
  virtual std::span<std::byte> input(int i) = 0;
  virtual void run() noexcept = 0;  // allocates nothing
  virtual std::span<const std::byte> output(int i) const = 0;

  // Runs once and adds to each entry of `seconds`, one for each of steps(), how long that step
  // took. A step begins at the reading of the clock that ended the one before: a coarse clock, such
  // as a browser has, is then wrong about single steps, and right about the sum of many runs.
  virtual void profile(std::span<double> seconds) noexcept = 0;

  virtual ProgramMemory memory() const = 0;
  virtual const std::vector<StepInfo>& steps() const = 0;
};

// Optimises the graph and plans it for this processor. Fails only when memory runs out. The
// graph is not needed afterwards.
std::unique_ptr<Program> compile(const Graph& graph);

// Makes all programs from now on in place of compile(): how tests run every graph elsewhere. Null:
// this processor again. It may call compile_here().
using Compiler = std::unique_ptr<Program> (*)(const Graph& graph);
void set_compiler(Compiler compiler);
std::unique_ptr<Program> compile_here(const Graph& graph);

// How many threads work on one program, the caller's among them, in programs compiled from now on.
// A count below 2, and a build without threads, leave all work to the caller: thread_count() tells.
// At first it is 1. Results do not depend on it. Not to be called while a program runs.
void set_threads(int count);
int thread_count();

}  // namespace gesso
