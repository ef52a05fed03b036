// Ops that rearrange: views where strides can express the result, copies elsewhere.

#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>

namespace trigrad {
namespace {

Tensor make_view(const Tensor& x, const Dims& shape, const Dims& strides, std::int64_t offset) {
  x.cell()->storage->refs.add(1);
  return Tensor(new_cell(x.dtype(), shape, strides, x.cell()->storage, offset));
}

// Strides that show x's elements in row-major order under another shape; none where only a copy can.
std::optional<Dims> view_strides(const Tensor& x, const Dims& shape) {
  if (x.numel() == 0) return contiguous_strides(shape);
  Dims sizes, strides;  // x's axes, merged where they lie seamlessly, without those of size 1
  const Dims from = x.shape(), steps = x.strides();
  for (int k = 0; k < from.size(); ++k) {
    if (from[k] == 1) continue;
    if (!sizes.empty() && strides.back() == steps[k] * from[k]) {
      sizes[sizes.size() - 1] *= from[k];
      strides[strides.size() - 1] = steps[k];
    } else {
      sizes.push_back(from[k]);
      strides.push_back(steps[k]);
    }
  }
  Dims result = Dims::filled(shape.size(), 1);
  int axis = sizes.size() - 1;
  std::int64_t taken = 1;  // of the merged axis, by the new axes so far
  for (int k = shape.size() - 1; k >= 0; --k) {
    if (shape[k] == 1) continue;
    if (axis < 0 || sizes[axis] % (taken * shape[k]) != 0) return std::nullopt;
    result[k] = strides[axis] * taken;
    taken *= shape[k];
    if (taken == sizes[axis]) {
      --axis;
      taken = 1;
    }
  }
  return axis < 0 ? std::optional(result) : std::nullopt;
}

Dims resolve(std::string_view op, const Tensor& x, Dims shape) {
  check_countable(op, shape);
  int unknown = -1;
  std::int64_t known = 1;
  for (int k = 0; k < shape.size(); ++k) {
    if (shape[k] == -1 && unknown < 0) unknown = k;
    else if (shape[k] < 0) throw ShapeError(std::string(op) + ": " + to_string(shape) + " is not a shape: only one size may be -1");
    else known *= shape[k];
  }
  const std::int64_t n = x.numel();
  const Dims asked = shape;
  if (unknown >= 0 && known > 0 && n % known == 0) shape[unknown] = n / known;
  else if (unknown >= 0 && known == 0 && n == 0) shape[unknown] = 0;
  if ((unknown >= 0 && shape[unknown] < 0) || shape.product() != n)
    throw ShapeError(std::string(op) + ": shape " + to_string(x.shape()) + " has " + std::to_string(n) + " elements, which do not fit " +
                     to_string(asked));
  return shape;
}

std::int64_t clamp_index(std::int64_t index, std::int64_t size) {
  if (index < 0) index += size;
  return std::clamp<std::int64_t>(index, 0, size);
}

Tensor slice_view(const Tensor& x, const Slice::Attrs& at) {
  Dims shape = x.shape(), strides = x.strides();
  const int k = static_cast<int>(at.dim);
  const std::int64_t offset = x.cell()->offset + (at.length > 0 ? at.start * strides[k] : 0);
  shape[k] = at.length;
  strides[k] *= at.step;
  return make_view(x, shape, strides, offset);
}

// zeros of a shape, with g where the slice was: the gradient of a slice, and an op so that it can be differentiated again.
struct SlicePut {
  struct Attrs {
    Dims shape;  // of the whole
    Slice::Attrs part;
  };
  static constexpr OpInfo info{.name = "slice_put"};
  static Tensor forward(const Tensor& g, const Attrs& at) {
    Tensor whole = zeros(at.shape, g.dtype());
    Slice::Attrs part = at.part;
    if (mutant("slice.gradient_one_early") && part.step > 0 && part.start > 0) --part.start;
    if (mutant("slice.step_forgotten") && part.step > 1) part.step = 1;
    copy_elements(g, slice_view(whole, part));
    return whole;
  }
  static Tensor gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs& at) { return apply_op<Slice>(at.part, g); }
};

template <class Keep>
Tensor keep_triangle(const Tensor& x, std::string_view op, Keep keep) {
  if (x.ndim() < 2) throw ShapeError(std::string(op) + ": needs at least two dimensions, not " + to_string(x.shape()));
  Tensor z = empty(x.shape(), x.dtype());
  copy_elements(x, z);
  const std::int64_t rows = x.size(-2), columns = x.size(-1);
  visit_dtype(x.dtype(), [&]<class T>() {
    for (std::int64_t k = 0; k < z.numel(); ++k)
      if (!keep(k / columns % rows, k % columns)) z.data<T>()[k] = T{0};
  });
  return z;
}

}  // namespace

Tensor Reshape::forward(const Tensor& x, const Attrs& at) {
  if (at.strides.size() == at.shape.size()) return make_view(x, at.shape, at.strides, x.cell()->offset);
  Tensor z = empty(x.shape(), x.dtype());
  copy_elements(x, z);
  return make_view(z, at.shape, contiguous_strides(at.shape), 0);
}
Tensor Reshape::gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs&) { return reshape(g, x.shape()); }

namespace {
Tensor reshape_as(std::string_view op, const Tensor& x, const Dims& asked, bool may_copy) {
  const Dims shape = resolve(op, x, asked);
  const auto strides = view_strides(x, shape);
  if (!strides && !may_copy)
    throw ShapeError(std::string(op) + ": shape " + to_string(x.shape()) + " with strides " + to_string(x.strides()) +
                     " cannot be seen as " + to_string(asked) + " without a copy; use reshape");
  return apply_op<Reshape>({shape, strides.value_or(Dims::filled(shape.empty() ? 1 : 0, 0))}, x);
}
}  // namespace

Tensor reshape(const Tensor& x, Dims shape) { return reshape_as("reshape", x, shape, true); }
Tensor view(const Tensor& x, Dims shape) { return reshape_as("view", x, shape, false); }

Tensor flatten(const Tensor& x, std::int64_t start_dim, std::int64_t end_dim) {
  const Dims from = x.shape();
  const int start = wrap_dim("flatten", start_dim, from), end = wrap_dim("flatten", end_dim, from);
  if (start > end) throw ValueError("flatten: start_dim comes after end_dim");
  if (from.empty()) return reshape_as("flatten", x, {1}, true);
  Dims shape;
  for (int k = 0; k < from.size(); ++k) {
    if (k > start && k <= end) shape[start] *= from[k];
    else shape.push_back(from[k]);
  }
  return reshape_as("flatten", x, shape, true);
}

Tensor squeeze(const Tensor& x) {
  Dims shape;
  for (const auto size : x.shape())
    if (size != 1) shape.push_back(size);
  return reshape_as("squeeze", x, shape, true);
}
Tensor squeeze(const Tensor& x, std::int64_t dim) {
  Dims shape = x.shape();
  const int k = wrap_dim("squeeze", dim, shape);
  if (!shape.empty() && shape[k] == 1) shape.erase(k);
  return reshape_as("squeeze", x, shape, true);
}
Tensor unsqueeze(const Tensor& x, std::int64_t dim) {
  Dims shape = x.shape();
  const std::int64_t n = shape.size() + 1;
  if (dim < -n || dim >= n)
    throw IndexError("unsqueeze: dim " + std::to_string(dim) + " is out of range for shape " + to_string(shape) + ": use " +
                     std::to_string(-n) + " to " + std::to_string(n - 1));
  shape.insert(static_cast<int>(dim < 0 ? dim + n : dim), 1);
  return reshape_as("unsqueeze", x, shape, true);
}

Tensor Permute::forward(const Tensor& x, const Attrs& at) {
  Dims shape, strides;
  for (const auto k : at.order) {
    shape.push_back(x.size(static_cast<int>(k)));
    strides.push_back(x.cell()->strides()[static_cast<std::size_t>(k)]);
  }
  return make_view(x, shape, strides, x.cell()->offset);
}
Tensor Permute::gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs& at) {
  Dims inverse = at.order;
  if (mutant("permute.not_inverted")) return apply_op<Permute>({inverse}, g);
  for (int k = 0; k < at.order.size(); ++k) inverse[static_cast<int>(at.order[k])] = k;
  return apply_op<Permute>({inverse}, g);
}

Tensor permute(const Tensor& x, const Dims& order) {
  if (order.size() != x.ndim())
    throw ShapeError("permute: dims " + to_string(order) + " do not name each dim of shape " + to_string(x.shape()) + " once");
  Dims wrapped;
  for (const auto dim : order) wrapped.push_back(wrap_dim("permute", dim, x.shape()));
  Dims sorted = wrapped;
  std::sort(sorted.begin(), sorted.end());
  for (int k = 0; k < sorted.size(); ++k)
    if (sorted[k] != k)
      throw ShapeError("permute: dims " + to_string(order) + " do not name each dim of shape " + to_string(x.shape()) + " once");
  return apply_op<Permute>({wrapped}, x);
}

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1) {
  const int a = wrap_dim("transpose", dim0, x.shape()), b = wrap_dim("transpose", dim1, x.shape());
  Dims order;
  for (int k = 0; k < x.ndim(); ++k) order.push_back(k);
  if (x.ndim() > 0) std::swap(order[a], order[b]);
  return apply_op<Permute>({order}, x);
}

Tensor Expand::forward(const Tensor& x, const Attrs& at) {
  Dims strides = Dims::filled(at.shape.size(), 0);
  const int shift = at.shape.size() - x.ndim();
  for (int k = 0; k < x.ndim(); ++k)
    if (x.size(k) == at.shape[k + shift]) strides[k + shift] = x.cell()->strides()[static_cast<std::size_t>(k)];
  return make_view(x, at.shape, strides, x.cell()->offset);
}
Tensor Expand::gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs&) { return g; }  // the sweep sums

Tensor expand_for(std::string_view op, const Tensor& x, const Dims& sizes) {
  Dims shape = sizes;
  const int shift = sizes.size() - x.ndim();
  const auto fail = [&](int dim) {
    throw ShapeError(
        std::string(op) + ": shape " + to_string(x.shape()) + " cannot expand to " + to_string(sizes) +
        (dim < 0 ? std::string(": it has more dims") : ": dim " + std::to_string(dim) + " has size " + std::to_string(x.size(dim))));
  };
  if (shift < 0) fail(-1);
  for (int k = 0; k < x.ndim(); ++k) {
    if (shape[k + shift] == -1) shape[k + shift] = x.size(k);
    if (x.size(k) != 1 && x.size(k) != shape[k + shift]) fail(k);
  }
  for (const auto size : shape)
    if (size < 0)
      throw ShapeError(std::string(op) + ": shape " + to_string(x.shape()) + " cannot expand to " + to_string(sizes) +
                       ": -1 keeps a size, and a new dim has none");
  check_countable(op, shape);
  if (shape == x.shape()) return x;
  return apply_op<Expand>({shape}, x);
}
Tensor expand(const Tensor& x, const Dims& sizes) { return expand_for("expand", x, sizes); }

Tensor Slice::forward(const Tensor& x, const Attrs& at) { return slice_view(x, at); }
Tensor Slice::gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs& at) { return apply_op<SlicePut>({x.shape(), at}, g); }

namespace {
int dim_to_cut(std::string_view op, std::int64_t dim, const Dims& shape) {
  if (shape.empty()) throw IndexError(std::string(op) + ": a 0-dim tensor has no dim to take a part of");
  return wrap_dim(op, dim, shape);
}
}  // namespace

Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t stop, std::int64_t step) {
  const int k = dim_to_cut("slice", dim, x.shape());
  if (step <= 0) throw ValueError("slice: step must be positive, not " + std::to_string(step));
  start = clamp_index(start, x.size(k));
  stop = std::max(start, clamp_index(stop, x.size(k)));
  return apply_op<Slice>({k, start, step, stop > start ? (stop - start - 1) / step + 1 : 0}, x);
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const int k = dim_to_cut("narrow", dim, x.shape());
  if (start < 0) start += x.size(k);
  if (start < 0 || length < 0 || length > x.size(k) - start)
    throw IndexError("narrow: start " + std::to_string(start) + " and length " + std::to_string(length) + " are out of range for dim " +
                     std::to_string(k) + " with size " + std::to_string(x.size(k)));
  return apply_op<Slice>({k, start, 1, length}, x);
}

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index) {
  const int k = dim_to_cut("getitem", dim, x.shape());
  const std::int64_t size = x.size(k);
  if (index < -size || index >= size)
    throw IndexError("getitem: index " + std::to_string(index) + " is out of range for dim " + std::to_string(k) + " with size " +
                     std::to_string(size));
  Dims shape = x.shape();
  shape.erase(k);
  return reshape(apply_op<Slice>({k, index < 0 ? index + size : index, 1, 1}, x), shape);
}

Tensor flip(const Tensor& x, std::int64_t dim) {
  const int k = wrap_dim("flip", dim, x.shape());
  return x.ndim() == 0 ? x : apply_op<Slice>({k, x.size(k) - 1, -1, x.size(k)}, x);
}

void Cat::vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  const int dim = attrs_of<Attrs>(node).dim;
  std::int64_t start = 0;
  for (std::size_t k = 0; k < node.input_count; ++k) {
    const std::int64_t length = node.input_cells()[k]->sizes()[static_cast<std::size_t>(dim)];
    if (wants_gradient(node, k)) gradients[k] = narrow(g, dim, mutant("cat.all_get_the_first_piece") ? 0 : start, length);
    start += length;
  }
}

Tensor cat(std::span<const Tensor> tensors, std::int64_t dim) {
  if (tensors.empty()) throw ValueError("cat: needs at least one tensor");
  std::vector<const Tensor*> inputs;
  for (const Tensor& x : tensors) inputs.push_back(&x);
  if (capture::recording())
    return capture::op(inputs, [dim](capture::Inputs in) {
      std::vector<Tensor> now;
      for (const Tensor* x : in) now.push_back(*x);
      return cat(now, dim);
    });
  Dims shape = tensors[0].shape();
  const int k = wrap_dim("cat", dim, shape);
  if (shape.empty()) throw ShapeError("cat: a 0-dim tensor has no dim to join along; use stack");
  shape[k] = 0;
  for (const Tensor& x : tensors) {
    const Dims other = x.shape(), first = tensors[0].shape();
    bool fits = other.size() == first.size();
    int differs = -1;
    for (int i = 0; fits && i < first.size(); ++i)
      if (i != k && other[i] != first[i] && differs < 0) differs = i;
    if (!fits) throw ShapeError("cat: shapes " + to_string(first) + " and " + to_string(other) + " differ in their number of dims");
    if (differs >= 0)
      throw ShapeError("cat: shapes " + to_string(first) + " and " + to_string(other) + " differ at dim " + std::to_string(differs) +
                       ", not only at dim " + std::to_string(k));
    shape[k] += other[k];
  }
  Tensor z = empty(shape, promote(inputs));
  std::int64_t start = 0;
  for (const Tensor& x : tensors) {
    copy_elements(x, slice_view(z, {k, start, 1, x.size(k)}));
    start += x.size(k);
  }
  if (detect_anomaly()) check_output(z, "cat", inputs);
  const Cat::Attrs attrs{k};
  if (is_floating(z.dtype())) record(z, structural_row<Cat>(), inputs, &attrs);
  return z;
}

Tensor stack(std::span<const Tensor> tensors, std::int64_t dim) {
  if (tensors.empty()) throw ValueError("stack: needs at least one tensor");
  std::vector<Tensor> raised;
  for (const Tensor& x : tensors) {
    if (!(x.shape() == tensors[0].shape()))
      throw ShapeError("stack: shapes " + to_string(tensors[0].shape()) + " and " + to_string(x.shape()) + " differ");
    raised.push_back(unsqueeze(x, dim));
  }
  return cat(raised, dim < 0 ? dim + tensors[0].ndim() + 1 : dim);
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim) {
  const int k = wrap_dim("split", dim, x.shape());
  if (size <= 0) throw ValueError("split: split_size must be positive, not " + std::to_string(size));
  std::vector<Tensor> pieces;
  for (std::int64_t start = 0; start < x.size(k) || pieces.empty(); start += size)
    pieces.push_back(narrow(x, k, start, std::min(size, x.size(k) - start)));
  return pieces;
}

std::vector<Tensor> split(const Tensor& x, std::span<const std::int64_t> sizes, std::int64_t dim) {
  const int k = wrap_dim("split", dim, x.shape());
  std::int64_t total = 0;
  for (const auto size : sizes) total += size;
  if (total != x.size(k))
    throw ShapeError("split: the sizes add up to " + std::to_string(total) + ", but dim " + std::to_string(k) + " of shape " +
                     to_string(x.shape()) + " has " + std::to_string(x.size(k)));
  std::vector<Tensor> pieces;
  std::int64_t start = 0;
  for (const auto size : sizes) {
    pieces.push_back(narrow(x, k, start, size));
    start += size;
  }
  return pieces;
}

Tensor Tril::forward(const Tensor& x, const Attrs& at) {
  return keep_triangle(x, "tril", [&](std::int64_t row, std::int64_t column) { return column - row <= at.diagonal; });
}
Tensor Tril::gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs& at) {
  return mutant("tril.uses_triu") ? triu(g, at.diagonal) : tril(g, at.diagonal);
}
Tensor Triu::forward(const Tensor& x, const Attrs& at) {
  return keep_triangle(x, "triu", [&](std::int64_t row, std::int64_t column) { return column - row >= at.diagonal; });
}
Tensor Triu::gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs& at) {
  return triu(g, mutant("triu.diagonal_ignored") ? 0 : at.diagonal);
}
Tensor tril(const Tensor& x, std::int64_t diagonal) { return apply_op<Tril>({diagonal}, x); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return apply_op<Triu>({diagonal}, x); }

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  if (value.ndim() != 0) throw ShapeError("masked_fill: value must be one number, not of shape " + to_string(value.shape()));
  if (mask.dtype() != DType::Bool) throw DTypeError("masked_fill: mask must be a bool tensor, not " + std::string(name_of(mask.dtype())));
  return where(expand_for("masked_fill", mask, x.shape()), to_dtype(value, x.dtype()), x);
}

}  // namespace trigrad
