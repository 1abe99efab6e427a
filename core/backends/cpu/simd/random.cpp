// Random numbers, many blocks of Philox side by side.
#include "core/random.h"

#include "core/backends/cpu/simd/kernels.h"

namespace gesso::cpu {
namespace {

constexpr size_t lanes = 16;  // blocks at a time
using Lanes = std::array<uint32_t, lanes>;

// The blocks first, first + 1, ... of a sequence, word by word: what core/random.h's philox gives.
std::array<Lanes, 4> blocks(uint32_t first, uint32_t step, std::array<uint32_t, 2> key) {
  std::array<Lanes, 4> c{};
  for (size_t i = 0; i < lanes; ++i) c[0][i] = first + uint32_t(i);
  c[2].fill(step);
#pragma clang loop unroll(disable)
  for (int round = 0; round < 10; ++round) {
    for (size_t i = 0; i < lanes; ++i) {
      uint64_t a = uint64_t{0xD2511F53} * c[0][i], b = uint64_t{0xCD9E8D57} * c[2][i];
      c[0][i] = uint32_t(b >> 32) ^ c[1][i] ^ key[0];
      c[2][i] = uint32_t(a >> 32) ^ c[3][i] ^ key[1];
      c[1][i] = uint32_t(b);
      c[3][i] = uint32_t(a);
    }
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

// y[i] = f(the words of the block that holds element i, its place in it), `per_block` elements from
// each block.
template <size_t per_block, class F>
std::unique_ptr<Step> from_blocks(const Lowering& l, F f) {
  uint32_t stream = uint32_t(l.node.number("stream"));
  return loop_step([n = l.out().shape.count(), stream, f](const Memory& m) {
    const int32_t* state = static_cast<const int32_t*>(m.in[0]);
    std::array<uint32_t, 2> key{uint32_t(state[0]), stream};
    float* y = out(m);
    for (size_t i = 0; i < n; i += per_block * lanes) {
      auto words = blocks(uint32_t(i / per_block), uint32_t(state[1]), key);
      std::array<float, per_block * lanes> made;
      for (size_t b = 0; b < lanes; ++b)
        for (size_t e = 0; e < per_block; ++e) made[b * per_block + e] = f(words, b, e);
      std::copy_n(made.data(), std::min(made.size(), n - i), y + i);
    }
  });
}

}  // namespace

std::unique_ptr<Step> random_uniform(const Lowering& l) {
  float low = float(l.node.number("minValue")), range = float(l.node.number("maxValue")) - low;
  return from_blocks<4>(l, [low, range](const auto& words, size_t block, size_t element) {
#pragma clang fp contract(off)
    return low + range * uniform_from(words[element][block]);
  });
}

std::unique_ptr<Step> random_normal(const Lowering& l) {
  float mean = float(l.node.number("mean")), deviation = float(l.node.number("deviation"));
  return from_blocks<2>(l, [mean, deviation](const auto& words, size_t block, size_t element) {
#pragma clang fp contract(off)
    return mean + deviation * normal_from(words[2 * element][block], words[2 * element + 1][block]);
  });
}

}  // namespace gesso::cpu
