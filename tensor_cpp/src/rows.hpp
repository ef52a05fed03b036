// What reductions share. Kernels see rows: the reduced axes are brought to the end and made contiguous, so that each output
// element belongs to one run of `inner` numbers.
#pragma once

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

namespace trigrad {

struct Rows {
  Tensor data;  // contiguous: outer rows of inner numbers
  std::int64_t outer, inner;
};

inline Rows rows_of(const Tensor& x, DimMask reduced) {
  if (x.is_contiguous() && reduced + 1 == DimMask{1} << x.ndim()) return {x, 1, x.numel()};  // all of it is one row
  const NoGrad guard;
  Dims order;
  std::int64_t outer = 1, inner = 1;
  for (const bool last : {false, true})
    for (int k = 0; k < x.ndim(); ++k)
      if ((reduced >> k & 1) == static_cast<DimMask>(last)) {
        order.push_back(k);
        (last ? inner : outer) *= x.size(k);
      }
  return {contiguous_data(permute(x, order)), outer, inner};
}

// z[o] = kernel(row o)
template <class In, class Out, class Kernel>
void each_row(const Rows& rows, const Tensor& z, Kernel kernel) {
  for (std::int64_t o = 0; o < rows.outer; ++o)
    z.data<Out>()[o] = static_cast<Out>(kernel(rows.data.data<In>() + o * rows.inner, rows.inner));
}

inline std::int64_t reduced_count(const Dims& shape, DimMask reduced) {
  std::int64_t n = 1;
  for (int k = 0; k < shape.size(); ++k)
    if (reduced >> k & 1) n *= shape[k];
  return n;
}

// x (outer, inner), contiguous: z (inner), the sums over the outer axis.
template <class T>
void sum_columns(const T* x, std::int64_t outer, std::int64_t inner, T* z);

// A reduction's result or gradient with its reduced axes back, as size 1, so that it broadcasts against x.
inline Tensor keep_dims(const Tensor& z, const Tensor& x, DimMask reduced) { return reshape(z, reduced_shape(x.shape(), reduced, true)); }

// Larger wins (or smaller); NaN wins over everything, as in PyTorch.
template <bool Largest, class T>
bool beats(T a, T b) {
  return a != a ? b == b : Largest ? a > b : a < b;
}

// ∂loss/∂x of a largest or smallest z: ties share g equally.
Tensor extreme_rule(const Tensor& g, const Tensor& x, const Tensor& z, DimMask reduced);

}  // namespace trigrad
