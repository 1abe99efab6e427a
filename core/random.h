// Random numbers that are the same on every platform: a function of a seed and a position.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gesso {

using RandomBlock = std::array<uint32_t, 4>;

// Philox4x32-10: the block of random bits at this position. Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3" (2011).
RandomBlock philox(RandomBlock counter, std::array<uint32_t, 2> key);

// One sequence of random numbers. Sequences of different seeds or streams are independent.
class Random {
 public:
  explicit Random(uint32_t seed, uint32_t stream = 0) : key_{seed, stream} {}

  uint32_t bits();               // 32 of them
  float uniform();               // in [0, 1), a multiple of 2^-24
  float normal();                // mean 0, deviation 1: Box and Muller 1958
  uint32_t below(uint32_t end);  // in [0, end), each equally often; end is above 0

 private:
  std::array<uint32_t, 2> key_;
  uint64_t next_ = 0;  // which number comes next
  RandomBlock block_{};
};

// 24 of 32 random bits as a number in [0, 1).
inline float uniform_from(uint32_t bits) {
  return float(bits >> 8) * 0x1p-24f;
}

// A normally distributed number from two times 32 random bits, to the last bit the same on every
// machine.
float normal_from(uint32_t a, uint32_t b);

}  // namespace gesso
