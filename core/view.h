// A list that a function only reads: {a, b} or a vector.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

namespace gesso {

template <class T>
class View {
 public:
  constexpr View() = default;
  constexpr View(const std::initializer_list<T>& list) : data_(list.begin()), size_(list.size()) {}
  View(const std::vector<T>& list) : data_(list.data()), size_(list.size()) {}

  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(data_, size_)); }
  constexpr const T& operator[](size_t i) const { return data_[i]; }

 private:
  const T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace gesso
