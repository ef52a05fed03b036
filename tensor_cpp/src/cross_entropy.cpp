// cross_entropy as one node: log_softmax, the choice by label or the sum over probabilities, and the reduction.
//
// With p = softmax(x) and t the probabilities that the target stands for (of a label: 1 there and 0 elsewhere; smoothed:
// t (1 - s) + s / C), a row's loss is -Σ t ln p and its gradient p Σ t - t. The forward keeps p, so the backward is one pass
// without exponentials. Where the gradient is to be differentiated itself, the rule is made of ops.

#include "exponentials.hpp"
#include "labels.hpp"
#include "last_dim.hpp"

#include <trigrad/tensor/structural.hpp>

#include <algorithm>
#include <cmath>

namespace trigrad {
namespace {

// The inputs of the node are x, the target, and p: the numbers of softmax(x) row by row, which need no gradient.
struct FusedCrossEntropy {
  static constexpr Saved kP = static_cast<Saved>(4);
  static constexpr OpInfo info{.name = "cross_entropy", .saves = {Saved::X | Saved::Y | kP, Saved::X}};
  struct Attrs {
    int dim;  // of the classes
    bool by_label;
    Reduction reduction;
    std::int64_t ignore_index;
    double smoothing, weight;  // weight: of a row in the result, for a mean one over the number of rows that count
  };
  static void vjp(Cell& node, const Tensor& g, Tensor* gradients);
};
using Attrs = FusedCrossEntropy::Attrs;

// d and e (B, C) as exponentials.hpp has them, `target`: labels (B) or probabilities (B, C). Gives the sum of the losses,
// writes each where asked to, and turns e into p.
template <class T>
double forward_rows(const LastDim& rows, const T* d, T* e, const void* target, const Attrs& at, T* losses) {
  const std::int64_t C = rows.C;
  const auto* const labels = static_cast<const std::int64_t*>(target);
  const auto* const t = static_cast<const T*>(target);
  const double keep = 1 - at.smoothing, everywhere = at.smoothing / static_cast<double>(C);
  double sum = 0;
  for (std::int64_t b = 0; b < rows.B; ++b) {
    const std::int64_t row = b * C;
    const double total = row_sum(e + row, C);
    const double log_total = std::log(total);
    double loss = 0;
    const auto score = [&](std::int64_t k) { return static_cast<double>(d[row + k]) - log_total; };  // ln p
    if (at.by_label) {
      const std::int64_t label = label_at(labels, b, C, at.ignore_index);
      if (label >= 0) {
        loss = -keep * score(label);
        if (at.smoothing > 0)
          for (std::int64_t k = 0; k < C; ++k) loss -= everywhere * score(k);
      }
    } else {
      for (std::int64_t k = 0; k < C; ++k) loss -= score(k) * (static_cast<double>(t[row + k]) * keep + everywhere);
    }
    sum += loss;
    if (losses) losses[b] = static_cast<T>(loss);
    const T scale = static_cast<T>(1 / total);
    for (std::int64_t k = 0; k < C; ++k) e[row + k] *= scale;
  }
  return sum;
}

// gx (B, C) = s (p Σ t - t) with s = weight · g, g one number or one of each row.
template <class T>
void backward_rows(const LastDim& rows, const T* p, const void* target, const T* g, const Attrs& at, T* gx) {
  const std::int64_t C = rows.C;
  const auto* const labels = static_cast<const std::int64_t*>(target);
  const auto* const t = static_cast<const T*>(target);
  const double smoothing = mutant("cross_entropy.rule_forgets_smoothing") ? 0 : at.smoothing;
  const T keep = static_cast<T>(1 - smoothing), everywhere = static_cast<T>(smoothing / static_cast<double>(C));
  for (std::int64_t b = 0; b < rows.B; ++b) {
    const std::int64_t row = b * C;
    const T s = static_cast<T>(static_cast<double>(g[at.reduction == Reduction::None ? b : 0]) * at.weight);
    if (at.by_label) {
      const std::int64_t label = label_at(labels, b, C, at.ignore_index);
      if (label < 0) {
        std::fill_n(gx + row, C, T{0});
        continue;
      }
      for (std::int64_t k = 0; k < C; ++k) gx[row + k] = s * (p[row + k] - everywhere);
      gx[row + label] = s * (p[row + label] - everywhere - keep);
    } else {
      T total = 0;
      for (std::int64_t k = 0; k < C; ++k) total += t[row + k] * keep + everywhere;
      for (std::int64_t k = 0; k < C; ++k) gx[row + k] = s * (p[row + k] * total - (t[row + k] * keep + everywhere));
    }
  }
}

Tensor fused_gradient(const Tensor& x, const Tensor& target, const Tensor& p, const Tensor& g, const Attrs& at) {
  const LastDim rows(x, at.dim);
  Dims shape;
  for (const auto axis : rows.order) shape.push_back(x.size(static_cast<int>(axis)));
  Tensor gx = empty(shape, x.dtype());
  const Tensor same_type = contiguous_data(to_dtype(g, x.dtype()));
  const Tensor compared = at.by_label ? contiguous_data(target) : rows.of(target);
  visit_floating(x.dtype(),
                 [&]<class T>() { backward_rows<T>(rows, p.data<T>(), compared.raw(), same_type.template data<T>(), at, gx.data<T>()); });
  return rows.back(gx);
}

// The same of ops. Labels are spread out to probabilities first.
Tensor recorded_gradient(const Tensor& x, const Tensor& target, const Tensor& s, const Attrs& at) {
  const double C = static_cast<double>(x.size(at.dim));
  const auto smoothed = [&](const Tensor& t) { return at.smoothing > 0 ? t * like(t, 1 - at.smoothing) + like(t, at.smoothing / C) : t; };
  const Tensor p = softmax(x, at.dim);
  if (!at.by_label) {
    const Tensor t = smoothed(target);
    return s * (p * sum(t, {at.dim}, true) - t);
  }
  const LabelMasks labels(x, target, at.ignore_index);
  return where(labels.counted, s * (p - smoothed(to_dtype(labels.hit, x.dtype()))), like(x, 0));
}

void FusedCrossEntropy::vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  const Attrs& at = attrs_of<Attrs>(node);
  const Tensor x = input_of(node, 0), target = input_of(node, 1);
  const auto row_scale = [&] {
    const Tensor s = g * like(g, at.weight);
    return at.reduction == Reduction::None ? unsqueeze(s, at.dim) : s;
  };
  if (wants_gradient(node, 0))
    gradients[0] = grad_enabled() ? recorded_gradient(x, target, row_scale(), at) : fused_gradient(x, target, input_of(node, 2), g, at);
  if (wants_gradient(node, 1)) gradients[1] = row_scale() * (log_softmax(x, at.dim) * like(x, at.smoothing - 1));
}

}  // namespace

Tensor cross_entropy(const Tensor& input, const Tensor& target, std::int64_t ignore_index, Reduction reduction, double label_smoothing) {
  if (capture::recording())
    return capture::op({&input, &target},
                       [=](capture::Inputs in) { return cross_entropy(*in[0], *in[1], ignore_index, reduction, label_smoothing); });
  const int dim = class_dim(input);
  const Dims expected = label_shape(input);
  const bool by_label = target.dtype() == DType::Int64 && target.shape() == expected;
  if (input.ndim() == 0 || (!by_label && !(target.shape() == input.shape() && is_floating(target.dtype()))))
    throw ShapeError(
        "cross_entropy: input is " + to_string(input.shape()) + ", so target must be " + to_string(expected) + " class indices or " +
        to_string(input.shape()) + " probabilities, not " + to_string(target.shape()) +
        (target.dtype() != DType::Int64 && target.shape() == expected ? " of " + std::string(name_of(target.dtype())) : std::string()));
  if (!(label_smoothing >= 0 && label_smoothing <= 1))
    throw ValueError("cross_entropy: label_smoothing must be between 0 and 1, not " + std::to_string(label_smoothing));
  needs_floating("log_softmax", input);
  if (!by_label) same_dtype("cross_entropy", input, target);

  const LastDim rows(input, dim);
  Attrs at{dim, by_label, reduction, ignore_index, label_smoothing, 1};
  Tensor z = empty(reduction == Reduction::None ? expected : Dims{}, input.dtype());
  Tensor p;
  {
    const NoGrad guard;
    const Tensor x = rows.of(input), compared = by_label ? contiguous_data(target) : rows.of(target);
    const bool all = !by_label || mutant("cross_entropy.ignored_labels_counted");
    const auto count = static_cast<double>(all ? rows.B : count_labels("cross_entropy", compared, rows.C, ignore_index));
    if (reduction == Reduction::Mean) at.weight = 1 / count;
    visit_floating(input.dtype(), [&]<class T>() {
      const Exponentials of = exponentials<T>(x, rows.C);
      p = of.e;
      const bool each = reduction == Reduction::None;
      const double sum = forward_rows<T>(rows, of.d.data<T>(), p.data<T>(), compared.raw(), at, each ? z.data<T>() : nullptr);
      if (!each) *z.data<T>() = static_cast<T>(reduction == Reduction::Mean ? sum / count : sum);
    });
  }
  const Tensor* const inputs[] = {&input, &target, &p};
  if (detect_anomaly()) check_output(z, "cross_entropy", std::span(inputs).first(2));  // p is ours: its NaN is no excuse
  record(z, structural_row<FusedCrossEntropy>(), inputs, &at);
  return z;
}

}  // namespace trigrad
