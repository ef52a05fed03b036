// Batches (see data.hpp).

#include <trigrad/tensor/data.hpp>

#include <algorithm>
#include <cstring>

namespace trigrad::data {
namespace {

// Rows rows[0], ..., rows[count - 1] of x, one below the other in a new tensor.
Tensor pick_rows(const Tensor& x, const std::int64_t* rows, std::int64_t count) {
  if (!x.is_contiguous() || x.requires_grad()) {
    Tensor index = empty({count}, DType::Int64);
    std::copy_n(rows, count, index.data<std::int64_t>());
    return index_select(x, 0, index);
  }
  Dims shape = x.shape();
  shape[0] = count;
  Tensor picked = empty(shape, x.dtype());
  const auto bytes = static_cast<std::size_t>(picked.numel() / std::max<std::int64_t>(count, 1)) * size_of(x.dtype());
  for (std::int64_t k = 0; k < count; ++k)
    std::memcpy(picked.data<std::byte>() + static_cast<std::size_t>(k) * bytes,
                x.data<std::byte>() + static_cast<std::size_t>(rows[k]) * bytes, bytes);
  return picked;
}

}  // namespace

DataLoader::DataLoader(std::vector<Tensor> tensors, const LoaderOptions& options)
    : tensors_(std::move(tensors)), options_(options), generator_(options.seed) {
  if (tensors_.empty()) throw ValueError("TensorDataset: needs at least one tensor");
  bool alike = true;
  std::string shapes;
  for (const Tensor& x : tensors_) {
    if (x.ndim() == 0) throw TypeError("TensorDataset: needs tensors of at least 1 dim, not a 0-dim tensor");
    alike &= x.size(0) == tensors_[0].size(0);
    shapes += (shapes.empty() ? "" : ", ") + to_string(x.shape());
  }
  if (!alike) throw ShapeError("Size mismatch between tensors: " + shapes);
  if (options.batch_size < 1)
    throw ValueError("batch_size should be a positive integer value, but got batch_size=" + std::to_string(options.batch_size));
  if (options.shuffle && tensors_[0].size(0) == 0)
    throw ValueError("num_samples should be a positive integer value, but got num_samples=0");
}

std::int64_t DataLoader::size() const {
  const std::int64_t rows = tensors_[0].size(0), full = rows / options_.batch_size;
  return options_.drop_last || rows % options_.batch_size == 0 ? full : full + 1;
}

DataLoader::Iterator DataLoader::begin() { return {this, 0, options_.shuffle ? randperm(tensors_[0].size(0), &generator_) : Tensor()}; }

DataLoader::Batch DataLoader::batch(std::int64_t index, const Tensor& order) const {
  const std::int64_t from = index * options_.batch_size, count = std::min(options_.batch_size, tensors_[0].size(0) - from);
  Batch batch;
  batch.reserve(tensors_.size());
  for (const Tensor& x : tensors_)
    batch.push_back(order.defined() ? pick_rows(x, order.data<std::int64_t>() + from, count) : narrow(x, 0, from, count));
  return batch;
}

}  // namespace trigrad::data
