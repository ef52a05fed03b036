// Modules and initial values (see nn.hpp). Nothing here touches elements: that is the ops' work.

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/nn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace trigrad::nn {

// --- initial values ------------------------------------------------------------------------------------------------
namespace init {
namespace {

constexpr DType kDrawn = DType::Float64;  // and then rounded: one seed gives the same weights in both types, and in Python

struct Fans {
  double in, out;
};

Fans fans_of(const Tensor& x) {
  if (x.ndim() < 2) throw ShapeError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
  const std::int64_t field = x.size(0) * x.size(1) == 0 ? 1 : x.numel() / (x.size(0) * x.size(1));  // of a convolution
  const auto at_least_one = [&](std::int64_t features) { return static_cast<double>(std::max<std::int64_t>(features * field, 1)); };
  return {at_least_one(x.size(1)), at_least_one(x.size(0))};
}

double kaiming_std(const Tensor& x, double a, std::string_view mode, std::string_view nonlinearity) {
  if (mode != "fan_in" && mode != "fan_out")
    throw ValueError("Mode " + std::string(mode) + " not supported, please use one of ['fan_in', 'fan_out']");
  const Fans fans = fans_of(x);
  return calculate_gain(nonlinearity, a) / std::sqrt(mode == "fan_in" ? fans.in : fans.out);
}

}  // namespace

Tensor uniform_(Tensor x, double low, double high, Generator* generator) {
  const NoGrad guard;
  const Tensor drawn = rand(x.shape(), kDrawn, generator);
  return x.store_(drawn * like(drawn, high - low) + like(drawn, low), "uniform_");
}

Tensor normal_(Tensor x, double mean, double std, Generator* generator) {
  const NoGrad guard;
  const Tensor drawn = randn(x.shape(), kDrawn, generator);
  return x.store_(drawn * like(drawn, std) + like(drawn, mean), "normal_");
}

Tensor xavier_uniform_(Tensor x, double gain, Generator* generator) {
  const Fans fans = fans_of(x);
  const double bound = std::sqrt(3.0) * gain * std::sqrt(2 / (fans.in + fans.out));
  return uniform_(x, -bound, bound, generator);
}

Tensor kaiming_uniform_(Tensor x, double a, std::string_view mode, std::string_view nonlinearity, Generator* generator) {
  const double bound = std::sqrt(3.0) * kaiming_std(x, a, mode, nonlinearity);
  return uniform_(x, -bound, bound, generator);
}

Tensor kaiming_normal_(Tensor x, double a, std::string_view mode, std::string_view nonlinearity, Generator* generator) {
  return normal_(x, 0, kaiming_std(x, a, mode, nonlinearity), generator);
}

Tensor zeros_(Tensor x) {
  const NoGrad guard;
  return x.zero_();
}
Tensor ones_(Tensor x) {
  const NoGrad guard;
  return x.fill_(1, "ones_");
}

double calculate_gain(std::string_view nonlinearity, double a) {
  if (nonlinearity == "linear" || nonlinearity == "sigmoid") return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "selu") return 0.75;
  if (nonlinearity == "leaky_relu") return std::sqrt(2 / (1 + a * a));
  throw ValueError("Unsupported nonlinearity " + std::string(nonlinearity));
}

}  // namespace init

// --- Module --------------------------------------------------------------------------------------------------------
Tensor Module::forward(const Tensor& /*x*/) { throw NotImplemented("Module: this module does not say what forward(x) is"); }

Tensor Module::register_parameter(std::string name, Tensor value) {
  value.set_requires_grad();
  parameters_.push_back({std::move(name), value});
  return value;
}

void Module::collect(const std::string& prefix, std::vector<NamedTensor>& found) const {
  const auto is_new = [&](const Tensor& x) {  // a module that is used twice has its parameters once
    return std::none_of(found.begin(), found.end(), [&](const NamedTensor& other) { return other.tensor.is_same(x); });
  };
  for (const auto& [name, tensor] : parameters_)
    if (is_new(tensor)) found.push_back({prefix + name, tensor});
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", found);
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> found;
  collect("", found);
  return found;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> found;
  for (NamedTensor& parameter : named_parameters()) found.push_back(std::move(parameter.tensor));
  return found;
}

void Module::zero_grad(bool set_to_none) {
  const NoGrad guard;
  for (Tensor& parameter : parameters())
    if (set_to_none) parameter.set_grad({});
    else if (parameter.grad().defined()) parameter.grad().zero_();
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, child] : children_) child->train(on);
}

// --- modules -------------------------------------------------------------------------------------------------------
Linear::Linear(std::int64_t in_features, std::int64_t out_features, bool with_bias, DType dtype, Generator* generator) {
  const auto check_size = [](const char* name, std::int64_t size) {
    if (size < 0) throw ValueError(std::string("Linear: ") + name + " must not be negative, but is " + std::to_string(size));
  };
  check_size("in_features", in_features);
  check_size("out_features", out_features);
  const double bound = in_features > 0 ? 1 / std::sqrt(static_cast<double>(in_features)) : 0;
  weight = register_parameter("weight", init::uniform_(empty({out_features, in_features}, dtype), -bound, bound, generator));
  if (with_bias) bias = register_parameter("bias", init::uniform_(empty({out_features}, dtype), -bound, bound, generator));
}

Dropout::Dropout(double p, Generator* generator) : p_(p), generator_(generator) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", p);
  if (!(p >= 0 && p <= 1)) throw ValueError(std::string("dropout probability has to be between 0 and 1, but got ") + text);
}

Tensor Dropout::forward(const Tensor& x) {
  if (!is_training() || p_ == 0) return x;
  if (p_ == 1) return x * like(x, 0);
  const Tensor drawn = rand(x.shape(), DType::Float64, generator_);  // whatever x is: one seed drops the same elements
  const Tensor kept = to_dtype(drawn >= like(drawn, p_), x.dtype());
  return x * (kept * like(kept, 1 / (1 - p_)));
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor h = x;
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    const Step& step = steps_[k];
    if (step.linear && step.then != Activation::None) {
      h = step.linear->forward(h, step.then);
      ++k;
    } else {
      h = step.module->forward(h);
    }
  }
  return h;
}

MLP::MLP(const std::vector<std::int64_t>& sizes, const MLPOptions& options, DType dtype, Generator* generator) {
  if (sizes.size() < 2)
    throw ValueError("MLP: sizes needs at least an input and an output size, not [" + (sizes.empty() ? "" : std::to_string(sizes[0])) +
                     "]");
  const std::size_t hidden = sizes.size() - 2;
  if (options.dropout.size() > 1 && options.dropout.size() != hidden)
    throw ValueError("MLP: " + std::to_string(hidden) + " hidden layers but " + std::to_string(options.dropout.size()) + " dropout rates");
  for (std::size_t k = 0; k <= hidden; ++k) {
    push_back(Linear(sizes[k], sizes[k + 1], options.bias, dtype, generator));
    if (k == hidden) break;
    if (options.activation == Activation::Relu) push_back(ReLU());
    if (options.activation == Activation::Tanh) push_back(Tanh());
    if (options.activation == Activation::Sigmoid) push_back(Sigmoid());
    const double rate = options.dropout.empty() ? 0 : options.dropout[options.dropout.size() > 1 ? k : 0];
    if (rate != 0) push_back(Dropout(rate, generator));
  }
}

double clip_grad_norm_(std::span<const Tensor> parameters, double max_norm, double norm_type) {
  const NoGrad guard;
  double total = 0;
  for (const Tensor& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    const double size = norm(parameter.grad(), norm_type).item();
    total = std::isinf(norm_type) ? (size > total || std::isnan(size) ? size : total) : total + std::pow(size, norm_type);
  }
  if (!std::isinf(norm_type)) total = std::pow(total, 1 / norm_type);
  const double factor = max_norm / (total + 1e-6);
  if (!(factor >= 1))  // NaN included: as in PyTorch, the gradients then show it
    for (const Tensor& parameter : parameters)
      if (Tensor grad = parameter.grad(); grad.defined()) grad.mul_(like(grad, factor));
  return total;
}

}  // namespace trigrad::nn
