// SGD and AdamW on Values, by PyTorch's formulas and with its defaults.
//
//   AdamW optimizer({.lr = 0.1});
//   model.zero_grad();
//   loss.backward();
//   optimizer.step(model);  // anything with for_each_parameter, or a span of Values
//
// What is remembered of a parameter is found by its place, so every step must be given the same parameters in the same
// order. A parameter's gradient stays, and each backward() adds to it, until model.zero_grad() or set_grad(0).
//
// Read before: value.hpp, nn.hpp. The same for tensors: trigrad/tensor/optim.hpp.
#pragma once

#include <trigrad/scalar/value.hpp>

#include <array>
#include <cmath>
#include <vector>

namespace trigrad {

// Calls `update(parameter, its own State)` for each parameter of a model or span.
template <class State>
class StatePerParameter {
 public:
  void for_each(auto&& parameters, auto&& update) {
    std::size_t place = 0;
    const auto visit = [&](Value& parameter) {
      if (place == states_.size()) states_.emplace_back();
      update(parameter, states_[place++]);
    };
    if constexpr (requires { parameters.for_each_parameter(visit); }) parameters.for_each_parameter(visit);
    else
      for (Value& parameter : parameters) visit(parameter);
  }

 private:
  std::vector<State> states_;
};

struct SGDOptions {
  double lr = 1e-3, momentum = 0, weight_decay = 0;
};

class SGD {
 public:
  explicit SGD(const SGDOptions& options = {}) : options_(options) {}
  double lr() const { return options_.lr; }
  void set_lr(double lr) { options_.lr = lr; }

  void step(auto&& parameters) {
    velocities_.for_each(parameters, [&](Value& p, double& velocity) {
      velocity = options_.momentum * velocity + p.grad() + options_.weight_decay * p.data;
      p.data -= options_.lr * velocity;
    });
  }

 private:
  SGDOptions options_;
  StatePerParameter<double> velocities_;
};

struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8, weight_decay = 1e-2;  // 0: plain Adam
};

class AdamW {
 public:
  explicit AdamW(const AdamWOptions& options = {}) : options_(options) {}
  double lr() const { return options_.lr; }
  void set_lr(double lr) { options_.lr = lr; }

  void step(auto&& parameters) {
    const auto [lr, betas, eps, weight_decay] = options_;
    const auto [beta1, beta2] = betas;
    ++step_;
    const double missing1 = 1 - std::pow(beta1, step_), missing2 = 1 - std::pow(beta2, step_);  // both moments start at 0
    moments_.for_each(parameters, [&](Value& p, Moments& of) {
      const double g = p.grad();
      p.data *= 1 - lr * weight_decay;
      of.first += (1 - beta1) * (g - of.first);
      of.second = beta2 * of.second + (1 - beta2) * g * g;
      p.data -= lr / missing1 * of.first / (std::sqrt(of.second / missing2) + eps);
    });
  }

 private:
  struct Moments {
    double first = 0, second = 0;
  };
  AdamWOptions options_;
  int step_ = 0;
  StatePerParameter<Moments> moments_;
};

}  // namespace trigrad
