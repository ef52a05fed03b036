// Products: matmul is a node; dot and outer are written in terms of other ops. (linear and einsum have their own files.)

#include "gemm.hpp"

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>

namespace trigrad {
namespace {

// The last two axes as a matrix, as they lie in memory.
template <class T>
Matrix<T> matrix_of(const Tensor& x, std::int64_t offset) {
  const auto strides = x.cell()->strides();
  return {x.data<T>() + offset, strides[strides.size() - 2], strides[strides.size() - 1]};
}

// x (..., M, K) · y (..., K, N), the leading axes broadcast: z (..., M, N)
template <class T>
void multiply(const Tensor& x, const Tensor& y, const Tensor& z) {
  const std::int64_t M = x.size(-2), K = x.size(-1), N = y.size(-1);
  Dims batch = z.shape();
  batch.erase(batch.size() - 1);
  batch.erase(batch.size() - 1);
  const auto batch_strides = [&](const Tensor& t) {
    Dims strides = Dims::filled(batch.size(), 0);
    const int shift = z.ndim() - t.ndim();
    for (int k = 0; k < t.ndim() - 2; ++k)
      if (t.size(k) != 1) strides[k + shift] = t.cell()->strides()[static_cast<std::size_t>(k)];
    return strides;
  };
  const Dims x_steps = batch_strides(x), y_steps = batch_strides(y);
  for (std::int64_t b = 0; b < batch.product(); ++b) {
    std::int64_t x_offset = 0, y_offset = 0, rest = b;
    for (int k = batch.size() - 1; k >= 0; --k) {
      x_offset += rest % batch[k] * x_steps[k];
      y_offset += rest % batch[k] * y_steps[k];
      rest /= batch[k];
    }
    gemm(matrix_of<T>(x, x_offset), matrix_of<T>(y, y_offset), z.data<T>() + b * M * N, M, N, K);
  }
}

Dims leading(const Dims& shape) { return Dims(std::span(shape.begin(), static_cast<std::size_t>(shape.size() - 2))); }

}  // namespace

Tensor Matmul::forward(const Tensor& x, const Tensor& y, const Attrs&) {
  Dims shape = broadcast("matmul", leading(x.shape()), leading(y.shape()));
  shape.push_back(x.size(-2));
  shape.push_back(y.size(-1));
  const bool real = is_floating(x.dtype());
  // Integers go through double: exact up to 2^53, which no index or mask exceeds.
  const Tensor a = real ? x : to_dtype(x, DType::Float64), b = real ? y : to_dtype(y, DType::Float64);
  Tensor z = empty(shape, a.dtype());
  visit_floating(a.dtype(), [&]<class T>() { multiply<T>(a, b, z); });
  return real ? z : to_dtype(z, DType::Int64);
}
Tensor Matmul::gx(const Tensor& g, const Tensor&, const Tensor& y, const Tensor&, const Attrs&) {
  if (mutant("matmul.gx_transposed_only_if_it_must") && y.size(-1) == y.size(-2)) return matmul(g, y);
  return matmul(g, transpose(y, -1, -2));
}
Tensor Matmul::gy(const Tensor& g, const Tensor& x, const Tensor&, const Tensor&, const Attrs&) {
  if (mutant("matmul.gy_transposed_only_if_it_must") && x.size(-1) == x.size(-2)) return matmul(x, g);
  return matmul(transpose(x, -1, -2), g);
}

Tensor matmul(const Tensor& x, const Tensor& y) {
  same_dtype("matmul", x, y);
  if (x.ndim() == 0 || y.ndim() == 0)
    throw ShapeError("matmul: shapes " + to_string(x.shape()) + " and " + to_string(y.shape()) +
                     " do not multiply: both need at least one dim");
  const std::int64_t inner = y.size(y.ndim() == 1 ? 0 : -2);
  if (x.size(-1) != inner)
    throw ShapeError("matmul: shapes " + to_string(x.shape()) + " and " + to_string(y.shape()) + " do not multiply: inner sizes " +
                     std::to_string(x.size(-1)) + " and " + std::to_string(inner) + " differ");
  // A 1-D operand is a row on the left, a column on the right, and its axis is dropped from the result.
  Tensor z = apply_op<Matmul>({}, x.ndim() == 1 ? unsqueeze(x, 0) : x, y.ndim() == 1 ? unsqueeze(y, 1) : y);
  if (y.ndim() == 1) z = squeeze(z, -1);
  if (x.ndim() == 1) z = squeeze(z, y.ndim() == 1 ? -1 : -2);
  return z;
}

Tensor dot(const Tensor& x, const Tensor& y) {
  same_dtype("dot", x, y);
  if (x.ndim() != 1 || y.ndim() != 1 || x.size(0) != y.size(0))
    throw ShapeError("dot: needs two 1-D tensors of one length, not " + to_string(x.shape()) + " and " + to_string(y.shape()));
  return sum(x * y);
}

Tensor outer(const Tensor& x, const Tensor& y) {
  if (x.ndim() != 1 || y.ndim() != 1)
    throw ShapeError("outer: needs two 1-D tensors, not " + to_string(x.shape()) + " and " + to_string(y.shape()));
  return unsqueeze(x, 1) * unsqueeze(y, 0);
}

}  // namespace trigrad
