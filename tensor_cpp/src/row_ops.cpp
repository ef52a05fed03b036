// Ops along one dim: scans, softmax, sorting. Kernels see rows: the dim is brought to the end and made contiguous, x (..., C, ...)
// as B rows of C numbers, and the result goes back to where it was.

#include "exponentials.hpp"
#include "last_dim.hpp"

#include <trigrad/tensor/structural.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace trigrad {
namespace {

// kernel(row of x, row of z, n) for each run of n numbers along dim
template <class In, class Out, class Kernel>
Tensor map_rows(const Tensor& x, int dim, Kernel kernel) {
  const NoGrad guard;
  const LastDim last(x, dim);
  const Tensor rows = last.of(x), z = empty(rows.shape(), dtype_of<Out>);
  const In* from = numbers<In>(rows);
  Out* to = numbers<Out>(z);
  for (const In* const end = from + rows.numel(); from < end; from += last.C, to += last.C) kernel(from, to, last.C);
  return contiguous_data(last.back(z));
}

template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
template <class T>
using ScanResult = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;

template <class Combine>
Tensor scan(const Tensor& x, int dim, std::int64_t start, Combine combine) {
  return visit_dtype(x.dtype(), [&]<class T>() {
    return map_rows<T, ScanResult<T>>(x, dim, [&](const T* row, ScanResult<T>* z, std::int64_t n) {
      auto total = static_cast<Wide<T>>(start);
      for (std::int64_t k = 0; k < n; ++k) {
        total = combine(total, static_cast<Wide<T>>(row[k]));
        z[k] = static_cast<ScanResult<T>>(total);
      }
    });
  });
}

}  // namespace

Tensor CumSum::forward(const Tensor& x, const Attrs& at) { return scan(x, at.dim, 0, std::plus<>{}); }
Tensor CumSum::gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs& at) {
  if (mutant("cumsum.not_reversed")) return cumsum(g, at.dim);
  return g.ndim() == 0 ? g : flip(cumsum(flip(g, at.dim), at.dim), at.dim);
}
Tensor cumsum(const Tensor& x, std::int64_t dim) { return apply_op<CumSum>({wrap_dim("cumsum", dim, x.shape())}, x); }

Tensor CumProd::forward(const Tensor& x, const Attrs& at) { return scan(x, at.dim, 1, std::multiplies<>{}); }

// ∂z_j/∂x_i is the product of x up to j without x_i: what comes before i, times the product from i+1 to j. The sum over j
// is taken from the far end, as Horner does: tail_i = g_i + x_{i+1} tail_{i+1}. Nothing is divided, so zeros are no trouble.
Tensor CumProd::gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at) {
  if (g.ndim() == 0) return g;
  const std::int64_t n = x.size(at.dim);
  if (n == 0) return g;
  std::vector<Tensor> tails(static_cast<std::size_t>(n));
  for (std::int64_t i = n - 1; i >= 0; --i) {
    const Tensor here = narrow(g, at.dim, i, 1);
    tails[static_cast<std::size_t>(i)] = i == n - 1 || mutant("cumprod.only_its_own_place")
                                             ? here
                                             : here + narrow(x, at.dim, i + 1, 1) * tails[static_cast<std::size_t>(i + 1)];
  }
  Dims edge = x.shape();
  edge[at.dim] = 1;
  const Tensor before[] = {ones(edge, x.dtype()), narrow(z, at.dim, 0, n - 1)};
  return cat(before, at.dim) * cat(tails, at.dim);
}
Tensor cumprod(const Tensor& x, std::int64_t dim) { return apply_op<CumProd>({wrap_dim("cumprod", dim, x.shape())}, x); }

namespace {
// finish(d, e, Σ e, n) for each run of n numbers along dim turns e into the result; exponentials.hpp says what they are.
template <class Finish>
Tensor map_exponentials(const Tensor& x, int dim, Finish finish) {
  const NoGrad guard;
  const LastDim last(x, dim);
  Tensor z;
  visit_floating(x.dtype(), [&]<class T>() {
    const auto [d, e] = exponentials<T>(last.of(x), last.C);
    z = e;
    const T* differences = numbers<T>(d);
    T* to = numbers<T>(e);
    for (const T* const end = to + e.numel(); to < end; differences += last.C, to += last.C)
      finish(differences, to, row_sum(to, last.C), last.C);
  });
  return contiguous_data(last.back(z));
}

// rule(g, y, gx, n) for each run of n numbers along dim
template <class Rule>
Tensor gradient_by_rows(const Tensor& g, const Tensor& y, int dim, Rule rule) {
  const LastDim last(y, dim);
  const Tensor gs = last.of(g), ys = last.of(y), gx = empty(ys.shape(), y.dtype());
  visit_floating(y.dtype(), [&]<class T>() {
    const T *upstream = numbers<T>(gs), *from = numbers<T>(ys);
    T* to = numbers<T>(gx);
    for (const T* const end = to + gx.numel(); to < end; upstream += last.C, from += last.C, to += last.C) rule(upstream, from, to, last.C);
  });
  return last.back(gx);
}
}  // namespace

Tensor Softmax::forward(const Tensor& x, const Attrs& at) {
  return map_exponentials(x, at.dim, []<class T>(const T*, T* e, double total, std::int64_t n) {
    const T scale = static_cast<T>(1 / total);
    for (std::int64_t k = 0; k < n; ++k) e[k] *= scale;
  });
}
Tensor Softmax::gx(const Tensor& g, const Tensor&, const Tensor& z, const Attrs& at) {
  if (g.ndim() == 0) return zeros_of(g);
  if (mutant("softmax.without_sum")) return z * g;
  if (mutant("softmax.rule_of_sigmoid")) return g * z * (like(z, 1) - z);
  if (grad_enabled()) return z * (g - sum(g * z, {at.dim}, true));
  return gradient_by_rows(g, z, at.dim, []<class T>(const T* gs, const T* p, T* gx, std::int64_t n) {
    double total = 0;
    for (std::int64_t k = 0; k < n; ++k) total += static_cast<double>(gs[k]) * static_cast<double>(p[k]);
    for (std::int64_t k = 0; k < n; ++k) gx[k] = p[k] * (gs[k] - static_cast<T>(total));
  });
}
Tensor softmax(const Tensor& x, std::int64_t dim) {
  needs_floating("softmax", x);
  return apply_op<Softmax>({wrap_dim("softmax", dim, x.shape())}, x);
}

Tensor LogSoftmax::forward(const Tensor& x, const Attrs& at) {
  return map_exponentials(x, at.dim, []<class T>(const T* d, T* e, double total, std::int64_t n) {
    const T log_total = static_cast<T>(std::log(total));
    for (std::int64_t k = 0; k < n; ++k) e[k] = d[k] - log_total;
  });
}
Tensor LogSoftmax::gx(const Tensor& g, const Tensor&, const Tensor& z, const Attrs& at) {
  if (g.ndim() == 0) return zeros_of(g);
  if (mutant("log_softmax.without_sum")) return g - exp(z) * g;
  if (mutant("log_softmax.not_exponentiated")) return g - z * sum(g, {at.dim}, true);
  if (grad_enabled()) return g - exp(z) * sum(g, {at.dim}, true);
  return gradient_by_rows(g, exp(z), at.dim, []<class T>(const T* gs, const T* p, T* gx, std::int64_t n) {
    const T total = static_cast<T>(row_sum(gs, n));
    for (std::int64_t k = 0; k < n; ++k) gx[k] = gs[k] - p[k] * total;
  });
}
Tensor log_softmax(const Tensor& x, std::int64_t dim) {
  needs_floating("log_softmax", x);
  return apply_op<LogSoftmax>({wrap_dim("log_softmax", dim, x.shape())}, x);
}

namespace {
// Where each number of a sorted row comes from; equal numbers keep their order, NaN counts as largest.
Tensor sorted_index(const Tensor& x, int dim, bool descending) {
  return visit_dtype(x.dtype(), [&]<class T>() {
    return map_rows<T, std::int64_t>(x, dim, [&](const T* row, std::int64_t* index, std::int64_t n) {
      std::iota(index, index + n, std::int64_t{0});
      std::stable_sort(index, index + n, [&](std::int64_t a, std::int64_t b) {
        if (descending && !mutant("sort.always_ascending")) std::swap(a, b);
        if (row[a] != row[a]) return false;
        return row[b] != row[b] || row[a] < row[b];
      });
    });
  });
}
}  // namespace

ValuesIndices sort(const Tensor& x, std::int64_t dim, bool descending) {
  if (capture::recording()) return capture::pair<ValuesIndices>(x, [=](const Tensor& now) { return sort(now, dim, descending); });
  const int k = wrap_dim("sort", dim, x.shape());
  const Tensor index = sorted_index(x, k, descending);
  if (x.ndim() == 0) return {clone(x), index};
  return {gather(x, k, index), index};
}

ValuesIndices topk(const Tensor& x, std::int64_t count, std::int64_t dim, bool largest_first) {
  if (capture::recording()) return capture::pair<ValuesIndices>(x, [=](const Tensor& now) { return topk(now, count, dim, largest_first); });
  const int k = wrap_dim("topk", dim, x.shape());
  const std::int64_t size = x.ndim() ? x.size(k) : 1;
  if (count < 0 || count > size)
    throw ValueError("topk: k=" + std::to_string(count) + " is out of range for dim " + std::to_string(k) + " with size " +
                     std::to_string(size));
  if (x.ndim() == 0) return {clone(x), zeros({}, DType::Int64)};
  const Tensor index = contiguous(narrow(sorted_index(x, k, largest_first), k, 0, count));
  return {gather(x, k, index), index};
}

}  // namespace trigrad
