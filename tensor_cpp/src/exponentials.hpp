// What softmax, log_softmax and cross_entropy share. Of rows x (B, C):
//
//   d = x less the largest of its row, so that no exponential overflows
//   e = exp(d)
//
// softmax is e / Σ e, log_softmax is d - ln Σ e. A row with NaN or +∞, or with nothing but -∞, has NaN
// in d, so it becomes NaN as a whole; one -∞ among others becomes 0.
#pragma once

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>

#include <algorithm>
#include <functional>
#include <limits>

namespace trigrad {

// combine(... combine(combine(start, x[0]), x[1]) ...), in eight strands, because one would wait for each
// step: `start`, which each begins with, must be what changes nothing, as 0 for a sum.
template <class R, class T, class Combine>
R fold(const T* x, std::int64_t n, R start, Combine combine) {
  constexpr std::int64_t kStrands = 8;
  R strands[kStrands];
  std::fill_n(strands, kStrands, start);
  std::int64_t k = 0;
  for (; k + kStrands <= n; k += kStrands)
    for (std::int64_t j = 0; j < kStrands; ++j) strands[j] = combine(strands[j], static_cast<R>(x[k + j]));
  R result = start;
  for (; k < n; ++k) result = combine(result, static_cast<R>(x[k]));
  for (const R strand : strands) result = combine(result, strand);
  return result;
}

template <class T>
double row_sum(const T* x, std::int64_t n) {
  return fold(x, n, 0.0, std::plus<>());
}

struct Exponentials {
  Tensor d, e;  // of x's shape, contiguous
};

// x: contiguous, its rows of C numbers one behind the other. Records nothing.
template <class T>
Exponentials exponentials(const Tensor& x, std::int64_t C) {
  const NoGrad guard;
  const Tensor d = empty(x.shape(), x.dtype());
  const T* from = x.data<T>();
  T* to = d.data<T>();
  for (const T* const end = from + x.numel(); from < end; from += C, to += C) {
    const T top = fold(from, C, -std::numeric_limits<T>::infinity(), [](T a, T b) { return b > a ? b : a; });
    for (std::int64_t k = 0; k < C; ++k) to[k] = from[k] - top;
  }
  return {d, exp(d)};
}

}  // namespace trigrad
