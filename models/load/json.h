// JSON from a file that nobody vouches for: every access is checked and says where it was.
#pragma once

#include <cstddef>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"

namespace gesso {

// One JSON value. Objects keep the order of the file, because some formats mean it.
struct Json {
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;
  std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value = nullptr;

  // The member of this name (the last one, if there are several), or null.
  const Json* find(std::string_view name) const;
};

// Parses a whole file. Fails, naming the file, on anything that is not JSON, is nested deeper than
// 100 levels or holds a number beyond the range of double; a web page in place of a file is called
// what it is.
Json parse_json(std::string_view file, std::span<const std::byte> text);

class Field;

// A whole file, or the options of a call, for the Fields that point into it: keep it as long as
// they are used.
class Document {
 public:
  // Who wrote it decides what helps where it is not what it must be.
  enum class Origin { file, options };

  Document(std::string file, Json json, Origin origin = Origin::file)
      : file_(std::move(file)), json_(std::move(json)), origin_(origin) {}
  Document(std::string file, std::span<const std::byte> text, Origin origin = Origin::file)
      : Document(file, parse_json(file, text), origin) {}
  Document(const Document&) = delete;

  const std::string& file() const { return file_; }
  Field root() const;

 private:
  std::string file_;
  Json json_;
  Origin origin_;
  mutable std::deque<std::string> names_;  // of members that were asked for and are not there

  friend class Field;
};

// A value, or the absence of one, together with where it is: "model.json" and
// "modelTopology.node[3].op", or "training options" and "loss". JSON's null counts as absent, as it
// does in Keras' configurations. It is a few pointers into a Document: pass it by value or
// reference as you like.
class Field {
 public:
  Field() = default;  // nothing, nowhere

  // Members. `get` may find nothing; `at` fails unless the member is there. Keras' names are
  // written snake_case or camelCase, depending on who saved the file: ask for snake_case, and
  // both are found. A name that is not a literal must outlive the Field, or be given as a string
  // to `named`, which keeps a copy.
  Field get(Text name) const;
  Field at(Text name) const;
  Field named(const std::string& name) const;

  explicit operator bool() const;             // whether there is a value
  const Json* json() const { return json_; }  // the value as it is, null included
  bool is_text() const { return holds<std::string>(); }
  bool is_number() const { return holds<double>(); }
  bool is_flag() const { return holds<bool>(); }
  bool is_list() const { return holds<Json::Array>(); }
  bool is_object() const { return holds<Json::Object>(); }

  // The value, which must be of this kind. Integers must fit an int.
  const std::string& text() const;
  double number() const;
  int integer() const;
  bool flag() const;
  std::vector<Field> items() const;                     // of a list
  std::vector<std::pair<Text, Field>> members() const;  // of an object
  std::vector<int> integers() const;

  // The value, or another where there is none.
  std::string text_or(Text otherwise) const;
  double number_or(double otherwise) const { return *this ? number() : otherwise; }
  int integer_or(int otherwise) const { return *this ? integer() : otherwise; }
  bool flag_or(bool otherwise) const { return *this ? flag() : otherwise; }

  const std::string& file() const;
  std::string path() const;
  std::string shown() const;  // the value, short enough for a message

  // What to try where something cannot be right: a sound file, or else this.
  Text remedy(Text of_options) const;

  // Refuses the file because of this value: "model.json: modelTopology.node[3].op <what>."
  [[noreturn]] void refuse(Text what, Text hint) const;

 private:
  Field(const Document* document, const Json* json) : document_(document), json_(json) {}
  bool is_option() const { return document_ && document_->origin_ == Document::Origin::options; }
  template <class T>
  bool holds() const {
    return json_ && std::holds_alternative<T>(json_->value);
  }
  template <class T>
  const T& require(Text kind) const;

  const Document* document_ = nullptr;
  const Json* json_ = nullptr;
  const Json* parent_ = nullptr;  // of what is not there,
  Text name_;                     // and the name under which it was sought

  friend class Document;
};

// A value as JSON text, without spaces.
std::string to_text(const Json& json);

// snake_case from camelCase, and anything else unchanged: "channelsFirst" is "channels_first".
std::string snake_case(std::string_view name);

// A name in quotes, cut where it is too long for a message and with unprintable bytes replaced.
std::string in_quotes(std::string_view text);

}  // namespace gesso
