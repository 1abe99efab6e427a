// Files that are too large for the repository: in $GESSO_SHARED, or else in ../shared.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace gesso {

inline std::filesystem::path shared_folder() {
  const char* named = std::getenv("GESSO_SHARED");
  return named ? std::filesystem::path(named) : std::filesystem::path("../shared");
}

inline std::vector<char> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace gesso
