// Writes small TFLite files for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace gesso {

// A FlatBuffer's table that is going to be written: fields by their place in the schema.
class FlatTree {
 public:
  template <class T>
  FlatTree& set(int field, T value) {
    auto bytes = std::as_bytes(std::span(&value, 1));
    fields_[field].inside.assign(bytes.begin(), bytes.end());
    return *this;
  }
  template <class T>
  FlatTree& list(int field, const std::vector<T>& values) {
    auto bytes = std::as_bytes(std::span(values));
    fields_[field].kind = Kind::list;
    fields_[field].count = uint32_t(values.size());
    fields_[field].inside.assign(bytes.begin(), bytes.end());
    return *this;
  }
  FlatTree& text(int field, std::string_view text) {
    return list(field, std::vector<char>(text.begin(), text.end()));
  }
  FlatTree& table(int field, FlatTree tree) {
    fields_[field].kind = Kind::table;
    fields_[field].trees = {std::move(tree)};
    return *this;
  }
  FlatTree& tables(int field, std::vector<FlatTree> trees) {
    fields_[field].kind = Kind::tables;
    fields_[field].trees = std::move(trees);
    return *this;
  }

  // A whole file, with this table as its root.
  std::vector<std::byte> file(std::string_view identifier) const {
    std::vector<std::byte> out(4);
    append(out, std::as_bytes(std::span(identifier)));
    put(out, 0, write(out));
    return out;
  }

 private:
  enum class Kind { number, list, table, tables };
  struct Field {
    Kind kind = Kind::number;
    uint32_t count = 0;
    std::vector<std::byte> inside = {};
    std::vector<FlatTree> trees = {};
  };
  using Bytes = std::vector<std::byte>;

  static void append(Bytes& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  template <class T>
  static void put(Bytes& out, size_t place, T value) {
    std::memcpy(out.data() + place, &value, sizeof value);
  }
  template <class T>
  static size_t append_number(Bytes& out, T value) {
    append(out, std::as_bytes(std::span(&value, 1)));
    return out.size() - sizeof value;
  }

  // The vtable, the table, and then what its fields lead to. The place of the table.
  uint32_t write(Bytes& out) const {
    size_t vtable = out.size();
    int fields = fields_.empty() ? 0 : fields_.rbegin()->first + 1;
    out.resize(vtable + 4 + 2 * size_t(fields));
    size_t start = append_number(out, int32_t(out.size() - vtable));
    std::map<int, size_t> places;
    for (const auto& [i, field] : fields_) {
      places[i] = out.size();
      put(out, vtable + 4 + 2 * size_t(i), uint16_t(out.size() - start));
      if (field.kind == Kind::number)
        append(out, field.inside);
      else
        append_number(out, uint32_t(0));
    }
    put(out, vtable, uint16_t(4 + 2 * fields));
    put(out, vtable + 2, uint16_t(out.size() - start));
    for (const auto& [i, field] : fields_) {
      if (field.kind == Kind::number) continue;
      if (field.kind == Kind::table) {
        uint32_t there = field.trees[0].write(out);
        put(out, places[i], uint32_t(there - places[i]));
        continue;
      }
      put(out, places[i], uint32_t(out.size() - places[i]));
      if (field.kind == Kind::list) {
        append_number(out, field.count);
        append(out, field.inside);
        continue;
      }
      append_number(out, uint32_t(field.trees.size()));
      size_t first = out.size();
      out.resize(first + 4 * field.trees.size());
      for (size_t k = 0; k < field.trees.size(); ++k) {
        uint32_t there = field.trees[k].write(out);
        put(out, first + 4 * k, uint32_t(there - (first + 4 * k)));
      }
    }
    return uint32_t(start);
  }

  std::map<int, Field> fields_;
};

// Numbers of the schema.
enum class Tfl : int8_t { f32, f16, i32, u8, i64, text, boolean, i16, c64, i8 };

struct TflQuantization {
  std::vector<float> scales = {};
  std::vector<int64_t> zero_points = {};
  int dimension = 0;
};

// A model that is put together tensor by tensor and operator by operator.
class TfliteFile {
 public:
  int tensor(const std::vector<int>& shape, Tfl type = Tfl::f32, const TflQuantization& q = {}) {
    FlatTree tree;
    tree.list(0, shape).set(1, type).text(3, "t" + std::to_string(tensors.size()));
    if (!q.scales.empty())
      tree.table(4, FlatTree().list(2, q.scales).list(3, q.zero_points).set(6, q.dimension));
    tensors.push_back(tree);
    return int(tensors.size()) - 1;
  }
  template <class T>
  int constant(const std::vector<int>& shape, Tfl type, const std::vector<T>& values,
               const TflQuantization& q = {}) {
    int index = tensor(shape, type, q);
    auto bytes = std::as_bytes(std::span(values));
    tensors.back().set(2, uint32_t(buffers.size()));
    buffers.push_back(FlatTree().list(0, std::vector<std::byte>(bytes.begin(), bytes.end())));
    return index;
  }
  int ints(const std::vector<int>& values) {
    return constant({int(values.size())}, Tfl::i32, values);
  }
  int input(const std::vector<int>& shape, Tfl type = Tfl::f32, const TflQuantization& q = {}) {
    inputs.push_back(tensor(shape, type, q));
    return inputs.back();
  }

  void apply(int number, const std::vector<int>& in, const std::vector<int>& out,
             const FlatTree& options = {}) {
    FlatTree code;
    code.set(0, int8_t(number < 127 ? number : 127)).set(3, int32_t(number));
    if (number == 32) code.text(1, "Own_Op");
    operators.push_back(FlatTree()
                            .set(0, uint32_t(codes.size()))
                            .list(1, in)
                            .list(2, out)
                            .set(3, int8_t(1))
                            .table(4, options));
    codes.push_back(code);
  }

  std::vector<std::byte> bytes() const {
    FlatTree graph;
    graph.tables(0, tensors).list(1, inputs).list(2, outputs).tables(3, operators);
    return FlatTree()
        .set(0, uint32_t(3))
        .tables(1, codes)
        .tables(2, {graph})
        .tables(4, buffers)
        .file("TFL3");
  }

  std::vector<FlatTree> tensors, codes, operators, buffers{FlatTree()};
  std::vector<int> inputs, outputs;
};

}  // namespace gesso
