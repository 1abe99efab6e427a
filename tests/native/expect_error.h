// Compares the whole text of an error: messages are part of the interface.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "core/error.h"

namespace gesso {

template <class F>
void expect_error(F call, std::string_view text) {
  try {
    call();
    ADD_FAILURE() << "no error; expected:\n" << text;
  } catch (const Error& e) {
    EXPECT_EQ(std::string_view(e.what()), text);
  }
}

}  // namespace gesso
