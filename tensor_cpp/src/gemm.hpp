// The one door to matrix products. Everything that multiplies matrices comes through here.
#pragma once

#include <cstdint>

namespace trigrad {

// A row-major matrix; `transposed` means that the numbers in memory are those of the transpose.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t stride;  // between rows in memory
  bool transposed;
};

// z (M, N) = x (M, K) · y (K, N); z is contiguous.
template <class T>
void gemm(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K);

}  // namespace trigrad
