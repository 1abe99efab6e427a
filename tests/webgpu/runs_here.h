// Whether programs run on this processor. Some tests ask what only it can answer: which of its
// kernels run, how long each takes, where the bytes lie. With GESSO_TEST_BACKEND they are skipped.
#pragma once

#ifdef __EMSCRIPTEN__
#include "tests/webgpu/hosted_program.h"
#endif

namespace gesso {

inline bool runs_here() {
#ifdef __EMSCRIPTEN__
  return !is_hosted();
#else
  return true;
#endif
}

}  // namespace gesso
