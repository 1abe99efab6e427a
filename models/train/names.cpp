#include "models/train/names.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

#include "core/error.h"

namespace gesso {
namespace {

std::string plain(std::string_view name) {
  std::string letters;
  for (char c : name)
    if (c != '_') letters += char(std::tolower(uint8_t(c)));
  return letters;
}

size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);  // of the letters of a so far to each beginning of b
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return plain(a) == plain(b);
}

Text nearest(std::string_view name, const View<Text>& known) {
  std::string wanted = plain(name).substr(0, 100);  // a longer one is near to nothing
  return *std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
    return distance(wanted, plain(a)) < distance(wanted, plain(b));
  });
}

std::string listed(const View<Text>& names) {
  std::string list;
  for (Text name : names) list += phrase({list.empty() ? "" : ", ", name});
  return list;
}

}  // namespace gesso
