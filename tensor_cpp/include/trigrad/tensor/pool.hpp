// Memory for nodes and numbers, kept between steps.
//
// Blocks come in classes of sizes: 16 bytes apart up to 512, above that four to each power of two. A freed block goes to a
// free list of the thread that freed it and is handed out again at the next request of its class, so that a training loop
// in steady state asks the system for nothing: no lock, no page fault. Blocks have no owner: one thread may free what
// another took.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trigrad {

void* pool_take(std::size_t bytes);               // aligned to 16 bytes, beyond 512 bytes to 64; contents undefined
void pool_give(void* block, std::size_t bytes);   // `bytes` as it was asked for

struct PoolCounters {
  std::uint64_t system_calls = 0;  // blocks that had to come from the system, so far
  std::uint64_t live_bytes = 0;    // handed out and not yet given back
  std::uint64_t peak_bytes = 0;    // the most that was live at once
};
PoolCounters pool_counters();  // of this thread: what it took, less what it gave back
void pool_reset_peak();
void pool_trim();  // gives the large free blocks of this thread back to the system

}  // namespace trigrad
