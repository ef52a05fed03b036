// Networks for pure C++ programs, under the names of PyTorch's C++ frontend.
//
//   nn::Sequential model{nn::Linear(784, 128), nn::ReLU(), nn::Linear(128, 10)};  // {}: made, and drawn, from left to right
//   Tensor loss = cross_entropy(model(x), labels);
//
// A module is a handle: copies share their parameters. Your own derives from Module, registers what it holds, and says
// what forward does:
//
//   struct Net : nn::Module {
//     std::shared_ptr<nn::Linear> first = register_module("first", nn::Linear(2, 16)), second = ...;
//     Tensor forward(const Tensor& x) override { return (*second)(tanh((*first)(x))); }
//   };
//
// Read before: ops.hpp. Read next: optim.hpp, data.hpp.
#pragma once

#include <trigrad/tensor/ops.hpp>

#include <concepts>
#include <functional>
#include <memory>

namespace trigrad::nn {

// --- initial values (src/nn.cpp); all in place, unrecorded, and all give their tensor back -------------------------
namespace init {
Tensor uniform_(Tensor x, double low = 0, double high = 1, Generator* generator = nullptr);
Tensor normal_(Tensor x, double mean = 0, double std = 1, Generator* generator = nullptr);
Tensor xavier_uniform_(Tensor x, double gain = 1, Generator* generator = nullptr);
// mode: "fan_in" or "fan_out"; nonlinearity: "relu", "leaky_relu" (of slope a), "tanh", "sigmoid", "selu" or "linear".
Tensor kaiming_uniform_(Tensor x, double a = 0, std::string_view mode = "fan_in", std::string_view nonlinearity = "leaky_relu",
                        Generator* generator = nullptr);
Tensor kaiming_normal_(Tensor x, double a = 0, std::string_view mode = "fan_in", std::string_view nonlinearity = "leaky_relu",
                       Generator* generator = nullptr);
Tensor zeros_(Tensor x);
Tensor ones_(Tensor x);
double calculate_gain(std::string_view nonlinearity, double a = 0.01);
}  // namespace init

// --- modules -------------------------------------------------------------------------------------------------------
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

class Module {
 public:
  virtual ~Module() = default;
  virtual Tensor forward(const Tensor& x);  // NotImplemented
  Tensor operator()(const Tensor& x) { return forward(x); }

  std::vector<Tensor> parameters() const;             // this module's own, then its children's, as they were registered
  std::vector<NamedTensor> named_parameters() const;  // "0.weight", "0.bias", "2.weight", ...
  void zero_grad(bool set_to_none = true);
  void train(bool on = true);  // Dropout acts in training only
  void eval() { train(false); }
  bool is_training() const { return training_; }

 protected:
  Tensor register_parameter(std::string name, Tensor value);  // it will require gradients
  template <std::derived_from<Module> M>
  std::shared_ptr<M> register_module(std::string name, M module) {
    auto child = std::make_shared<M>(std::move(module));
    children_.emplace_back(std::move(name), child);
    return child;
  }

 private:
  void collect(const std::string& prefix, std::vector<NamedTensor>& found) const;

  std::vector<NamedTensor> parameters_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children_;
  bool training_ = true;
};

// z = x · weightᵀ + bias, weight (out, in). Both are drawn from U(-1/√in, 1/√in), the weight first.
class Linear : public Module {
 public:
  Linear(std::int64_t in_features, std::int64_t out_features, bool with_bias = true, DType dtype = default_dtype(),
         Generator* generator = nullptr);
  Tensor forward(const Tensor& x) override { return linear(x, weight, bias); }
  Tensor forward(const Tensor& x, Activation activation) { return linear(x, weight, bias, activation); }

  Tensor weight, bias;  // bias: undefined where there is none
};

// Any function of one tensor as a module: nn::Functional([](const Tensor& x) { return softmax(x, 1); }).
class Functional : public Module {
 public:
  explicit Functional(std::function<Tensor(const Tensor&)> function) : function_(std::move(function)) {}
  Tensor forward(const Tensor& x) override { return function_(x); }

 private:
  std::function<Tensor(const Tensor&)> function_;
};

// An activation that linear() can apply itself; Sequential makes one node of the pair.
template <Activation kActivation>
struct Fusable : Module {
  static constexpr Activation kFused = kActivation;
  Tensor forward(const Tensor& x) override {
    if constexpr (kActivation == Activation::Relu) return relu(x);
    else if constexpr (kActivation == Activation::Tanh) return tanh(x);
    else return sigmoid(x);
  }
};
using ReLU = Fusable<Activation::Relu>;
using Tanh = Fusable<Activation::Tanh>;
using Sigmoid = Fusable<Activation::Sigmoid>;

struct GELU : Module {
  Tensor forward(const Tensor& x) override { return gelu(x); }
};
struct SiLU : Module {
  Tensor forward(const Tensor& x) override { return silu(x); }
};
struct LogSoftmax : Module {
  explicit LogSoftmax(std::int64_t over) : dim(over) {}
  Tensor forward(const Tensor& x) override { return log_softmax(x, dim); }
  std::int64_t dim;
};

struct Flatten : Module {
  Tensor forward(const Tensor& x) override { return flatten(x, 1); }
};

// In training each number is 0 with probability p, and the others are divided by 1 - p. Otherwise x itself.
class Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5, Generator* generator = nullptr);
  Tensor forward(const Tensor& x) override;

 private:
  double p_;
  Generator* generator_;
};

// One module after the other; a Linear and the ReLU, Tanh or Sigmoid behind it are one node of the graph. Write braces,
// Sequential{...}: between parentheses C++ may make the last layer first, and it would get the first layer's random numbers.
class Sequential : public Module {
 public:
  template <std::derived_from<Module>... M>
  explicit Sequential(M... modules) {
    (push_back(std::move(modules)), ...);
  }
  template <std::derived_from<Module> M>
  void push_back(M module) {
    const std::shared_ptr<M> added = register_module(std::to_string(size()), std::move(module));
    if constexpr (requires { requires std::same_as<M, Fusable<M::kFused>>; })  // a subclass may do something else, and is asked
      if (!steps_.empty()) steps_.back().then = M::kFused;
    steps_.push_back({added.get(), nullptr, Activation::None});
    if constexpr (std::same_as<M, Linear>) steps_.back().linear = added.get();
  }
  Tensor forward(const Tensor& x) override;
  std::size_t size() const { return steps_.size(); }
  Module& operator[](std::size_t k) { return *steps_.at(k).module; }

 private:
  struct Step {
    Module* module;   // owned by the base
    Linear* linear;   // the same, if it is one
    Activation then;  // what the next module applies, if linear() can do that
  };
  std::vector<Step> steps_;
};

struct MLPOptions {
  Activation activation = Activation::Relu;  // after every layer but the last
  std::vector<double> dropout{};             // after each hidden layer's activation; one number serves all, none: no dropout
  bool bias = true;
};

// sizes: of the input, of every layer. MLP({784, 128, 10}) is Sequential(Linear(784, 128), ReLU(), Linear(128, 10)).
class MLP : public Sequential {
 public:
  explicit MLP(const std::vector<std::int64_t>& sizes, const MLPOptions& options = {}, DType dtype = default_dtype(),
               Generator* generator = nullptr);
};

// Scales all gradients so that the norm of them together is at most max_norm; gives the norm that it was.
double clip_grad_norm_(std::span<const Tensor> parameters, double max_norm, double norm_type = 2);

}  // namespace trigrad::nn
