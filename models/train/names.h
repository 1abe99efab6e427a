// Names that people type: what is meant by one, however it is spelled, and what is nearest to one
// that means nothing.
#pragma once

#include <string>
#include <string_view>

#include "core/text.h"
#include "core/view.h"

namespace gesso {

// Whether two names differ only in case and underscores, as "meanSquaredError" and
// "mean_squared_error" do.
bool same_name(std::string_view a, std::string_view b);

// The one of `known` that takes the fewest changes of letters to make (Levenshtein 1966).
Text nearest(std::string_view name, const View<Text>& known);

// "a, b, c".
std::string listed(const View<Text>& names);

}  // namespace gesso
