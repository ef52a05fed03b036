// Long sums, exact to one rounding of a float, with bits that depend on nothing but the numbers.
#pragma once

#include "parallel.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace trigrad {

// Σ term(k) over k < n, in sixteen lanes: whole vectors on every instruction set, and the same order on all of them.
template <class Sum, class F>
Sum lane_sum(std::int64_t n, F term) {
  if (n == 1) return Sum{0} + term(0);  // as the lanes would have it, without clearing them
  Sum lanes[16]{};
  std::int64_t k = 0;
  for (; k + 16 <= n; k += 16)
    for (int j = 0; j < 16; ++j) lanes[j] += term(k + j);
  for (; k < n; ++k) lanes[k % 16] += term(k);
  for (int width = 8; width > 0; width /= 2)
    for (int j = 0; j < width; ++j) lanes[j] += lanes[j + width];
  return lanes[0];
}

constexpr std::int64_t kShortestBlock = 1 << 14;

template <class Sum, class F>
[[gnu::noinline]] Sum sum_of_many_blocks(std::int64_t n, F block) {
  constexpr std::int64_t kMost = 64;
  const std::int64_t length = std::max(kShortestBlock, n / kMost + 1);
  std::array<Sum, kMost> sums{};
  parallel_for(n, length, threads_for(n), [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t k = first; k < last; k += length) sums[static_cast<std::size_t>(k / length)] = block(k, std::min(length, last - k));
  });
  return std::accumulate(sums.begin(), sums.end(), Sum{0});
}

// Σ block(first, count) over blocks of [0, n). How many there are depends on n, not on the threads that share them.
template <class Sum, class F>
Sum sum_of_blocks(std::int64_t n, F block) {
  return n <= kShortestBlock ? block(0, n) : sum_of_many_blocks<Sum>(n, block);
}

}  // namespace trigrad
