// JSON from a file that nobody vouches for: every access is checked and says where it was.
#pragma once

#include <cstddef>
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

// A value, or the absence of one, together with where it is: "model.json" and
// "modelTopology.node[3].op", or "training options" and "loss". JSON's null counts as absent, as it
// does in Keras' configurations.
class Field {
 public:
  // Who wrote it decides what helps where it is not what it must be.
  enum class Origin { file, options };

  Field() = default;  // nothing, nowhere
  Field(const Json& json, std::string file, Origin origin = Origin::file)
      : json_(&json), file_(std::move(file)), origin_(origin) {}

  // Members. `get` may find nothing; `at` fails unless the member is there. Keras' names are
  // written snake_case or camelCase, depending on who saved the file: ask for snake_case, and
  // both are found.
  Field get(std::string_view name) const;
  Field at(std::string_view name) const;

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
  std::vector<Field> items() const;                                 // of a list
  std::vector<std::pair<std::string_view, Field>> members() const;  // of an object
  std::vector<int> integers() const;

  // The value, or another where there is none.
  std::string text_or(std::string_view otherwise) const;
  double number_or(double otherwise) const { return *this ? number() : otherwise; }
  int integer_or(int otherwise) const { return *this ? integer() : otherwise; }
  bool flag_or(bool otherwise) const { return *this ? flag() : otherwise; }

  const std::string& file() const { return file_; }
  const std::string& path() const { return path_; }
  std::string shown() const;  // the value, short enough for a message

  // What to try where something cannot be right: a sound file, or else this.
  std::string_view remedy(std::string_view of_options) const {
    return origin_ == Origin::file ? "a file that a converter wrote" : of_options;
  }

  // Refuses the file because of this value: "model.json: modelTopology.node[3].op <what>."
  [[noreturn]] void refuse(std::string_view what, std::string_view hint) const;

 private:
  Field(const Json* json, std::string file, std::string path, Origin origin)
      : json_(json), file_(std::move(file)), path_(std::move(path)), origin_(origin) {}
  Field child(const Json* json, std::string path) const {
    return {json, file_, std::move(path), origin_};
  }
  template <class T>
  bool holds() const {
    return json_ && std::holds_alternative<T>(json_->value);
  }
  template <class T>
  const T& require(std::string_view kind) const;

  const Json* json_ = nullptr;
  std::string file_, path_;
  Origin origin_ = Origin::file;
};

// A value as JSON text, without spaces.
std::string to_text(const Json& json);

// snake_case from camelCase, and anything else unchanged: "channelsFirst" is "channels_first".
std::string snake_case(std::string_view name);

// A name in quotes, cut where it is too long for a message and with unprintable bytes replaced.
std::string in_quotes(std::string_view text);

}  // namespace gesso
