// A TF.js kernel call as one of our graphs.
#pragma once

#include "tests/suites/trial.h"

namespace gesso::suites {

// The inputs of a case, by name.
std::vector<NamedTensor> kernel_inputs(const Json& test);

// A graph whose inputs are those of the call, weights too, and whose first outputs are the kernel's
// outputs. Throws Skip for kernels that gesso does not offer.
Graph graph_of_kernel(const std::string& name, const Json& test, size_t outputs);

}  // namespace gesso::suites
