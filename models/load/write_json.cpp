#include "models/load/write_json.h"

#include <cmath>
#include <cstdlib>

#include "core/decimal.h"

namespace gesso {
namespace {

std::string escaped(char c) {
  if (c == '"' || c == '\\') return {'\\', c};
  if (uint8_t(c) >= 0x20) return {c};
  constexpr std::string_view digits = "0123456789abcdef";
  return {'\\', 'u', '0', '0', digits[uint8_t(c) / 16], digits[uint8_t(c) % 16]};
}

std::string joined(const std::vector<std::string>& pieces, char open, char close) {
  std::string text{open};
  for (const std::string& piece : pieces) {
    if (text.size() > 1) text += ',';
    text += piece;
  }
  return text + close;
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) quoted += escaped(c);
  return quoted + '"';
}

std::string json_number(double number) {
  if (std::isnan(number)) return "null";
  if (std::isinf(number)) return number > 0 ? "1e999" : "-1e999";
  for (int digits : {9, 15}) {
    std::string text = decimal(number, digits);
    if (std::strtod(text.c_str(), nullptr) == number) return text;
  }
  return decimal(number, 17);
}

std::string json_flag(bool flag) {
  return flag ? "true" : "false";
}

std::string json_list(const std::vector<std::string>& items) {
  return joined(items, '[', ']');
}

std::string json_object(const std::vector<std::pair<std::string_view, std::string>>& members) {
  std::vector<std::string> pieces;
  for (const auto& [name, value] : members) pieces.push_back(json_text(name) + ':' + value);
  return joined(pieces, '{', '}');
}

std::string json_ints(std::span<const int> numbers) {
  std::vector<std::string> pieces;
  for (int number : numbers) pieces.push_back(std::to_string(number));
  return json_list(pieces);
}

}  // namespace gesso
