#include "core/tensor.h"

#include <cstdlib>
#include <cstring>
#include <numeric>

#include "core/error.h"

namespace gesso {
namespace {

constexpr std::array<std::string_view, 5> dtype_names{"float32", "int32", "uint8", "int8", "bool"};

void check_rank(size_t rank) {
  if (rank > Shape::max_rank)
    fail("shape: a tensor has too many dimensions", {{"given", rank}, {"most", Shape::max_rank}},
         "merge neighbouring dimensions with reshape");
}

}  // namespace

std::string_view to_string(DType dtype) {
  return dtype_names[size_t(dtype)];
}

DType dtype_from(std::string_view name) {
  for (size_t i = 0; i < dtype_names.size(); ++i)
    if (dtype_names[i] == name) return DType(i);
  std::string known;
  for (std::string_view n : dtype_names) known += (known.empty() ? "" : ", ") + std::string(n);
  fail(phrase({"dtype: there is no element type \"", name, "\""}), {{"known", known}}, "float32");
}

Shape::Shape(std::span<const int> sizes) {
  check_rank(sizes.size());
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  rank_ = int(sizes.size());
}

Shape Shape::filled(int rank, int size) {
  check_rank(size_t(rank));
  Shape shape;
  shape.rank_ = rank;
  std::fill(shape.begin(), shape.end(), size);
  return shape;
}

void Shape::push_back(int size) {
  insert(rank_, size);
}

void Shape::insert(int at, int size) {
  check_rank(size_t(rank_) + 1);
  std::copy_backward(begin() + at, end(), end() + 1);
  sizes_[at] = size;
  ++rank_;
}

void Shape::erase(int at) {
  std::copy(begin() + at + 1, end(), begin() + at);
  --rank_;
}

size_t Shape::count(int from, int to) const {
  return std::accumulate(begin() + from, begin() + to, size_t{1}, std::multiplies<>());
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ']';
}

std::array<size_t, Shape::max_rank> strides_of(const Shape& shape) {
  std::array<size_t, Shape::max_rank> strides{};
  size_t step = 1;
  for (int i = shape.rank(); i-- > 0; step *= size_t(shape[i])) strides[size_t(i)] = step;
  return strides;
}

std::string to_string(const TensorType& type) {
  return std::string(to_string(type.dtype)) + ' ' + to_string(type.shape);
}

Buffer::Buffer(size_t bytes) : size_(bytes) {
  size_t padded = (bytes + read_ahead + alignment - 1) / alignment * alignment;
  if (padded > bytes) data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, padded)));
  if (!data_)
    fail("memory: there is not enough for a buffer", {{"bytes", bytes}},
         "a smaller input, or dispose() models that are no longer needed");
  std::memset(data_.get(), 0, padded);
}

std::shared_ptr<const Buffer> Buffer::copy(std::span<const std::byte> bytes) {
  auto buffer = std::make_shared<Buffer>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), buffer->data());
  return buffer;
}

void Buffer::Free::operator()(std::byte* bytes) const {
  std::free(bytes);
}

}  // namespace gesso
