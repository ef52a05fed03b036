// Products: matmul and linear are nodes; dot and outer are written in terms of other ops. (einsum has its own file.)

#include "gemm.hpp"

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>

namespace trigrad {
namespace {

// The last two axes as a matrix: as they lie when one of them is contiguous, else as a copy. `keep` owns the copy.
template <class T>
Matrix<T> matrix_of(const Tensor& x, std::int64_t offset, Tensor& keep) {
  const auto strides = x.cell()->strides();
  const std::size_t n = strides.size();
  const std::int64_t rows = x.size(-2), columns = x.size(-1);
  const std::int64_t row_step = strides[n - 2], column_step = strides[n - 1];
  if ((column_step == 1 || columns <= 1) && (row_step >= columns || rows <= 1))
    return {x.data<T>() + offset, std::max(row_step, std::int64_t{1}), false};
  if ((row_step == 1 || rows <= 1) && (column_step >= rows || columns <= 1))
    return {x.data<T>() + offset, std::max(column_step, std::int64_t{1}), true};
  keep = Tensor(empty({rows, columns}, x.dtype()));
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) keep.data<T>()[r * columns + c] = x.data<T>()[offset + r * row_step + c * column_step];
  return {keep.data<T>(), columns, false};
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
    Tensor keep_x, keep_y;
    gemm(matrix_of<T>(x, x_offset, keep_x), matrix_of<T>(y, y_offset, keep_y), z.data<T>() + b * M * N, M, N, K);
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

namespace {
// With an activation the rules read the output, too.
struct ActivatedLinear : Linear {
  static constexpr OpInfo info = [] {
    OpInfo with_output = Linear::info;
    with_output.saves = {Y | Z, X | Z, Z};
    return with_output;
  }();
};

// input (..., I) as (B, I) · weight (O, I) transposed + bias (O), then the activation: z (..., O)
Tensor linear_forward(const Tensor& input, const Tensor& weight, const Tensor* bias, Activation activation) {
  Dims shape = input.shape();
  shape[shape.size() - 1] = weight.size(0);
  const Tensor rows = reshape(input, {input.numel() / std::max<std::int64_t>(weight.size(1), 1), weight.size(1)});
  Tensor z = matmul(rows, transpose(weight, 0, 1));
  if (bias) z = z + *bias;
  switch (activation) {
    case Activation::None:
      break;
    case Activation::Relu:
      z = relu(z);
      break;
    case Activation::Tanh:
      z = tanh(z);
      break;
    case Activation::Sigmoid:
      z = sigmoid(z);
      break;
  }
  Tensor result = empty(shape, z.dtype());
  copy_elements(reshape(z, shape), result);
  return result;
}
}  // namespace

Tensor Linear::forward(const Tensor& input, const Tensor& weight, const Attrs& at) {
  return linear_forward(input, weight, nullptr, at.activation);
}
Tensor Linear::forward(const Tensor& input, const Tensor& weight, const Tensor& bias, const Attrs& at) {
  return linear_forward(input, weight, &bias, at.activation);
}

void Linear::vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  const Tensor input = input_of(node, 0), weight = input_of(node, 1), z = Tensor::alias(&node);
  Tensor h = g;  // the gradient before the activation
  if (!mutant("linear.activation_ignored")) switch (attrs_of<Attrs>(node).activation) {
      case Activation::None:
        break;
      case Activation::Relu:
        h = where(mutant("linear.relu_passes_at_0") ? z < like(z, 0) : z <= like(z, 0), like(g, 0), g);
        break;
      case Activation::Tanh:
        h = g * (like(z, 1) - (mutant("linear.tanh_slope") ? z : z * z));
        break;
      case Activation::Sigmoid:
        h = g * (z * (like(z, 1) - z));
        break;
    }
  const std::int64_t I = weight.size(1), O = weight.size(0);
  const std::int64_t B = input.numel() / std::max<std::int64_t>(I, 1);
  const Tensor rows = reshape(h, {B, O});
  if (wants_gradient(node, 0)) gradients[0] = reshape(matmul(rows, weight), input.shape());
  if (mutant("linear.weight_of_first_row_only") && wants_gradient(node, 1) && B > 0)
    gradients[1] = matmul(transpose(narrow(rows, 0, 0, 1), 0, 1), narrow(reshape(input, {B, I}), 0, 0, 1));
  else if (wants_gradient(node, 1)) gradients[1] = matmul(transpose(rows, 0, 1), reshape(input, {B, I}));
  if (node.input_count > 2 && wants_gradient(node, 2)) gradients[2] = mutant("linear.bias_averaged") ? mean(rows, {0}) : sum(rows, {0});
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias, Activation activation) {
  same_dtype("linear", input, weight);
  if (bias.defined()) same_dtype("linear", input, bias);
  if (weight.ndim() != 2) throw ShapeError("linear: weight must be 2-D (out, in), not " + to_string(weight.shape()));
  if (input.ndim() == 0 || input.size(-1) != weight.size(1))
    throw ShapeError(
        "linear: input is " + to_string(input.shape()) + " but weight is " + to_string(weight.shape()) + ", which takes " +
        std::to_string(weight.size(1)) + " features" +
        (input.ndim() == 0 ? std::string() : ": " + std::to_string(input.size(-1)) + " and " + std::to_string(weight.size(1)) + " differ"));
  if (bias.defined() && !(bias.shape() == Dims{weight.size(0)}))
    throw ShapeError("linear: bias is " + to_string(bias.shape()) + " but weight is " + to_string(weight.shape()) + ", which gives " +
                     std::to_string(weight.size(0)) + " features");
  const auto record_as = [&]<class Op>(Op) {
    return bias.defined() ? apply_op<Op>({activation}, input, weight, bias) : apply_op<Op>({activation}, input, weight);
  };
  return activation == Activation::None ? record_as(Linear{}) : record_as(ActivatedLinear{});
}

}  // namespace trigrad
