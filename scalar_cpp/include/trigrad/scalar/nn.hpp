// micrograd's Neuron, Layer and MLP on Values: every hidden unit is relu(w · x + b), the last layer is linear.
//
// Read before: value.hpp. See examples/moons.cpp.
#pragma once

#include <trigrad/scalar/value.hpp>

#include <vector>

namespace trigrad {

enum class Nonlinearity { Linear, Relu, Tanh };

inline Value activate(Nonlinearity activation, Value x) {
  switch (activation) {
    case Nonlinearity::Relu:
      return relu(x);
    case Nonlinearity::Tanh:
      return tanh(x);
    case Nonlinearity::Linear:
      break;
  }
  return x;
}

// `draw` gives the next initial weight, in the order in which micrograd draws: unit by unit, bias 0.
class Neuron {
 public:
  Neuron(std::size_t inputs, Nonlinearity activation, auto&& draw) : activation_(activation) {
    parameters_.reserve(inputs + 1);
    for (std::size_t k = 0; k < inputs; ++k) parameters_.push_back(leaf(draw()));
    parameters_.push_back(leaf(0.0));
  }

  template <class X>
  Value operator()(const std::vector<X>& x) const {
    const std::span<const Value> all = parameters_;
    return activate(activation_, dot(all.first(all.size() - 1), std::span<const X>(x), all.back()));
  }
  std::vector<Value>& parameters() { return parameters_; }

 private:
  std::vector<Value> parameters_;  // the weights, then the bias
  Nonlinearity activation_;
};

class Layer {
 public:
  Layer(std::size_t inputs, std::size_t outputs, Nonlinearity activation, auto&& draw) {
    for (std::size_t k = 0; k < outputs; ++k) neurons_.emplace_back(inputs, activation, draw);
  }

  template <class X>
  std::vector<Value> operator()(const std::vector<X>& x) const {
    std::vector<Value> out;
    out.reserve(neurons_.size());
    for (const Neuron& neuron : neurons_) out.push_back(neuron(x));
    return out;
  }
  std::vector<Neuron>& neurons() { return neurons_; }

 private:
  std::vector<Neuron> neurons_;
};

class MLP {
 public:
  MLP(std::size_t inputs, const std::vector<std::size_t>& outputs, auto&& draw, Nonlinearity hidden = Nonlinearity::Relu) {
    if (outputs.empty()) throw ValueError("MLP: needs the size of at least one layer");
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      layers_.emplace_back(k ? outputs[k - 1] : inputs, outputs[k], k + 1 < outputs.size() ? hidden : Nonlinearity::Linear, draw);
    }
  }

  // The data may be numbers: then the first layer records no terms for them.
  template <class X>
  std::vector<Value> operator()(const std::vector<X>& x) const {
    std::vector<Value> out = layers_.front()(x);
    for (std::size_t k = 1; k < layers_.size(); ++k) out = layers_[k](out);
    return out;
  }

  void for_each_parameter(auto&& visit) {
    for (Layer& layer : layers_)
      for (Neuron& neuron : layer.neurons())
        for (Value& p : neuron.parameters()) visit(p);
  }
  void zero_grad() {
    for_each_parameter([](Value& p) { p.set_grad(0.0); });
  }

 private:
  std::vector<Layer> layers_;
};

}  // namespace trigrad
