// Activation functions. One struct per op (see op.hpp), then its function for handles.
//
// Where a formula has two branches, the argument of the branch not taken is replaced by 0 before exp sees it: exp(800)
// would be inf, and inf · 0 in a second derivative is NaN.
#pragma once

#include <trigrad/op.hpp>

#include <numbers>

namespace trigrad {

struct Erf : Unary<Erf> {
  static constexpr OpInfo info{.name = "erf", .formula = "erf x", .vjp = "g 2/√π e^(-x²)", .saves = {X}};
  static auto forward(auto x) { return erf(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g * (like(x, 2 * std::numbers::inv_sqrtpi) * exp(-(x * x))); }
};

struct Sigmoid : Unary<Sigmoid> {
  static constexpr OpInfo info{.name = "sigmoid", .formula = "1 / (1 + e^-x)", .vjp = "g z (1 - z)", .saves = {Z}};
  static auto forward(auto x) { return sigmoid(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return g * (z * (like(z, 1) - z)); }
};

// At 0 the slope is 0. NaN passes: it is not <= 0.
struct Relu : Unary<Relu> {
  static constexpr OpInfo info{.name = "relu", .formula = "max(x, 0)", .vjp = "z > 0 ? g : 0", .kinks = {0, NAN}, .saves = {Z},
                               .gradient = Gradient::Kinked, .result = Result::Same, .analytic = false};
  static auto forward(auto x) { return where(x <= like(x, 0), like(x, 0), x); }
  static auto gx(auto g, auto /*x*/, auto z) { return where(z <= like(z, 0), zeros_of(g), g); }
};

struct LeakyRelu : Unary<LeakyRelu> {
  struct Attrs {
    double negative_slope = 0.01;
  };
  static constexpr OpInfo info{.name = "leaky_relu", .formula = "x > 0 ? x : s x", .vjp = "x > 0 ? g : s g", .kinks = {0, NAN},
                               .saves = {X}, .gradient = Gradient::Kinked, .analytic = false, .attrs = {"negative_slope"}};
  static auto forward(auto x, const Attrs& at) { return where(x > like(x, 0), x, like(x, at.negative_slope) * x); }
  static auto gx(auto g, auto x, auto /*z*/, const Attrs& at) {
    return where(x > like(x, 0), g, like(g, at.negative_slope) * g);
  }
};

struct Elu : Unary<Elu> {
  struct Attrs {
    double alpha = 1.0;
  };
  static constexpr OpInfo info{.name = "elu", .formula = "x > 0 ? x : a (e^x - 1)", .vjp = "x > 0 ? g : g a e^x", .kinks = {0, NAN},
                               .saves = {X}, .gradient = Gradient::Kinked, .analytic = false, .attrs = {"alpha"}};
  static auto forward(auto x, const Attrs& at) {
    const auto below = where(x > like(x, 0), like(x, 0), x);
    return where(x > like(x, 0), x, like(x, at.alpha) * expm1(below));
  }
  static auto gx(auto g, auto x, auto /*z*/, const Attrs& at) {
    const auto below = where(x > like(x, 0), like(x, 0), x);
    return where(x > like(x, 0), g, g * (like(x, at.alpha) * exp(below)));
  }
};

struct Silu : Unary<Silu> {
  struct Attrs {
    double beta = 1.0;
  };
  static constexpr OpInfo info{.name = "silu", .formula = "x sigmoid(b x)", .vjp = "g s (1 + b x (1 - s)), s = sigmoid(b x)",
                               .saves = {X}, .attrs = {"beta"}};
  static auto forward(auto x, const Attrs& at) { return x * sigmoid(like(x, at.beta) * x); }
  static auto gx(auto g, auto x, auto /*z*/, const Attrs& at) {
    const auto bx = like(x, at.beta) * x;
    const auto s = sigmoid(bx);
    return g * (s * (like(x, 1) + bx * (like(x, 1) - s)));
  }
};

struct Gelu : Unary<Gelu> {
  static constexpr OpInfo info{.name = "gelu", .formula = "x Φ(x)", .vjp = "g (Φ(x) + x φ(x))", .saves = {X}};
  static auto forward(auto x) {
    return x * (like(x, 0.5) * (like(x, 1) + erf(x * like(x, 1 / std::numbers::sqrt2))));
  }
  static auto gx(auto g, auto x, auto /*z*/) {
    const auto cdf = like(x, 0.5) * (like(x, 1) + erf(x * like(x, 1 / std::numbers::sqrt2)));
    const auto pdf = like(x, std::numbers::inv_sqrtpi / std::numbers::sqrt2) * exp(like(x, -0.5) * (x * x));
    return g * (cdf + x * pdf);
  }
};

struct GeluTanh : Unary<GeluTanh> {
  static constexpr double kScale = 0.7978845608028654;  // √(2/π)
  static constexpr OpInfo info{.name = "gelu_tanh", .formula = "x (1 + t) / 2, t = tanh(√(2/π) (x + 0.044715 x³))",
                               .vjp = "g ((1 + t) / 2 + x (1 - t²) √(2/π) (1 + 0.134145 x²) / 2)", .saves = {X}};
  static auto inner(auto x) { return tanh(like(x, kScale) * (x + like(x, 0.044715) * (x * x * x))); }
  static auto forward(auto x) { return like(x, 0.5) * x * (like(x, 1) + inner(x)); }
  static auto gx(auto g, auto x, auto /*z*/) {
    const auto t = inner(x);
    const auto slope = like(x, kScale) * (like(x, 1) + like(x, 3 * 0.044715) * (x * x));
    return g * (like(x, 0.5) * (like(x, 1) + t) + like(x, 0.5) * x * ((like(x, 1) - t * t) * slope));
  }
};

struct Softplus : Unary<Softplus> {
  struct Attrs {
    double beta = 1.0, threshold = 20.0;
  };
  static constexpr OpInfo info{.name = "softplus", .formula = "b x > t ? x : ln(1 + e^(b x)) / b", .vjp = "b x > t ? g : g sigmoid(b x)",
                               .saves = {X}, .attrs = {"beta", "threshold"}};
  static auto forward(auto x, const Attrs& at) {
    const auto bx = like(x, at.beta) * x;
    const auto linear = bx > like(x, at.threshold);
    return where(linear, x, log1p(exp(where(linear, like(x, 0), bx))) / like(x, at.beta));
  }
  static auto gx(auto g, auto x, auto /*z*/, const Attrs& at) {
    const auto bx = like(x, at.beta) * x;
    const auto linear = bx > like(x, at.threshold);
    return where(linear, g, g * sigmoid(where(linear, like(x, 0), bx)));
  }
};

template <Handle H> H erf(const H& x) { return H::template apply<Erf>({}, x); }
template <Handle H> H sigmoid(const H& x) { return H::template apply<Sigmoid>({}, x); }
template <Handle H> H relu(const H& x) { return H::template apply<Relu>({}, x); }
template <Handle H> H leaky_relu(const H& x, LeakyRelu::Attrs at = {}) { return H::template apply<LeakyRelu>(at, x); }
template <Handle H> H elu(const H& x, Elu::Attrs at = {}) { return H::template apply<Elu>(at, x); }
template <Handle H> H silu(const H& x, Silu::Attrs at = {}) { return H::template apply<Silu>(at, x); }
template <Handle H> H gelu(const H& x) { return H::template apply<Gelu>({}, x); }
template <Handle H> H gelu_tanh(const H& x) { return H::template apply<GeluTanh>({}, x); }
template <Handle H> H softplus(const H& x, Softplus::Attrs at = {}) { return H::template apply<Softplus>(at, x); }

using Activations = OpList<Erf, Sigmoid, Relu, LeakyRelu, Elu, Silu, Gelu, GeluTanh, Softplus>;

}  // namespace trigrad
