// Many elements made one: sums, extremes and whatever else is put together of parts.
#pragma once

#include <functional>
#include <string>

#include "core/backends/webgpu/kernel.h"
#include "core/backends/webgpu/kernels/path.h"

namespace gesso::webgpu {

// How elements are put together, as WGSL expressions.
struct Fold {
  const char* type = "f32";   // of a total: f32, i32, vec2f, or a struct, which cannot be split up
  std::string start = "0.0";  // what nothing makes
  std::string take = "total + x";  // the total with one element more
  std::string join = "a + b";      // two totals, a of earlier elements than b or mixed with them
  std::string declarations = {};
  const Snippet* uses = nullptr;

  // The function of subgroups that does what `join` does; empty: there is none.
  std::string_view subgroup() const;
};

struct Reduction {
  Path kept, reduced;  // element r of result o lies at place kept(o) + reduced(r)
  Fold fold;
  std::string element;                  // WGSL: the element at place p, the r-th of result o
  std::function<void(Shader&)> reads;   // declares what the element reads
  std::function<void(Shader&)> writes;  // declares what `finish` writes
  std::string finish;                   // WGSL: statements that write `total`, which is result o
};

// Plans the dispatches: a workgroup for each result, or an invocation; in two steps where there are
// too few results to keep a device busy.
void reduce(Lowering& l, Reduction reduction);

// Workgroups, one for each i below count, and the text that declares i or leaves.
struct OneEach {
  std::array<uint32_t, 3> groups;
  std::string start;

  OneEach(const Lowering& l, size_t count, std::string_view i);
};

// Text: folds what all invocations of a workgroup hold in `totals`, an array<…, width> in its
// memory, into the first entry by the function `join`.
std::string fold_totals(int width, std::string_view totals = "totals",
                        std::string_view join = "join");

// Who puts together what becomes one result.
enum class By { group, invocation, subgroups };

// Which of them a device takes for nodes of these shapes. Where a workgroup is preferred, it uses
// subgroups if it can.
By choose_by(Lowering& l, std::string_view key, By preferred, bool can_use_subgroups = true);

// Who is to sum up what neighbours read fastest: a workgroup, but where subgroups are as small as
// those of processors, for which barriers cost more than they save.
By preferred_for_rows(const Lowering& l);

// A workgroup of `width` invocations along x that make one of what each of them holds. Subgroups
// save all barriers but one. They may be of any size, and of any of the invocations.
struct Together {
  int width;
  bool subgroups = false;

  // Text: what main begins with, where all its invocations are.
  std::string start(Shader& shader) const;
  // Text: declares `name`, what `totals` holds folded by the function `join`, which for subgroups
  // is named `subgroup`. All invocations know it. Before `totals` is written again there must be a
  // barrier.
  std::string fold(std::string_view name, std::string_view totals, std::string_view join,
                   std::string_view subgroup) const;
};

}  // namespace gesso::webgpu
