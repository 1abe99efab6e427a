#include "core/random.h"

#include <cmath>
#include <numbers>

namespace gesso {

RandomBlock philox(RandomBlock c, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ key[1],
         uint32_t(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

float normal_from(uint32_t a, uint32_t b) {
  // 1 - u is in (0, 1], where the logarithm is finite.
  double radius = std::sqrt(-2 * std::log(1 - double(uniform_from(a))));
  return float(radius * std::cos(2 * std::numbers::pi * double(uniform_from(b))));
}

uint32_t Random::bits() {
  if (next_ % 4 == 0) {
    uint64_t position = next_ / 4;
    block_ = philox({uint32_t(position), uint32_t(position >> 32), 0, 0}, key_);
  }
  return block_[next_++ % 4];
}

float Random::uniform() {
  return uniform_from(bits());
}

float Random::normal() {
  uint32_t a = bits(), b = bits();
  return normal_from(a, b);
}

uint32_t Random::below(uint32_t end) {
  // Leaves out the last, incomplete round of numbers.
  uint32_t incomplete = -end % end;
  uint32_t b = bits();
  while (b < incomplete) b = bits();
  return b % end;
}

}  // namespace gesso
