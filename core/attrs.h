// The options of operators: as a call or a table writes them, and as a node keeps them.
#pragma once

#include <array>
#include <concepts>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/tensor.h"
#include "core/text.h"

namespace gesso {

using Ints = std::vector<int>;
using Numbers = std::vector<double>;

// An option of a node. The first alternative stands for an optional list that is left out.
using Attr = std::variant<std::monostate, bool, double, std::string, Ints, Numbers>;

// The value of an option where it is written. It copies neither text nor lists: it lasts as long as
// they do, in a call until its end.
class OptionValue {
 public:
  // As in Attr, and in its order.
  enum class Kind { none, flag, number, text, ints, numbers };

  constexpr OptionValue() : kind_(Kind::none), number_(0) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  constexpr OptionValue(T value)
      : kind_(std::same_as<T, bool> ? Kind::flag : Kind::number), number_(double(value)) {}
  constexpr OptionValue(std::string_view text) : kind_(Kind::text), text_(text) {}
  constexpr OptionValue(const char* text) : OptionValue(std::string_view(text)) {}
  OptionValue(const std::string& text) : OptionValue(std::string_view(text)) {}
  constexpr OptionValue(std::span<const int> ints) : kind_(Kind::ints), ints_(ints) {}
  constexpr OptionValue(const std::initializer_list<int>& ints)
      : OptionValue(std::span(ints.begin(), ints.size())) {}
  template <size_t n>
  constexpr OptionValue(const std::array<int, n>& ints) : OptionValue(std::span<const int>(ints)) {}
  OptionValue(const Ints& ints) : OptionValue(std::span(ints)) {}
  OptionValue(const Shape& sizes) : OptionValue(sizes.sizes()) {}
  OptionValue(const Numbers& numbers) : kind_(Kind::numbers), numbers_(numbers) {}
  OptionValue(const Attr& attr);

  constexpr Kind kind() const { return kind_; }
  Attr attr() const;  // a copy to keep

 private:
  Kind kind_;
  union {
    double number_;
    std::string_view text_;
    std::span<const int> ints_;
    std::span<const double> numbers_;
  };
};

struct Option {
  Text name;
  OptionValue value;
};

// A list of options that lasts as long as what it is written in.
using Options = std::initializer_list<Option>;

// Lists for tables: what is written in braces there would not last.
inline constexpr std::span<const int> no_ints;
inline constexpr std::array one_by_one{1, 1};
inline constexpr std::array zero_by_zero{0, 0};
inline constexpr std::array no_padding{0, 0, 0, 0};

// Options by name, in alphabetical order.
class Attrs {
 public:
  using Item = std::pair<std::string, Attr>;

  Attrs();
  Attrs(const Options& options);
  Attrs(const Attrs& other);
  Attrs(Attrs&& other) noexcept;
  Attrs& operator=(const Attrs& other);
  Attrs& operator=(Attrs&& other) noexcept;
  ~Attrs();

  const Attr* find(std::string_view name) const;  // null: there is none
  bool contains(Text name) const { return find(name) != nullptr; }
  void set(Text name, const OptionValue& value);
  Attr& operator[](std::string_view name);  // adds what is missing

  std::vector<Item>::const_iterator begin() const { return items_.begin(); }
  std::vector<Item>::const_iterator end() const { return items_.end(); }

 private:
  std::vector<Item> items_;
};

}  // namespace gesso
