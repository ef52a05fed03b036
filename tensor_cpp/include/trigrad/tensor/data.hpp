// Batches of tensors. Each pass over a DataLoader is an epoch:
//
//   data::DataLoader batches({x, y}, {.batch_size = 32, .shuffle = true, .seed = 1});
//   for (const auto& batch : batches) loss_of(batch[0], batch[1]);
//
// Read before: ops.hpp.
#pragma once

#include <trigrad/tensor/ops.hpp>

namespace trigrad::data {

struct LoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false, drop_last = false;
  std::uint64_t seed = 0;  // of the loader's own generator, which every epoch takes one permutation from
};

// Tensors of one length: their rows belong together. An epoch's order is that of Python's DataLoader with the same seed.
class DataLoader {
 public:
  using Batch = std::vector<Tensor>;

  DataLoader(std::vector<Tensor> tensors, const LoaderOptions& options = {});
  std::int64_t size() const;  // batches per epoch

  class Iterator {
   public:
    Batch operator*() const { return loader_->batch(index_, order_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    friend DataLoader;
    Iterator(const DataLoader* loader, std::int64_t index, Tensor order = {}) : loader_(loader), index_(index), order_(std::move(order)) {}
    const DataLoader* loader_;
    std::int64_t index_;
    Tensor order_;  // of this epoch; undefined: as the rows lie
  };
  Iterator begin();  // starts an epoch
  Iterator end() const { return {this, size()}; }

 private:
  Batch batch(std::int64_t index, const Tensor& order) const;

  std::vector<Tensor> tensors_;
  LoaderOptions options_;
  Generator generator_;
};

}  // namespace trigrad::data
