// The one door to matrix products. Everything that multiplies matrices comes through here.
//
// Read next: gemm.cpp (the choice of a backend), gemm_packed.cpp (the one written for reading, and the default),
// gemm_eigen.cpp, gemm_library.cpp.
#pragma once

#include <trigrad/tensor/gemm.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

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

// The same in one: the operands, and where their product goes.
template <class T>
struct Product {
  Matrix<T> x, y;
  T* z;
  std::int64_t M, N, K;
};
template <class T>
void gemm(const Product<T>& p) {
  gemm<T>(p.x, p.y, p.z, p.M, p.N, p.K);
}

// Two products of as many multiplications that do not wait for one another, as in the backward of a layer. With two threads
// each takes one: they meet once, not twice, and nothing is packed by both.
template <class T>
void gemm_both(const Product<T>& first, const Product<T>& second);

// Who multiplies; M, N and K are at least 1. Each kind of backend has a file of its own.
template <class T>
using Gemm = std::function<void(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K)>;
struct GemmBackend {
  std::string name;
  Gemm<float> float32;
  Gemm<double> float64;
  bool has_threads = false;  // of its own
};
std::vector<GemmBackend> packed_backends();  // first the best for this processor, then those for lesser ones, to compare
GemmBackend eigen_backend();
GemmBackend library_backend(const std::string& path, const std::string& name);  // ValueError says what is wrong with the file

}  // namespace trigrad
