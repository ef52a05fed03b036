// Class labels, as nll_loss and cross_entropy read them. Scores x (B, C, ...) have their C classes in dim 1, scores (C) of
// a single row in dim 0; labels (B, ...) name one class each, or none: ignore_index.
#pragma once

#include <trigrad/errors.hpp>
#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>

namespace trigrad {

inline int class_dim(const Tensor& x) { return x.ndim() > 1 ? 1 : 0; }

inline Dims label_shape(const Tensor& x) {
  Dims shape = x.shape();
  if (!shape.empty()) shape.erase(class_dim(x));
  return shape;
}

// The label of a row, or -1: not counted. Nothing forbids NumPy to write over labels between forward and backward, so
// those out of range are not followed.
inline std::int64_t label_at(const std::int64_t* labels, std::int64_t row, std::int64_t C, std::int64_t ignore_index) {
  const std::int64_t label = labels[row];
  return label == ignore_index || label < 0 || label >= C ? -1 : label;
}

// How many labels are not ignored; IndexError where one is out of range.
inline std::int64_t count_labels(std::string_view op, const Tensor& labels, std::int64_t C, std::int64_t ignore_index) {
  std::int64_t count = 0;
  const auto* const label_of = numbers<std::int64_t>(labels);
  for (std::int64_t k = 0, n = labels.numel(); k < n; ++k) {
    const std::int64_t label = label_of[k];
    if (label == ignore_index) continue;
    if (label < 0 || label >= C)
      throw IndexError(std::string(op) + ": index " + std::to_string(label) + " is out of range for size " + std::to_string(C));
    ++count;
  }
  return count;
}

// For rules that are made of ops. `hit` has x's shape: where a class is the one that the label names; `counted` has 1 in
// place of C: where the label is not ignored.
struct LabelMasks {
  Tensor hit, counted;

  LabelMasks(const Tensor& x, const Tensor& labels, std::int64_t ignore_index) {
    const int dim = class_dim(x);
    const Tensor listed = unsqueeze(labels, dim);
    Dims along = Dims::filled(x.ndim(), 1);
    along[dim] = x.size(dim);
    hit = listed == reshape(arange(0, static_cast<double>(x.size(dim))), along);
    counted = listed != like(listed, static_cast<double>(ignore_index));
  }
};

}  // namespace trigrad
