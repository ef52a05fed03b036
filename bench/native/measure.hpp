// What can be measured besides time: the C stack that a call needs, and what this program was compiled with.
//
// Read next: runner.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>

#if defined(__linux__)
#include <sys/resource.h>
#endif

#ifndef TRIGRAD_BENCH_FLAGS
#define TRIGRAD_BENCH_FLAGS ""
#endif

namespace native {

// Wall time; or the CPU time of the thread, which runs on only while the thread does.
inline bool use_cpu_time = false;

inline std::int64_t now_ns() {
#if defined(CLOCK_THREAD_CPUTIME_ID)
  if (use_cpu_time) {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
  }
#endif
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The stack is painted downward from here, the call runs, and the deepest spot that is no longer paint tells how deep
// it went. 0 where that cannot be done. The paint reaches as far as the stack may grow, less a margin.
template <class F>
[[gnu::noinline]] std::size_t stack_bytes_of(F&& call) {
#if defined(__linux__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
  constexpr std::size_t kMargin = 256 * 1024, kBelowHere = 1024, kMost = 64 << 20;
  constexpr std::uint64_t kPaint = 0x7a11'5eed'7a11'5eed;
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return 0;
  const std::size_t whole = limit.rlim_cur == RLIM_INFINITY ? kMost : std::min<std::size_t>(limit.rlim_cur, kMost);
  if (whole < 2 * kMargin) return 0;
  auto* const here = reinterpret_cast<volatile std::uint64_t*>(__builtin_frame_address(0)) - kBelowHere / 8;
  const std::size_t words = (whole - kMargin) / 8;
  for (std::size_t k = 0; k < words; ++k) here[-static_cast<std::ptrdiff_t>(k)] = kPaint;
  call();
  std::size_t deepest = words;
  while (deepest > 0 && here[-static_cast<std::ptrdiff_t>(deepest - 1)] == kPaint) --deepest;
  return deepest * 8 + kBelowHere;
#else
  call();
  return 0;
#endif
}

inline std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#else
  return "unknown";
#endif
}

}  // namespace native
