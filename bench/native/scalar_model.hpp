// What the workloads compute, one scalar at a time: the code that a user of micrograd would write, as a template over
// the library that records it. trigrad's tape, CppAD and ADOL-C all run this text.
//
// A Library names its Number and says how its users write six things, each in place:
//   L::affine(w, x, bias, z)   z = bias + Σ w x, with the library's n-ary call if it has one
//   L::mul_add(w, x, z)        z = z + w x
//   L::scale_add(z, a, b)      z = z a + b
//   L::relu(z)                 z = max(z, 0), where the library lets the program decide, by an `if`
//   L::relu_node(z)            the same, recorded as an operation
//   L::value(z)                z as a plain number
// exp, log, tanh, pow and the operators are found by their argument.
//
// Read before: workload.hpp. Read next: scalar_program.hpp (recording, sweep, update), scalar.cpp (a Library).
#pragma once

#include "inputs.hpp"

#include <cmath>

namespace native {

using Rows = std::span<const double>;

template <class L>
class ScalarModel {
 public:
  using T = typename L::Number;
  using Numbers = std::span<const T>;

  ScalarModel(const Workload& w, const Inputs& in) : workload_(w) {
    std::size_t offset = 0;
    for (const auto& [name, array] : in.parameters) {
      if (array.is_integer()) throw WorkloadError("WorkloadError: the parameter " + name + " holds integers");
      places_.push_back({name, offset, array.size()});
      offset += array.size();
    }
    for (const Net& net : w.nets) {
      PlacedNet& placed = nets_.emplace_back();
      for (const Layer& layer : net.trunk) placed.trunk.push_back(layer_of(layer));
      for (const Head& head : net.heads) placed.heads.push_back({layer_of(head.layer), head.loss, head.target});
    }
  }

  // The model reads spans without looking again: whatever it is given must fit.
  void check(const Batch& batch) const {
    const auto fits = [&](const std::string& name, const Array& array, std::size_t width) {
      if (array.size() != batch.rows * width)
        throw WorkloadError("WorkloadError: " + name + " has " + std::to_string(array.size()) + " numbers, not " +
                            std::to_string(batch.rows) + " x " + std::to_string(width));
    };
    for (const PlacedNet& net : nets_) {
      fits("x", batch.x, net.trunk.empty() ? net.heads[0].layer.in : net.trunk[0].in);
      for (std::size_t k = 0; k < std::min(batch.masks.size(), net.trunk.size()); ++k) fits("mask", batch.masks[k], net.trunk[k].out);
      for (const PlacedHead& head : net.heads)
        if (head.loss > Loss::Sum) fits(head.target, batch.target(head.target), head.loss == Loss::Mse ? head.layer.out : 1);
    }
    if (workload_.kind == Kind::Expression && workload_.formula != "micrograd_readme") {
      fits("x", batch.x, find("w")->size);
      fits("y", batch.target("y"), 1);
    }
    if (workload_.shape == "fan_in" && find("x")->size != find("y")->size) throw WorkloadError("WorkloadError: x and y differ in length");
  }

  // The loss of a batch; `x` holds variables in place of the batch's x where its gradient is wanted.
  T loss(Numbers parameters, Numbers x, const Batch& batch) {
    parameters_ = parameters;
    T total = 0.0;
    if (workload_.kind == Kind::Graph) total = graph();
    else if (workload_.formula == "micrograd_readme") micrograd_readme(total);
    else if (workload_.kind == Kind::Expression) total = formula(batch);
    else
      for (const PlacedNet& net : nets_) total += loss_of_net(net, x, batch);
    if (workload_.l2 != 0 && workload_.l2_gradient) {
      T squares = 0.0;
      L::affine(parameters, parameters, T(0.0), squares);
      total += workload_.l2 * squares;
    }
    return total;
  }

 private:
  struct Place {
    std::string name;
    std::size_t offset, size;
  };
  struct Placed {
    const Place *weight, *bias;
    std::size_t in, out;
  };
  struct PlacedHead {
    Placed layer;
    Loss loss;
    std::string target;
  };
  struct PlacedNet {
    std::vector<Placed> trunk;
    std::vector<PlacedHead> heads;
  };

  const Place* find(const std::string& name) const {
    for (const Place& place : places_)
      if (place.name == name && place.size > 0) return &place;
    throw WorkloadError("WorkloadError: the arrays hold no parameter " + name);
  }
  Numbers numbers(const Place* place) const { return parameters_.subspan(place->offset, place->size); }
  Numbers numbers(const std::string& name) const { return numbers(find(name)); }

  // --- networks ----------------------------------------------------------------------------------------------------
  Placed layer_of(const Layer& spec) const {
    const Placed layer{find(spec.weight), workload_.bias ? find(spec.bias) : nullptr, spec.in, spec.out};
    if (layer.weight->size != spec.in * spec.out || (layer.bias && layer.bias->size != spec.out))
      throw WorkloadError("WorkloadError: " + spec.weight + " does not fit the model's layers");
    return layer;
  }

  template <class X>
  void apply(const Placed& layer, std::span<const X> x, std::vector<T>& z) const {
    const Numbers weight = numbers(layer.weight), bias = layer.bias ? numbers(layer.bias) : Numbers();
    const T nothing = 0.0;
    z.resize(layer.out);
    for (std::size_t k = 0; k < layer.out; ++k)
      L::affine(weight.subspan(k * layer.in, layer.in), x, bias.empty() ? nothing : bias[k], z[k]);
  }
  // The first layer reads the batch: numbers, or variables where the gradient of x is wanted.
  void apply_to_row(const Placed& layer, std::size_t row, Numbers variables, const Batch& batch, std::vector<T>& z) const {
    if (variables.empty()) apply(layer, Rows(batch.x.numbers).subspan(row * layer.in, layer.in), z);
    else apply(layer, variables.subspan(row * layer.in, layer.in), z);
  }

  void activate(T& z) const {
    using std::exp, std::tanh;
    if (workload_.activation == Activation::Relu) L::relu(z);
    else if (workload_.activation == Activation::Tanh) z = tanh(z);
    else if (workload_.activation == Activation::Sigmoid) z = 1.0 / (1.0 + exp(-z));
  }

  T loss_of_net(const PlacedNet& net, Numbers variables, const Batch& batch) {
    const std::vector<Placed>& trunk = net.trunk;
    std::vector<T> totals(net.heads.size(), T(0.0));
    std::vector<const Array*> targets;
    for (const PlacedHead& head : net.heads)
      targets.push_back(head.loss <= Loss::Sum ? &batch.x : &batch.target(head.target));  // a sum has none
    for (std::size_t row = 0; row < batch.rows; ++row) {
      for (std::size_t k = 0; k < trunk.size(); ++k) {
        if (k == 0) apply_to_row(trunk[0], row, variables, batch, hidden_);
        else apply(trunk[k], Numbers(before_), hidden_);
        for (T& z : hidden_) activate(z);
        if (k < batch.masks.size()) {
          const Rows mask = Rows(batch.masks[k].numbers).subspan(row * hidden_.size(), hidden_.size());
          for (std::size_t j = 0; j < hidden_.size(); ++j) hidden_[j] *= mask[j];
        }
        std::swap(before_, hidden_);
      }
      for (std::size_t k = 0; k < net.heads.size(); ++k) {
        const PlacedHead& head = net.heads[k];
        if (trunk.empty()) apply_to_row(head.layer, row, variables, batch, scores_);
        else apply(head.layer, Numbers(before_), scores_);
        add_loss(head.loss, scores_, *targets[k], row, totals[k]);
      }
    }
    T loss = 0.0;
    for (std::size_t k = 0; k < totals.size(); ++k) loss += totals[k] * scale(net.heads[k].loss, batch.rows, net.heads[k].layer.out);
    return loss;
  }

  // --- losses ------------------------------------------------------------------------------------------------------
  // log Σ exp of the scores, shifted so that no exp overflows.
  static T log_sum_exp(const std::vector<T>& scores) {
    using std::exp, std::log;
    double largest = L::value(scores[0]);
    for (const T& s : scores) largest = std::max(largest, L::value(s));
    T total = 0.0;
    for (const T& s : scores) total += exp(s - largest);
    return log(total) + largest;
  }

  // Adds one row's share; what `scale` says turns the sum into the loss.
  static void add_loss(Loss kind, std::vector<T>& z, const Array& y, std::size_t row, T& total) {
    if (kind == Loss::CrossEntropy) {
      total += log_sum_exp(z) - z[label(y, row, z.size())];
    } else if (kind == Loss::Nll) {  // of log_softmax, which is the model's output
      const T shift = log_sum_exp(z);
      for (T& score : z) score -= shift;
      total -= z[label(y, row, z.size())];
    } else if (kind == Loss::Mse) {
      for (std::size_t j = 0; j < z.size(); ++j) {
        const T difference = z[j] - number(y, row * z.size() + j);
        L::mul_add(difference, difference, total);
      }
    } else if (kind == Loss::Hinge) {
      T margin = 1.0 - number(y, row) * z[0];
      L::relu(margin);
      total += margin;
    } else {
      for (const T& score : z) total += score;
    }
  }
  static double scale(Loss kind, std::size_t rows, std::size_t width) {
    return kind == Loss::Sum ? 1.0 : 1.0 / static_cast<double>(kind == Loss::Mse ? rows * width : rows);
  }

  // --- formulas ----------------------------------------------------------------------------------------------------
  // T1: y = x w. T4: sigmoid(log(exp(x w)))².
  T formula(const Batch& batch) {
    using std::exp, std::log, std::pow;
    const Numbers w = numbers("w");
    T total = 0.0;
    for (std::size_t row = 0; row < batch.rows; ++row) {
      scores_.resize(1);
      T& z = scores_[0];
      L::affine(w, Rows(batch.x.numbers).subspan(row * w.size(), w.size()), T(0.0), z);
      if (workload_.formula == "op_stress") {
        z = log(exp(z));
        const T squashed = 1.0 / (1.0 + exp(-z));
        const T square = pow(squashed, 2);  // ADOL-C 2.7 crashes in the sweep of z = pow(z, 2)
        z = square;
      }
      add_loss(workload_.loss, scores_, batch.target("y"), row, total);
    }
    return total * scale(workload_.loss, batch.rows, 1);
  }

  // M1, the eleven lines of micrograd's README.
  void micrograd_readme(T& g) const {
    using std::pow;
    const T a = numbers("a")[0], b = numbers("b")[0];
    T c = a + b;
    T d = a * b + pow(b, 3);
    c += c + 1.0;
    c += 1.0 + c + (-a);
    T r = b + a;
    L::relu(r);
    d += d * 2.0 + r;
    r = b - a;
    L::relu(r);
    d += 3.0 * d + r;
    const T e = c - d;
    const T f = pow(e, 2);
    g = f / 2.0;
    g += 10.0 / f;
  }

  T graph() {
    if (workload_.shape == "chain") return chain();
    if (workload_.shape == "fan_in") return fan_in();
    return lattice();
  }

  // v a + b, and tanh of every tenth.
  T chain() const {
    using std::tanh;
    const T a = numbers("a")[0], b = numbers("b")[0];
    T v = numbers("x")[0];
    for (std::size_t k = 1; k <= workload_.size; ++k) {
      L::scale_add(v, a, b);
      if (k % 10 == 0) v = tanh(v);
    }
    return v;
  }

  // Σ exp(x) y
  T fan_in() const {
    using std::exp;
    const Numbers x = numbers("x"), y = numbers("y");
    T sum = 0.0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const T power = exp(x[k]);
      L::mul_add(power, y[k], sum);
    }
    return sum;
  }

  // Layers of a ring: v_i = sqrt(u_i u_(i+1)) of the layer below; the sum of the last one.
  T lattice() {
    using std::sqrt;
    const Numbers x = numbers("x");
    before_.assign(x.begin(), x.end());
    hidden_.resize(x.size());
    for (std::size_t layer = std::max<std::size_t>(1, workload_.size / x.size()); layer > 0; --layer) {
      for (std::size_t k = 0; k < x.size(); ++k) hidden_[k] = sqrt(before_[k] * before_[k + 1 == x.size() ? 0 : k + 1]);
      std::swap(before_, hidden_);
    }
    T sum = 0.0;
    for (const T& v : before_) sum += v;
    return sum;
  }

  const Workload& workload_;
  std::vector<Place> places_;
  std::vector<PlacedNet> nets_;
  Numbers parameters_;
  std::vector<T> hidden_, before_, scores_;
};

}  // namespace native
