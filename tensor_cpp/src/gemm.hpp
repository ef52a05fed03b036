// The one door to matrix products. Everything that multiplies matrices comes through here.
//
// Read next: gemm.cpp (the choice of a backend), gemm_packed.cpp (the one written for reading, and the default).
#pragma once

#include <trigrad/tensor/gemm.hpp>

#include <cstdint>

namespace trigrad {

// Element (r, c) is data[r * row_step + c * column_step]: any view of a matrix is one, transposed or not.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t row_step, column_step;

  Matrix transposed() const { return {data, column_step, row_step}; }
};

// z (M, N) = x (M, K) · y (K, N); z is contiguous and overlaps neither operand.
template <class T>
void gemm(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K);

// The backends, each in a file of its own. M, N and K are at least 1.
template <class T>
void gemm_packed(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K);
template <class T>
void gemm_eigen(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K);

}  // namespace trigrad
