#include "core/error.h"

namespace gesso {

void fail(std::string_view what, std::span<const Fact> facts, std::string_view hint) {
  std::string text(what);
  text += ".\n";
  for (const auto& [name, value] : facts) text += "  " + name + "  " + value + '\n';
  text += "  Try: ";
  text += hint;
  throw Error(text);
}

}  // namespace gesso
