// Two generators whose every number is known elsewhere, so that a C++ program starts from the same bits as its Python
// twin: CPython's `random` module, and the xorshift64* of EurekaLabs' micrograd.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace trigrad {

// random.seed(n) and random.random() of CPython. The generator is the standard library's mt19937; only the seeding
// (Matsumoto and Nishimura's init_by_array) and the mapping to doubles are CPython's.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed) {
    InitByArray words{seed};
    engine_.seed(words);
  }

  double random() {
    const std::uint64_t high = engine_() >> 5, low = engine_() >> 6;
    return static_cast<double>((high << 26) + low) * 0x1p-53;
  }
  double uniform(double a, double b) { return a + (b - a) * random(); }

 private:
  struct InitByArray {
    using result_type = std::uint32_t;
    std::uint32_t key;

    template <class It>
    void generate(It begin, It end) const {
      const auto n = static_cast<std::uint32_t>(end - begin);
      const auto at = [&](std::uint32_t k) -> auto& { return begin[static_cast<std::ptrdiff_t>(k)]; };
      const auto mix = [](auto x) { return static_cast<std::uint32_t>(x ^ (x >> 30)); };
      at(0) = 19650218u;
      for (std::uint32_t k = 1; k < n; ++k) at(k) = 1812433253u * mix(static_cast<std::uint32_t>(at(k - 1))) + k;
      std::uint32_t i = 1;
      const auto next = [&] {
        if (++i >= n) {
          at(0) = at(n - 1);
          i = 1;
        }
      };
      for (std::uint32_t k = 0; k < n; ++k, next()) at(i) = static_cast<std::uint32_t>((at(i) ^ (mix(at(i - 1)) * 1664525u)) + key);
      for (std::uint32_t k = 1; k < n; ++k, next()) at(i) = static_cast<std::uint32_t>((at(i) ^ (mix(at(i - 1)) * 1566083941u)) - i);
      at(0) = 0x80000000u;
    }
  };
  std::mt19937 engine_;
};

// xorshift64*, 24 random bits a number.
class XorShift64Star {
 public:
  explicit XorShift64Star(std::uint64_t seed) : state_(seed) {}

  std::uint32_t u32() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint32_t>((state_ * 0x2545F4914F6CDD1Du) >> 32);
  }
  double random() { return (u32() >> 8) * 0x1p-24; }
  double uniform(double a, double b) { return a + (b - a) * random(); }

 private:
  std::uint64_t state_;
};

}  // namespace trigrad
