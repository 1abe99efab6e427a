// Shapes, element types and the memory of a tensor.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gesso {

// What one element is. Booleans take one byte: 0 or 1.
enum class DType : uint8_t { f32, i32, u8, i8, boolean };

std::string_view to_string(DType dtype);  // "float32", "int32", "uint8", "int8", "bool"

// The type that a name such as "float32" stands for; fails on others and names the known ones.
DType dtype_from(std::string_view name);

// Bytes of one element in a tensor that a program runs on.
constexpr size_t size_of(DType dtype) {
  return dtype == DType::f32 || dtype == DType::i32 ? 4 : 1;
}

// Sizes of a tensor, outermost first: {batch, height, width, channels}. No sizes: a scalar.
// A value without heap memory, so that kernels may keep and change shapes freely.
class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<int> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const int> sizes);  // fails above max_rank
  static Shape filled(int rank, int size);

  int rank() const { return rank_; }
  int& operator[](int i) { return sizes_[i]; }
  int operator[](int i) const { return sizes_[i]; }
  int& back() { return sizes_[rank_ - 1]; }
  int back() const { return sizes_[rank_ - 1]; }
  int* begin() { return sizes_.data(); }
  int* end() { return sizes_.data() + rank_; }
  const int* begin() const { return sizes_.data(); }
  const int* end() const { return sizes_.data() + rank_; }
  std::span<const int> sizes() const { return {begin(), end()}; }

  void push_back(int size);  // fails above max_rank
  void insert(int at, int size);
  void erase(int at);

  // Number of elements; of the sizes [from, to) only, with arguments.
  size_t count() const { return count(0, rank_); }
  size_t count(int from, int to) const;

  bool operator==(const Shape& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  std::array<int, max_rank> sizes_{};
  int rank_ = 0;
};

std::string to_string(const Shape& shape);  // "[1, 224, 224, 3]"

// Elements to step over for one step along each axis of a dense tensor.
std::array<size_t, Shape::max_rank> strides_of(const Shape& shape);

// An axis counted from the end, if negative, brought into [0, rank).
constexpr int positive_axis(int axis, int rank) {
  return axis < 0 ? axis + rank : axis;
}

struct TensorType {
  DType dtype = DType::f32;
  Shape shape;

  size_t bytes() const { return shape.count() * size_of(dtype); }
  bool operator==(const TensorType&) const = default;
};

std::string to_string(const TensorType& type);  // "float32 [1, 224, 224, 3]"

// Aligned, zeroed memory. XNNPACK may read, never write, up to `read_ahead` bytes past the end
// of whatever it is given, so every buffer has that much more.
class Buffer {
 public:
  static constexpr size_t alignment = 64;
  static constexpr size_t read_ahead = 64;

  Buffer() = default;
  explicit Buffer(size_t bytes);  // fails when there is no memory
  static std::shared_ptr<const Buffer> copy(std::span<const std::byte> bytes);

  size_t size() const { return size_; }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }

  // The bytes as elements of a type. The caller knows that the type fits.
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_.get()), size_ / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_.get()), size_ / sizeof(T)};
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

}  // namespace gesso
