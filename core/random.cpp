#include "core/random.h"

#include <bit>
#include <cmath>
#include <numbers>

// A fused multiply-add rounds once where others round twice: numbers would depend on the machine.
#pragma clang fp contract(off)

namespace gesso {
namespace {

// The natural logarithm of a number in (0, 1], in operations that every machine rounds alike.
double log_of(double x) {
  uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = int(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);  // in [1, 2)
  if (m > std::numbers::sqrt2) {
    m /= 2;
    ++exponent;
  }
  double s = (m - 1) / (m + 1), z = s * s;  // log(m) = 2 atanh(s), |s| < 0.172
  double sum = 0;
  for (int k = 17; k > 0; k -= 2) sum = sum * z + 1.0 / k;
  return 2 * s * sum + exponent * std::numbers::ln2;
}

// cos(2 pi u) for u in [0, 1), likewise.
double cos_of_turn(double u) {
  int quarter = int(4 * u + 0.5);
  double x = (4 * u - quarter) * (std::numbers::pi / 2), z = x * x;  // |x| <= pi / 4
  bool odd = quarter % 2 != 0;
  double sum = 0;  // of the Taylor series of sin(x) / x or cos(x), from its smallest term
  for (int k = odd ? 15 : 14; k > 1; k -= 2) sum = (1 - sum) * z / (k * (k - 1));
  double value = odd ? x * (1 - sum) : 1 - sum;
  return quarter == 1 || quarter == 2 ? -value : value;
}

}  // namespace

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
  double radius = std::sqrt(-2 * log_of(1 - double(uniform_from(a))));
  return float(radius * cos_of_turn(double(uniform_from(b))));
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
