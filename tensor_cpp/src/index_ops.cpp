// Indexing: every op that reads or writes at listed places is one of two nodes, `take` and its mirror image `put_add`.
// Places are positions in row-major order, so the rest of this file is counting.

#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>

namespace trigrad {
namespace {

const std::int64_t* integers(std::string_view op, const Tensor& index) {
  if (index.dtype() != DType::Int64)
    throw DTypeError(std::string(op) + ": an index must be an int64 tensor, not " + std::string(name_of(index.dtype())));
  return index.data<std::int64_t>();
}

std::int64_t checked(std::string_view op, std::int64_t index, std::int64_t size) {
  if (index < 0 || index >= size)
    throw IndexError(std::string(op) + ": index " + std::to_string(index) + " is out of range for size " + std::to_string(size));
  return index;
}

// gather's positions: like the element's own place, but along dim where index says.
Tensor positions_along(std::string_view op, const Dims& from, int dim, const Tensor& index) {
  const Tensor where_to = contiguous_data(index);
  const std::int64_t* at = integers(op, where_to);
  const Dims shape = index.shape(), strides = contiguous_strides(from);
  Tensor positions = empty(shape, DType::Int64);
  for (std::int64_t k = 0; k < positions.numel(); ++k) {
    std::int64_t rest = k, position = 0;
    for (int axis = shape.size() - 1; axis >= 0; --axis) {
      const std::int64_t here = rest % shape[axis];
      rest /= shape[axis];
      position += strides[axis] * (axis == dim ? checked(op, at[k], from[dim]) : here);
    }
    positions.data<std::int64_t>()[k] = position;
  }
  return positions;
}

void check_gather_shapes(std::string_view op, const Dims& x, int dim, const Dims& index) {
  bool fits = x.size() == index.size();
  for (int k = 0; fits && k < x.size(); ++k) fits = k == dim || index[k] <= x[k];
  if (!fits)
    throw ShapeError(std::string(op) + ": index of shape " + to_string(index) + " does not fit shape " + to_string(x) + " outside dim " +
                     std::to_string(dim));
}

// Rows of x along dim, in the order of index (any shape): its shape takes the place of that axis.
Tensor select_rows(std::string_view op, const Tensor& x, int dim, const Tensor& index) {
  const Tensor listed = contiguous_data(index);
  const std::int64_t* at = integers(op, listed);
  const Dims from = x.shape();
  Dims shape;
  std::int64_t before = 1, after = 1;
  for (int k = 0; k < from.size(); ++k) {
    if (k == dim)
      for (const auto size : index.shape()) shape.push_back(size);
    else shape.push_back(from[k]);
    (k < dim ? before : after) *= k == dim ? 1 : from[k];
  }
  const std::int64_t count = index.numel(), size = from[dim];
  Tensor positions = empty(shape, DType::Int64);
  auto* to = positions.data<std::int64_t>();
  for (std::int64_t b = 0; b < before; ++b)
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t row = (b * size + checked(op, at[k], size)) * after;
      for (std::int64_t a = 0; a < after; ++a) *to++ = row + a;
    }
  return take(x, positions);
}

}  // namespace

Tensor Take::forward(const Tensor& x, const Tensor& positions, const Attrs&) {
  const Tensor from = contiguous_data(x);
  Tensor z = empty(positions.shape(), x.dtype());
  const auto* at = positions.data<std::int64_t>();
  visit_dtype(x.dtype(), [&]<class T>() {
    for (std::int64_t k = 0; k < z.numel(); ++k) z.data<T>()[k] = from.data<T>()[at[k]];
  });
  return z;
}
Tensor Take::gx(const Tensor& g, const Tensor& x, const Tensor& positions, const Tensor&, const Attrs&) {
  return put_add(g, positions, x.shape());
}
Tensor take(const Tensor& x, const Tensor& positions) { return apply_op<Take>({}, x, positions); }

Tensor PutAdd::forward(const Tensor& x, const Tensor& positions, const Attrs& at) {
  const Tensor from = contiguous_data(x);
  Tensor z = zeros(at.shape, x.dtype());
  const auto* to = positions.data<std::int64_t>();
  visit_dtype(x.dtype(), [&]<class T>() {
    for (std::int64_t k = 0; k < from.numel(); ++k) {
      T& place = z.data<T>()[to[k]];
      if (mutant("put_add.overwrites")) place = 0;
      place = static_cast<T>(place + from.data<T>()[k]);  // places may repeat: they accumulate
    }
  });
  return z;
}
Tensor PutAdd::gx(const Tensor& g, const Tensor&, const Tensor& positions, const Tensor&, const Attrs&) { return take(g, positions); }
Tensor put_add(const Tensor& x, const Tensor& positions, const Dims& shape) { return apply_op<PutAdd>({shape}, x, positions); }

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  if (capture::recording()) return capture::op({&x, &index}, [dim](capture::Inputs in) { return gather(*in[0], dim, *in[1]); });
  const int k = wrap_dim("gather", dim, x.shape());
  check_gather_shapes("gather", x.shape(), k, index.shape());
  return take(x, positions_along("gather", x.shape(), k, index));
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  if (capture::recording())
    return capture::op({&x, &index, &source}, [dim](capture::Inputs in) { return scatter_add(*in[0], dim, *in[1], *in[2]); });
  const int k = wrap_dim("scatter_add", dim, x.shape());
  check_gather_shapes("scatter_add", x.shape(), k, index.shape());
  Tensor part = source;
  for (int axis = 0; axis < index.ndim(); ++axis) {
    if (source.ndim() != index.ndim() || source.size(axis) < index.size(axis))
      throw ShapeError("scatter_add: index of shape " + to_string(index.shape()) + " does not fit source of shape " +
                       to_string(source.shape()));
    if (part.size(axis) > index.size(axis)) part = narrow(part, axis, 0, index.size(axis));
  }
  return x + put_add(part, positions_along("scatter_add", x.shape(), k, index), x.shape());
}

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  if (capture::recording()) return capture::op({&x, &index}, [dim](capture::Inputs in) { return index_select(*in[0], dim, *in[1]); });
  if (index.ndim() > 1) throw ShapeError("index_select: index must be 1-D, not " + to_string(index.shape()));
  if (x.ndim() == 0) return clone(x);
  return select_rows("index_select", x, wrap_dim("index_select", dim, x.shape()), index.ndim() ? index : unsqueeze(index, 0));
}

Tensor embedding(const Tensor& input, const Tensor& weight) {
  if (capture::recording()) return capture::op({&input, &weight}, [](capture::Inputs in) { return embedding(*in[0], *in[1]); });
  if (weight.ndim() != 2) throw ShapeError("embedding: weight must be 2-D (rows, features), not " + to_string(weight.shape()));
  return select_rows("embedding", weight, 0, input);
}

std::vector<Tensor> nonzero(const Tensor& mask) {
  const Tensor flat = contiguous_data(mask);
  std::vector<std::int64_t> found;
  for (std::int64_t k = 0; k < flat.numel(); ++k)
    if (flat.data<bool>()[k]) found.push_back(k);
  std::vector<Tensor> axes;
  std::int64_t stride = 1;
  for (int axis = mask.ndim() - 1; axis >= 0; --axis) {
    Tensor index = empty({static_cast<std::int64_t>(found.size())}, DType::Int64);
    for (std::size_t k = 0; k < found.size(); ++k) index.data<std::int64_t>()[k] = found[k] / stride % mask.size(axis);
    axes.insert(axes.begin(), index);
    stride *= mask.size(axis);
  }
  return axes;
}

// NumPy's rule: the broadcast index shape stands where the indexed axes stood if they are neighbours, else in front.
Tensor index_positions(const Tensor& x, std::span<const Tensor> indices) {
  if (capture::recording()) {
    std::vector<const Tensor*> in{&x};
    for (const Tensor& index : indices) in.push_back(&index);
    return capture::op(in, [](capture::Inputs now) {
      std::vector<Tensor> given;
      for (const Tensor* index : now.subspan(1)) given.push_back(*index);
      return index_positions(*now[0], given);
    });
  }
  const Dims from = x.shape(), strides = contiguous_strides(from);
  Dims broadcasted;
  int first = -1, last = -1, count = 0;
  for (std::size_t k = 0; k < indices.size(); ++k) {
    if (!indices[k].defined()) continue;
    broadcasted = broadcast("getitem", broadcasted, indices[k].shape());
    if (first < 0) first = static_cast<int>(k);
    last = static_cast<int>(k);
    ++count;
  }
  const bool neighbours = last - first + 1 == count;
  const NoGrad guard;
  Tensor offsets = zeros(broadcasted, DType::Int64);  // what the indices contribute to the position
  for (std::size_t k = 0; k < indices.size(); ++k) {
    if (!indices[k].defined()) continue;
    const int axis = static_cast<int>(k);
    const Tensor listed = contiguous_data(indices[k]);
    const std::int64_t* at = integers("getitem", listed);
    Tensor steps = empty(listed.shape(), DType::Int64);
    for (std::int64_t i = 0; i < listed.numel(); ++i) {
      if (at[i] < -from[axis] || at[i] >= from[axis])
        throw IndexError("getitem: index " + std::to_string(at[i]) + " is out of range for dim " + std::to_string(axis) + " with size " +
                         std::to_string(from[axis]));
      steps.data<std::int64_t>()[i] =
          (at[i] < 0 && !mutant("index.negative_means_first") ? at[i] + from[axis] : std::max<std::int64_t>(at[i], 0)) * strides[axis];
    }
    offsets = offsets + steps;
  }
  // Positions = offsets + an arange for every whole axis, each on its own axis of the result.
  std::vector<int> whole;
  for (int k = 0; k < from.size(); ++k)
    if (k >= static_cast<int>(indices.size()) || !indices[static_cast<std::size_t>(k)].defined()) whole.push_back(k);
  const int front = neighbours ? first : 0;  // whole axes that come before the index block
  Dims shape;
  for (int i = 0; i < front; ++i) shape.push_back(1);
  for (const auto size : broadcasted) shape.push_back(size);
  for (std::size_t i = static_cast<std::size_t>(front); i < whole.size(); ++i) shape.push_back(1);
  Tensor positions = reshape(offsets, shape);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const int axis = whole[i];
    Dims along = Dims::filled(shape.size(), 1);
    along[static_cast<int>(i) < front ? static_cast<int>(i) : static_cast<int>(i) + broadcasted.size()] = from[axis];
    positions = positions + reshape(arange(0, static_cast<double>(from[axis])), along) *
                                Tensor(full({}, static_cast<double>(strides[axis]), DType::Int64));
  }
  return contiguous_data(positions);
}

}  // namespace trigrad
