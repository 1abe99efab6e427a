#include "models/train/data_set.h"

#include <cstring>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace gesso {
namespace {

// Keeps the orders of samples apart from the random numbers that layers draw with the same seed.
constexpr uint32_t shuffle_key = 0x53485546;

template <class To>
void widen(const std::byte* from, size_t count, std::byte* to) {
  auto* bytes = reinterpret_cast<const uint8_t*>(from);
  auto* elements = reinterpret_cast<To*>(to);
  for (size_t i = 0; i < count; ++i) elements[i] = To(bytes[i]);
}

}  // namespace

Rows::Rows(Text what, const TensorType& row, DType kept, size_t samples)
    : row_(row), kept_(kept), samples_(samples) {
  bool widens = kept == DType::u8 && (row.dtype == DType::f32 || row.dtype == DType::i32);
  if (kept != row.dtype && !widens)
    fail(phrase({what, ": samples cannot be of this type"}),
         {{"given", std::string(to_string(kept))}, {"wanted", std::string(to_string(row.dtype))}},
         phrase({"numbers of type ", to_string(row.dtype), ", or bytes"}));
  double elements = double(samples) * double(row.shape.count());
  if (elements * double(size_of(kept)) > double(SIZE_MAX / 2))
    fail(phrase({what, ": there are too many samples"}),
         {{"samples", samples}, {"each", to_string(row)}}, "fewer at a time, from a generator");
  data_ = Buffer(samples * row.shape.count() * size_of(kept));
}

void Rows::gather(std::span<const uint32_t> samples, std::byte* to) const {
  size_t count = row_.shape.count(), stride = count * size_of(kept_);
  for (uint32_t sample : samples) {
    const std::byte* from = data_.data() + sample * stride;
    if (kept_ == row_.dtype)
      std::memcpy(to, from, stride);
    else if (row_.dtype == DType::f32)
      widen<float>(from, count, to);
    else
      widen<int32_t>(from, count, to);
    to += row_.bytes();
  }
}

size_t DataSet::samples(std::span<const std::string> input_names,
                        std::span<const std::string> target_names) const {
  std::vector<Fact> facts;
  std::vector<size_t> counts;
  auto add = [&](const std::vector<Rows>& rows, std::span<const std::string> names) {
    for (size_t i = 0; i < names.size(); ++i) {
      counts.push_back(i < rows.size() ? rows[i].samples() : 0);
      facts.push_back({names[i], counts.back()});
    }
  };
  add(inputs, input_names);
  add(targets, target_names);
  bool same = true;
  for (size_t count : counts) same &= count == counts[0];
  for (const Rows& rows : weights) same &= !rows || rows.samples() == inputs[0].samples();
  if (!same || counts.empty() || counts[0] == 0)
    fail(same ? "fit: there are no samples" : "fit: the numbers of samples differ", facts,
         "as many rows for each input, target and list of weights");
  return inputs[0].samples();
}

std::vector<uint32_t> order_of(uint32_t first, uint32_t count, bool shuffle, uint32_t seed,
                               uint32_t epoch) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), first);
  if (!shuffle) return order;
  Random random(seed ^ shuffle_key, epoch);
  for (uint32_t left = count; left > 1; --left)
    std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

}  // namespace gesso
