#include "core/backends/cpu/threads.h"

#include "core/backends/backend.h"

namespace gesso {
namespace cpu {
namespace {

Threads current;

}  // namespace

const Threads& current_threads() {
  return current;
}

size_t count(const Threads& threads) {
  return pthreadpool_get_threads_count(threads.get());
}

}  // namespace cpu

void set_threads(int count) {
  cpu::current = nullptr;  // its threads end before others begin
  if (count > 1) cpu::current.reset(pthreadpool_create(size_t(count)), pthreadpool_destroy);
}

int thread_count() {
  return int(cpu::count(cpu::current));
}

}  // namespace gesso
