// Matrix products by Eigen, which is included here and nowhere else.

#include "gemm.hpp"

#include <Eigen/Core>

#include <algorithm>

namespace trigrad {
namespace {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using View = Eigen::Map<const RowMajor<T>, 0, Eigen::OuterStride<>>;

template <class T>
View<T> stored(const Matrix<T>& m, std::int64_t rows, std::int64_t columns) {
  return m.transposed ? View<T>(m.data, columns, rows, Eigen::OuterStride<>(m.stride))
                      : View<T>(m.data, rows, columns, Eigen::OuterStride<>(m.stride));
}

}  // namespace

template <class T>
void gemm(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  if (K == 0) return void(std::fill_n(z, M * N, T{0}));
  if (M == 0 || N == 0) return;
  Eigen::Map<RowMajor<T>> out(z, M, N);
  const auto a = stored(x, M, K), b = stored(y, K, N);
  if (x.transposed && y.transposed) out.noalias() = a.transpose() * b.transpose();
  else if (x.transposed) out.noalias() = a.transpose() * b;
  else if (y.transposed) out.noalias() = a * b.transpose();
  else out.noalias() = a * b;
}

template void gemm<float>(const Matrix<float>&, const Matrix<float>&, float*, std::int64_t, std::int64_t, std::int64_t);
template void gemm<double>(const Matrix<double>&, const Matrix<double>&, double*, std::int64_t, std::int64_t, std::int64_t);

}  // namespace trigrad
