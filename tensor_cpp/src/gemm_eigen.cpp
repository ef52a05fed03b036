// Matrix products by Eigen, which is included here and nowhere else. Compiled for the baseline instruction set: Eigen
// chooses its vectors when it is compiled, not when it runs (docs/decisions/0014).

#include "gemm.hpp"

#include <Eigen/Core>

namespace trigrad {
namespace {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using View = Eigen::Map<const RowMajor<T>, 0, Eigen::OuterStride<>>;

// Eigen is fast where one of the steps is 1. Where none is, the numbers are copied.
template <class T>
class Operand {
 public:
  Operand(const Matrix<T>& m, std::int64_t rows, std::int64_t columns)
      : transposed_(m.row_step == 1 && m.column_step >= rows),
        view_(transposed_ ? View<T>(m.data, columns, rows, Eigen::OuterStride<>(m.column_step))
              : m.column_step == 1 && (m.row_step >= columns || rows == 1)
                  ? View<T>(m.data, rows, columns, Eigen::OuterStride<>(m.row_step))
                  : copied(m, rows, columns)) {}

  // Calls f with the matrix, as it is or transposed.
  void with(auto f) const {
    if (transposed_) f(view_.transpose());
    else f(view_);
  }

 private:
  View<T> copied(const Matrix<T>& m, std::int64_t rows, std::int64_t columns) {
    copy_.resize(rows, columns);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) copy_(r, c) = m.data[r * m.row_step + c * m.column_step];
    return View<T>(copy_.data(), rows, columns, Eigen::OuterStride<>(columns));
  }

  RowMajor<T> copy_;  // before view_, which may look into it
  bool transposed_;
  View<T> view_;
};

template <class T>
void gemm_eigen(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  Eigen::Map<RowMajor<T>> out(z, M, N);
  Operand<T>(x, M, K).with([&](const auto& a) { Operand<T>(y, K, N).with([&](const auto& b) { out.noalias() = a * b; }); });
}

}  // namespace

GemmBackend eigen_backend() { return {"eigen", gemm_eigen<float>, gemm_eigen<double>}; }

}  // namespace trigrad
