// Memory for nodes and numbers, kept between steps.
//
// Blocks come in classes of sizes: 16 bytes apart up to 512, above that four to each power of two. A freed block goes to a
// free list of the thread that freed it and is handed out again at the next request of its class, so that a training loop
// in steady state asks the system for nothing: no lock, no page fault. Blocks have no owner: one thread may free what
// another took.
//
// New blocks are cut from slabs, the large ones of which are large pages: thirty matrices of 256 KiB in pages of 4 KiB are
// more than a processor's list of address translations holds. From 2 MiB on a block is a slab of its own.
#pragma once

#include <trigrad/thread_variable.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

namespace trigrad {

#if defined(__SANITIZE_ADDRESS__) || defined(TRIGRAD_NO_POOL)
constexpr bool kPooling = false;  // every block from the system, so that the sanitizer sees each use after free
#else
constexpr bool kPooling = true;
#endif

constexpr std::size_t kSmallBlock = 512, kBlockStep = 16;
constexpr std::size_t kSmallClasses = kSmallBlock / kBlockStep + 1, kBlockClasses = kSmallClasses + 4 * 48;

// Beyond this many bytes there is no class, and no machine has the memory.
constexpr double kMostPooled = 0x1p56;

struct OutOfMemory : std::bad_alloc {  // Python: a MemoryError
  OutOfMemory(double bytes, const std::string& what_for);
  const char* what() const noexcept override { return text.c_str(); }
  std::string text;
};

struct BlockClass {
  std::size_t index, bytes;
};
inline BlockClass class_of(std::size_t bytes) {
  if (bytes <= kSmallBlock) {
    const std::size_t steps = (std::max<std::size_t>(bytes, 1) + kBlockStep - 1) / kBlockStep;
    return {steps, steps * kBlockStep};
  }
  const auto power = static_cast<std::size_t>(std::bit_width(bytes - 1) - 1);  // 2^power < bytes <= 2^(power+1)
  const std::size_t quarters = ((bytes - 1) >> (power - 2)) + 1;               // of 2^power: 5 to 8
  return {kSmallClasses + (power - 9) * 4 + quarters - 5, quarters << (power - 2)};
}

struct FreeBlock {
  FreeBlock* next;
};

// A thread's free blocks. In sight, because every operation takes and gives several.
struct FreeBlocks {
  std::array<FreeBlock*, kBlockClasses> lists{};
  std::int64_t live_bytes = 0;  // below zero where other threads' blocks were given back here
  std::int64_t peak_bytes = 0;
};
TRIGRAD_NEAR inline constinit thread_local FreeBlocks* free_blocks = nullptr;  // null: none yet, or the thread is ending

// A thread that frees much more than it takes (it consumes what another makes) hands blocks on beyond this many bytes.
constexpr std::int64_t kSpill = std::int64_t{1} << 20;

void* pool_take_elsewhere(BlockClass size);
void pool_give_elsewhere(void* block, BlockClass size);

// Aligned to 16 bytes, beyond 512 bytes to 64; contents undefined.
inline void* pool_take(std::size_t bytes) {
  const BlockClass size = class_of(bytes);
  FreeBlocks* const mine = free_blocks;
  if (!mine || !mine->lists[size.index]) return pool_take_elsewhere(size);
  FreeBlock* const block = mine->lists[size.index];
  mine->lists[size.index] = block->next;
  mine->live_bytes += static_cast<std::int64_t>(size.bytes);
  mine->peak_bytes = std::max(mine->peak_bytes, mine->live_bytes);
  return block;
}

// `bytes` as it was asked for.
inline void pool_give(void* block, std::size_t bytes) {
  const BlockClass size = class_of(bytes);
  FreeBlocks* const mine = free_blocks;
  if (!kPooling || !mine || mine->live_bytes < -kSpill) return pool_give_elsewhere(block, size);
  mine->live_bytes -= static_cast<std::int64_t>(size.bytes);
  mine->lists[size.index] = new (block) FreeBlock{mine->lists[size.index]};
}

struct PoolCounters {
  std::uint64_t system_calls = 0;  // blocks that had to come from the system, so far
  std::uint64_t live_bytes = 0;    // handed out and not yet given back
  std::uint64_t peak_bytes = 0;    // the most that was live at once
};
PoolCounters pool_counters();  // of this thread: what it took, less what it gave back
void pool_reset_peak();
void pool_trim();  // gives this thread's free blocks of 2 MiB and more back to the system

}  // namespace trigrad
