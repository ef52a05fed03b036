// Matrix products written for reading: register tiles over a packed panel.
//
//   x (M, K)      row i of x is read number by number; each number is multiplied with a whole vector of y's row
//   y (K, N)      cut into panels of kWidth columns, which are copied so that the panel's rows lie one behind the other
//   z (M, N)      cut into tiles of kRows x kWidth numbers that stay in registers while k runs over a panel's depth
//
// Why tiles: each number of x and each vector of y that is loaded takes part in kWidth or kRows multiplications, so the
// arithmetic units and not the loads set the pace. Why panels: rows of y that lie a page apart would cost an address
// translation each. The vectors are GCC's and Clang's own types, so the same lines serve every instruction set; which
// one is decided when the program runs.
//
// Batches make skinny products. x (32, K) · yᵀ with a large weight y (N, K) would have to copy and transpose all of y;
// (y · xᵀ)ᵀ copies the small x instead (docs/decisions/0014).
//
// This file alone is compiled with -ffp-contract=fast: a product and its sum may be one rounding.

#include "gemm.hpp"
#include "parallel.hpp"

#include <trigrad/tensor/pool.hpp>

#include <algorithm>
#include <cstring>

#if defined(__GNUC__)

namespace trigrad {
namespace {

constexpr std::int64_t kDepth = 512;  // a panel of 512 x 32 floats takes 64 KiB: half of a second-level cache at the least

template <class T>
struct Output {
  T* data;
  std::int64_t row_step, column_step;
  bool add;  // z += instead of z =, from the second slice of k on

  void put(std::int64_t row, std::int64_t column, T value) const {
    T& z = data[row * row_step + column * column_step];
    z = add ? z + value : value;
  }
};

// Rows [row, row + kRows) of x times a panel: kRows x kVectors vectors of z.
template <int kRows, int kVectors, class Vector, class T>
[[gnu::always_inline]] inline void multiply_tile(const Matrix<T>& x, std::int64_t row, const T* panel, std::int64_t panel_step,
                                                 std::int64_t depth, const Output<T>& z, std::int64_t column, std::int64_t width) {
  constexpr int kLanes = sizeof(Vector) / sizeof(T), kWidth = kVectors * kLanes;
  const T* a = x.data + row * x.row_step;
  Vector sums[kRows][kVectors] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector b[kVectors];
    std::memcpy(b, panel + k * panel_step, sizeof(b));
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < kVectors; ++v) sums[r][v] += a[r * x.row_step + k * x.column_step] * b[v];
  }
  if (width == kWidth && z.column_step == 1) {
    for (int r = 0; r < kRows; ++r) {
      T* to = z.data + (row + r) * z.row_step + column;
      for (int v = 0; v < kVectors; ++v) {
        Vector before = {};
        if (z.add) std::memcpy(&before, to + v * kLanes, sizeof(before));
        const Vector sum = z.add ? before + sums[r][v] : sums[r][v];
        std::memcpy(to + v * kLanes, &sum, sizeof(sum));
      }
    }
    return;
  }
  T numbers[kRows][kWidth];
  std::memcpy(numbers, sums, sizeof(numbers));
  for (std::int64_t c = 0; c < width; ++c)
    for (int r = 0; r < kRows; ++r) z.put(row + r, column + c, numbers[r][c]);
}

// All rows of x from `row` on: in tiles of kRows, and the rest in tiles of half as many.
template <int kRows, int kVectors, class Vector, class T>
[[gnu::always_inline]] inline void multiply_rows(const Matrix<T>& x, std::int64_t row, std::int64_t M, const T* panel,
                                                 std::int64_t panel_step, std::int64_t depth, const Output<T>& z, std::int64_t column,
                                                 std::int64_t width) {
  for (; row + kRows <= M; row += kRows) multiply_tile<kRows, kVectors, Vector>(x, row, panel, panel_step, depth, z, column, width);
  if constexpr (kRows > 1)
    if (row < M) multiply_rows<kRows / 2, kVectors, Vector>(x, row, M, panel, panel_step, depth, z, column, width);
}

// Columns [0, width) of y into a panel that is kWidth wide, the missing columns as zeros.
template <class T>
[[gnu::always_inline]] inline void pack(const Matrix<T>& y, std::int64_t depth, std::int64_t width, std::int64_t panel_width, T* panel) {
  if (y.column_step == 1 && width == panel_width) {
    for (std::int64_t k = 0; k < depth; ++k)
      std::memcpy(panel + k * panel_width, y.data + k * y.row_step, sizeof(T) * static_cast<std::size_t>(width));
    return;
  }
  if (width < panel_width) std::fill_n(panel, depth * panel_width, T{0});
  for (std::int64_t c = 0; c < width; ++c)
    for (std::int64_t k = 0; k < depth; ++k) panel[k * panel_width + c] = y.data[k * y.row_step + c * y.column_step];
}

template <int kRows, int kVectors, class Vector, class T>
[[gnu::always_inline]] inline void multiply_panels(const Matrix<T>& x, const Matrix<T>& y, Output<T> z, std::int64_t M, std::int64_t N,
                                                   std::int64_t K, T* panel) {
  constexpr std::int64_t kLanes = sizeof(Vector) / sizeof(T), kWidth = kVectors * kLanes;
  for (std::int64_t k = 0; k < K; k += kDepth) {
    const std::int64_t depth = std::min(kDepth, K - k);
    const Matrix<T> x_slice{x.data + k * x.column_step, x.row_step, x.column_step};
    z.add = k > 0;
    for (std::int64_t column = 0; column < N; column += kWidth) {
      const std::int64_t width = std::min(kWidth, N - column);
      const Matrix<T> columns{y.data + k * y.row_step + column * y.column_step, y.row_step, y.column_step};
      if (width <= kLanes) {  // half a panel: twice the rows fit in the registers
        pack(columns, depth, width, kLanes, panel);
        multiply_rows<kRows, 1, Vector>(x_slice, 0, M, panel, kLanes, depth, z, column, width);
      } else if (width == kWidth && y.column_step == 1 && M <= kRows) {  // read once: a copy would not pay
        multiply_rows<kRows, kVectors, Vector>(x_slice, 0, M, columns.data, columns.row_step, depth, z, column, width);
      } else {
        pack(columns, depth, width, kWidth, panel);
        multiply_rows<kRows, kVectors, Vector>(x_slice, 0, M, panel, kWidth, depth, z, column, width);
      }
    }
  }
}

template <class T, int kBytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes)));
};
template <class T>
using Product = void (*)(const Matrix<T>&, const Matrix<T>&, Output<T>, std::int64_t, std::int64_t, std::int64_t, T*);

// Tiles as large as the registers allow: 32 of 64 bytes, 16 of 32 bytes, 16 of 16 bytes.
#if defined(__x86_64__)
template <class T>
__attribute__((target("avx512f"))) void product_avx512(const Matrix<T>& x, const Matrix<T>& y, Output<T> z, std::int64_t M, std::int64_t N,
                                                       std::int64_t K, T* panel) {
  multiply_panels<8, 2, typename VectorOf<T, 64>::type>(x, y, z, M, N, K, panel);
}
template <class T>
__attribute__((target("avx2,fma"))) void product_avx2(const Matrix<T>& x, const Matrix<T>& y, Output<T> z, std::int64_t M, std::int64_t N,
                                                      std::int64_t K, T* panel) {
  multiply_panels<4, 2, typename VectorOf<T, 32>::type>(x, y, z, M, N, K, panel);
}
#endif
template <class T>
void product_baseline(const Matrix<T>& x, const Matrix<T>& y, Output<T> z, std::int64_t M, std::int64_t N, std::int64_t K, T* panel) {
  multiply_panels<4, 2, typename VectorOf<T, 16>::type>(x, y, z, M, N, K, panel);
}

template <class T>
Product<T> product_for_this_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return product_avx512<T>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return product_avx2<T>;
#endif
  return product_baseline<T>;
}

// Below this many multiplications a second thread costs more than it brings (a wake-up takes several microseconds).
constexpr std::int64_t kWorthAThread = std::int64_t{1} << 20;

// The longer side of z is cut between the threads. No sum is cut, so the bits do not depend on how many there are.
template <class T>
void share_out(Product<T> product, const Matrix<T>& x, const Matrix<T>& y, const Output<T>& z, std::int64_t M, std::int64_t N,
               std::int64_t K) {
  const auto worth = static_cast<int>(std::min<std::int64_t>(M * N * K / kWorthAThread + 1, num_threads()));
  const auto panel_length = static_cast<std::size_t>(std::min(kDepth, K)) * (128 / sizeof(T));
  const std::size_t bytes = sizeof(T) * panel_length * static_cast<std::size_t>(worth);
  T* panels = static_cast<T*>(pool_take(bytes));
  if (M >= N)
    parallel_for(M, 8, worth, [&](std::int64_t first, std::int64_t last, int part) {
      product({x.data + first * x.row_step, x.row_step, x.column_step}, y, {z.data + first * z.row_step, z.row_step, z.column_step, false},
              last - first, N, K, panels + panel_length * static_cast<std::size_t>(part));
    });
  else
    parallel_for(N, 128 / sizeof(T), worth, [&](std::int64_t first, std::int64_t last, int part) {
      product(x, {y.data + first * y.column_step, y.row_step, y.column_step},
              {z.data + first * z.column_step, z.row_step, z.column_step, false}, M, last - first, K,
              panels + panel_length * static_cast<std::size_t>(part));
    });
  pool_give(panels, bytes);
}

}  // namespace

template <class T>
void gemm_packed(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  static const Product<T> product = product_for_this_processor<T>();
  // What is copied, weighted by how: row by row is some eight times as fast as number by number.
  const std::int64_t as_it_is = K * N / (y.column_step == 1 ? 8 : 1);
  const std::int64_t as_transposed = K * M / (x.row_step == 1 ? 8 : 1) + M * N / 2;
  if (as_it_is <= as_transposed) share_out<T>(product, x, y, {z, N, 1, false}, M, N, K);
  else share_out<T>(product, y.transposed(), x.transposed(), {z, 1, N, false}, N, M, K);
}

}  // namespace trigrad

#else  // no vector types: Eigen does the work

namespace trigrad {
template <class T>
void gemm_packed(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  gemm_eigen(x, y, z, M, N, K);
}
}  // namespace trigrad

#endif

namespace trigrad {
template void gemm_packed<float>(const Matrix<float>&, const Matrix<float>&, float*, std::int64_t, std::int64_t, std::int64_t);
template void gemm_packed<double>(const Matrix<double>&, const Matrix<double>&, double*, std::int64_t, std::int64_t, std::int64_t);
}  // namespace trigrad
