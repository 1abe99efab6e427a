// The threads that kernels share, in builds that have any.
#pragma once

#include <pthreadpool.h>

#include <memory>

namespace gesso::cpu {

// Null: the calling thread alone.
using Threads = std::shared_ptr<pthreadpool>;

// Those for programs that are compiled now.
const Threads& current_threads();

// How many they are, the calling thread among them.
size_t count(const Threads& threads);

}  // namespace gesso::cpu
