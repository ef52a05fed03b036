// The fused updates and the classes over them (see optim.hpp). The formulas are those of PyTorch's optimisers on single
// tensors; scalars are prepared in double and rounded once to the parameter's type.

#include "parallel.hpp"

#include <trigrad/tensor/capture.hpp>
#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/optim.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>

namespace trigrad::optim {
namespace {

// --- kernels: n numbers each of parameter p, gradient g and state ---------------------------------------------------
enum class Momentum { None, Plain, Nesterov };
enum class Decay { None, Gradient, Decoupled };  // added to the gradient, or taken off the parameter

template <class T>
struct SGDNumbers {
  T sign, lr, momentum, fresh, decay;  // sign: -1 to maximize; fresh: what the velocity takes of the gradient, 1 - dampening

  template <class S>
  SGDNumbers<S> rounded() const {
    return {static_cast<S>(sign), static_cast<S>(lr), static_cast<S>(momentum), static_cast<S>(fresh), static_cast<S>(decay)};
  }
};

template <class T, Momentum kMomentum, bool kDecay>
TRIGRAD_CLONES void sgd_pass(T* __restrict p, const T* __restrict g, T* __restrict v, std::size_t n, const SGDNumbers<T>& with) {
  for_lanes(n, [=](std::size_t i) {
    const auto [sign, lr, momentum, fresh, decay] = with;
    T d = sign * g[i];
    if constexpr (kDecay) d = d + decay * p[i];
    if constexpr (kMomentum != Momentum::None) {
      const T speed = momentum * v[i] + fresh * d;
      v[i] = speed;
      d = kMomentum == Momentum::Nesterov ? d + momentum * speed : speed;
    }
    p[i] = p[i] - lr * d;
  });
}

template <class T>
struct AdamNumbers {
  // fresh1, fresh2: 1 - β₁, 1 - β₂; scale2: 1 / √(1 - β₂ᵗ); step_size: lr / (1 - β₁ᵗ)
  T sign, fresh1, beta2, fresh2, scale2, eps, step_size, decay;

  template <class S>
  AdamNumbers<S> rounded() const {
    return {static_cast<S>(sign),   static_cast<S>(fresh1), static_cast<S>(beta2),     static_cast<S>(fresh2),
            static_cast<S>(scale2), static_cast<S>(eps),    static_cast<S>(step_size), static_cast<S>(decay)};
  }
};

template <class T, Decay kDecay, bool kMax>
TRIGRAD_CLONES void adam_pass(T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, T* __restrict v_max, std::size_t n,
                              const AdamNumbers<T>& with) {
  for_lanes(n, [=](std::size_t i) {
    const auto [sign, fresh1, beta2, fresh2, scale2, eps, step_size, decay] = with;
    T d = sign * g[i], at = p[i];
    if constexpr (kDecay == Decay::Gradient) d = d + decay * at;
    if constexpr (kDecay == Decay::Decoupled) at = at * decay;  // here 1 - lr · weight_decay
    const T first = m[i] + fresh1 * (d - m[i]);
    T second = beta2 * v[i] + fresh2 * d * d;
    m[i] = first;
    v[i] = second;
    if constexpr (kMax) v_max[i] = second = v_max[i] > second || v_max[i] != v_max[i] ? v_max[i] : second;  // NaN stays
    p[i] = at - step_size * (first / (std::sqrt(second) * scale2 + eps));
  });
}

// --- checks --------------------------------------------------------------------------------------------------------
void check_count(std::string_view op, std::size_t parameters, std::size_t count, const char* what) {
  if (count != parameters)
    throw ValueError(std::string(op) + ": " + std::to_string(parameters) + " parameters but " + std::to_string(count) + " " + what);
}

[[noreturn]] TRIGRAD_COLD void refuse(std::string_view op, std::size_t k, const Tensor& parameter, const Tensor& other, const char* what) {
  const auto start = [&] { return std::string(op) + ": parameter " + std::to_string(k) + " is "; };
  if (!other.defined()) throw ValueError(std::string(op) + ": parameter " + std::to_string(k) + " has no " + what);
  if (!same_sizes(parameter, other))
    throw ShapeError(start() + to_string(parameter.shape()) + " but its " + what + " is " + to_string(other.shape()));
  throw DTypeError(start() + std::string(name_of(parameter.dtype())) + " but its " + what + " is " + std::string(name_of(other.dtype())) +
                   "; convert one with .to()");
}
void check_fits(std::string_view op, std::size_t k, const Tensor& parameter, const Tensor& other, const char* what) {
  const bool fits = other.defined() && same_sizes(parameter, other) && parameter.dtype() == other.dtype();
  if (!fits) refuse(op, k, parameter, other, what);
}

// --- from tensors to kernels ---------------------------------------------------------------------------------------
const Tensor kNone;

// The numbers of a step, for all parameters.
SGDNumbers<double> numbers_of(const SGDOptions& o, bool first_step) {
  return {.sign = o.maximize && !mutant("sgd.maximize_ignored") ? -1.0 : 1.0,
          .lr = o.lr,
          .momentum = mutant("sgd.momentum_forgotten") ? 0 : o.momentum,
          .fresh = first_step && !mutant("sgd.first_step_dampened") ? 1 : 1 - o.dampening,
          .decay = mutant("sgd.decay_negative") ? -o.weight_decay : o.weight_decay};
}

// How a step moves parameters of type T: a loop and its numbers, chosen once for all of them.
template <class T>
struct SGDUpdate {
  decltype(&sgd_pass<T, Momentum::None, false>) pass;
  SGDNumbers<T> with;
  bool from_rest;  // the velocities are to be set to zero first

  SGDUpdate(const SGDOptions& o, bool first_step) : with(numbers_of(o, first_step).rounded<T>()), from_rest(first_step && o.momentum != 0) {
    const auto pass_with = [&]<Momentum kind>() { return o.weight_decay != 0 ? sgd_pass<T, kind, true> : sgd_pass<T, kind, false>; };
    pass = o.momentum == 0                                 ? pass_with.template operator()<Momentum::None>()
           : o.nesterov && !mutant("sgd.nesterov_ignored") ? pass_with.template operator()<Momentum::Nesterov>()
                                                           : pass_with.template operator()<Momentum::Plain>();
  }

  void operator()(const Tensor& parameter, const Tensor& gradient, const Tensor& velocity) const {
    const Flat p(parameter), g(gradient), v(velocity);
    const std::int64_t n = parameter.numel();
    if (from_rest) std::fill_n(v.data<T>(), n, T{0});
    parallel_for(
        n, kLanes, threads_for(n),
        [this, p = p.template data<T>(), g = g.template data<T>(), v = v.template data<T>()](std::int64_t first, std::int64_t last, int) {
          pass(p + first, g + first, v ? v + first : v, static_cast<std::size_t>(last - first), with);
        });
    p.changed();
    v.changed();
  }
};

AdamNumbers<double> numbers_of(const AdamOptions& o, std::int64_t step, bool decoupled) {
  const double t = static_cast<double>(step);
  return {.sign = o.maximize && !mutant("adam.maximize_ignored") ? -1.0 : 1.0,
          .fresh1 = 1 - o.betas[mutant("adam.betas_exchanged") ? 1 : 0],
          .beta2 = o.betas[1],
          .fresh2 = 1 - o.betas[1],
          .scale2 = mutant("adam.second_not_corrected") ? 1 : 1 / std::sqrt(1 - std::pow(o.betas[1], t)),
          .eps = mutant("adam.eps_squared") ? o.eps * o.eps : o.eps,
          .step_size = mutant("adam.first_not_corrected") ? o.lr : o.lr / (1 - std::pow(o.betas[0], t)),
          .decay = decoupled ? 1 - o.lr * o.weight_decay : o.weight_decay};
}

template <class T>
void adam_one(const Tensor& parameter, const Tensor& gradient, const Tensor& first, const Tensor& second, const Tensor& max_second,
              const AdamOptions& o, bool decoupled, const AdamNumbers<double>& numbers) {
  const Flat p(parameter), g(gradient), m(first), v(second), v_max(max_second);
  const bool with_max = max_second.defined() && !mutant("adam.amsgrad_ignored");
  const auto pass_with = [&]<Decay kind>() { return with_max ? adam_pass<T, kind, true> : adam_pass<T, kind, false>; };
  const auto pass = o.weight_decay == 0 ? pass_with.template operator()<Decay::None>()
                    : decoupled         ? pass_with.template operator()<Decay::Decoupled>()
                                        : pass_with.template operator()<Decay::Gradient>();
  const std::int64_t n = parameter.numel();
  parallel_for(n, kLanes, threads_for(n),
               [pass, with = numbers.rounded<T>(), p = p.template data<T>(), g = g.template data<T>(), m = m.template data<T>(),
                v = v.template data<T>(), most = v_max.template data<T>()](std::int64_t from, std::int64_t to, int) {
                 pass(p + from, g + from, m + from, v + from, most ? most + from : most, static_cast<std::size_t>(to - from), with);
               });
  for (const Flat* changed : {&p, &m, &v, &v_max}) changed->changed();
}

// Notes an update of `parameters`; the other lists follow them. At a replay f sees one parameter after the other, each with
// its share of the lists.
void note(std::initializer_list<std::span<const Tensor>> lists, capture::Update numbers,
          std::function<void(capture::Inputs, const capture::Update&)> f) {
  std::vector<const Tensor*> in;
  const std::span<const Tensor> parameters = *lists.begin();
  numbers.parameters.assign(parameters.begin(), parameters.end());
  for (std::size_t k = 0; k < parameters.size(); ++k)
    for (const auto list : lists) in.push_back(list.empty() ? &kNone : &list[k]);
  capture::update(in, std::move(numbers), [f = std::move(f), n = lists.size()](capture::Inputs now, const capture::Update& today) {
    for (std::size_t k = 0; k < now.size(); k += n) f(now.subspan(k, n), today);
  });
}

std::span<const Tensor> one_or_none(const Tensor* x) { return {x, x->defined() ? 1u : 0u}; }

}  // namespace

void sgd_(std::span<const Tensor> parameters, std::span<const Tensor> gradients, std::span<const Tensor> velocities,
          const SGDOptions& options, bool first_step) {
  const std::size_t count = parameters.size();
  check_count("sgd_", count, gradients.size(), "gradients");
  if (!velocities.empty() || options.momentum != 0) check_count("sgd_", count, velocities.size(), "velocities");
  if (capture::recording())
    return note({parameters, gradients, velocities}, {{}, options}, [first_step](capture::Inputs in, const capture::Update& today) {
      sgd_({in[0], 1}, {in[1], 1}, one_or_none(in[2]), std::get<SGDOptions>(today.options), first_step);
    });
  const bool moving = options.momentum != 0;
  for (std::size_t k = 0; k < count; ++k) {
    if (!gradients[k].defined()) continue;
    needs_floating("sgd_", parameters[k]);
    check_fits("sgd_", k, parameters[k], gradients[k], "gradient");
    if (moving) check_fits("sgd_", k, parameters[k], velocities[k], "velocity");
  }
  const std::tuple updates(SGDUpdate<float>(options, first_step), SGDUpdate<double>(options, first_step));
  for (std::size_t k = 0; k < count; ++k)
    if (gradients[k].defined())
      visit_floating(parameters[k].dtype(),
                     [&]<class T>() { std::get<SGDUpdate<T>>(updates)(parameters[k], gradients[k], moving ? velocities[k] : kNone); });
}

void adam_(std::span<const Tensor> parameters, std::span<const Tensor> gradients, std::span<const Tensor> first_moments,
           std::span<const Tensor> second_moments, std::span<const Tensor> max_second_moments, std::int64_t step,
           const AdamOptions& options, bool decoupled) {
  const std::size_t count = parameters.size();
  check_count("adam_", count, gradients.size(), "gradients");
  check_count("adam_", count, first_moments.size(), "first moments");
  check_count("adam_", count, second_moments.size(), "second moments");
  const bool with_max = !max_second_moments.empty();
  if (with_max) check_count("adam_", count, max_second_moments.size(), "largest second moments");
  if (capture::recording())
    return note({parameters, gradients, first_moments, second_moments, max_second_moments}, {{}, options, step},
                [decoupled](capture::Inputs in, const capture::Update& today) {
                  adam_({in[0], 1}, {in[1], 1}, {in[2], 1}, {in[3], 1}, one_or_none(in[4]), today.step,
                        std::get<AdamOptions>(today.options), decoupled);
                });
  if (step < 1) throw ValueError("adam_: steps are counted from 1, not " + std::to_string(step));
  for (std::size_t k = 0; k < count; ++k) {
    if (!gradients[k].defined()) continue;
    needs_floating("adam_", parameters[k]);
    check_fits("adam_", k, parameters[k], gradients[k], "gradient");
    check_fits("adam_", k, parameters[k], first_moments[k], "first moment");
    check_fits("adam_", k, parameters[k], second_moments[k], "second moment");
    if (with_max) check_fits("adam_", k, parameters[k], max_second_moments[k], "largest second moment");
  }
  const bool apart = decoupled && !mutant("adam.decay_coupled");
  const AdamNumbers<double> numbers = numbers_of(options, step, apart);
  for (std::size_t k = 0; k < count; ++k)
    if (gradients[k].defined())
      visit_floating(parameters[k].dtype(), [&]<class T>() {
        adam_one<T>(parameters[k], gradients[k], first_moments[k], second_moments[k], with_max ? max_second_moments[k] : kNone, options,
                    apart, numbers);
      });
}

// --- the classes ---------------------------------------------------------------------------------------------------
namespace {
void check(const char* what, double value, bool good) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  if (!good) throw ValueError(std::string("Invalid ") + what + ": " + text);
}

// The parameters' gradients in a list that is kept from step to step. They are not counted: the parameters hold them.
class GradientList {
 public:
  GradientList(std::span<const Tensor> parameters, std::vector<Tensor>& list) : list_(list) {
    for (const Tensor& x : parameters) list_.emplace_back(capture::recording() ? x.grad().cell() : x.cell()->grad());
  }
  ~GradientList() {
    for (Tensor& gradient : list_) gradient.detach_ownership();
    list_.clear();
  }
  GradientList(const GradientList&) = delete;
  GradientList& operator=(const GradientList&) = delete;

 private:
  std::vector<Tensor>& list_;
};
}  // namespace

Optimizer::Optimizer(std::vector<Tensor> parameters, double lr) : parameters_(std::move(parameters)), lr_(lr) {
  check("learning rate", lr, lr >= 0);
  if (parameters_.empty()) throw ValueError("optimizer got an empty parameter list");
  std::vector<const Cell*> cells;
  for (const Tensor& parameter : parameters_) {
    if (!parameter.is_leaf()) throw ValueError("can't optimize a non-leaf Tensor");
    cells.push_back(parameter.cell());
  }
  std::ranges::sort(cells);
  if (std::ranges::adjacent_find(cells) != cells.end()) throw ValueError("optimizer contains a parameter group with duplicate parameters");
}

void Optimizer::zero_grad(bool set_to_none) {
  const NoGrad guard;
  for (Tensor& parameter : parameters_)
    if (set_to_none) parameter.set_grad({});
    else if (Tensor grad = parameter.grad(); grad.defined()) grad.zero_();
}

SGD::SGD(std::vector<Tensor> parameters, const SGDOptions& options)
    : Optimizer(std::move(parameters), options.lr), options_(options), velocities_(parameters_.size()) {
  check("momentum value", options.momentum, options.momentum >= 0);
  check("weight_decay value", options.weight_decay, options.weight_decay >= 0);
  if (options.nesterov && (options.momentum <= 0 || options.dampening != 0))
    throw ValueError("Nesterov momentum requires a momentum and zero dampening");
}

void SGD::step() {
  options_.lr = lr();
  const GradientList filled(parameters_, gradients_);
  const bool moving = options_.momentum != 0;
  for (std::size_t k = 0; k < parameters_.size() && moving; ++k) {
    if (!gradients_[k].defined() || velocities_[k].defined()) continue;
    velocities_[k] = zeros_of(parameters_[k]);
    sgd_({&parameters_[k], 1}, {&gradients_[k], 1}, {&velocities_[k], 1}, options_, /*first_step=*/true);
    gradients_[k].detach_ownership();  // it has been used
  }
  sgd_(parameters_, gradients_, {velocities_.data(), moving ? velocities_.size() : 0}, options_, /*first_step=*/false);
}

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options, bool decoupled)
    : Optimizer(std::move(parameters), options.lr), options_(options), decoupled_(decoupled), states_(parameters_.size()) {
  const auto [beta1, beta2] = options.betas;
  check("epsilon value", options.eps, options.eps >= 0);
  check("beta parameter at index 0", beta1, 0 <= beta1 && beta1 < 1);
  check("beta parameter at index 1", beta2, 0 <= beta2 && beta2 < 1);
  check("weight_decay value", options.weight_decay, options.weight_decay >= 0);
}

void Adam::step() {
  options_.lr = lr();
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    const Tensor grad = parameters_[k].grad();
    if (!grad.defined()) continue;
    auto& [first, second, max_second, step] = states_[k];
    if (!first.defined()) {
      first = zeros_of(parameters_[k]);
      second = zeros_of(parameters_[k]);
      if (options_.amsgrad) max_second = zeros_of(parameters_[k]);
    }
    if (!mutant("adam.does_not_age") || step == 0) ++step;
    adam_({&parameters_[k], 1}, {&grad, 1}, {&first, 1}, {&second, 1}, {&max_second, options_.amsgrad ? 1u : 0u}, step, options_,
          decoupled_);
  }
}

LambdaLR::LambdaLR(Optimizer& optimizer, std::function<double(std::int64_t)> factor)
    : optimizer_(optimizer), factor_(std::move(factor)), base_lr_(optimizer.lr()) {
  set_epoch(0);
}

void LambdaLR::set_epoch(std::int64_t epoch) {
  epoch_ = epoch;
  optimizer_.set_lr((mutant("lambda_lr.compounds") ? optimizer_.lr() : base_lr_) * factor_(epoch));
}

}  // namespace trigrad::optim
