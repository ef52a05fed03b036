// Random numbers that every engine draws alike: Philox4x32-10, a counter put through ten rounds of multiply and mix.
// There is no state but the key and the number of the next block, so any language can reproduce any draw.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace trigrad {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// A stream of 32-bit words. Every request starts at a fresh block of four words.
class Generator : public std::enable_shared_from_this<Generator> {
 public:
  explicit Generator(std::uint64_t seed = 0) : seed_(seed) {}
  void manual_seed(std::uint64_t seed) { *this = Generator(seed); }
  std::uint64_t seed() const { return seed_; }
  std::uint64_t next_block() const { return next_block_; }
  void set_state(std::uint64_t seed, std::uint64_t next_block) {
    seed_ = seed;
    next_block_ = next_block;
  }
  void fill(std::uint32_t* words, std::size_t count);

 private:
  std::uint64_t seed_ = 0, next_block_ = 0;
};

Generator& default_generator();
void manual_seed(std::uint64_t seed);

}  // namespace trigrad
