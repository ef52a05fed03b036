// SGD, Adam and AdamW over flat arrays of doubles, one pass each: PyTorch's formulas. The scalar libraries bring no
// optimiser of their own, so all of them get this one.
//
// Read before: workload.hpp.
#pragma once

#include "workload.hpp"

#include <cmath>

namespace native {

class FusedOptimizer {
 public:
  FusedOptimizer(const OptimizerSpec& spec, std::size_t count) : spec_(spec) {
    if (spec_.kind != "none" && (spec_.kind != "sgd" || spec_.momentum != 0)) first_.resize(count);
    if (spec_.kind.starts_with("adam")) second_.resize(count);
  }
  void reset() {
    step_ = 0;
    std::fill(first_.begin(), first_.end(), 0.0);
    std::fill(second_.begin(), second_.end(), 0.0);
  }

  void step(std::span<double> p, std::span<const double> g, double lr) {
    ++step_;
    if (spec_.kind == "sgd") sgd(p, g, lr);
    else if (spec_.kind == "adam") adam(p, g, lr, spec_.weight_decay, 0);
    else if (spec_.kind == "adamw") adam(p, g, lr, 0, spec_.weight_decay);
  }

 private:
  void sgd(std::span<double> p, std::span<const double> g, double lr) {
    const double decay = spec_.weight_decay, momentum = spec_.momentum;
    if (momentum == 0) {
      for (std::size_t k = 0; k < p.size(); ++k) p[k] -= lr * (g[k] + decay * p[k]);
    } else {  // the velocity starts at 0, so the first step takes the gradient as it is
      for (std::size_t k = 0; k < p.size(); ++k) p[k] -= lr * (first_[k] = momentum * first_[k] + (g[k] + decay * p[k]));
    }
  }
  void adam(std::span<double> p, std::span<const double> g, double lr, double decay, double decoupled_decay) {
    const auto [b1, b2] = spec_.betas;
    const double rate = lr / (1 - std::pow(b1, step_)), scale = 1 / std::sqrt(1 - std::pow(b2, step_));
    for (std::size_t k = 0; k < p.size(); ++k) {
      const double gradient = g[k] + decay * p[k];
      first_[k] = b1 * first_[k] + (1 - b1) * gradient;
      second_[k] = b2 * second_[k] + (1 - b2) * gradient * gradient;
      p[k] -= lr * decoupled_decay * p[k] + rate * first_[k] / (std::sqrt(second_[k]) * scale + spec_.eps);
    }
  }

  OptimizerSpec spec_;
  std::vector<double> first_, second_;
  int step_ = 0;
};

}  // namespace native
