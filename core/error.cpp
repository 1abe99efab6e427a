#include "core/error.h"

#include "core/tensor.h"

namespace gesso {

Part::Part(DType dtype) : Part(to_string(dtype)) {}

void Part::append_to(std::string& text) const {
  switch (kind_) {
    case Kind::text:
      text += text_;
      break;
    case Kind::number:
      text += std::to_string(number_);
      break;
    case Kind::shape:
      text += to_string(*static_cast<const Shape*>(object_));
      break;
    case Kind::type:
      text += to_string(*static_cast<const TensorType*>(object_));
      break;
  }
}

std::string phrase(const std::initializer_list<Part>& parts) {
  std::string all;
  for (const Part& part : parts) part.append_to(all);
  return all;
}

void fail(Text what, std::span<const Fact> facts, Text hint) {
  std::string message = phrase({what, ".\n"});
  for (const Fact& fact : facts) message += phrase({"  ", fact.name, "  ", fact.value, "\n"});
  throw Error(message + phrase({"  Try: ", hint}));
}

void fail(Text what, const std::initializer_list<Fact>& facts, Text hint) {
  fail(what, std::span(facts.begin(), facts.size()), hint);
}

}  // namespace gesso
