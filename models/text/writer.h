// Lets a layers model write: it reads a code, says what is probable next, one of that is chosen and
// read in turn.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/backends/backend.h"
#include "core/random.h"
#include "models/layers/layers_model.h"
#include "models/text/sampling.h"

namespace gesso {

// What to write. Codes are positions in the vocabulary.
struct WritingTask {
  // What each lane reads first: as many texts as lanes.
  std::vector<std::vector<int>> prompts;
  // A lane ends where it has written one of these, without telling.
  std::vector<std::vector<int>> stops = {};
  int length = 0;            // codes that each lane writes at most
  bool stateful = false;     // goes on from the state that is kept, and keeps its own
  SamplingOptions sampling;  // each lane has a sequence of random numbers of its own
};

// Codes that a lane has written.
struct WrittenCodes {
  int lane;
  std::vector<int> codes;
};

// Writes with a model of one input, int32 or float32 codes [batch, steps] or float32 one-hot rows
// [batch, steps, vocabulary], and one output of softmax or logits, [batch, vocabulary] or [batch,
// steps, vocabulary]. What its recurrent layers remember here is apart from what they remember
// elsewhere, and lasts from text to text, whether they are saved as stateful or not.
class Writer {
 public:
  // Fails, naming what is in the way, on a model that cannot write.
  explicit Writer(std::shared_ptr<LayersModel> model);

  int vocabulary() const { return vocabulary_; }

  // Reads the model's weights again before the next text, and leaves one that is not done.
  void refresh() {
    lanes_.clear();
    program_ = nullptr;
  }

  // Begins a text, in place of one that is not done. Fails on codes that are not in the vocabulary,
  // on a lane that has nothing to go on from, and on a kept state of another number of lanes.
  void begin(WritingTask task);

  // Reads and writes until the text is done or the time is over. Gives whether it is done.
  bool run(double milliseconds);

  bool is_done() const;

  // Who makes programs from now on; null: compile(). A text that is not done goes on: where this
  // processor takes over, it reads again what was read since the last keep().
  void use(std::function<std::unique_ptr<Program>(const Graph&)> compiler);
  // The program of the text that was begun last, for somebody else to run in place of run().
  Program& program() { return *program_; }
  // Chooses what each lane reads next, and goes on as long as nothing has to be chosen again. Gives
  // how often the program is to run, at most `most` times; 0 where nothing is left to do.
  int stage(int most);
  // The program's input for each of these runs, one after the other.
  std::span<const std::byte> staged() const { return staged_; }
  // Takes the output of the last of them. Gives whether it is time to write the variables of the
  // program back to their memory, and to keep() them.
  bool settle();
  // Goes on from what the variables hold, which a stateful text keeps.
  void keep();
  // Milliseconds of a step on this processor, tried for so long. The text stays where it is.
  double rehearse(double milliseconds);

  // What has been written since the last call, of lanes that have written: what may become a part
  // of a stop is held back until it has not.
  std::vector<WrittenCodes> written();

  // What is probable after what has been read, in the first lane of the kept state. Fails before
  // anything has been read.
  std::vector<double> next(const SamplingOptions& sampling) const;

  // Forgets what has been read, and leaves a text that is not done.
  void reset() {
    lanes_.clear();
    kept_.clear();
  }

  // The kept state: what the recurrent layers remember, and the logits of what comes next, each
  // [lanes, ...]; nothing before anything has been read.
  const std::vector<StateTensor>& state() const { return kept_; }

  // Makes the kept state one of these names and types, zeroed, and gives it, to be written to.
  // Fails where this model has another.
  const std::vector<StateTensor>& restore(std::vector<StateTensor> tensors);

 private:
  struct Lane {
    Random random;
    bool is_done;
    size_t read = 0;  // codes of the prompt
    int chosen = 0;
    std::vector<int> codes = {};  // chosen, without those of a stop
    size_t told = 0;              // how many of them
  };

  int lanes_of(const std::vector<StateTensor>& state) const;
  std::vector<StateTensor> zeros() const;
  void prepare(int lanes);
  bool advance();
  void repeat(std::span<const int> codes);
  bool needs_answer() const;
  bool keeps_now() const;
  int next_code(size_t lane);
  void give(size_t lane, int code);
  void end_at_stop(Lane& lane) const;
  size_t held_back(const Lane& lane) const;

  std::shared_ptr<LayersModel> model_;
  int vocabulary_ = 0;
  bool is_one_hot_ = false;
  std::unique_ptr<Program> program_;
  std::vector<StateTensor> now_, kept_;  // the states and logits of the program, and those to keep

  std::function<std::unique_ptr<Program>(const Graph&)> compiler_ = compile;

  WritingTask task_;
  std::vector<Lane> lanes_;
  std::vector<size_t> active_;  // lanes that the last step was for
  std::vector<int> given_;      // what all lanes have read since keep(), step by step
  std::vector<std::byte> staged_;
};

}  // namespace gesso
