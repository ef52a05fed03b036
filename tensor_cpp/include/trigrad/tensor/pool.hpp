// Memory for nodes and numbers, kept between steps.
//
// Blocks come in classes of sizes: 16 bytes apart up to 512, above that four to each power of two. A freed block goes to a
// free list of the thread that freed it and is handed out again at the next request of its class, so that a training loop
// in steady state asks the system for nothing: no lock, no page fault. Blocks have no owner: one thread may free what
// another took.
#pragma once

#include <trigrad/thread_variable.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace trigrad {

#if defined(__SANITIZE_ADDRESS__) || defined(TRIGRAD_NO_POOL)
constexpr bool kPooling = false;  // every block from the system, so that the sanitizer sees each use after free
#else
constexpr bool kPooling = true;
#endif

constexpr std::size_t kSmallBlock = 512, kBlockStep = 16;
constexpr std::size_t kSmallClasses = kSmallBlock / kBlockStep + 1, kBlockClasses = kSmallClasses + 4 * 48;

struct FreeBlock {
  FreeBlock* next;
};

// A thread's free blocks. In sight, because every operation takes and gives small ones several times.
struct FreeBlocks {
  std::array<FreeBlock*, kBlockClasses> lists{};
  std::int64_t live_bytes = 0;  // below zero where other threads' blocks were given back here
  std::int64_t peak_bytes = 0;
};
TRIGRAD_NEAR inline constinit thread_local FreeBlocks* free_blocks = nullptr;  // null: none yet, or the thread is ending

// A thread that frees much more than it takes (it consumes what another makes) hands blocks on beyond this many bytes.
constexpr std::int64_t kSpill = std::int64_t{1} << 20;

void* pool_take_any(std::size_t bytes);
void pool_give_any(void* block, std::size_t bytes);

// Aligned to 16 bytes, beyond 512 bytes to 64; contents undefined.
inline void* pool_take(std::size_t bytes) {
  FreeBlocks* const mine = free_blocks;
  if (!mine || bytes - 1 >= kSmallBlock) return pool_take_any(bytes);  // no bytes are more than any, less one
  const std::size_t steps = (bytes + kBlockStep - 1) / kBlockStep;
  FreeBlock* const block = mine->lists[steps];
  if (!block) return pool_take_any(bytes);
  mine->lists[steps] = block->next;
  mine->live_bytes += static_cast<std::int64_t>(steps * kBlockStep);
  mine->peak_bytes = std::max(mine->peak_bytes, mine->live_bytes);
  return block;
}

// `bytes` as it was asked for.
inline void pool_give(void* block, std::size_t bytes) {
  FreeBlocks* const mine = free_blocks;
  if (!kPooling || !mine || bytes - 1 >= kSmallBlock || mine->live_bytes < -kSpill) return pool_give_any(block, bytes);
  const std::size_t steps = (bytes + kBlockStep - 1) / kBlockStep;
  mine->live_bytes -= static_cast<std::int64_t>(steps * kBlockStep);
  mine->lists[steps] = new (block) FreeBlock{mine->lists[steps]};
}

struct PoolCounters {
  std::uint64_t system_calls = 0;  // blocks that had to come from the system, so far
  std::uint64_t live_bytes = 0;    // handed out and not yet given back
  std::uint64_t peak_bytes = 0;    // the most that was live at once
};
PoolCounters pool_counters();  // of this thread: what it took, less what it gave back
void pool_reset_peak();
void pool_trim();  // gives the large free blocks of this thread back to the system

}  // namespace trigrad
