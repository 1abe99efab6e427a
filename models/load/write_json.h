// JSON text, piece by piece: what crosses the border to JavaScript, and what models are saved as.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gesso {

std::string json_text(std::string_view text);  // in quotes, control characters escaped

// The shortest of 17 digits or fewer that reads back to the same number. JSON has no word for what
// is not finite: infinity is written as 1e999, which every reader takes for it, and NaN as null.
std::string json_number(double number);

std::string json_flag(bool flag);

// Of pieces that are JSON already.
std::string json_list(const std::vector<std::string>& items);
std::string json_object(const std::vector<std::pair<std::string_view, std::string>>& members);

std::string json_ints(std::span<const int> numbers);

}  // namespace gesso
