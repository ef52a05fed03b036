// Shapes: printing, broadcasting, axes.

#include <trigrad/tensor/dims.hpp>

#include <algorithm>

namespace trigrad {

void Dims::refuse_more() { throw ShapeError("a tensor has at most " + std::to_string(kMaxDims) + " dimensions"); }

std::string to_string(const Dims& dims) {
  std::string text = "(";
  for (int k = 0; k < dims.size(); ++k) text += (k ? ", " : "") + std::to_string(dims[k]);
  return text + (dims.size() == 1 ? ",)" : ")");
}

Dims contiguous_strides(const Dims& shape) {
  Dims strides = shape;
  std::int64_t step = 1;
  for (int k = shape.size() - 1; k >= 0; --k) {
    strides[k] = step;
    step *= std::max<std::int64_t>(shape[k], 1);
  }
  return strides;
}

Dims broadcast(std::string_view op, const Dims& x, const Dims& y) {
  const Dims& longer = x.size() >= y.size() ? x : y;
  const Dims& shorter = x.size() >= y.size() ? y : x;
  Dims z = longer;
  for (int k = 1; k <= shorter.size(); ++k) {
    const std::int64_t a = longer[longer.size() - k], b = shorter[shorter.size() - k];
    if (a != b && a != 1 && b != 1)
      throw ShapeError(std::string(op) + ": shapes " + to_string(x) + " and " + to_string(y) + " do not broadcast: sizes " +
                       std::to_string(x[x.size() - k]) + " and " + std::to_string(y[y.size() - k]) + " differ at dim " +
                       std::to_string(-k));
    z[z.size() - k] = a == 1 ? b : a;
  }
  return z;
}

void check_countable(std::string_view op, const Dims& shape) {
  double count = 1;  // a double does not wrap
  for (const auto size : shape) count *= std::max(1.0, static_cast<double>(size));
  if (count > 0x1p62) throw ShapeError(std::string(op) + ": " + to_string(shape) + " has more elements than can be counted");
}

int wrap_dim(std::string_view op, std::int64_t dim, const Dims& shape) {
  const int n = std::max(shape.size(), 1);
  if (dim < -n || dim >= n)
    throw IndexError(std::string(op) + ": dim " + std::to_string(dim) + " is out of range for shape " + to_string(shape) + ": use " +
                     std::to_string(-n) + " to " + std::to_string(n - 1));
  return static_cast<int>(dim < 0 ? dim + n : dim);
}

DimMask dim_mask(std::string_view op, const Dims& dims, const Dims& shape) {
  if (dims.empty()) return (DimMask{1} << shape.size()) - 1;
  DimMask mask = 0;
  for (const auto dim : dims) {
    const DimMask bit = DimMask{1} << wrap_dim(op, dim, shape);
    if (mask & bit) throw ValueError(std::string(op) + ": dim " + std::to_string(dim) + " appears twice");
    mask |= bit;
  }
  return shape.empty() ? 0 : mask;
}

Dims reduced_shape(const Dims& shape, DimMask reduced, bool keepdim) {
  Dims z;
  for (int k = 0; k < shape.size(); ++k) {
    if (!(reduced >> k & 1)) z.push_back(shape[k]);
    else if (keepdim) z.push_back(1);
  }
  return z;
}

}  // namespace trigrad
