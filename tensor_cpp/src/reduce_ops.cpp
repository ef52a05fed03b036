// Reductions that add or multiply: sum, mean, prod, var, std, norm, logsumexp. (The choosing ones: extreme_ops.cpp.)
//
//   rows      x (outer, inner), z (outer): the reduced axes brought to the end (rows.hpp)
//   columns   x (outer, inner), z (inner): leading axes of a contiguous x, a bias gradient, where nothing is moved

#include "rows.hpp"
#include "sums.hpp"

#include <trigrad/tensor/kernels.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace trigrad {
namespace {

// Sums run in double (exactly in int64): the error of a float sum is then one rounding.
template <class T>
using SumType = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;

template <class T>
TRIGRAD_CLONES SumType<T> block_sum(const T* x, std::int64_t n) {
  return lane_sum<SumType<T>>(n, [=](std::int64_t k) { return static_cast<SumType<T>>(x[k]); });
}

template <class T>
SumType<T> row_sum(const T* x, std::int64_t n) {
  return sum_of_blocks<SumType<T>>(n, [=](std::int64_t first, std::int64_t count) { return block_sum(x + first, count); });
}

// Σ f(x[k]) over a row
template <class T, class F>
double sum_over(const T* x, std::int64_t n, F f) {
  return lane_sum<double>(n, [&](std::int64_t k) { return f(x[k]); });
}

// kColumns columns at once, a number that the compiler knows: their sums stay in registers.
template <int kColumns, class T>
[[gnu::always_inline]] inline void add_up(const T* x, std::int64_t outer, std::int64_t inner, T* z) {
  SumType<T> sums[kColumns]{};
  for (std::int64_t o = 0; o < outer; ++o)
    for (int j = 0; j < kColumns; ++j) sums[j] += static_cast<SumType<T>>(x[o * inner + j]);
  for (int j = 0; j < kColumns; ++j) z[j] = static_cast<T>(sums[j]);
}

// Columns [begin, end): sixteen at a time, then 8, 4, 2 and 1 of what is left.
template <class T>
TRIGRAD_CLONES void add_up_columns(const T* x, std::int64_t outer, std::int64_t inner, std::int64_t begin, std::int64_t end, T* z) {
  for (; begin + 16 <= end; begin += 16) add_up<16>(x + begin, outer, inner, z + begin);
  const auto rest = [&]<int kColumns>() {
    if (!((end - begin) & kColumns)) return;
    add_up<kColumns>(x + begin, outer, inner, z + begin);
    begin += kColumns;
  };
  rest.template operator()<8>();
  rest.template operator()<4>();
  rest.template operator()<2>();
  rest.template operator()<1>();
}

// Where x is short, the gradient of a sum over everything is made of numbers: a view that repeats one slows down its reader
// more than they cost.
bool short_sum(const Tensor& g, const Tensor& x) { return g.numel() == 1 && x.numel() <= 4096 && !grad_enabled(); }
Tensor everywhere(const Tensor& g, const Tensor& x, double divisor) {
  const auto spread = [&]<class T>() { return full(x.shape(), static_cast<double>(*g.data<T>()) / divisor, g.dtype()); };
  return g.dtype() == DType::Float32 ? spread.template operator()<float>() : spread.template operator()<double>();
}

Tensor sum_data(const Tensor& x, DimMask reduced, bool keepdim, std::int64_t divisor) {
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : DType::Int64;
  Tensor z = empty(reduced_shape(x.shape(), reduced, keepdim), dtype);
  // Leading axes of a contiguous tensor (a bias gradient): no need to move anything.
  const bool leading = reduced != 0 && (reduced & (reduced + 1)) == 0 && x.is_contiguous() && x.dtype() == dtype && divisor == 1;
  if (leading) {
    visit_dtype(dtype, [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) sum_columns(x.data<T>(), reduced_count(x.shape(), reduced), z.numel(), z.data<T>());
    });
    return z;
  }
  const Rows rows = rows_of(x, reduced);
  visit_dtype(x.dtype(), [&]<class T>() {
    using Out = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
    if (divisor == 1) each_row<T, Out>(rows, z, [](const T* row, std::int64_t n) { return row_sum(row, n); });
    else
      each_row<T, Out>(rows, z, [](const T* row, std::int64_t n) { return static_cast<double>(row_sum(row, n)) / static_cast<double>(n); });
  });
  return z;
}

template <class T>
double row_mean(const T* row, std::int64_t n) {
  return static_cast<double>(row_sum(row, n)) / static_cast<double>(n);
}

Tensor variance(const Tensor& x, DimMask reduced, bool keepdim, double correction, bool root) {
  Tensor z = empty(reduced_shape(x.shape(), reduced, keepdim), x.dtype());
  const Rows rows = rows_of(x, reduced);
  visit_floating(x.dtype(), [&]<class T>() {
    each_row<T, T>(rows, z, [&](const T* row, std::int64_t n) {
      const double mean = row_mean(row, n);
      const double squares = sum_over(row, n, [&](T v) { return (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean); });
      const double var = squares / std::max(0.0, static_cast<double>(n) - correction);
      return root ? std::sqrt(var) : var;
    });
  });
  return z;
}

}  // namespace

template <class T>
void sum_columns(const T* x, std::int64_t outer, std::int64_t inner, T* z) {
  if (outer == 1) return void(std::copy_n(x, inner, z));
  if (inner == 1) {  // one column lies as a row does
    z[0] = static_cast<T>(row_sum(x, outer));
    return;
  }
  parallel_for(inner, 16, threads_for(outer * inner),
               [=](std::int64_t begin, std::int64_t end, int) { add_up_columns(x, outer, inner, begin, end, z); });
}
template void sum_columns<float>(const float*, std::int64_t, std::int64_t, float*);
template void sum_columns<double>(const double*, std::int64_t, std::int64_t, double*);

Tensor sum_to(const Tensor& x, const Dims& shape) {
  const int extra = x.ndim() - shape.size();
  Dims dims;
  for (int k = 0; k < x.ndim(); ++k)
    if (k < extra || (shape[k - extra] == 1 && x.size(k) != 1)) dims.push_back(k);
  if (mutant("unbroadcast.wrong_axis") && dims.size() == 1 && x.ndim() == 2 && x.size(0) == x.size(1)) dims = {1 - dims[0]};
  if (mutant("unbroadcast.averages")) return reshape(mean(x, dims, true), shape);
  if (mutant("unbroadcast.keeps_the_first")) {
    Tensor first = x;
    for (const auto k : dims) first = narrow(first, k, 0, std::min<std::int64_t>(1, x.size(static_cast<int>(k))));
    return reshape(first, shape);
  }
  return reshape(dims.empty() ? x : sum(x, dims, true), shape);
}

Tensor Sum::forward(const Tensor& x, const Attrs& at) { return sum_data(x, at.dims, at.keepdim, 1); }
Tensor Sum::gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs& at) {
  if (mutant("sum.divided_by_count")) return Mean::gx(g, x, x, {at.dims, at.keepdim});
  if (short_sum(g, x)) return everywhere(g, x, 1);
  return expand(keep_dims(g, x, at.dims), x.shape());
}
Tensor sum(const Tensor& x, const Dims& dim, bool keepdim) { return apply_op<Sum>({dim_mask("sum", dim, x.shape()), keepdim}, x); }

Tensor Mean::forward(const Tensor& x, const Attrs& at) { return sum_data(x, at.dims, at.keepdim, reduced_count(x.shape(), at.dims)); }
Tensor Mean::gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs& at) {
  if (mutant("mean.not_divided")) return Sum::gx(g, x, x, {at.dims, at.keepdim});
  const auto n = static_cast<double>(reduced_count(x.shape(), at.dims));
  if (short_sum(g, x)) return everywhere(g, x, n);
  return expand(keep_dims(g / like(g, n), x, at.dims), x.shape());
}
Tensor mean(const Tensor& x, const Dims& dim, bool keepdim) {
  needs_floating("mean", x);
  return apply_op<Mean>({dim_mask("mean", dim, x.shape()), keepdim}, x);
}

Tensor Prod::forward(const Tensor& x, const Attrs& at) {
  Tensor z = empty(reduced_shape(x.shape(), at.dims, at.keepdim), is_floating(x.dtype()) ? x.dtype() : DType::Int64);
  const Rows rows = rows_of(x, at.dims);
  visit_dtype(x.dtype(), [&]<class T>() {
    using Out = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
    each_row<T, Out>(rows, z, [](const T* row, std::int64_t n) {
      SumType<T> product = 1;
      for (std::int64_t k = 0; k < n; ++k) product *= static_cast<SumType<T>>(row[k]);
      return product;
    });
  });
  return z;
}
// The product of the others is the product of those before times those after: right whatever is zero.
Tensor Prod::gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs& at) {
  if (mutant("prod.divides_by_x")) return keep_dims(g * apply_op<Prod>(at, x), x, at.dims) / x;
  Tensor flat = x;
  int dim = 0;
  if (std::popcount(at.dims) == 1) dim = std::countr_zero(at.dims);
  else flat = reshape(x, {x.numel()});
  const std::int64_t n = flat.size(dim);
  if (n == 0) return zeros(x.shape(), g.dtype());
  Dims edge = flat.shape();
  edge[dim] = 1;
  const auto shifted = [&](const Tensor& y) {  // 1, y0, y0 y1, ...
    const Tensor parts[] = {ones(edge, x.dtype()), cumprod(narrow(y, dim, 0, n - 1), dim)};
    return cat(parts, dim);
  };
  const Tensor others = shifted(flat) * flip(shifted(flip(flat, dim)), dim);
  return keep_dims(g, x, at.dims) * reshape(others, x.shape());
}
Tensor prod(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  return apply_op<Prod>({dim_mask("prod", dim ? Dims{*dim} : Dims{}, x.shape()), keepdim}, x);
}

Tensor Var::forward(const Tensor& x, const Attrs& at) { return variance(x, at.dims, at.keepdim, at.correction, false); }
Tensor Var::gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs& at) {
  const double n = static_cast<double>(reduced_count(x.shape(), at.dims)) - at.correction;
  const Tensor centre = apply_op<Mean>({at.dims, true}, x);
  if (mutant("var.not_centred")) return keep_dims(g, x, at.dims) * like(g, 2 / n) * x;
  if (mutant("var.correction_ignored")) return keep_dims(g, x, at.dims) * like(g, 2 / (n + at.correction)) * (x - centre);
  return keep_dims(g, x, at.dims) * like(g, 2 / n) * (x - centre);
}
Tensor var(const Tensor& x, const Dims& dim, double correction, bool keepdim) {
  needs_floating("var", x);
  return apply_op<Var>({dim_mask("var", dim, x.shape()), keepdim, correction}, x);
}

Tensor Std::forward(const Tensor& x, const Attrs& at) { return variance(x, at.dims, at.keepdim, at.correction, true); }
Tensor Std::gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at) {
  const double n = static_cast<double>(reduced_count(x.shape(), at.dims)) - at.correction;
  const Tensor centre = apply_op<Mean>({at.dims, true}, x);
  const Tensor flat = mutant("std.not_guarded_at_0") ? z != z : z == like(z, 0);
  if (mutant("std.rule_of_var")) return Var::gx(g, x, z, {at.dims, at.keepdim, at.correction});
  const Tensor scale = where(flat, like(g, 0), g / (where(flat, like(z, 1), z) * like(z, n)));
  return keep_dims(scale, x, at.dims) * (x - centre);
}
Tensor std(const Tensor& x, const Dims& dim, double correction, bool keepdim) {
  needs_floating("std", x);
  return apply_op<Std>({dim_mask("std", dim, x.shape()), keepdim, correction}, x);
}

Tensor Norm::forward(const Tensor& x, const Attrs& at) {
  Tensor z = empty(reduced_shape(x.shape(), at.dims, at.keepdim), x.dtype());
  const Rows rows = rows_of(x, at.dims);
  const double p = at.p;
  visit_floating(x.dtype(), [&]<class T>() {
    each_row<T, T>(rows, z, [&](const T* row, std::int64_t n) -> double {
      const auto magnitude = [](T v) { return std::abs(static_cast<double>(v)); };
      if (p == std::numeric_limits<double>::infinity()) {
        double largest = 0;
        for (std::int64_t k = 0; k < n; ++k)
          if (beats<true>(magnitude(row[k]), largest)) largest = magnitude(row[k]);
        return largest;
      }
      if (p == 0) return sum_over(row, n, [](T v) { return v != T{0} ? 1.0 : 0.0; });
      if (p == 1) return sum_over(row, n, magnitude);
      if (p == 2) return std::sqrt(sum_over(row, n, [](T v) { return static_cast<double>(v) * static_cast<double>(v); }));
      return std::pow(sum_over(row, n, [&](T v) { return std::pow(magnitude(v), p); }), 1 / p);
    });
  });
  return z;
}
Tensor Norm::gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at) {
  const Tensor wide = keep_dims(z, x, at.dims), upstream = keep_dims(g, x, at.dims);
  if (at.p == 0) return zeros_of(x);
  if (at.p == 1) return mutant("norm.sign_forgotten") ? upstream * abs(sign(x)) : upstream * sign(x);
  if (at.p == std::numeric_limits<double>::infinity()) return extreme_rule(upstream, abs(x), wide, at.dims) * sign(x);
  const Tensor flat = mutant("norm.not_guarded_at_0") ? wide != wide : wide == like(z, 0);
  const Tensor safe = where(flat, like(z, 1), wide);
  if (at.p == 2) return where(flat, like(g, 0), upstream / safe) * x;
  const Tensor scale = where(flat, like(g, 0), upstream / pow(safe, like(z, at.p - 1)));
  if (mutant("norm.power_off_by_one")) return scale * sign(x) * pow(abs(x), like(x, at.p));
  if (at.p > 1) return scale * sign(x) * pow(abs(x), like(x, at.p - 1));
  const Tensor zero = x == like(x, 0);  // below 1 the slope at 0 is infinite; 0 is chosen, as in PyTorch
  return scale * where(zero, like(x, 0), sign(x) * pow(where(zero, like(x, 1), abs(x)), like(x, at.p - 1)));
}
Tensor norm(const Tensor& x, double p, const Dims& dim, bool keepdim) {
  needs_floating("norm", x);
  if (!(p >= 0)) throw ValueError("norm: p must be 0 or more, not " + std::to_string(p));
  return apply_op<Norm>({dim_mask("norm", dim, x.shape()), keepdim, p}, x);
}

Tensor LogSumExp::forward(const Tensor& x, const Attrs& at) {
  Tensor z = empty(reduced_shape(x.shape(), at.dims, at.keepdim), x.dtype());
  const Rows rows = rows_of(x, at.dims);
  visit_floating(x.dtype(), [&]<class T>() {
    each_row<T, T>(rows, z, [](const T* row, std::int64_t n) -> double {
      double largest = -std::numeric_limits<double>::infinity();
      for (std::int64_t k = 0; k < n; ++k)
        if (beats<true>(static_cast<double>(row[k]), largest)) largest = static_cast<double>(row[k]);
      if (!std::isfinite(largest)) return largest;
      return largest + std::log(sum_over(row, n, [&](T v) { return std::exp(static_cast<double>(v) - largest); }));
    });
  });
  return z;
}
Tensor LogSumExp::gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at) {
  if (mutant("logsumexp.not_normalised")) return keep_dims(g, x, at.dims) * exp(x);
  return keep_dims(g, x, at.dims) * exp(x - keep_dims(z, x, at.dims));
}
Tensor logsumexp(const Tensor& x, const Dims& dim, bool keepdim) {
  needs_floating("logsumexp", x);
  return apply_op<LogSumExp>({dim_mask("logsumexp", dim, x.shape()), keepdim}, x);
}

}  // namespace trigrad
