// Trains a layers model on samples in memory, a slice of an epoch at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/backends/backend.h"
#include "models/layers/layers_model.h"
#include "models/train/data_set.h"
#include "models/train/metrics.h"
#include "models/train/optimizers.h"

namespace gesso {

// One way through a data set.
struct Epoch {
  int set = 0;
  bool train = true;  // false: losses and metrics only, as the model is used later
  int batch_size = 32;
  bool shuffle = true;
  size_t first = 0, count = 0;  // which samples of the set
  uint32_t number = 0;          // each has an order of its own
  int steps = 0;                // at most; 0 for all
  bool goes_on = false;         // adds to the progress that the set has made before
  bool fresh = false;           // stateful layers forget what they remember of the epoch before
};

// How far an epoch has come.
struct Progress {
  bool done = false;
  int step = 0;
  size_t samples = 0;
  std::vector<double> metrics;  // over these samples, in the order of Trainer::metrics()
  std::string bad;              // the first loss or weight that is not finite: the epoch is over
};

// A step is one program: forward, loss, gradients, clipping, update. Programs for batches of other
// sizes, and those that only evaluate, share its weights and its state. Weights that a step has
// made infinite or NaN stay so: keep a copy of those that matter.
class Trainer {
 public:
  // Options: {"optimizer": {"className": "Adam", "config": {...}} or "adam",
  //           "loss": "meanSquaredError", [one for each output] or {output: ...},
  //           "lossWeights"?: [...] or {output: ...},
  //           "metrics"?: ["accuracy", ...], [[...] for each output] or {output: [...]},
  //           "seed"?: 0, "clipValue"?, "clipNorm"?, "globalClipNorm"?}.
  // Fails on names that are not known, and on losses and metrics that want other labels.
  Trainer(std::shared_ptr<LayersModel> model, const Field& options);

  const std::vector<ModelPort>& inputs() const { return model_->inputs(); }
  // What to give for each output: float32 of the output's shape, or for losses that take indices
  // of classes int32 without its last size.
  const std::vector<ModelPort>& targets() const { return targets_; }
  // How many classes a target's indices may name; 0 where it has none, or the model leaves it open.
  int classes(size_t target) const;
  // "loss", the losses of the outputs where there are several, then the metrics.
  std::vector<std::string> metrics() const;

  enum class Role { input, target, weight };
  // Room for what a set has for one input or target, zeroed, to be filled with a row for each
  // sample. Rows of ports with open sizes need a shape; `kept` may be u8 where the port has floats
  // or int32; indices of classes may be rows of one. Weights are one float32 for each sample of a
  // target; what there are of them is forgotten when an input gets new rows.
  std::span<std::byte> reserve(int set, Role role, int index, size_t samples);
  std::span<std::byte> reserve(int set, Role role, int index, size_t samples, DType kept,
                               const Shape& row);

  // Gives the number of steps. Fails when samples are missing.
  int begin(const Epoch& epoch);

  // Runs at least one step, until the epoch is done or the time is over.
  Progress run(double milliseconds);

  // Who makes programs from now on; null: compile().
  void use(std::function<std::unique_ptr<Program>(const Graph&)> compiler);
  std::vector<Program*> all_programs() const;

  // For programs that somebody else runs, such as a device: a step in two halves. stage() fills the
  // inputs of the next step's program and gives it; null when the epoch is over. settle() takes the
  // outputs of the oldest step that was staged, from its program. Several may be staged before the
  // first is settled.
  Program* stage();
  Progress settle();
  // Remembers how far the epoch has come, with nothing staged; and goes back there. Weights and the
  // state of the optimiser, but for its count of steps, are to be brought back by the caller.
  void mark();
  void rewind();
  // Memory that stage() writes: what a device has to be given before each step.
  std::vector<std::shared_ptr<const Buffer>> written_by_stage() const;

  // One step of the epoch, as run(0) takes it, but on the clock. Gives what the step's program
  // consists of, and adds to as many entries of `seconds` how long each took.
  const std::vector<StepInfo>& profile(std::vector<double>& seconds);

  // Ends the epoch: the next run does nothing.
  void stop();

  Optimizer& optimizer() { return optimizer_; }

  // What training goes on from, besides the model's weights: the state of the optimiser, the random
  // numbers, and what stateful layers remember. Restored, training gives the losses of one that
  // never stopped.
  std::vector<StateTensor> state() const;
  // The tensor of this name, to be written to. Fails where there is none of this type.
  StateTensor state_tensor(const std::string& name, const TensorType& type);

  // One program for each size of batch, and others that only evaluate.
  struct ProgramInfo {
    bool train;
    int batch;
    ProgramMemory memory;
  };
  std::vector<ProgramInfo> programs() const;
  // How much memory all samples take.
  size_t sample_bytes() const;

 private:
  // An output, and how it is judged.
  struct Target {
    std::string name;
    const Loss* loss;
    double weight;
    struct Chosen {
      std::string name;
      const Metric* metric;
    };
    std::vector<Chosen> metrics;
  };
  // What is told: a mean, from two outputs of the program, the mean over a batch and how much of
  // the batch it is of; or what follows from the sums of some outputs.
  struct Figure {
    std::string name;
    const Metric* metric;  // null: a mean
    int outputs;
  };
  // How far a set has come.
  struct Tally {
    int step = 0;
    size_t samples = 0;
    std::vector<double> sums;  // of the programs' outputs, means counted as often as they say
  };
  struct StepProgram {
    bool train;
    int batch;
    std::unique_ptr<Program> program;
  };
  struct Staged {
    const Program* program;
    size_t samples;
  };
  // How far an epoch had come.
  struct Mark {
    size_t at = 0;
    Tally tally;
    int32_t random = 0, step = 0;
  };

  void read_losses(const Field& options);
  void read_metrics(const Field& options);
  void list_figures();
  TensorType row_type(Role role, int index, Shape row) const;
  Program& program_for(bool train, int batch);
  std::unique_ptr<Program> make_program(bool train, int batch);
  Value add_target(Graph& graph, size_t index, Value predictions, int batch);
  void add_update(Graph& graph, Value loss, const Values& parameters);
  // Runs one batch; null: off the clock.
  const Program* step(std::vector<double>* seconds);
  void forget_judged(int batch);
  void gather(Program& program, std::span<const uint32_t> samples);
  Progress progress() const;
  void count_results();
  void add_results(const Program& program);
  std::string first_bad_loss(const Program& program) const;
  std::string first_bad_weight() const;

  std::shared_ptr<LayersModel> model_;
  Optimizer optimizer_;
  Clipping clipping_;
  StateTensor random_;  // int32 [2]: seed, steps so far
  States judged_;       // of stateful layers that are not in training
  int judged_batch_ = 0;
  std::vector<Target> outputs_;
  std::vector<ModelPort> targets_;
  std::vector<std::string> input_names_, target_names_;
  std::vector<Figure> figures_;
  std::vector<DataSet> sets_;
  std::vector<Tally> tallies_;  // of the sets

  std::function<std::unique_ptr<Program>(const Graph&)> compiler_ = compile;
  std::vector<StepProgram> programs_;
  std::vector<Shape> rows_;  // the shapes that the programs are for
  int freezes_ = 0;          // and which layers were frozen then

  Epoch epoch_;
  std::vector<uint32_t> order_;  // of the samples of this epoch
  size_t at_ = 0;
  std::vector<Staged> staged_;  // the oldest first
  Mark mark_;
  std::string bad_;
};

}  // namespace gesso
