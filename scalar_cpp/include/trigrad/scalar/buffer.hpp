// A growable array of plain records that keeps its memory. std::vector would do but for two things that the tape is
// measured by: new space is not written twice, and large arrays ask for large pages, whose addresses are translated
// once for 2 MiB instead of once for 4 KiB.
//
// Read next: tape.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace trigrad {

// Without a destructor, for the tape, which says why (current_tape); everybody else wants a Buffer.
template <class T>
class RawBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  constexpr RawBuffer() = default;
  RawBuffer(const RawBuffer&) = delete;
  RawBuffer& operator=(const RawBuffer&) = delete;

  void release() {
    std::free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

  // Makes room for exactly `count` records; the first ones stay, new ones hold anything.
  void resize(std::size_t count) {
    data_ = static_cast<T*>(resized(std::max<std::size_t>(count, 1) * sizeof(T)));
    capacity_ = count;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t k) { return data_[k]; }
  const T& operator[](std::size_t k) const { return data_[k]; }
  std::size_t capacity() const { return capacity_; }

 private:
  // realloc but for large sizes, which need an alignment that realloc does not keep.
  void* resized(std::size_t bytes) {
#if defined(__linux__)
    constexpr std::size_t kLargePage = std::size_t{2} << 20;
    if (bytes >= 2 * kLargePage) {
      bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
      void* const block = std::aligned_alloc(kLargePage, bytes);
      if (!block) throw std::bad_alloc{};
      madvise(block, bytes, MADV_HUGEPAGE);  // a wish: it may fail
      if (data_) std::memcpy(block, data_, std::min(bytes, capacity_ * sizeof(T)));
      std::free(data_);
      return block;
    }
#endif
    void* const block = std::realloc(static_cast<void*>(data_), bytes);
    if (!block) throw std::bad_alloc{};
    return block;
  }

  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

template <class T>
class Buffer : public RawBuffer<T> {
 public:
  Buffer() = default;
  ~Buffer() { this->release(); }
};

}  // namespace trigrad
