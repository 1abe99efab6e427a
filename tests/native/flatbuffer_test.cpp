// FlatBuffers are read as they were written, and nothing is read outside of them.
#include "models/load/flatbuffer.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

// Writes a FlatBuffer forwards; distances are filled in when it is known where they lead.
class Builder {
 public:
  template <class T>
  size_t put(T value) {
    size_t place = bytes.size();
    bytes.resize(place + sizeof value);
    std::memcpy(bytes.data() + place, &value, sizeof value);
    return place;
  }

  // Lets the distance at a place lead to the end of what there is.
  void lead_here(size_t place) {
    auto distance = uint32_t(bytes.size() - place);
    std::memcpy(bytes.data() + place, &distance, sizeof distance);
  }

  // A vtable, and behind it the beginning of a table with room for so many fields of four bytes.
  // Fields with a false are left out. The place of the first field.
  size_t table(std::initializer_list<bool> fields) {
    size_t vtable = bytes.size();
    put(uint16_t(4 + 2 * fields.size()));
    put(uint16_t(4 + 4 * fields.size()));
    uint16_t offset = 4;
    for (bool is_there : fields) {
      put(is_there ? offset : uint16_t(0));
      offset += 4;
    }
    start = bytes.size();
    put(int32_t(start - vtable));
    size_t first = bytes.size();
    bytes.resize(first + 4 * fields.size());
    return first;
  }

  void set(size_t place, uint32_t value) { std::memcpy(bytes.data() + place, &value, 4); }

  std::vector<std::byte> bytes;
  size_t start = 0;  // of the last table
};

// { 0: 7, 1: left out, 2: "people", 3: [1, 2, 3], 4: { 0: 9 }, 5: [{ 0: 9 }, { 0: 9 }] }
std::vector<std::byte> example() {
  Builder b;
  b.put(uint32_t(0));
  b.put(uint32_t(0x334c4654));  // "TFL3"
  size_t fields = b.table({true, false, true, true, true, true});
  b.set(0, uint32_t(b.start));
  b.set(fields, 7);
  b.lead_here(fields + 8);
  b.put(uint32_t(6));
  for (char c : std::string_view("people")) b.put(c);
  b.lead_here(fields + 12);
  b.put(uint32_t(3));
  for (int i : {1, 2, 3}) b.put(i);
  size_t inner = b.table({true});
  b.set(inner, 9);
  size_t inner_start = b.start;
  b.set(fields + 16, uint32_t(inner_start - (fields + 16)));
  b.lead_here(fields + 20);
  // A vector's distances only lead onwards, so the table comes again behind it.
  b.put(uint32_t(2));
  size_t first = b.put(uint32_t(0)), second = b.put(uint32_t(0));
  b.set(b.table({true}), 9);
  b.set(first, uint32_t(b.start - first));
  b.set(second, uint32_t(b.start - second));
  return b.bytes;
}

// Everything that can be read of the example.
void read_all(std::span<const std::byte> bytes, const std::string& file) {
  FlatTable root = FlatTable::root(bytes, "TFL3", file);
  root.number<int32_t>(0);
  root.text(2);
  root.numbers<int32_t>(3);
  root.table(4).number<int32_t>(0);
  for (const FlatTable& table : root.tables(5)) table.number<int32_t>(0);
}

TEST(FlatBuffer, gives_what_was_written) {
  auto bytes = example();
  std::string file = "a.tflite";
  FlatTable root = FlatTable::root(bytes, "TFL3", file);
  EXPECT_EQ(root.number<int32_t>(0), 7);
  EXPECT_EQ(root.number<uint8_t>(0), 7);
  EXPECT_FALSE(root.has(1));
  EXPECT_EQ(root.number<int32_t>(1, -1), -1);
  EXPECT_EQ(root.text(2), "people");
  EXPECT_EQ(root.bytes(2).size(), 6u);
  EXPECT_EQ(root.length(3), 3u);
  EXPECT_EQ(root.numbers<int32_t>(3), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(root.table(4).number<int32_t>(0), 9);
  ASSERT_EQ(root.tables(5).size(), 2u);
  EXPECT_EQ(root.tables(5)[1].number<int32_t>(0), 9);
}

TEST(FlatBuffer, fields_that_are_not_there_are_empty) {
  auto bytes = example();
  std::string file = "a.tflite";
  FlatTable root = FlatTable::root(bytes, "TFL3", file);
  for (int field : {1, 6, 1000}) {
    EXPECT_FALSE(root.has(field));
    EXPECT_EQ(root.text(field), "");
    EXPECT_TRUE(root.numbers<float>(field).empty());
    EXPECT_EQ(root.length(field), 0u);
    EXPECT_TRUE(root.tables(field).empty());
    EXPECT_THROW(root.table(field), Error);
  }
}

TEST(FlatBuffer, other_files_are_refused) {
  auto bytes = example();
  std::string file = "a.tflite";
  expect_error([&] { FlatTable::root(bytes, "ABCD", file); },
               "a.tflite is not of the format that it should be.\n"
               "  identifier  ABCD\n"
               "  bytes  118\n"
               "  Try: to look at the file: a page with an error is often saved in its place");
  expect_error([&] { FlatTable::root({}, "TFL3", file); },
               "a.tflite is not of the format that it should be.\n"
               "  identifier  TFL3\n"
               "  bytes  0\n"
               "  Try: to look at the file: a page with an error is often saved in its place");
}

TEST(FlatBuffer, files_that_are_cut_off_are_refused) {
  auto whole = example();
  std::string file = "a.tflite";
  read_all(whole, file);
  for (size_t size = 0; size < whole.size(); ++size) {
    std::vector<std::byte> cut(whole.begin(), whole.begin() + long(size));
    EXPECT_THROW(read_all(cut, file), Error) << size;
  }
}

TEST(FlatBuffer, any_bytes_are_survived) {
  std::mt19937 random(3);
  std::string file = "a.tflite";
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    auto bytes = example();
    for (int changes = 0; changes < 3; ++changes)
      bytes[8 + random() % (bytes.size() - 8)] = std::byte(random() % 2 ? 255 : random());
    try {
      read_all(bytes, file);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace gesso
