#include "core/attrs.h"

#include <algorithm>

namespace gesso {

OptionValue::OptionValue(const Attr& attr) : kind_(Kind(attr.index())), number_(0) {
  if (auto* flag = std::get_if<bool>(&attr)) number_ = *flag;
  if (auto* number = std::get_if<double>(&attr)) number_ = *number;
  if (auto* text = std::get_if<std::string>(&attr)) text_ = *text;
  if (auto* ints = std::get_if<Ints>(&attr)) ints_ = *ints;
  if (auto* numbers = std::get_if<Numbers>(&attr)) numbers_ = *numbers;
}

Attr OptionValue::attr() const {
  switch (kind_) {
    case Kind::none:
      break;
    case Kind::flag:
      return number_ != 0;
    case Kind::number:
      return number_;
    case Kind::text:
      return std::string(text_);
    case Kind::ints:
      return Ints(ints_.begin(), ints_.end());
    case Kind::numbers:
      return Numbers(numbers_.begin(), numbers_.end());
  }
  return {};
}

Attrs::Attrs() = default;
Attrs::Attrs(const Attrs& other) = default;
Attrs::Attrs(Attrs&& other) noexcept = default;
Attrs& Attrs::operator=(const Attrs& other) = default;
Attrs& Attrs::operator=(Attrs&& other) noexcept = default;
Attrs::~Attrs() = default;

Attrs::Attrs(const Options& options) {
  for (const Option& option : options) set(option.name, option.value);
}

const Attr* Attrs::find(std::string_view name) const {
  for (const auto& [known, value] : items_)
    if (known == name) return &value;
  return nullptr;
}

void Attrs::set(Text name, const OptionValue& value) {
  (*this)[name] = value.attr();
}

Attr& Attrs::operator[](std::string_view name) {
  auto place = std::find_if(items_.begin(), items_.end(),
                            [&](const Item& item) { return item.first >= name; });
  if (place == items_.end() || place->first != name)
    place = items_.emplace(place, std::string(name), Attr());
  return place->second;
}

}  // namespace gesso
