#include "models/load/json.h"

#include <cctype>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/decimal.h"
#include "models/load/write_json.h"

namespace gesso {
namespace {

constexpr size_t most_levels = 100;
constexpr size_t longest_shown = 60;

std::string cut(std::string_view text) {
  std::string shown;
  for (char c : text.substr(0, longest_shown)) shown += std::isprint(uint8_t(c)) ? c : '?';
  if (text.size() > longest_shown) shown += "...";
  return shown;
}

std::string camel_case(std::string_view name) {
  std::string camel;
  for (size_t i = 0; i < name.size(); ++i) {
    bool joint = name[i] == '_' && i + 1 < name.size();
    camel += joint ? char(std::toupper(uint8_t(name[++i]))) : name[i];
  }
  return camel;
}

// Builds a Json from the parser's events. The library's own tree would sort the members of
// objects, and it has no limit on nesting.
class Builder {
 public:
  Builder(std::string_view file, Json& root) : file_(file), open_{&root} {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(double(value)); }
  bool number_unsigned(uint64_t value) { return add(double(value)); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(size_t) { return start(Json::Object{}); }
  bool start_array(size_t) { return start(Json::Array{}); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool key(std::string& name) {
    name_ = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& error) {
    bool too_large = error.id == 406;
    fail(phrase({file_, (too_large ? " holds a number that is too large"
                                   : " is not JSON, or only a part of it")}),
         {{"at byte", position}}, "download the file again");
  }

 private:
  // Puts a value where the parser is: into the innermost open list or object, or at the root.
  Json& place(Json json) {
    Json& parent = *open_.back();
    if (auto* list = std::get_if<Json::Array>(&parent.value))
      return list->emplace_back(std::move(json));
    if (auto* object = std::get_if<Json::Object>(&parent.value))
      return object->emplace_back(std::move(name_), std::move(json)).second;
    return parent = std::move(json);
  }
  template <class T>
  bool add(T value) {
    place({std::move(value)});
    return true;
  }
  template <class T>
  bool start(T container) {
    if (open_.size() > most_levels)
      fail(phrase({file_, " is nested too deeply"}), {{"most levels", most_levels}},
           "a file that a converter wrote");
    open_.push_back(&place({std::move(container)}));
    return true;
  }
  bool end() {
    open_.pop_back();
    return true;
  }

  std::string_view file_;
  std::vector<Json*> open_;  // stable: a parent grows only when its last child is closed
  std::string name_;
};

// Adds the way from one value to another inside of it; false where there is none.
bool add_path(const Json& from, const Json* to, std::string& path) {
  if (&from == to) return true;
  size_t length = path.size();
  auto leads = [&](const Json& child, const std::string& step) {
    path += step;
    if (add_path(child, to, path)) return true;
    path.resize(length);
    return false;
  };
  if (auto* list = std::get_if<Json::Array>(&from.value))
    for (size_t i = 0; i < list->size(); ++i)
      if (leads((*list)[i], phrase({"[", i, "]"}))) return true;
  if (auto* object = std::get_if<Json::Object>(&from.value))
    for (const auto& [name, child] : *object)
      if (leads(child, phrase({path.empty() ? "" : ".", name}))) return true;
  return false;
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  auto* object = std::get_if<Object>(&value);
  if (!object) return nullptr;
  for (auto member = object->rbegin(); member != object->rend(); ++member)
    if (member->first == name) return &member->second;
  return nullptr;
}

Json parse_json(std::string_view file, std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == text.npos)
    fail(phrase({file, " is empty"}), {{"bytes", text.size()}}, "download the file again");
  if (text[first] == '<')
    fail(phrase({file, " is a web page, not a model"}),
         {{"begins with", in_quotes(text.substr(first, 40))}},
         "check the address: servers answer so when there is no such file");
  Json root;
  Builder builder(file, root);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return root;
}

Field::operator bool() const {
  return json_ && !holds<std::nullptr_t>();
}

Field Document::root() const {
  return {this, &json_};
}

Text Field::remedy(Text of_options) const {
  return is_option() ? of_options : "a file that a converter wrote";
}

Field Field::get(Text name) const {
  if (!json_) return *this;
  Field field(document_, json_->find(name));
  if (!field.json_) field.json_ = json_->find(camel_case(name));
  if (!field.json_) {
    field.parent_ = json_;
    field.name_ = name;
  }
  return field;
}

Field Field::at(Text name) const {
  if (!is_object()) refuse("must be an object", remedy("an object"));
  Field field = get(name);
  if (!field)
    field.refuse("is missing",
                 is_option() ? "a value for it" : "a file that a converter wrote, complete");
  return field;
}

Field Field::named(const std::string& name) const {
  Field field = get(name);
  if (document_ && field.parent_) field.name_ = document_->names_.emplace_back(name);
  return field;
}

template <class T>
const T& Field::require(Text kind) const {
  if (!holds<T>()) refuse(phrase({"must be ", kind}), remedy(kind));
  return std::get<T>(json_->value);
}

const std::string& Field::text() const {
  return require<std::string>("a string");
}

double Field::number() const {
  return require<double>("a number");
}

int Field::integer() const {
  double value = require<double>("an integer");
  if (value != std::floor(value) || std::abs(value) > std::numeric_limits<int>::max())
    refuse("must be an integer of 32 bits", remedy("a whole number"));
  return int(value);
}

bool Field::flag() const {
  return require<bool>("true or false");
}

std::vector<Field> Field::items() const {
  std::vector<Field> fields;
  for (const Json& json : require<Json::Array>("a list")) fields.push_back(Field(document_, &json));
  return fields;
}

std::vector<std::pair<Text, Field>> Field::members() const {
  std::vector<std::pair<Text, Field>> fields;
  for (const auto& [name, json] : require<Json::Object>("an object"))
    fields.emplace_back(name, Field(document_, &json));
  return fields;
}

const std::string& Field::file() const {
  static const std::string none;
  return document_ ? document_->file_ : none;
}

std::string Field::path() const {
  std::string path;
  if (!document_) return path;
  add_path(document_->json_, json_ ? json_ : parent_, path);
  if (!json_) path += phrase({path.empty() ? "" : ".", name_});
  return path;
}

std::vector<int> Field::integers() const {
  std::vector<int> values;
  for (const Field& item : items()) values.push_back(item.integer());
  return values;
}

std::string Field::text_or(Text otherwise) const {
  return *this ? text() : std::string(otherwise);
}

std::string Field::shown() const {
  if (!json_) return "nothing";
  if (holds<std::nullptr_t>()) return "null";
  if (is_flag()) return flag() ? "true" : "false";
  if (is_text()) return in_quotes(text());
  if (is_number()) {
    double value = number();
    bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    return whole ? std::to_string(int64_t(value)) : decimal(value);
  }
  if (is_object()) return "an object";
  const auto& list = std::get<Json::Array>(json_->value);
  if (list.size() > 8) return "a list of " + std::to_string(list.size());
  std::string shown;
  for (const Field& item : items())
    shown += (shown.empty() ? "" : ", ") + (item.is_list() ? "a list" : item.shown());
  return '[' + shown + ']';
}

void Field::refuse(Text what, Text hint) const {
  std::string where = path();
  fail(phrase({file(), where.empty() ? "" : ": ", where, " ", what}), {{"found", shown()}}, hint);
}

std::string to_text(const Json& json) {
  struct Writer {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool flag) const { return json_flag(flag); }
    std::string operator()(double number) const { return json_number(number); }
    std::string operator()(const std::string& text) const { return json_text(text); }
    std::string operator()(const Json::Array& items) const {
      std::vector<std::string> texts;
      for (const Json& item : items) texts.push_back(to_text(item));
      return json_list(texts);
    }
    std::string operator()(const Json::Object& members) const {
      std::vector<std::pair<std::string_view, std::string>> texts;
      for (const auto& [name, item] : members) texts.emplace_back(name, to_text(item));
      return json_object(texts);
    }
  };
  return std::visit(Writer{}, json.value);
}

std::string snake_case(std::string_view name) {
  std::string snake;
  for (char c : name) {
    if (std::isupper(uint8_t(c)) && !snake.empty()) snake += '_';
    snake += char(std::tolower(uint8_t(c)));
  }
  return snake;
}

std::string in_quotes(std::string_view text) {
  return '"' + cut(text) + '"';
}

}  // namespace gesso
