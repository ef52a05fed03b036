// nll_loss as one node: scores x (B, C, R), labels (B, R); the loss of each label is -x there, or 0 where it is ignored.
// The gradient is 0 but for one number of each row; where it is to be differentiated itself, the rule is made of ops.

#include "labels.hpp"

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/structural.hpp>

namespace trigrad {
namespace {

// Where the scores of a row lie: the classes are R apart.
struct Layout {
  std::int64_t C, R = 1;

  explicit Layout(const Tensor& x) : C(x.size(class_dim(x))) {
    for (int k = class_dim(x) + 1; k < x.ndim(); ++k) R *= x.size(k);
  }
  std::int64_t place(std::int64_t row, std::int64_t label) const { return (row / R * C + label) * R + row % R; }
};

struct FusedNllLoss {
  static constexpr OpInfo info{.name = "nll_loss", .saves = {Saved::Y, Saved::Nothing}};
  struct Attrs {
    Reduction reduction;
    std::int64_t ignore_index;
  };

  // What a row's loss counts in the result.
  static double weight(const Tensor& labels, std::int64_t C, const Attrs& at) {
    if (at.reduction != Reduction::Mean) return 1;
    return 1 / static_cast<double>(mutant("nll.ignored_labels_counted") ? labels.numel()
                                                                        : count_labels("nll_loss", labels, C, at.ignore_index));
  }

  static Tensor forward(const Tensor& scores, const Tensor& target, const Attrs& at) {
    const Tensor x = contiguous_data(scores), labels = contiguous_data(target);
    const bool each = at.reduction == Reduction::None;
    const Tensor z = empty(each ? target.shape() : Dims{}, x.dtype());
    const Layout layout(x);
    const auto count = static_cast<double>(count_labels("nll_loss", labels, layout.C, at.ignore_index));
    const auto* const label_of = numbers<std::int64_t>(labels);
    visit_floating(x.dtype(), [&]<class T>() {
      const T* const score = numbers<T>(x);
      T* const losses = numbers<T>(z);
      double sum = 0;
      for (std::int64_t row = 0; row < labels.numel(); ++row) {
        const std::int64_t label = label_at(label_of, row, layout.C, at.ignore_index);
        const T loss = label < 0 ? T{0} : -score[layout.place(row, label)];
        sum += static_cast<double>(loss);
        if (each) losses[row] = loss;
      }
      if (!each) *losses = static_cast<T>(at.reduction == Reduction::Mean ? sum / count : sum);
    });
    return z;
  }

  static void vjp(Cell& node, const Tensor& g, Tensor* gradients) {
    if (!wants_gradient(node, 0)) return;
    const Attrs& at = attrs_of<Attrs>(node);
    const Tensor x = input_of(node, 0), target = input_of(node, 1), labels = contiguous_data(target);
    const Layout layout(x);
    const double scale = mutant("nll.rule_not_averaged") ? -1 : -weight(labels, layout.C, at);
    if (grad_enabled()) {
      const LabelMasks masks(x, target, at.ignore_index);
      const Tensor s = g * like(g, scale);
      gradients[0] =
          where(masks.counted, where(masks.hit, at.reduction == Reduction::None ? unsqueeze(s, class_dim(x)) : s, like(x, 0)), like(x, 0));
      return;
    }
    gradients[0] = zeros(x.shape(), x.dtype());
    const Tensor gs = contiguous_data(g);
    const auto* const label_of = numbers<std::int64_t>(labels);
    visit_floating(x.dtype(), [&]<class T>() {
      const T* const upstream = numbers<T>(gs);
      T* const to = numbers<T>(gradients[0]);
      for (std::int64_t row = 0; row < labels.numel(); ++row)
        if (const std::int64_t label = label_at(label_of, row, layout.C, at.ignore_index); label >= 0)
          to[layout.place(row, label)] = static_cast<T>(scale * static_cast<double>(upstream[at.reduction == Reduction::None ? row : 0]));
    });
  }
};

}  // namespace

Tensor nll_loss(const Tensor& input, const Tensor& target, std::int64_t ignore_index, Reduction reduction) {
  const Dims expected = label_shape(input);
  if (input.ndim() == 0 || !(target.shape() == expected))
    throw ShapeError("nll_loss: input is " + to_string(input.shape()) + ", so target must be " + to_string(expected) +
                     " class indices, not " + to_string(target.shape()));
  if (target.dtype() != DType::Int64)
    throw DTypeError("nll_loss: target must be an int64 tensor, not " + std::string(name_of(target.dtype())));
  needs_floating("nll_loss", input);
  return apply_op<FusedNllLoss>({reduction, ignore_index}, input, target);
}

}  // namespace trigrad
