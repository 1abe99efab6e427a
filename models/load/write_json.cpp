#include "models/load/write_json.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace gesso {
namespace {

std::string escaped(char c) {
  if (c == '"' || c == '\\') return {'\\', c};
  if (uint8_t(c) >= 0x20) return {c};
  char code[8];
  std::snprintf(code, sizeof code, "\\u%04x", unsigned(c));
  return code;
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
  char text[32];
  for (int digits : {9, 15, 17}) {
    std::snprintf(text, sizeof text, "%.*g", digits, number);
    if (std::strtod(text, nullptr) == number) break;
  }
  return text;
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
