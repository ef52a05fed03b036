// Losses: a reduced mse_loss or hinge_loss is one node, cross_entropy and nll_loss have files of their own, the others are
// written in terms of ops. Names, arguments and reductions are those of torch.nn.functional.
//
//   one node: x and t of one shape, n numbers each; z one number; a gradient of n numbers in one pass

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
  refuse_dtypes(op, input.dtype(), target.dtype());
}
void same_shape(std::string_view op, const Tensor& input, const Tensor& target) {
  if (!same_sizes(input, target) || input.dtype() != target.dtype()) refuse_target(op, input, target);
}

// --- Σ loss(x, t) / divisor as one node, without tensors of differences, products or losses between -----------------------
// A pair loss says what two numbers lose, and its slope by the first and by the second (k = 0, 1), times g, which the node
// has multiplied by factors[k] / divisor: on numbers, and in ops where it is to be differentiated again.

struct SquarePair {  // (x - t)²
  static constexpr std::string_view name = "mse_loss";
  static constexpr double factors[] = {2, -2};

  template <class T>
  T loss(T x, T t) const {
    return (x - t) * (x - t);
  }
  template <int k, class T>
  T rise(T g, T x, T t) const {
    return g * (x - t);
  }
  Tensor recorded_rise(int /*k*/, const Tensor& g, const Tensor& x, const Tensor& t) const { return g * (x - t); }
};

struct HingePair {  // max(0, margin - t x)
  static constexpr std::string_view name = "hinge_loss";
  static constexpr double factors[] = {-1, -1};
  double margin;

  template <class T>
  T loss(T x, T t) const {
    const T gap = static_cast<T>(margin) - t * x;
    return gap <= T{0} ? T{0} : gap;
  }
  template <int k, class T>
  T rise(T g, T x, T t) const {
    return loss(x, t) == T{0} ? T{0} : g * (k == 0 ? t : x);
  }
  Tensor recorded_rise(int k, const Tensor& g, const Tensor& x, const Tensor& t) const {
    return where(like(x, margin) - t * x <= like(x, 0), like(x, 0), g * (k == 0 ? t : x));
  }
};

template <class Pair, class T>
TRIGRAD_CLONES double sum_of_losses(const Pair& pair, const T* x, const T* t, std::int64_t n) {
  return lane_sum<double>(n, [=](std::int64_t i) { return static_cast<double>(pair.loss(x[i], t[i])); });
}

template <class Pair, int k, class T>
TRIGRAD_CLONES void rises(const Pair& pair, T g, const T* __restrict x, const T* __restrict t, T* __restrict z, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) z[i] = pair.template rise<k>(g, x[i], t[i]);
}

template <class Pair>
struct ReducedLoss {
  static constexpr Saved kBoth = Saved::X | Saved::Y;
  static constexpr OpInfo info{.name = Pair::name, .saves = {kBoth, kBoth}};
  struct Attrs {
    Pair pair;
    double divisor;
  };

  static Tensor forward(const Tensor& x, const Tensor& t, const Attrs& at) {
    const Tensor z = empty({}, x.dtype());
    const Flat flat_x(x), flat_t(t);
    visit_floating(x.dtype(), [&]<class T>() {
      const T *xs = flat_x.data<T>(), *ts = flat_t.data<T>();
      const double sum = sum_of_blocks<double>(
          x.numel(), [=, &at](std::int64_t first, std::int64_t n) { return sum_of_losses(at.pair, xs + first, ts + first, n); });
      *numbers<T>(z) = static_cast<T>(sum / at.divisor);
    });
    return z;
  }

  template <int k>
  TRIGRAD_COLD static Tensor recorded_rule(const Tensor& g, const Tensor& x, const Tensor& t, const Attrs& at) {
    return at.pair.recorded_rise(k, g * like(g, Pair::factors[k] / at.divisor), x, t);
  }
  template <int k>
  static Tensor rule(const Tensor& g, const Tensor& x, const Tensor& t, const Attrs& at) {
    if (grad_enabled()) return recorded_rule<k>(g, x, t, at);
    const Tensor z = empty_of(x);
    const Flat flat_x(x), flat_t(t);
    const std::int64_t n = x.numel();
    visit_floating(x.dtype(), [&]<class T>() {
      const T scaled = static_cast<T>(static_cast<double>(*numbers<T>(g)) * (Pair::factors[k] / at.divisor));
      parallel_for(
          n, kLanes, threads_for(n),
          [scaled, pair = at.pair, x = flat_x.data<T>(), t = flat_t.data<T>(), z = numbers<T>(z)](
              std::int64_t first, std::int64_t last, int) { rises<Pair, k>(pair, scaled, x + first, t + first, z + first, last - first); });
    });
    return z;
  }
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& t, const Tensor&, const Attrs& at) { return rule<0>(g, x, t, at); }
  static Tensor gy(const Tensor& g, const Tensor& x, const Tensor& t, const Tensor&, const Attrs& at) { return rule<1>(g, x, t, at); }
};

template <class Pair>
Tensor reduced_loss(const Pair& pair, const Tensor& input, const Tensor& target, Reduction reduction) {
  return apply_op<ReducedLoss<Pair>>({pair, reduction == Reduction::Mean ? static_cast<double>(input.numel()) : 1}, input, target);
}
bool is_one_node(const Tensor& input, Reduction reduction) { return reduction != Reduction::None && is_floating(input.dtype()); }

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
  if (is_one_node(input, reduction)) return reduced_loss(SquarePair{}, input, target, reduction);
  return reduce(square(input - target), reduction);
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
  if (is_one_node(input, reduction)) return reduced_loss(HingePair{margin}, input, target, reduction);
  return reduce(relu(like(input, margin) - target * input), reduction);
}

Tensor gaussian_log_prob(const Tensor& value, const Tensor& mean, const Tensor& std) {
  const Tensor scaled = (value - mean) / std;
  return like(scaled, -0.5) * square(scaled) - log(std) - like(scaled, kHalfLog2Pi);
}

}  // namespace trigrad
