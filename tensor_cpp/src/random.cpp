// Philox4x32-10 and the generator (see random.hpp).

#include <trigrad/tensor/random.hpp>

#include <algorithm>

namespace trigrad {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  auto [x0, x1, x2, x3] = counter;  // numbers of their own: unoptimised builds, of tests, pay for every [k]
  auto [k0, k1] = key;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * x0, b = std::uint64_t{0xCD9E8D57} * x2;
    x0 = static_cast<std::uint32_t>(b >> 32) ^ x1 ^ k0;
    x1 = static_cast<std::uint32_t>(b);
    x2 = static_cast<std::uint32_t>(a >> 32) ^ x3 ^ k1;
    x3 = static_cast<std::uint32_t>(a);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {x0, x1, x2, x3};
}

void Generator::fill(std::uint32_t* words, std::size_t count) {
  const std::array<std::uint32_t, 2> key{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)};
  for (std::size_t done = 0; done < count; done += 4, ++next_block_) {
    const auto block = philox({static_cast<std::uint32_t>(next_block_), static_cast<std::uint32_t>(next_block_ >> 32), 0, 0}, key);
    std::copy_n(block.begin(), std::min<std::size_t>(4, count - done), words + done);
  }
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}
void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace trigrad
