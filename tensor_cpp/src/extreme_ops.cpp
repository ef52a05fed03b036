// Choosing: the largest, the smallest, where they are, and any and all.

#include "rows.hpp"

#include <algorithm>

namespace trigrad {
namespace {

template <bool Largest>
Tensor extreme(const Tensor& x, DimMask reduced, bool keepdim) {
  Tensor z = empty(reduced_shape(x.shape(), reduced, keepdim), x.dtype());
  const Rows rows = rows_of(x, reduced);
  visit_dtype(x.dtype(), [&]<class T>() {
    each_row<T, T>(rows, z, [](const T* row, std::int64_t n) {
      T best = row[0];
      for (std::int64_t k = 1; k < n; ++k)
        if (beats<Largest>(row[k], best)) best = row[k];
      return best;
    });
  });
  return z;
}

void needs_elements(std::string_view op, const Tensor& x, DimMask reduced) {
  if (reduced_count(x.shape(), reduced) == 0)
    throw ValueError(std::string(op) + ": shape " + to_string(x.shape()) + " has no elements to choose from");
}

template <bool Largest>
Tensor extreme_index(std::string_view op, const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  if (capture::recording()) return capture::op({&x}, [=](capture::Inputs in) { return extreme_index<Largest>(op, *in[0], dim, keepdim); });
  const DimMask reduced = dim_mask(op, dim ? Dims{*dim} : Dims{}, x.shape());
  needs_elements(op, x, reduced);
  Tensor z = empty(reduced_shape(x.shape(), reduced, keepdim), DType::Int64);
  const Rows rows = rows_of(x, reduced);
  visit_dtype(x.dtype(), [&]<class T>() {
    each_row<T, std::int64_t>(rows, z, [](const T* row, std::int64_t n) {
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < n; ++k)
        if (beats<Largest>(row[k], row[best]) || (mutant("extreme.last_of_equals") && row[k] == row[best])) best = k;
      return best;
    });
  });
  return z;
}

template <bool Largest>
ValuesIndices extreme_along(std::string_view op, const Tensor& x, std::int64_t dim, bool keepdim) {
  const int k = wrap_dim(op, dim, x.shape());
  if (x.ndim() == 0) return {x + like(x, 0), zeros({}, DType::Int64)};
  Tensor index = extreme_index<Largest>(op, x, k, true);
  Tensor values = gather(x, k, index);
  if (!keepdim) {
    index = squeeze(index, k);
    values = squeeze(values, k);
  }
  return {values, index};
}

template <bool All>
Tensor any_or_all(std::string_view op, const Tensor& x, const Dims& dim, bool keepdim) {
  if (capture::recording()) return capture::op({&x}, [=](capture::Inputs in) { return any_or_all<All>(op, *in[0], dim, keepdim); });
  const DimMask reduced = dim_mask(op, dim, x.shape());
  Tensor z = empty(reduced_shape(x.shape(), reduced, keepdim), DType::Bool);
  const Rows rows = rows_of(x, reduced);
  visit_dtype(x.dtype(), [&]<class T>() {
    each_row<T, bool>(rows, z, [](const T* row, std::int64_t n) {
      const auto is_set = [](T v) { return v != T{0}; };
      return All ? std::all_of(row, row + n, is_set) : std::any_of(row, row + n, is_set);
    });
  });
  return z;
}

}  // namespace

Tensor extreme_rule(const Tensor& g, const Tensor& x, const Tensor& z, DimMask reduced) {
  const Tensor best = keep_dims(z.detach(), x, reduced);
  const Tensor at_extreme = logical_or(x == best, logical_and(isnan(x), isnan(best)));
  const Tensor ties = apply_op<Sum>({reduced, true}, to_dtype(at_extreme, x.dtype()));
  if (mutant("extreme.ties_not_shared")) return where(at_extreme, keep_dims(g, x, reduced), like(g, 0));
  return where(at_extreme, keep_dims(g, x, reduced) / ties, like(g, 0));
}

Tensor Amax::forward(const Tensor& x, const Attrs& at) { return extreme<true>(x, at.dims, at.keepdim); }
Tensor Amax::gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at) { return extreme_rule(g, x, z, at.dims); }
Tensor Amin::forward(const Tensor& x, const Attrs& at) { return extreme<false>(x, at.dims, at.keepdim); }
Tensor Amin::gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at) { return extreme_rule(g, x, z, at.dims); }

namespace {
template <class Op>
Tensor extreme_op(std::string_view op, const Tensor& x, const Dims& dim, bool keepdim) {
  const DimMask reduced = dim_mask(op, dim, x.shape());
  needs_elements(op, x, reduced);
  return apply_op<Op>({reduced, keepdim}, x);
}
}  // namespace
Tensor amax(const Tensor& x, const Dims& dim, bool keepdim) { return extreme_op<Amax>("amax", x, dim, keepdim); }
Tensor amin(const Tensor& x, const Dims& dim, bool keepdim) { return extreme_op<Amin>("amin", x, dim, keepdim); }
Tensor max(const Tensor& x) { return extreme_op<Amax>("max", x, {}, false); }
Tensor min(const Tensor& x) { return extreme_op<Amin>("min", x, {}, false); }
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim) { return extreme_along<true>("max", x, dim, keepdim); }
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim) { return extreme_along<false>("min", x, dim, keepdim); }
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) { return extreme_index<true>("argmax", x, dim, keepdim); }
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) { return extreme_index<false>("argmin", x, dim, keepdim); }
Tensor any(const Tensor& x, const Dims& dim, bool keepdim) { return any_or_all<false>("any", x, dim, keepdim); }
Tensor all(const Tensor& x, const Dims& dim, bool keepdim) { return any_or_all<true>("all", x, dim, keepdim); }

}  // namespace trigrad
