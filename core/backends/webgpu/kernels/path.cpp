#include "core/backends/webgpu/kernels/path.h"

#include "core/backends/webgpu/kernel.h"

namespace gesso::webgpu {

Path& Path::add(size_t size, ptrdiff_t step) {
  if (size == 1) return *this;
  // Two axes that lie in memory like one are one.
  if (!axes_.empty() && axes_.back().step == step * ptrdiff_t(size))
    axes_.back() = {axes_.back().size * size, step};
  else
    axes_.push_back({size, step});
  return *this;
}

size_t Path::count() const {
  size_t count = 1;
  for (const Axis& axis : axes_) count *= axis.size;
  return count;
}

std::string Path::at(std::string_view i) const {
  std::string sum;
  if (start_ != 0) sum = text(start_, "u");
  size_t inner = count();
  for (size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    inner /= std::max(axis.size, size_t{1});
    if (axis.step == 0) continue;
    std::string term = text("(", i, ")");
    if (inner != 1) term = text(term, " / ", inner, "u");
    if (a > 0) term = text("(", term, ") % ", axis.size, "u");
    size_t size = size_t(std::abs(axis.step));
    if (size != 1) term = text("(", term, ") * ", size, "u");
    // The sum is never negative, but a part of it may be: u32 wraps around and back.
    if (axis.step < 0)
      sum = text(sum.empty() ? "0u" : sum, " - ", term);
    else
      sum = sum.empty() ? term : text(sum, " + ", term);
  }
  return sum.empty() ? "0u" : sum;
}

}  // namespace gesso::webgpu
