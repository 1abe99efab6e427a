// Differentiates graphs by appending ordinary nodes to them.
#pragma once

#include "core/op.h"

namespace gesso {

// The derivatives of Σ seeds[i] · outputs[i] by each of `of`, which may be any float32 values of
// the same graph: reverse accumulation (Linnainmaa 1970). A seed left out is all ones. What does
// not depend on one of `of` has no part in it; a derivative that is zero everywhere is a constant
// of zeros. The results can be differentiated again. Fails when a path leads through an operator
// that has no gradient, and names it.
Values gradient(const Values& outputs, const Values& seeds, const Values& of);

}  // namespace gesso
