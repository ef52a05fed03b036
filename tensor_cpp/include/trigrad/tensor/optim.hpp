// Optimisers: PyTorch 2.13's formulas, names and defaults. A step is one pass over each parameter: the parameter, its
// gradient and the optimiser's state are read once and written once, nothing is recorded and nothing allocated.
//
//   optim::SGD optimizer(model.parameters(), {.lr = 0.1, .momentum = 0.9});
//   for (...) {
//     optimizer.zero_grad();
//     loss_of(model).backward();
//     optimizer.step();
//   }
//
// Read before: nn.hpp. The updates themselves: src/optim.cpp.
#pragma once

#include <trigrad/tensor/tensor.hpp>

#include <array>

namespace trigrad::optim {

struct SGDOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
};

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8, weight_decay = 0;
  bool amsgrad = false, maximize = false;
};

struct AdamWOptions {  // as Adam's, but for the weight decay, which acts on the parameter and not on the gradient
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8, weight_decay = 1e-2;
  bool amsgrad = false, maximize = false;
};

// --- the fused updates ---------------------------------------------------------------------------------------------
// Lists of equal length, one entry per parameter; a parameter whose gradient is undefined is left alone. Everything is
// checked before anything changes: ShapeError or DTypeError where a gradient or a state does not fit its parameter.

// `velocities` may be empty where there is no momentum. On the first step they take the gradients as they are.
void sgd_(std::span<const Tensor> parameters, std::span<const Tensor> gradients, std::span<const Tensor> velocities,
          const SGDOptions& options, bool first_step);

// `step` counts from 1; `max_second_moments` is empty unless amsgrad; `decoupled`: AdamW.
void adam_(std::span<const Tensor> parameters, std::span<const Tensor> gradients, std::span<const Tensor> first_moments,
           std::span<const Tensor> second_moments, std::span<const Tensor> max_second_moments, std::int64_t step,
           const AdamOptions& options, bool decoupled);

// --- the classes ---------------------------------------------------------------------------------------------------
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void step() = 0;
  void zero_grad(bool set_to_none = true);
  const std::vector<Tensor>& parameters() const { return parameters_; }
  double lr() const { return lr_; }
  void set_lr(double lr) { lr_ = lr; }

 protected:
  Optimizer(std::vector<Tensor> parameters, double lr);  // ValueError unless all are leaves, each once
  std::vector<Tensor> parameters_;

 private:
  double lr_;
};

class SGD : public Optimizer {
 public:
  explicit SGD(std::vector<Tensor> parameters, const SGDOptions& options = {});
  void step() override;

 private:
  SGDOptions options_;
  std::vector<Tensor> velocities_;  // undefined until a parameter's first gradient
  std::vector<Tensor> gradients_;   // of a step that is being done; in between only memory is kept
};

class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {}) : Adam(std::move(parameters), options, false) {}
  void step() override;

 protected:
  Adam(std::vector<Tensor> parameters, const AdamOptions& options, bool decoupled);

 private:
  struct State {
    Tensor first_moment, second_moment, max_second_moment;
    std::int64_t step = 0;  // a parameter without a gradient does not age
  };
  AdamOptions options_;
  bool decoupled_;
  std::vector<State> states_;
};

class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& o = {})
      : Adam(std::move(parameters), {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad, o.maximize}, true) {}
};

// The learning rate is its first value times factor(epoch); epoch is 0 at first and rises with every step().
class LambdaLR {
 public:
  LambdaLR(Optimizer& optimizer, std::function<double(std::int64_t)> factor);
  void step() { set_epoch(epoch_ + 1); }
  double last_lr() const { return optimizer_.lr(); }
  std::int64_t last_epoch() const { return epoch_; }

 private:
  void set_epoch(std::int64_t epoch);
  Optimizer& optimizer_;
  std::function<double(std::int64_t)> factor_;
  double base_lr_;
  std::int64_t epoch_ = 0;
};

}  // namespace trigrad::optim
