// Size classes and free lists behind pool.hpp.

#include <trigrad/tensor/pool.hpp>
#include <trigrad/thread_variable.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace trigrad {
namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

void* from_system(std::size_t bytes) {
#if defined(__linux__)
  // Large blocks ask for large pages: a matrix read by columns would else need an address translation for each row.
  if (bytes >= kLargePage) {
    void* block = nullptr;  // posix_memalign takes any size, unlike aligned_alloc
    if (posix_memalign(&block, kLargePage, bytes) != 0) throw OutOfMemory(static_cast<double>(bytes), "a block");
    madvise(block, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish: it may fail
    return block;
  }
#endif
  void* block = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (block == nullptr) throw OutOfMemory(static_cast<double>(bytes), "a block");
  return block;
}

// Blocks left behind by threads that ended. Never destroyed: tensors may outlive every thread.
struct Depot {
  std::mutex mutex;
  std::array<std::vector<FreeBlock*>, kBlockClasses> lists;
};
Depot& depot() {
  static Depot* const instance = new Depot;
  return *instance;
}

void to_depot(void* block, std::size_t index) {
  Depot& shared = depot();
  const std::lock_guard lock(shared.mutex);
  shared.lists[index].push_back(new (block) FreeBlock{nullptr});
}

// Memory from the system, of which blocks are cut off in turn. Each slab is twice as long as the last, so that a large
// network's many matrices of middle size share large pages, while a small one takes little.
struct Slab {
  std::size_t largest;
  std::size_t next = std::size_t{1} << 16, left = 0;
  std::byte* start = nullptr;

  void* cut(std::size_t bytes, std::uint64_t& system_calls) {
    if (left < bytes) {
      while (next < bytes) next *= 2;
      ++system_calls;
      start = static_cast<std::byte*>(from_system(next));  // what is left of the old slab stays unused
      left = next;
      next = std::min(2 * next, largest);
    }
    left -= bytes;
    return std::exchange(start, start + bytes);
  }
};

struct ThreadPool : FreeBlocks {
  Slab small{.largest = kLargePage}, middle{.largest = 8 * kLargePage};  // two, since blocks of middle size are aligned to 64
  std::uint64_t system_calls = 0;

  void* take(BlockClass size) {
    void* const block = kPooling ? refill(size) : from_system(size.bytes);  // first: where it throws, nothing is live
    live_bytes += static_cast<std::int64_t>(size.bytes);
    peak_bytes = std::max(peak_bytes, live_bytes);
    return block;
  }

  void* refill(BlockClass size) {
    {
      Depot& shared = depot();
      const std::lock_guard lock(shared.mutex);
      auto& list = shared.lists[size.index];
      if (!list.empty()) {
        FreeBlock* head = list.back();
        list.pop_back();
        lists[size.index] = head->next;
        return head;
      }
    }
    if (size.bytes < kLargePage) return (size.bytes <= kSmallBlock ? small : middle).cut(size.bytes, system_calls);
    ++system_calls;
    return from_system(size.bytes);
  }

  void give(void* block, BlockClass size) {
    if (kPooling) return to_depot(block, size.index);
    live_bytes -= static_cast<std::int64_t>(size.bytes);
    std::free(block);
  }
};

// Made when a thread first needs it; it ends before the thread does.
constinit thread_local bool has_ended = false;

struct Lifetime {
  Lifetime() { free_blocks = new ThreadPool; }
  ~Lifetime() {
    {
      Depot& shared = depot();
      const std::lock_guard lock(shared.mutex);
      for (std::size_t k = 0; k < kBlockClasses; ++k)
        if (free_blocks->lists[k]) shared.lists[k].push_back(free_blocks->lists[k]);
    }
    delete static_cast<ThreadPool*>(std::exchange(free_blocks, nullptr));
    has_ended = true;
  }
};

[[gnu::noinline, gnu::cold]] ThreadPool* first_look() {
  if (!has_ended) {
    thread_local const Lifetime lifetime;
  }
  return static_cast<ThreadPool*>(free_blocks);
}
// Null: the thread is ending, and its last tensors die.
ThreadPool* pool_of_thread() { return free_blocks ? static_cast<ThreadPool*>(free_blocks) : first_look(); }

}  // namespace

OutOfMemory::OutOfMemory(double bytes, const std::string& what_for) {
  char size[32];
  std::snprintf(size, sizeof(size), "%.3g GiB", bytes / 0x1p30);
  text = std::string("out of memory: ") + size + " are wanted for " + what_for;
}

void* pool_take_elsewhere(BlockClass size) {
  ThreadPool* const mine = pool_of_thread();
  return mine ? mine->take(size) : from_system(size.bytes);
}

void pool_give_elsewhere(void* block, BlockClass size) {
  if (ThreadPool* const mine = pool_of_thread()) mine->give(block, size);
  else if (kPooling) to_depot(block, size.index);
  else std::free(block);
}

PoolCounters pool_counters() {
  const ThreadPool* const mine = pool_of_thread();
  if (!mine) return {};
  const auto counted = [](std::int64_t bytes) { return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)); };
  return {mine->system_calls, counted(mine->live_bytes), counted(mine->peak_bytes)};
}
void pool_reset_peak() {
  if (ThreadPool* const mine = pool_of_thread()) mine->peak_bytes = mine->live_bytes;
}

void pool_trim() {
  ThreadPool* const mine = pool_of_thread();
  for (std::size_t k = class_of(kLargePage).index; mine && k < kBlockClasses; ++k)
    while (FreeBlock* block = mine->lists[k]) {
      mine->lists[k] = block->next;
      std::free(block);
    }
}

}  // namespace trigrad
