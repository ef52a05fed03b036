// A growable array of plain records that keeps its memory. std::vector would do but for two things that the tape is
// measured by: growing moves pages (realloc) instead of copying them, and new space is not written twice.
//
// Read next: tape.hpp.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace trigrad {

template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  // Makes room for exactly `count` records; the first ones stay, new ones hold anything.
  void resize(std::size_t count) {
    void* const moved = std::realloc(static_cast<void*>(data_), (count ? count : 1) * sizeof(T));
    if (!moved) throw std::bad_alloc{};
    data_ = static_cast<T*>(moved);
    capacity_ = count;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t k) { return data_[k]; }
  const T& operator[](std::size_t k) const { return data_[k]; }
  std::size_t capacity() const { return capacity_; }

 private:
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace trigrad
