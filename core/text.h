// Text that somebody else keeps, in one word. A std::string_view has two, and WebAssembly hands
// such a pair over through memory: with thousands of names and messages that is much of a download.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace gesso {

// A literal or a string that outlives its use: take it as a parameter, do not keep it.
class Text {
 public:
  constexpr Text() = default;
  constexpr Text(const char* text) : text_(text) {}
  Text(const std::string& text) : text_(text.c_str()) {}

  constexpr const char* c_str() const { return text_; }
  constexpr bool empty() const { return *text_ == 0; }
  constexpr operator std::string_view() const { return text_; }
  friend constexpr bool operator==(Text a, Text b) {
    return std::string_view(a) == std::string_view(b);
  }
  template <class T>
    requires std::convertible_to<const T&, std::string_view>
  friend constexpr bool operator==(Text a, const T& b) {
    return std::string_view(a) == std::string_view(b);
  }

 private:
  const char* text_ = "";
};

}  // namespace gesso
