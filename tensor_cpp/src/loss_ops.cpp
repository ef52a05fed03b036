// Losses: a reduced mse_loss is one node, cross_entropy and nll_loss have files of their own, the others are written in
// terms of ops. Names, arguments and reductions are those of torch.nn.functional.

#include "sums.hpp"

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <cmath>
#include <numbers>

namespace trigrad {
namespace {

Tensor reduce(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::Mean:
      return mean(losses);
    case Reduction::Sum:
      return sum(losses);
    default:
      return losses;
  }
}

[[noreturn]] TRIGRAD_COLD void refuse_target(std::string_view op, const Tensor& input, const Tensor& target) {
  if (!same_sizes(input, target))
    throw ShapeError(std::string(op) + ": input is " + to_string(input.shape()) + " but target is " + to_string(target.shape()));
  throw DTypeError(std::string(op) + ": dtypes " + std::string(name_of(input.dtype())) + " and " + std::string(name_of(target.dtype())) +
                   " differ; convert one with .to()");
}
void same_shape(std::string_view op, const Tensor& input, const Tensor& target) {
  if (!same_sizes(input, target) || input.dtype() != target.dtype()) refuse_target(op, input, target);
}

template <class T>
TRIGRAD_CLONES double squared_distance(const T* x, const T* t, std::int64_t n) {
  return lane_sum<double>(n, [=](std::int64_t k) { return static_cast<double>((x[k] - t[k]) * (x[k] - t[k])); });
}

template <class T>
TRIGRAD_CLONES void scaled_difference(const T* __restrict x, const T* __restrict t, T scale, T* __restrict z, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) z[k] = scale * (x[k] - t[k]);
}

// Σ (x - t)² / divisor, without a tensor of differences or one of squares between.
struct FusedMseLoss {
  static constexpr Saved kBoth = Saved::X | Saved::Y;
  static constexpr OpInfo info{.name = "mse_loss", .saves = {kBoth, kBoth}};
  struct Attrs {
    double divisor;
  };

  static Tensor forward(const Tensor& x, const Tensor& t, const Attrs& at) {
    const Tensor z = empty({}, x.dtype());
    const Flat flat_x(x), flat_t(t);
    visit_floating(x.dtype(), [&]<class T>() {
      const double sum = sum_of_blocks<double>(x.numel(), [x = flat_x.data<T>(), t = flat_t.data<T>()](std::int64_t first, std::int64_t n) {
        return squared_distance(x + first, t + first, n);
      });
      *numbers<T>(z) = static_cast<T>(sum / at.divisor);
    });
    return z;
  }

  TRIGRAD_COLD static Tensor recorded_rule(const Tensor& g, const Tensor& x, const Tensor& t, double factor) {
    return g * like(g, factor) * (x - t);
  }
  static Tensor rule(const Tensor& g, const Tensor& x, const Tensor& t, double factor) {
    if (grad_enabled()) return recorded_rule(g, x, t, factor);
    const Tensor z = empty(x.shape(), x.dtype());
    const Flat flat_x(x), flat_t(t);
    visit_floating(x.dtype(), [&]<class T>() {
      const T scale = static_cast<T>(static_cast<double>(*numbers<T>(g)) * factor);
      parallel_for(x.numel(), kLanes, threads_for(x.numel()),
                   [scale, x = flat_x.data<T>(), t = flat_t.data<T>(), z = numbers<T>(z)](std::int64_t first, std::int64_t last, int) {
                     scaled_difference(x + first, t + first, scale, z + first, last - first);
                   });
    });
    return z;
  }
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& t, const Tensor&, const Attrs& at) {
    return rule(g, x, t, 2 / at.divisor);
  }
  static Tensor gy(const Tensor& g, const Tensor& x, const Tensor& t, const Tensor&, const Attrs& at) {
    return rule(g, x, t, -2 / at.divisor);
  }
};

constexpr double kHalfLog2Pi = 0.91893853320467274178;

}  // namespace

Reduction parse_reduction(std::string_view op, std::string_view name) {
  if (name == "mean") return Reduction::Mean;
  if (name == "sum") return Reduction::Sum;
  if (name == "none") return Reduction::None;
  throw ValueError(std::string(op) + ": reduction '" + std::string(name) + "' is not one of 'mean', 'sum', 'none'");
}

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  same_shape("mse_loss", input, target);
  if (reduction == Reduction::None || !is_floating(input.dtype())) return reduce(square(input - target), reduction);
  return apply_op<FusedMseLoss>({reduction == Reduction::Mean ? static_cast<double>(input.numel()) : 1}, input, target);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  same_shape("l1_loss", input, target);
  return reduce(abs(input - target), reduction);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta) {
  same_shape("huber_loss", input, target);
  if (!(delta > 0)) throw ValueError("huber_loss: delta must be positive, not " + std::to_string(delta));
  const Tensor d = input - target;
  const Tensor size = abs(d);
  return reduce(where(size < like(d, mutant("huber.always_quadratic_below_1") ? 1 : delta), like(d, 0.5) * square(d),
                      like(d, delta) * (size - like(d, delta / 2))),
                reduction);
}

// ln(1 + e^x) - x t: softplus with its threshold so far out that e^-x vanishes beside 1 long before.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, Reduction reduction) {
  same_shape("binary_cross_entropy_with_logits", input, target);
  const double threshold = input.dtype() == DType::Float32 ? 80 : 700;
  return reduce(softplus(input, {1, threshold}) - input * target, reduction);
}

Tensor hinge_loss(const Tensor& input, const Tensor& target, double margin, Reduction reduction) {
  same_shape("hinge_loss", input, target);
  return reduce(relu(like(input, margin) - target * input), reduction);
}

Tensor gaussian_log_prob(const Tensor& value, const Tensor& mean, const Tensor& std) {
  const Tensor scaled = (value - mean) / std;
  return like(scaled, -0.5) * square(scaled) - log(std) - like(scaled, kHalfLog2Pi);
}

}  // namespace trigrad
