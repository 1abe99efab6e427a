// One row per folder of cases: how a case of that folder is run.
#pragma once

#include "tests/suites/trial.h"

namespace gesso::suites {

// Each runs one case: returns when it passes, throws Wrong or Error when it fails, and Skip when
// gesso does not offer what it needs. `stem` is the file's name without ".json".
void run_webnn(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_fn(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_grad(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_graph(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_kernel(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_layer(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_model(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_op(const std::string& stem, const Json& test, Trial& trial);
void run_tfjs_optimizer(const std::string& stem, const Json& test, Trial& trial);

// A case of tfjs-models/train.
void run_tfjs_training(const Json& test);

}  // namespace gesso::suites
