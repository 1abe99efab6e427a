// The only way to refuse: an Error always says what is wrong, the facts, and what to try.
#pragma once

#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gesso {

struct Error : std::runtime_error {
  using runtime_error::runtime_error;
};

// One line of evidence under the first line of a message.
struct Fact {
  std::string name, value;
};

// Throws Error with the text
//   <what>.
//     <name>  <value>
//     Try: <hint>
// `what` begins with the name the user typed: an operator, a file, a function.
[[noreturn]] void fail(std::string_view what, std::span<const Fact> facts, std::string_view hint);

[[noreturn]] inline void fail(std::string_view what, std::initializer_list<Fact> facts,
                              std::string_view hint) {
  fail(what, std::span(facts.begin(), facts.size()), hint);
}

}  // namespace gesso
