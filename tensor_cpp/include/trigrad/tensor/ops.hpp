// What can be done with tensors: every function of the surface, under PyTorch's names. Elementwise functions (exp, relu,
// +, where, ...) stand beside their ops in trigrad/ops/*.hpp; comparisons by name are here.
#pragma once

#include <trigrad/tensor/random.hpp>
#include <trigrad/tensor/structural_ops.hpp>

namespace trigrad {

// --- creation (src/creation.cpp) -----------------------------------------------------------------------------------
Tensor empty(const Dims& shape, DType dtype = default_dtype());
Tensor full(const Dims& shape, double value, DType dtype = default_dtype());
Tensor zeros(const Dims& shape, DType dtype = default_dtype());
Tensor ones(const Dims& shape, DType dtype = default_dtype());
Tensor eye(std::int64_t rows, std::int64_t columns, DType dtype = default_dtype());
Tensor arange(double start, double end, double step = 1, DType dtype = DType::Int64);
Tensor linspace(double start, double end, std::int64_t steps, DType dtype = default_dtype());
Tensor tensor(std::span<const double> values, const Dims& shape, DType dtype = default_dtype());
Tensor tensor(std::initializer_list<double> values, const Dims& shape, DType dtype = default_dtype());
Tensor rand(const Dims& shape, DType dtype = default_dtype(), Generator* generator = nullptr);
Tensor randn(const Dims& shape, DType dtype = default_dtype(), Generator* generator = nullptr);
Tensor randint(std::int64_t low, std::int64_t high, const Dims& shape, Generator* generator = nullptr);
Tensor randperm(std::int64_t n, Generator* generator = nullptr);

// --- copies and types ----------------------------------------------------------------------------------------------
Tensor clone(const Tensor& x);
Tensor contiguous(const Tensor& x);                  // x itself where it already is
Tensor to_dtype(const Tensor& x, DType dtype);
Tensor contiguous_data(const Tensor& x);             // unrecorded
void copy_elements(const Tensor& from, const Tensor& to);  // broadcasts and converts; unrecorded
Tensor expand_for(std::string_view op, const Tensor& x, const Dims& shape);
DType promote(std::span<const Tensor* const> inputs);

// --- shape (src/shape_ops.cpp) -------------------------------------------------------------------------------------
Tensor reshape(const Tensor& x, Dims shape);  // -1: whatever fits
Tensor view(const Tensor& x, Dims shape);     // never copies: ShapeError where it would have to
Tensor flatten(const Tensor& x, std::int64_t start_dim = 0, std::int64_t end_dim = -1);
Tensor permute(const Tensor& x, const Dims& order);
Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1);
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, std::int64_t dim);
Tensor unsqueeze(const Tensor& x, std::int64_t dim);
Tensor expand(const Tensor& x, const Dims& sizes);
Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t stop, std::int64_t step);
Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length);
Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index);
Tensor flip(const Tensor& x, std::int64_t dim);
Tensor cat(std::span<const Tensor> tensors, std::int64_t dim = 0);
Tensor stack(std::span<const Tensor> tensors, std::int64_t dim = 0);
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0);
std::vector<Tensor> split(const Tensor& x, std::span<const std::int64_t> sizes, std::int64_t dim = 0);
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);  // a number is a tensor, too

// --- reductions (src/reduce_ops.cpp); no dims: all of them ---------------------------------------------------------
Tensor sum(const Tensor& x, const Dims& dim = {}, bool keepdim = false);
Tensor mean(const Tensor& x, const Dims& dim = {}, bool keepdim = false);
Tensor prod(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
Tensor var(const Tensor& x, const Dims& dim = {}, double correction = 1, bool keepdim = false);
Tensor std(const Tensor& x, const Dims& dim = {}, double correction = 1, bool keepdim = false);
Tensor norm(const Tensor& x, double p = 2, const Dims& dim = {}, bool keepdim = false);
Tensor logsumexp(const Tensor& x, const Dims& dim, bool keepdim = false);
Tensor amax(const Tensor& x, const Dims& dim = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& dim = {}, bool keepdim = false);
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
struct ValuesIndices {
  Tensor values, indices;
};
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim = false);
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim = false);
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
Tensor any(const Tensor& x, const Dims& dim = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Dims& dim = {}, bool keepdim = false);

// --- along one dim (src/row_ops.cpp) -------------------------------------------------------------------------------
Tensor cumsum(const Tensor& x, std::int64_t dim);
Tensor cumprod(const Tensor& x, std::int64_t dim);
Tensor softmax(const Tensor& x, std::int64_t dim);
Tensor log_softmax(const Tensor& x, std::int64_t dim);
ValuesIndices sort(const Tensor& x, std::int64_t dim = -1, bool descending = false);
ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim = -1, bool largest = true);

// --- products (src/product_ops.cpp) --------------------------------------------------------------------------------
Tensor matmul(const Tensor& x, const Tensor& y);
Tensor dot(const Tensor& x, const Tensor& y);
Tensor outer(const Tensor& x, const Tensor& y);
Tensor einsum(std::string_view equation, std::span<const Tensor> operands);
Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, Activation activation = Activation::None);

// --- indices (src/index_ops.cpp) -----------------------------------------------------------------------------------
// x's elements, counted in row-major order; positions: contiguous int64 within x, which nobody checks
Tensor take(const Tensor& x, const Tensor& positions);
Tensor put_add(const Tensor& x, const Tensor& positions, const Dims& shape);
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);
Tensor embedding(const Tensor& input, const Tensor& weight);
// Advanced indexing: one entry per leading axis of x; an undefined one keeps its axis whole. Integer entries broadcast
// together; boolean ones must have been turned into integers (nonzero).
Tensor index_positions(const Tensor& x, std::span<const Tensor> indices);
std::vector<Tensor> nonzero(const Tensor& mask);

// --- losses (src/loss_ops.cpp) -------------------------------------------------------------------------------------
enum class Reduction { Mean, Sum, None };
Reduction parse_reduction(std::string_view op, std::string_view name);
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean);
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean);
Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean, double delta = 1);
Tensor cross_entropy(const Tensor& input, const Tensor& target, std::int64_t ignore_index = -100, Reduction reduction = Reduction::Mean,
                     double label_smoothing = 0);
Tensor nll_loss(const Tensor& input, const Tensor& target, std::int64_t ignore_index = -100, Reduction reduction = Reduction::Mean);
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean);
Tensor hinge_loss(const Tensor& input, const Tensor& target, double margin = 1, Reduction reduction = Reduction::Mean);
Tensor gaussian_log_prob(const Tensor& value, const Tensor& mean, const Tensor& std);

}  // namespace trigrad
