// What the workloads compute, in whole tensors: the code that a user of trigrad writes in C++.
//
// Read before: inputs.hpp. Read next: tensor_program.hpp; scalar_model.hpp is the same one number at a time.
#pragma once

#include "inputs.hpp"

#include <trigrad/tensor.hpp>

namespace native {

using trigrad::DType;
using trigrad::Tensor;

inline Tensor to_tensor(const Array& array, DType dtype) {
  const trigrad::Dims shape{std::span<const std::int64_t>(array.shape)};
  if (!array.is_integer()) return trigrad::tensor(array.numbers, shape, dtype);
  Tensor labels = trigrad::empty(shape, DType::Int64);
  std::copy(array.integers.begin(), array.integers.end(), labels.data<std::int64_t>());
  return labels;
}

struct TensorBatch {
  Tensor x;
  std::vector<Tensor> masks;
  std::vector<std::pair<std::string, Tensor>> targets;

  const Tensor& target(const std::string& name) const {
    for (const auto& [known, tensor] : targets)
      if (known == name) return tensor;
    throw WorkloadError("WorkloadError: the arrays hold no data " + name);
  }
};

class TensorModel {
 public:
  // `parameters` are the leaves under the names of the arrays.
  TensorModel(const Workload& w, const std::vector<std::pair<std::string, Tensor>>& parameters) : workload_(w), parameters_(parameters) {
    using Fused = trigrad::Activation;
    constexpr Fused fused[] = {Fused::None, Fused::Relu, Fused::Tanh, Fused::Sigmoid};
    activation_ = fused[static_cast<int>(w.activation)];
    for (const Net& net : w.nets) {
      Modules& modules = nets_.emplace_back();
      for (const Layer& layer : net.trunk) modules.trunk.push_back(linear_of(layer));
      for (const Head& head : net.heads) modules.heads.push_back(linear_of(head.layer));
    }
  }

  Tensor loss(const TensorBatch& batch) const {
    if (workload_.kind == Kind::Graph) return graph();
    if (workload_.kind == Kind::Expression) return expression(batch);
    Tensor total;
    for (std::size_t n = 0; n < nets_.size(); ++n) {
      Tensor h = batch.x;
      for (std::size_t k = 0; k < nets_[n].trunk.size(); ++k) {
        const Linear& layer = nets_[n].trunk[k];
        h = trigrad::linear(h, layer.weight, layer.bias, activation_);
        if (k < batch.masks.size()) h = h * batch.masks[k];
      }
      for (std::size_t k = 0; k < nets_[n].heads.size(); ++k) {
        const Linear& layer = nets_[n].heads[k];
        const Head& head = workload_.nets[n].heads[k];
        Tensor part = loss_of(head.loss, trigrad::linear(h, layer.weight, layer.bias), batch, head.target);
        total = total.defined() ? total + part : std::move(part);
      }
    }
    return total;
  }

 private:
  struct Linear {
    Tensor weight, bias;
  };
  struct Modules {
    std::vector<Linear> trunk, heads;
  };

  const Tensor& parameter(const std::string& name) const {
    for (const auto& [known, tensor] : parameters_)
      if (known == name) return tensor;
    throw WorkloadError("WorkloadError: the arrays hold no parameter " + name);
  }
  Linear linear_of(const Layer& layer) const { return {parameter(layer.weight), workload_.bias ? parameter(layer.bias) : Tensor()}; }

  Tensor loss_of(Loss kind, const Tensor& score, const TensorBatch& batch, const std::string& target) const {
    switch (kind) {
      case Loss::Mse:
        return trigrad::mse_loss(score, batch.target(target));
      case Loss::CrossEntropy:
        return trigrad::cross_entropy(score, batch.target(target));
      case Loss::Nll:
        return trigrad::nll_loss(trigrad::log_softmax(score, -1), batch.target(target));
      case Loss::Hinge:
        return trigrad::hinge_loss(score, batch.target(target));
      default:
        return trigrad::sum(score);
    }
  }

  Tensor expression(const TensorBatch& batch) const {
    if (workload_.formula == "micrograd_readme") return micrograd_readme(parameter("a"), parameter("b"));
    Tensor z = trigrad::matmul(batch.x, parameter("w"));
    if (workload_.formula == "op_stress") z = pow(sigmoid(log(exp(z))), 2);
    return loss_of(workload_.loss, z, batch, "y");
  }

  static Tensor micrograd_readme(const Tensor& a, const Tensor& b) {
    Tensor c = a + b;
    Tensor d = a * b + pow(b, 3);
    c = c + c + 1;
    c = c + 1 + c + (-a);
    d = d + d * 2 + relu(b + a);
    d = d + 3 * d + relu(b - a);
    const Tensor e = c - d;
    const Tensor f = pow(e, 2);
    return f / 2.0 + 10.0 / f;
  }

  Tensor graph() const {
    Tensor z = parameter("x");
    if (workload_.shape == "fan_in") return trigrad::sum(exp(z) * parameter("y"));
    if (workload_.shape == "lattice") return lattice(z);
    const Tensor &a = parameter("a"), &b = parameter("b");
    for (std::size_t k = 1; k <= workload_.size; ++k) {
      z = z * a + b;
      if (k % 10 == 0) z = tanh(z);
    }
    return z;
  }

  Tensor lattice(const Tensor& x) const {
    std::vector<Tensor> layer, above;
    for (std::int64_t k = 0; k < x.size(0); ++k) layer.push_back(trigrad::select(x, 0, k));
    for (std::size_t left = std::max<std::size_t>(1, workload_.size / layer.size()); left > 0; --left) {
      above.clear();
      for (std::size_t k = 0; k < layer.size(); ++k) above.push_back(sqrt(layer[k] * layer[(k + 1) % layer.size()]));
      std::swap(layer, above);
    }
    Tensor total = layer[0];
    for (std::size_t k = 1; k < layer.size(); ++k) total = total + layer[k];
    return total;
  }

  const Workload& workload_;
  const std::vector<std::pair<std::string, Tensor>>& parameters_;
  trigrad::Activation activation_ = trigrad::Activation::None;
  std::vector<Modules> nets_;
};

}  // namespace native
