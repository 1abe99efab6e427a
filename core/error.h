// The only way to refuse: an Error always says what is wrong, the facts, and what to try.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/text.h"

namespace gesso {

enum class DType : uint8_t;
class Shape;
struct TensorType;

struct Error : std::runtime_error {
  using runtime_error::runtime_error;
};

// A part of a message: text, a whole number, a shape or a type. It keeps nothing.
class Part {
 public:
  Part(const char* text) : Part(std::string_view(text)) {}
  Part(Text text) : Part(std::string_view(text)) {}
  Part(const std::string& text) : Part(std::string_view(text)) {}
  Part(std::string_view text) : kind_(Kind::text), text_(text) {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Part(T number) : kind_(Kind::number), number_(int64_t(number)) {}
  Part(const Shape& shape) : kind_(Kind::shape), object_(&shape) {}
  Part(const TensorType& type) : kind_(Kind::type), object_(&type) {}
  Part(DType dtype);

  void append_to(std::string& text) const;

 private:
  enum class Kind { text, number, shape, type } kind_;
  union {
    std::string_view text_;
    int64_t number_;
    const void* object_;
  };
};

// One text from its parts: phrase({name, " must be at least ", least}).
std::string phrase(const std::initializer_list<Part>& parts);

// One line of evidence under the first line of a message.
struct Fact {
  Text name;
  Part value;
};

// Throws Error with the text
//   <what>.
//     <name>  <value>
//     Try: <hint>
// `what` begins with the name the user typed: an operator, a file, a function.
[[noreturn]] void fail(Text what, std::span<const Fact> facts, Text hint);
[[noreturn]] void fail(Text what, const std::initializer_list<Fact>& facts, Text hint);

}  // namespace gesso
