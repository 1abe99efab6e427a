#include "models/load/flatbuffer.h"

#include "core/error.h"

namespace gesso {
namespace {

// Before its fields a vtable tells its own size and that of the table.
constexpr size_t vtable_head = 2 * sizeof(uint16_t);

}  // namespace

FlatTable FlatTable::root(std::span<const std::byte> bytes, std::string_view identifier,
                          const std::string& file) {
  constexpr size_t head = sizeof(uint32_t);
  bool is_known = bytes.size() >= head + identifier.size() &&
                  std::memcmp(bytes.data() + head, identifier.data(), identifier.size()) == 0;
  if (!is_known)
    fail(phrase({file, " is not of the format that it should be"}),
         {{"identifier", identifier}, {"bytes", bytes.size()}},
         "to look at the file: a page with an error is often saved in its place");
  uint32_t place;
  std::memcpy(&place, bytes.data(), sizeof place);
  return FlatTable(bytes, file, place);
}

FlatTable::FlatTable(std::span<const std::byte> bytes, const std::string& file, size_t place)
    : bytes_(bytes), file_(&file), place_(place) {
  auto back = read<int32_t>(place);
  int64_t vtable = int64_t(place) - back;
  if (vtable < 0) refuse(place, sizeof back);
  vtable_ = size_t(vtable);
  vtable_size_ = read<uint16_t>(vtable_);
  if (vtable_size_ < vtable_head) refuse(vtable_, vtable_head);
  check(vtable_, vtable_size_);
}

std::string_view FlatTable::text(int field) const {
  auto [start, count] = vector(field, 1);
  return {reinterpret_cast<const char*>(bytes_.data()) + start, count};
}

FlatTable FlatTable::table(int field) const {
  size_t place = at(field);
  if (place == 0) refuse(place_, 0);
  return FlatTable(bytes_, *file_, follow(place));
}

std::vector<FlatTable> FlatTable::tables(int field) const {
  auto [start, count] = vector(field, sizeof(uint32_t));
  std::vector<FlatTable> out;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i)
    out.push_back(FlatTable(bytes_, *file_, follow(start + i * sizeof(uint32_t))));
  return out;
}

std::span<const std::byte> FlatTable::bytes(int field) const {
  auto [start, count] = vector(field, 1);
  return bytes_.subspan(start, count);
}

size_t FlatTable::length(int field) const {
  return vector(field, 1).count;
}

size_t FlatTable::at(int field) const {
  size_t entry = vtable_head + size_t(field) * sizeof(uint16_t);
  if (entry + sizeof(uint16_t) > vtable_size_) return 0;  // from before there was such a field
  auto offset = read<uint16_t>(vtable_ + entry);
  return offset == 0 ? 0 : place_ + offset;
}

size_t FlatTable::follow(size_t place) const {
  size_t distance = read<uint32_t>(place);
  if (distance > bytes_.size()) refuse(place, distance);  // before their sum could overflow
  return place + distance;
}

FlatTable::Range FlatTable::vector(int field, size_t each) const {
  size_t place = at(field);
  if (place == 0) return {0, 0};
  size_t start = follow(place);
  auto count = size_t(read<uint32_t>(start));
  start += sizeof(uint32_t);
  if (count > bytes_.size() / each) refuse(start, count);
  check(start, count * each);
  return {start, count};
}

void FlatTable::check(size_t place, size_t count) const {
  if (place > bytes_.size() || count > bytes_.size() - place) refuse(place, count);
}

void FlatTable::refuse(size_t place, size_t count) const {
  fail(phrase({*file_, " is damaged, or not whole"}),
       {{"bytes", bytes_.size()}, {"needed at", place}, {"needed there", count}},
       "to download it again");
}

}  // namespace gesso
