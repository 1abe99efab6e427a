// JSON text from JavaScript, with the way into it.
#pragma once

#include <span>
#include <string>

#include "models/load/json.h"

namespace gesso {

class Given {
 public:
  Given(std::string name, const std::string& text)
      : document_(std::move(name), std::as_bytes(std::span(text)), Document::Origin::options),
        root_(document_.root()) {}
  const Field* operator->() const { return &root_; }
  const Field& operator*() const { return root_; }

 private:
  Document document_;
  Field root_;
};

}  // namespace gesso
