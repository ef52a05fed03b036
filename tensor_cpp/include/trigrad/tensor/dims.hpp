// Dims: a short list of sizes, strides or axes. At most eight, kept inline, trivially copyable.
#pragma once

#include <trigrad/errors.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <span>
#include <string>

namespace trigrad {

constexpr int kMaxDims = 8;

class Dims {
 public:
  constexpr Dims() = default;
  constexpr Dims(std::initializer_list<std::int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  constexpr explicit Dims(std::span<const std::int64_t> values) {
    for (const auto value : values) push_back(value);
  }
  static constexpr Dims filled(int count, std::int64_t value) {
    Dims dims;
    for (int k = 0; k < count; ++k) dims.push_back(value);
    return dims;
  }

  constexpr int size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr std::int64_t& operator[](int k) { return values_[static_cast<std::size_t>(k)]; }
  constexpr std::int64_t operator[](int k) const { return values_[static_cast<std::size_t>(k)]; }
  constexpr std::int64_t* begin() { return values_.data(); }
  constexpr std::int64_t* end() { return values_.data() + size_; }
  constexpr const std::int64_t* begin() const { return values_.data(); }
  constexpr const std::int64_t* end() const { return values_.data() + size_; }
  constexpr std::int64_t back() const { return values_[static_cast<std::size_t>(size_ - 1)]; }

  constexpr void push_back(std::int64_t value) {
    if (size_ == kMaxDims) refuse_more();
    values_[static_cast<std::size_t>(size_++)] = value;
  }
  constexpr void insert(int at, std::int64_t value) {
    push_back(value);
    for (int k = size_ - 1; k > at; --k) std::swap((*this)[k], (*this)[k - 1]);
  }
  constexpr void erase(int at) {
    for (int k = at; k + 1 < size_; ++k) (*this)[k] = (*this)[k + 1];
    --size_;
  }
  constexpr bool operator==(const Dims& other) const {
    if (size_ != other.size_) return false;
    for (int k = 0; k < size_; ++k)
      if ((*this)[k] != other[k]) return false;
    return true;
  }

  constexpr std::int64_t product() const {
    return std::accumulate(begin(), end(), std::int64_t{1}, [](auto a, auto b) { return a * b; });
  }

 private:
  [[noreturn]] static void refuse_more();

  int size_ = 0;
  std::array<std::int64_t, kMaxDims> values_;  // from size_ on nobody has set or reads them
};

std::string to_string(const Dims& dims);  // as Python prints a tuple: (2, 3), (3,), ()

Dims contiguous_strides(const Dims& shape);

// The shape that x and y broadcast to; ShapeError in the name of `op` where they do not.
Dims broadcast(std::string_view op, const Dims& x, const Dims& y);

// Counts a negative axis from the end; IndexError in the name of `op` where it is out of range. A 0-dim tensor takes -1 and 0.
// ShapeError where counting elements, or steps from row to row, would wrap around 64 bits. Sizes below 1 count as 1.
void check_countable(std::string_view op, const Dims& shape);
int wrap_dim(std::string_view op, std::int64_t dim, const Dims& shape);

// The set of reduced axes as bits; no axes given means all of them.
using DimMask = std::uint32_t;
DimMask dim_mask(std::string_view op, const Dims& dims, const Dims& shape);
Dims reduced_shape(const Dims& shape, DimMask reduced, bool keepdim);

}  // namespace trigrad
