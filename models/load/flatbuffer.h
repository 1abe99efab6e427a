// Reads FlatBuffers, the format of TFLite's files, without trusting them.
//
// Source: "FlatBuffers Internals" (flatbuffers.dev/internals): little-endian; a table begins with
// the distance back to its vtable, which lists where its fields are; strings, vectors and other
// tables lie where an unsigned distance leads.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gesso {

static_assert(std::endian::native == std::endian::little, "numbers are taken as they lie");

// One table. It refers to bytes that must outlive it. Every call fails, with the name of the file,
// where a distance leads out of them.
class FlatTable {
 public:
  // The table that everything else is found from. Fails when bytes 4 to 7 are not the identifier of
  // the format, four letters.
  static FlatTable root(std::span<const std::byte> bytes, std::string_view identifier,
                        const std::string& file);

  // Fields count from 0, as in the schema. Those that are left out are 0, false or empty.
  bool has(int field) const { return at(field) != 0; }

  template <class T>
  T number(int field, T otherwise = {}) const {
    size_t place = at(field);
    return place == 0 ? otherwise : read<T>(place);
  }

  std::string_view text(int field) const;
  FlatTable table(int field) const;  // fails when it is left out
  std::vector<FlatTable> tables(int field) const;
  std::span<const std::byte> bytes(int field) const;  // of a vector of bytes

  // The number of elements of a vector. Many fields may share one: ask before keeping copies.
  size_t length(int field) const;

  template <class T>
  std::vector<T> numbers(int field) const {
    auto [start, count] = vector(field, sizeof(T));
    std::vector<T> out(count);
    if (count > 0) std::memcpy(out.data(), bytes_.data() + start, count * sizeof(T));
    return out;
  }

 private:
  struct Range {
    size_t start, count;
  };

  FlatTable(std::span<const std::byte> bytes, const std::string& file, size_t place);

  template <class T>
  T read(size_t place) const {
    check(place, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + place, sizeof(T));
    return value;
  }

  size_t at(int field) const;                    // 0 where it is left out
  size_t follow(size_t place) const;             // where the distance leads that lies there
  Range vector(int field, size_t each) const;    // of elements of so many bytes
  void check(size_t place, size_t count) const;  // whether so many bytes lie there
  [[noreturn]] void refuse(size_t place, size_t count) const;

  std::span<const std::byte> bytes_;
  const std::string* file_;
  size_t place_ = 0;
  size_t vtable_ = 0;
  uint16_t vtable_size_ = 0;
};

}  // namespace gesso
